package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/agent/fleet"
	"github.com/mco-go/mco-go/mco/broker"
	"github.com/mco-go/mco-go/mco/cli"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
)

const (
	demoNodes    = 3
	demoPatience = 30 * time.Second     // how long the nodes may take to come up, or to move
	demoGlance   = 2 * time.Millisecond // between two looks at where the nodes are
)

// demo shows a fleet that loses a broker, on this machine alone.
func demo() *cobra.Command {
	return &cobra.Command{
		Use:           "demo",
		Short:         "Show a fleet on this machine that loses a broker, with nothing installed",
		Example:       "  mco demo",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
}

// demonstration is one run of `mco demo`.
type demonstration struct {
	out, err io.Writer
	brokers  [2]*broker.Broker
	config   string // path of the cfg file
	fleet    *fleet.Fleet
}

// runDemo starts two brokers and three nodes, asks them, kills a broker and asks again. It leaves nothing behind.
func runDemo(ctx context.Context, out, errs io.Writer) (err error) {
	d := &demonstration{out: out, err: errs}
	dir, err := os.MkdirTemp("", "mco-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for i := range d.brokers {
		b, err := broker.Start(broker.Options{})
		if err != nil {
			return err
		}
		defer b.Close()
		d.brokers[i] = b
	}
	if err := d.configure(dir); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		if failed := d.fleet.Run(ctx); failed != nil {
			fmt.Fprintln(errs, failed)
		}
	})
	defer running.Wait()
	defer stop()
	return d.show(ctx)
}

// configure writes the one cfg file that the nodes and the client share, and builds the nodes.
func (d *demonstration) configure(dir string) error {
	lines := []string{
		"connector = rabbitmq",
		"securityprovider = psk",
		"plugin.psk = " + rand.Text(),
		"plugin.mco.state_dir = " + filepath.Join(dir, "state"),
		"plugin.mco.pool.failback = off",
		"plugin.rabbitmq.randomize = 0", // broker 1 is preferred
		fmt.Sprintf("plugin.rabbitmq.pool.size = %d", len(d.brokers)),
	}
	for i, b := range d.brokers {
		host, port, err := net.SplitHostPort(b.Addr())
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("plugin.rabbitmq.pool.%d.host = %s", i+1, host), fmt.Sprintf("plugin.rabbitmq.pool.%d.port = %s", i+1, port))
	}
	d.config = filepath.Join(dir, "client.cfg")
	if err := os.WriteFile(d.config, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	cfg, err := config.Load(d.config, config.Server)
	if err != nil {
		return err
	}
	d.fleet, err = fleet.New(fleet.Options{
		N: demoNodes, Config: cfg, Providers: nodeProviders(),
		Identity: func(i int) string { return fmt.Sprintf("node%d.example.net", i) },
	})
	return err
}

func (d *demonstration) show(ctx context.Context) error {
	d.say("Two brokers: broker 1 on %s, broker 2 on %s. Three nodes, which prefer broker 1.", d.brokers[0].Addr(), d.brokers[1].Addr())
	if err := d.follow(ctx, 0, time.Now(), "is ready"); err != nil {
		return err
	}
	if err := d.command(ctx, "ping"); err != nil {
		return err
	}
	if err := d.command(ctx, "rpc", "rpcutil", "ping"); err != nil {
		return err
	}
	d.say("Now broker 1 dies, with every connection that it has.")
	died := time.Now()
	if err := d.brokers[0].Kill(); err != nil {
		return err
	}
	if err := d.follow(ctx, 1, died, "is ready again"); err != nil {
		return err
	}
	d.say("The fleet has moved: %d of %d nodes ready on broker 2, %s after broker 1 died.", d.fleet.Ready(), d.fleet.Len(), seconds(died))
	if err := d.command(ctx, "ping"); err != nil {
		return err
	}
	d.say("That is all. Nodes and brokers end with this command; nothing is left.")
	return nil
}

// follow waits until every node is ready on the given broker and says so of each as it happens.
func (d *demonstration) follow(ctx context.Context, on int, since time.Time, what string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, demoPatience, fmt.Errorf("the nodes are not on broker %d after %s", on+1, demoPatience))
	defer cancel()
	there := make([]bool, d.fleet.Len())
	glance := time.NewTicker(demoGlance)
	defer glance.Stop()
	for left := len(there); left > 0; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-glance.C:
		}
		for i := range there {
			s := d.fleet.Node(i).Status()
			if !there[i] && s.State == connector.Ready && s.Broker == d.brokers[on].Addr() {
				there[i] = true
				left--
				d.say("  %s %s, on broker %d, after %s", d.fleet.Node(i).Identity(), what, on+1, seconds(since))
			}
		}
	}
	return nil
}

// command runs a command of this program as an operator would, and shows what it prints.
func (d *demonstration) command(ctx context.Context, words ...string) error {
	d.say("\n$ mco %s", strings.Join(words, " "))
	code := cli.Run(ctx, cli.Options{
		Program:  "mco",
		Args:     append(words, "-c", d.config),
		Stdin:    strings.NewReader(""),
		Stdout:   d.out,
		Stderr:   d.err,
		Getenv:   func(string) string { return "" }, // the operator's own settings are for the operator's own fleet
		Connect:  connect,
		Security: provider,
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if code != 0 {
		return fmt.Errorf("mco %s ended with exit code %d", strings.Join(words, " "), code)
	}
	return nil
}

func (d *demonstration) say(format string, args ...any) {
	fmt.Fprintf(d.out, format+"\n", args...)
}

func seconds(since time.Time) string { return fmt.Sprintf("%.2f s", time.Since(since).Seconds()) }
