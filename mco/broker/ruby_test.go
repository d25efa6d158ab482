package broker_test

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco/broker"
)

// The original's own programs, over ruby-stomp, find each other through the dev broker: with the names of RabbitMQ and of ActiveMQ,
// with STOMP 1.0, and with 1.1 and heart-beats.
func TestTheOriginalsPrograms(t *testing.T) {
	lab.Need(t, lab.Ruby)
	tests := []struct {
		name  string
		kind  lab.Kind
		extra []string
	}{
		{"rabbitmq", lab.RabbitMQKind, nil},
		{"activemq with heart-beats", lab.ActiveMQKind, []string{"plugin.activemq.heartbeat_interval = 30"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b, err := broker.Start(broker.Options{Login: "mcollective", Passcode: "marionette"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { b.Close() })
			host, text, err := net.SplitHostPort(b.Addr())
			if err != nil {
				t.Fatal(err)
			}
			port, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			cfg := lab.Cfg{Pool: []lab.Member{{Host: host, Port: port, User: "mcollective", Password: "marionette"}}, Connector: test.kind, Extra: test.extra}
			lab.RubyNode(t, lab.ServerCfg{Cfg: cfg, Identity: "one.example.net"})
			client := lab.RubyMco(t, lab.ClientCfg{Cfg: cfg})
			if err := lab.Eventually(20*time.Second, func() error {
				if out := client.Run(t, "find"); out.Stdout != "one.example.net\n" {
					return errOutput(out.All())
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"rpc", "rpcutil", "ping", "-I", "one.example.net"}, {"rpc", "rpcutil", "ping"}} {
				if out := client.Run(t, args...); !strings.Contains(out.Stdout, "one.example.net") || out.Exit != 0 {
					t.Errorf("mco %v: exit %d, %s", args, out.Exit, out.All())
				}
			}
		})
	}
}

type errOutput string

func (e errOutput) Error() string { return string(e) }
