package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/mco/broker"
	"github.com/mco-go/mco-go/mco/cli"
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
	brokers := devBrokers(t, 2)
	startNode(t, "one", poolFile(t, "", brokers[0]), nodeProviders())
	startNode(t, "two", poolFile(t, "", brokers[1]), nodeProviders())
	startNode(t, "both", poolFile(t, "plugin.mco.pool.mode = all", brokers...), nodeProviders())
	for _, tc := range []struct {
		name, more string
		options    []string
		want       []string
	}{
		{"all", "plugin.mco.client.all_brokers = 1", nil, []string{"both", "one", "two"}},
		{"all for once", "", []string{"--all-brokers"}, []string{"both", "one", "two"}},
		{"mode all", "plugin.mco.pool.mode = all", nil, []string{"both", "one", "two"}},
		{"one at a time", "plugin.rabbitmq.randomize = 0", nil, []string{"both", "one"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := poolFile(t, tc.more, brokers...)
			run := func(args ...string) string {
				var out, errs strings.Builder
				code := cli.Run(t.Context(), cli.Options{Program: "mco", Args: slices.Concat(args, tc.options, []string{"-c", file}), Stdin: strings.NewReader(""),
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
