package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/mco/broker"
	"github.com/mco-go/mco-go/mco/logging"
)

// defaultListen is where the connectors look for a broker, on this machine alone.
const defaultListen = "127.0.0.1:61613"

// devBroker runs the dev broker. What it prints on standard output is a cfg file that finds it.
func devBroker() *cobra.Command {
	var level string
	o := broker.Options{Addr: defaultListen}
	cmd := &cobra.Command{
		Use:   "broker",
		Short: "Run a small broker for trying things out, until interrupted",
		Long: "Run a small broker for trying things out, until interrupted. It is not meant for production: there, run RabbitMQ or ActiveMQ.\n\n" +
			"It speaks STOMP 1.0 to 1.2 without TLS, keeps everything in memory, and has the exchanges, queues and topics that the connectors\n" +
			"rabbitmq and activemq use. What it prints is a cfg file for clients and nodes.\n\n" +
			"With STOMP_USER and STOMP_PASSWORD in the environment it wants that login, and the connectors use it where they find the same\n" +
			"variables. An address that other machines can reach needs them.",
		Example:       "  mco broker >dev.cfg &\n  mco simulate 10 -c dev.cfg &\n  mco ping -c dev.cfg",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Login, o.Passcode = os.Getenv("STOMP_USER"), os.Getenv("STOMP_PASSWORD")
			log, err := logging.New(logging.Options{Type: "console", Level: level, Console: cmd.ErrOrStderr()})
			if err != nil {
				return err
			}
			o.Log = log.Logger
			return runBroker(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), o)
		},
	}
	cmd.Flags().StringVar(&o.Addr, "listen", o.Addr, "host:port to listen on; port 0 takes a free one")
	cmd.Flags().StringSliceVar(&o.Collectives, "collectives", nil, "collectives whose exchanges exist (default: any)")
	cmd.Flags().StringVar(&level, "loglevel", "warn", "what to log on standard error: debug, info, warn, error")
	return cmd
}

// runBroker serves until ctx ends.
func runBroker(ctx context.Context, out, errs io.Writer, o broker.Options) error {
	if (o.Login == "") != (o.Passcode == "") {
		return errors.New("STOMP_USER and STOMP_PASSWORD go together")
	}
	if o.Login == "" && !loopback(o.Addr) {
		return fmt.Errorf("other machines can reach %s: set STOMP_USER and STOMP_PASSWORD to the login that they need", o.Addr)
	}
	b, err := broker.Start(o)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, brokerConfig(b.Addr(), o))
	if err == nil {
		<-ctx.Done()
	}
	err = errors.Join(err, b.Close())
	c := b.Counts()
	fmt.Fprintf(errs, "sessions: %d, messages in: %d, out: %d, expired or pushed out of a queue: %d, receivers cut off: %d\n",
		c.Sessions, c.In, c.Out, c.Lost, c.CutOff)
	return err
}

// loopback tells whether only this machine reaches an address to listen on.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// brokerConfig is a cfg file for the clients and nodes of this broker.
func brokerConfig(addr string, o broker.Options) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = addr, ""
	}
	lines := []string{
		"# A dev broker listens on " + addr + ". Ctrl-C ends it. These lines are a client.cfg, and with an identity a server.cfg.",
	}
	if len(o.Collectives) > 0 {
		lines = append(lines, "collectives = "+strings.Join(o.Collectives, ","), "main_collective = "+o.Collectives[0])
	}
	lines = append(lines,
		"connector = rabbitmq",
		"plugin.rabbitmq.pool.size = 1",
		"plugin.rabbitmq.pool.1.host = "+host,
		"plugin.rabbitmq.pool.1.port = "+port,
	)
	if o.Login != "" {
		lines = append(lines, "# The login: STOMP_USER and STOMP_PASSWORD in the environment, or plugin.rabbitmq.pool.1.user and .password here.")
	}
	return strings.Join(append(lines,
		"securityprovider = psk",
		"plugin.psk = "+rand.Text()), "\n") + "\n"
}
