// Command mco is the operator's program: it asks and steers a fleet of nodes, as the original's mco does.
//
// It wires the command line (mco/cli) to the brokers (mco/connector/stomp) and the security provider that a client.cfg names.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/mco-go/mco-go/mco/cli"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/stomp"
	"github.com/mco-go/mco-go/mco/security"
	"github.com/mco-go/mco-go/mco/security/psk"
)

// A command is short and its machine is an operator's: it may hold more garbage than a daemon, and collect it more rarely.
const gcPercent = 400

func main() {
	debug.SetGCPercent(gcPercent)
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second Ctrl-C ends the program at once
	}()
	return cli.Run(ctx, cli.Options{
		Program:  os.Args[0],
		Args:     os.Args[1:],
		Stdin:    os.Stdin,
		Stdout:   os.Stdout,
		Stderr:   os.Stderr,
		Getenv:   os.Getenv,
		Connect:  connect,
		Security: provider,
		Pool:     pool,

		Subscribers: subscribers,
		Extra:       extra(),
	})
}

// connect makes a session for the connector that the cfg file names.
func connect(cfg *config.Config, log *slog.Logger) (connector.Connector, error) {
	o, err := stomp.FromConfig(cfg, stomp.Flavour(cfg.Connector))
	if err != nil {
		return nil, err
	}
	o.Log = log
	return stomp.New(o)
}

// provider makes the security provider that the cfg file names.
func provider(cfg *config.Config) (security.Provider, error) {
	if cfg.SecurityProvider != "psk" {
		return nil, fmt.Errorf("securityprovider = %s is not there yet; psk is", cfg.SecurityProvider)
	}
	secret, _ := cfg.Plugin("psk")
	callerType, _ := cfg.Plugin("psk.callertype")
	return psk.New(psk.Options{Secret: psk.SecretFrom(secret), CallerType: callerType, Identity: cfg.Identity})
}
