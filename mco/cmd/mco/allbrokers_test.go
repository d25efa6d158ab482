package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/agent/fleet"
	"github.com/mco-go/mco-go/mco/broker"
	"github.com/mco-go/mco-go/mco/cli"
	"github.com/mco-go/mco-go/mco/config"
)

// poolFile writes a cfg file whose pool is the given brokers.
func poolFile(t *testing.T, more string, brokers ...*broker.Broker) string {
	t.Helper()
	text := fmt.Sprintf("connector = rabbitmq\nsecurityprovider = psk\nplugin.psk = lab\ncolor = 0\nplugin.mco.state_dir = %s\n%s\nplugin.rabbitmq.pool.size = %d\n",
		t.TempDir(), more, len(brokers))
	for i, b := range brokers {
		host, port, err := net.SplitHostPort(b.Addr())
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("plugin.rabbitmq.pool.%d.host = %s\nplugin.rabbitmq.pool.%d.port = %s\n", i+1, host, i+1, port)
	}
	file := filepath.Join(t.TempDir(), "all.cfg")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Two brokers that know nothing of each other: a client that asks all of them sees the nodes of both, and a node that holds a
// session on each acts once and is counted once.
func TestAllBrokers(t *testing.T) {
	var brokers [2]*broker.Broker
	for i := range brokers {
		b, err := broker.Start(broker.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		brokers[i] = b
	}
	for name, file := range map[string]string{
		"one":  poolFile(t, "", brokers[0]),
		"two":  poolFile(t, "", brokers[1]),
		"both": poolFile(t, "plugin.mco.pool.mode = all", brokers[:]...),
	} {
		cfg, err := config.Load(file, config.Server)
		if err != nil {
			t.Fatal(err)
		}
		ready := make(chan struct{})
		f, err := fleet.New(fleet.Options{N: 1, Config: cfg, Providers: nodeProviders(), Identity: func(int) string { return name },
			OnReady: func(int) { close(ready) }})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Run(ctx) }()
		defer func() { stop(); <-ended }()
		select {
		case <-ready:
		case err := <-ended:
			t.Fatalf("node %s ended: %v", name, err)
		}
	}
	for _, tc := range []struct {
		name, more string
		want       []string
	}{
		{"all", "plugin.mco.client.all_brokers = 1", []string{"both", "one", "two"}},
		{"mode all", "plugin.mco.pool.mode = all", []string{"both", "one", "two"}},
		{"one at a time", "plugin.rabbitmq.randomize = 0", []string{"both", "one"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := poolFile(t, tc.more, brokers[:]...)
			run := func(args ...string) string {
				var out, errs strings.Builder
				code := cli.Run(t.Context(), cli.Options{Program: "mco", Args: append(args, "-c", file), Stdin: strings.NewReader(""),
					Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }, Connect: connect, Security: provider})
				if code != 0 {
					t.Errorf("mco %s: exit code %d\n%s%s", args[0], code, &out, &errs)
				}
				return out.String()
			}
			found := strings.Fields(run("find"))
			slices.Sort(found)
			if !slices.Equal(found, tc.want) {
				t.Errorf("find: %v, want %v", found, tc.want)
			}
			if out, want := run("rpc", "rpcutil", "ping", "--np"), fmt.Sprintf("Finished processing %d / %d hosts", len(tc.want), len(tc.want)); !strings.Contains(out, want) {
				t.Errorf("rpc does not say %q:\n%s", want, out)
			}
			if out, want := run("ping"), fmt.Sprintf("%d replies", len(tc.want)); !strings.Contains(out, want) {
				t.Errorf("ping does not say %q:\n%s", want, out)
			}
		})
	}
}
