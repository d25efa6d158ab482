package stomp

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/contracttest"
)

// peers are real brokers.
var peers lab.Shared

func TestMain(m *testing.M) {
	code := peers.Run(m)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// real are the options of a peer at a real broker.
func real(b *lab.Broker, identity string, node bool) Options {
	o := options(Flavour(b.Kind), identity, node, Host{Name: b.Host, Port: b.Port, Login: b.User, Passcode: b.Password})
	o.VHost = b.VHost
	return o
}

func TestContractOfRealBrokers(t *testing.T) {
	for _, test := range []struct {
		name   string
		kind   lab.Kind
		change func(*Options)
	}{
		{"rabbitmq", lab.RabbitMQKind, nil},
		{"activemq", lab.ActiveMQKind, nil},
		{"rabbitmq, reply exchange", lab.RabbitMQKind, func(o *Options) { o.ReplyExchange = true }},
		{"rabbitmq, wildcard", lab.RabbitMQKind, func(o *Options) { o.WildcardBroadcast = true }},
		{"rabbitmq, subscription as barrier", lab.RabbitMQKind, func(o *Options) { o.BarrierSubscription = true }},
		{"activemq, subscription as barrier", lab.ActiveMQKind, func(o *Options) { o.BarrierSubscription = true }},
		{"rabbitmq, STOMP 1.0, subscription as barrier", lab.RabbitMQKind, func(o *Options) { o.HeartBeat, o.BarrierSubscription = 0, true }},
		{"activemq, STOMP 1.0, subscription as barrier", lab.ActiveMQKind, func(o *Options) { o.HeartBeat, o.BarrierSubscription = 0, true }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := peers.Broker(t, test.kind)
			contracttest.Run(t, func(t *testing.T) contracttest.Bus {
				return contracttest.Bus{Connect: func(t *testing.T, p contracttest.Peer) connector.Connector {
					o := real(b, p.Identity, p.Node)
					if test.change != nil {
						test.change(&o)
					}
					return connect(t, o)
				}}
			})
		})
	}
}

// What a broker says when it refuses us is the reason that an operator reads.
func TestRealRefusals(t *testing.T) {
	for _, test := range []struct {
		name   string
		kind   lab.Kind
		change func(*Options)
		want   string
	}{
		{"rabbitmq password", lab.RabbitMQKind, func(o *Options) { o.Hosts[0].Passcode = "mistaken" }, "Access refused for user 'mcollective'"},
		{"rabbitmq vhost", lab.RabbitMQKind, func(o *Options) { o.VHost = "/nosuch" }, "Virtual host '/nosuch' access denied"},
		{"rabbitmq exchange", lab.RabbitMQKind, func(o *Options) { o.VHost = "/bare" }, "no exchange 'mcollective_directed'"},
		{"rabbitmq plain on its TLS port", lab.RabbitMQKind, func(o *Options) { o.Hosts[0].Port = peers.Broker(t, lab.RabbitMQKind).TLSPort }, "log in to"},
		{"activemq password", lab.ActiveMQKind, func(o *Options) { o.Hosts[0].Passcode = "mistaken" }, "password is invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := real(peers.Broker(t, test.kind), "node.example.net", true)
			test.change(&o)
			o.Pool.MaxAttempts = 1
			c := connect(t, o)
			defer c.Close()
			if err := c.Subscribe(t.Context(), connector.Subscription{Kind: connector.Directed, Collective: "mcollective"}); err != nil {
				t.Fatal(err)
			}
			if err := c.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			err := c.WaitReady(t.Context())
			if !errors.Is(err, connector.ErrExhausted) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("WaitReady = %v, want %q in it", err, test.want)
			}
		})
	}
}

// A broker that never sends a heart-beat by itself is asked, and answers.
func TestRealBrokersAnswerQuestions(t *testing.T) {
	for _, kind := range []lab.Kind{lab.RabbitMQKind, lab.ActiveMQKind} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			o := real(peers.Broker(t, kind), "node.example.net", true)
			tr, err := newTransport(o)
			if err != nil {
				t.Fatal(err)
			}
			opened, err := tr.Open(t.Context(), 0, func(connector.Message) {})
			if err != nil {
				t.Fatal(err)
			}
			l := opened.(*link)
			defer hangUp(l)
			for range 3 {
				if err := l.ask(t.Context()); err != nil {
					t.Fatalf("ask: %v", err)
				}
				before := l.conn.lastRead.Load()
				if err := l.question(); err != nil {
					t.Fatal(err)
				}
				deadline := time.Now().Add(5 * time.Second)
				for l.conn.lastRead.Load() == before {
					if time.Now().After(deadline) {
						t.Fatal("the question was not answered")
					}
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
}
