package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mco-go/mco-go/mco/logging"
)

// reloadTime is how long a reload waits for the broker.
const reloadTime = 30 * time.Second

// controlled is what signals do to the daemon.
type controlled interface {
	Reload(context.Context) error
	Abort()
}

// stopping are the signals that end the daemon.
func stopping() []os.Signal {
	return []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP}
}

// signalWatch is the goroutine that signals wake; stop ends it.
type signalWatch struct {
	signals chan os.Signal
	cancel  context.CancelFunc // ends a reload
	wg      sync.WaitGroup
}

// watchSignals applies the original's signals: USR1 loads the agents again, USR2 cycles the log level, WINCH reopens the log file,
// TERM, INT, QUIT and HUP stop the daemon through end. One that is to stop already stops at once at the second.
func watchSignals(log *logging.Logger, d controlled, end func()) *signalWatch {
	ctx, cancel := context.WithCancel(context.Background())
	w := &signalWatch{signals: make(chan os.Signal, 8), cancel: cancel}
	signal.Notify(w.signals, append(stopping(), syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH)...)
	w.wg.Go(func() {
		ending := false
		for s := range w.signals {
			switch s {
			case syscall.SIGUSR1:
				w.wg.Go(func() { reload(ctx, log, d) })
			case syscall.SIGUSR2:
				log.Info("Cycling logging level due to USR2 signal")
				level := log.CycleLevel()
				log.Log(ctx, level, "Logging level is now "+strings.ToUpper(logging.LevelName(level)))
			case syscall.SIGWINCH:
				reopen(log)
			default:
				log.Info(fmt.Sprintf("Exiting after signal: %s", signalName(s)))
				end()
				if ending {
					d.Abort()
				}
				ending = true
			}
		}
	})
	return w
}

// stop ends the watch and waits for it. The program is ending then: a further signal does not cut that short.
func (w *signalWatch) stop() {
	signal.Ignore(stopping()...)
	signal.Stop(w.signals)
	close(w.signals)
	w.cancel()
	w.wg.Wait()
}

func reload(ctx context.Context, log *logging.Logger, d controlled) {
	log.Info("Reloading all agents after receiving USR1 signal")
	ctx, cancel := context.WithTimeout(ctx, reloadTime)
	defer cancel()
	if err := d.Reload(ctx); err != nil {
		log.Error(fmt.Sprintf("Reloading the agents failed: %s", err))
	}
}

func reopen(log *logging.Logger) {
	log.Info("Reopening logfiles due to WINCH signal")
	if err := log.Reopen(); err != nil {
		log.Error(fmt.Sprintf("Reopening logfiles failed: %s", err))
		return
	}
	log.Info("Reopened logfiles due to WINCH signal")
}

// signalName is what Ruby prints of the exception that a signal raises: the name, except for an interrupt, whose text is empty.
func signalName(s os.Signal) string {
	switch s {
	case syscall.SIGTERM:
		return "SIGTERM"
	case syscall.SIGQUIT:
		return "SIGQUIT"
	case syscall.SIGHUP:
		return "SIGHUP"
	}
	return ""
}
