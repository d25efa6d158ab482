// Command mcollectived is the node: it takes the original's flags, cfg file, signals and pid file, and answers requests until it is
// told to stop. What a node is made of is wired in providers.go; what it does is agent/daemon's.
//
// Source of the facts: the original's start script mcollectived, lib/mcollective/unix_daemon.rb and runner.rb.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/agent/metrics"
	"github.com/mco-go/mco-go/agent/node"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/logging"
)

func main() {
	command.Shim()
	// A node is a guest on its machine, and what it does is short. With one processor at a time no other one is woken for each step
	// of an answer: a quarter less processor time for each call, and more calls a second beside a busy broker. GOMAXPROCS overrides.
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	os.Exit(run(os.Args, os.Stdout, os.Stderr))
}

// run is the program. Its result is the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args[1:])
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "%s: %s\n", args[0], err)
		return 1
	case o.help:
		fmt.Fprint(stdout, usage)
		return 0
	case o.version:
		fmt.Fprintf(stdout, "mcollectived %s\n", mco.Version())
		return 0
	}
	parent := parentOf()
	if err := start(o, args, parent); err != nil {
		parent.tell(err)
		fmt.Fprintf(stderr, "%s: %s\n", filepath.Base(args[0]), err)
		return 1
	}
	return 0
}

// start reads the configuration and runs the daemon here, or has it run in the background.
func start(o options, args []string, parent notifier) error {
	path := o.config
	if path == "" {
		path = config.FindServer()
	}
	cfg, err := config.Load(path, config.Server)
	if err != nil {
		return err
	}
	background := cfg.Daemonize != nil && *cfg.Daemonize
	if o.daemonize != nil {
		background = *o.daemonize
	}
	if background && !parent.background() {
		return startInBackground(args[1:])
	}
	// The child in the background leaves this folder; what it goes on using must not be lost with it.
	logFile := cfg.LogFile
	if err := makeAbsolute(&o.pidfile, &logFile); err != nil {
		return err
	}
	log, err := logging.New(logging.Options{
		Type: cfg.LoggerType, File: logFile, Level: cfg.LogLevel, Keep: cfg.KeepLogs, MaxSize: int64(cfg.MaxLogSize),
		Facility: cfg.LogFacility, Color: cfg.Color, Program: filepath.Base(args[0]),
	})
	if err != nil {
		return err
	}
	defer log.Close()
	announce(log, cfg, args[0])
	if background && o.pidfile != "" {
		pid, err := createPidFile(o.pidfile)
		if err != nil {
			log.Error(err.Error())
			return err
		}
		defer pid.remove()
	}
	return serve(cfg, log, parent)
}

func makeAbsolute(paths ...*string) (err error) {
	for _, p := range paths {
		if *p == "" {
			continue
		}
		if *p, err = filepath.Abs(*p); err != nil {
			return err
		}
	}
	return nil
}

// announce writes the lines with which the original begins its log, after what was to be said about the cfg file.
func announce(log *logging.Logger, cfg *config.Config, program string) {
	for _, w := range cfg.Warnings {
		if w.Level == "debug" {
			log.Debug(w.Text)
			continue
		}
		log.Warn(w.Text)
	}
	log.Info(fmt.Sprintf("The Marionette Collective version %s started by %s using config file %s", mco.Version(), program, cfg.File))
	log.Info(fmt.Sprintf("The Marionette Collective %s started logging at %s level", mco.Version(), cfg.LogLevel))
}

// serve runs the daemon until a signal ends it.
func serve(cfg *config.Config, log *logging.Logger, parent notifier) error {
	d, err := node.Build(node.Options{Config: cfg, Log: log.Logger, Providers: providers(cfg, log.Logger), StateDir: cfg.Own.StateDir})
	if err != nil {
		log.Error("Failed to initialize MCollective runner.")
		log.Error(err.Error())
		return err
	}
	if parent.background() {
		// As the original does; a daemon must not keep a file system busy.
		if err := os.Chdir("/tmp"); err != nil {
			return err
		}
	}
	ctx, end := context.WithCancel(context.Background())
	defer end()
	watching := watchSignals(log, d, end)
	defer watching.stop()
	var beside sync.WaitGroup
	defer beside.Wait()
	defer end() // whatever ended the daemon
	manager := underSystemd()
	beside.Go(func() { manager.watch(ctx, log, d) })
	beside.Go(func() {
		if d.WaitReady(ctx) == nil {
			giveBack()
		}
	})
	if cfg.Own.MetricsListen != "" {
		showMetrics(ctx, &beside, cfg.Own.MetricsListen, log, d)
	}
	parent.tell(nil)
	return d.Run(ctx)
}

// worthCollecting is the size of a heap, in bytes, from which on a collection frees more memory than it touches: half a megabyte.
const worthCollecting = 1 << 20

// giveBack returns what the start left behind, such as of reading large files, which a node at rest would carry until it has work.
func giveBack() {
	var m runtime.MemStats
	if runtime.ReadMemStats(&m); m.HeapAlloc >= worthCollecting {
		debug.FreeOSMemory()
	}
}

// showMetrics opens the metrics page. A node whose page cannot be shown still answers.
func showMetrics(ctx context.Context, beside *sync.WaitGroup, address string, log *logging.Logger, d metrics.Source) {
	page, err := metrics.Listen(address, d)
	if err != nil {
		log.Error(err.Error())
		return
	}
	log.Info(fmt.Sprintf("Showing metrics at http://%s/metrics", page.Addr()))
	beside.Go(func() {
		if err := page.Run(ctx); err != nil {
			log.Error(fmt.Sprintf("The metrics page ended: %s", err))
		}
	})
}
