package broker_test

import (
	"context"
	"net"
	"os/exec"
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

// rubyStomp talks to itself over the dev broker as a program of ruby-stomp would, with receipts, and prints what it sees.
const rubyStomp = `
version, host, port = ARGV[0], ARGV[1], ARGV[2].to_i
connect = { "accept-version" => version, "host" => "/" }
connect["heart-beat"] = "1000,1000" if version != "1.0"
c = Stomp::Connection.new(:hosts => [{ :host => host, :port => port, :login => "a", :passcode => "b" }], :connect_headers => connect,
  :reliable => false)
puts c.protocol
here = version == "1.0" ? {} : { :id => "one" }
c.subscribe("/exchange/mcollective_broadcast/ping", here)
c.publish("/exchange/mcollective_broadcast/ping", "ask\0me", "reply-to" => "/temp-queue/answers", "x" => "a:b")
m = c.receive
puts [m.body.inspect, m.headers["subscription"].inspect, m.headers["x"], m.headers["reply-to"][0, 21]].join(" ")
c.publish(m.headers["reply-to"], "answer")
m = c.receive
puts [m.body, m.headers["subscription"]].join(" ")
c.unsubscribe("/exchange/mcollective_broadcast/ping", here)
c.publish("/exchange/mcollective_broadcast/ping", "nobody hears this")
c.disconnect(:receipt => "bye")
puts [c.disconnect_receipt.command, c.disconnect_receipt.headers["receipt-id"]].join(" ")
`

func TestRubyStomp(t *testing.T) {
	lab.Need(t, lab.Ruby)
	for version, id := range map[string]string{"1.0": "nil", "1.1": `"one"`, "1.2": `"one"`} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			b, err := broker.Start(broker.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { b.Close() })
			host, port, err := net.SplitHostPort(b.Addr())
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			out, err := exec.CommandContext(ctx, "ruby", "-W0", "-rstomp", "-e", rubyStomp, version, host, port).CombinedOutput()
			want := version + "\n\"ask\\u0000me\" " + id + " a:b /reply-queue/amq.gen-\nanswer /temp-queue/answers\nRECEIPT bye\n"
			if err != nil || string(out) != want {
				t.Errorf("%v, %q, want %q", err, out, want)
			}
		})
	}
}
