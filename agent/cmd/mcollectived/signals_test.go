package main

import (
	"bytes"
	"context"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco/logging"
)

// told is a daemon that notes what signals do to it.
type told struct{ reloads, aborts, ends chan struct{} }

func newTold() *told {
	return &told{make(chan struct{}, 9), make(chan struct{}, 9), make(chan struct{}, 9)}
}

func (d *told) Reload(context.Context) error { d.reloads <- struct{}{}; return nil }
func (d *told) Abort()                       { d.aborts <- struct{}{} }
func (d *told) end()                         { d.ends <- struct{}{} }

// lines is where the log goes; it wakes whoever waits for a line.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

func (l *lines) wait(t *testing.T, want string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		l.mu.Lock()
		text := l.text.String()
		l.mu.Unlock()
		if strings.Contains(text, want) {
			return
		}
		select {
		case <-l.more:
		case <-deadline:
			t.Fatalf("log has no %q:\n%s", want, text)
		}
	}
}

func kill(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(syscall.Getpid(), s); err != nil {
		t.Fatal(err)
	}
}

func TestSignals(t *testing.T) {
	out := &lines{more: make(chan struct{}, 1)}
	log, err := logging.New(logging.Options{Type: "console", Level: "info", Console: out})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { signal.Reset(stopping()...) })
	d := newTold()
	w := watchSignals(log, d, d.end)
	kill(t, syscall.SIGUSR1)
	<-d.reloads
	out.wait(t, "Reloading all agents after receiving USR1 signal")
	kill(t, syscall.SIGWINCH)
	out.wait(t, "Reopening logfiles due to WINCH signal")
	out.wait(t, "Reopened logfiles due to WINCH signal")
	kill(t, syscall.SIGUSR2)
	out.wait(t, "Cycling logging level due to USR2 signal")
	out.wait(t, "Logging level is now WARN")
	for _, next := range []string{"ERROR", "FATAL", "DEBUG", "INFO"} {
		kill(t, syscall.SIGUSR2)
		out.wait(t, "Logging level is now "+next)
	}
	kill(t, syscall.SIGTERM)
	<-d.ends
	out.wait(t, "Exiting after signal: SIGTERM")
	if len(d.aborts) != 0 {
		t.Error("the first signal aborts")
	}
	kill(t, syscall.SIGINT)
	<-d.aborts
	out.wait(t, "Exiting after signal: \n")
	w.stop()
}
