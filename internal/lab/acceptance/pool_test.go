package acceptance

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// member is the pool member that leads to b, which change may spoil.
func member(b *lab.Broker, change func(*lab.Member)) lab.Member {
	m := lab.Member{Host: b.Host, Port: b.Port, User: b.User, Password: b.Password}
	if change != nil {
		change(&m)
	}
	return m
}

// complains runs `mco ping`, which must end soon, with exit code 1 and an error that contains each of the texts.
func complains(t *testing.T, c lab.Cfg, texts ...string) {
	t.Helper()
	// The original tries for ever; this makes it give up, and ours too.
	c.Extra = append(c.Extra, fmt.Sprintf("plugin.%s.max_reconnect_attempts = 2", c.Connector))
	out := lab.GoMco(t, lab.ClientCfg{Cfg: c}).Run(t, "ping")
	if out.Exit != 1 || out.Took > 20*time.Second {
		t.Errorf("mco ping: exit %d after %v, want exit 1 soon\n%s", out.Exit, out.Took, out.All())
	}
	for _, text := range texts {
		if !strings.Contains(out.Stderr, text) {
			t.Errorf("mco ping does not say %q:\n%s", text, out.All())
		}
	}
}

// says waits until the node, which must live, has logged each of the texts.
func says(t *testing.T, n *lab.Node, texts ...string) {
	t.Helper()
	for _, text := range texts {
		lab.Wait(t, fmt.Sprintf("%q in the log", text), 20*time.Second, func() error {
			if !strings.Contains(n.DaemonLog(), text) {
				return errors.New("not yet")
			}
			return nil
		})
	}
	n.Alive(t)
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	// What the brokers say.
	refusal := map[lab.Kind]string{lab.RabbitMQKind: "Access refused for user 'mcollective'", lab.ActiveMQKind: "password is invalid"}
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			b := peers.Broker(t, kind)
			wrong := member(b, func(m *lab.Member) { m.Password = "mistaken" })
			complains(t, lab.Cfg{Connector: kind, Pool: []lab.Member{wrong}, VHost: b.VHost}, refusal[kind], b.Addr())

			n := lab.GoNode(t, lab.ServerCfg{Identity: victimOf(t),
				Cfg: lab.Cfg{Connector: kind, Pool: []lab.Member{wrong, member(b, nil)}, VHost: b.VHost}})
			n.WaitReady(t, b, 20*time.Second)
			says(t, n, refusal[kind])
			if strings.Contains(n.DaemonLog(), "mistaken") {
				t.Error("the log shows the password")
			}
		})
	}
}

func TestMissingVhost(t *testing.T) {
	t.Parallel()
	b := peers.Broker(t, lab.RabbitMQKind)
	for name, vhost := range map[string]string{"unknown": "/nosuch", "not permitted": "/forbidden"} {
		t.Run(name, func(t *testing.T) {
			cfg := lab.Cfg{Connector: lab.RabbitMQKind, Pool: []lab.Member{member(b, nil)}, VHost: vhost}
			refusal := "Virtual host '" + vhost + "' access denied"
			complains(t, cfg, refusal, b.Addr())
			n := lab.GoNode(t, lab.ServerCfg{Identity: victimOf(t), Cfg: cfg})
			says(t, n, refusal)
		})
	}
}

func TestMissingExchange(t *testing.T) {
	t.Parallel()
	b := peers.Broker(t, lab.RabbitMQKind)
	t.Run("client", func(t *testing.T) {
		cfg := lab.Cfg{Brokers: []*lab.Broker{b}, VHost: "/bare"}
		out := lab.GoMco(t, lab.ClientCfg{Cfg: cfg}).Run(t, "ping")
		if out.Exit == 0 || !strings.Contains(out.Stderr, "mcollective_broadcast") {
			t.Errorf("mco ping: exit %d, want a failure that names the exchange\n%s", out.Exit, out.All())
		}
	})
	t.Run("node", func(t *testing.T) {
		n := lab.GoNode(t, lab.ServerCfg{Identity: victimOf(t), Cfg: lab.Cfg{Brokers: []*lab.Broker{b}, VHost: "/bare"}})
		says(t, n, "no exchange 'mcollective_")
	})
	t.Run("node with a broker that has it", func(t *testing.T) {
		// A collective of which the first broker knows nothing: the second has its exchanges.
		other := lab.RabbitMQ(t, lab.BrokerOptions{Collectives: []string{"mcollective", "asia"}})
		n := lab.GoNode(t, lab.ServerCfg{Identity: victimOf(t),
			Cfg: lab.Cfg{Brokers: []*lab.Broker{b, other}, Collectives: []string{"mcollective", "asia"}}})
		n.WaitReady(t, other, 30*time.Second)
		says(t, n, "no exchange 'asia_")
	})
}

func TestUnreachablePool(t *testing.T) {
	t.Parallel()
	port, err := lab.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	nobody := lab.Member{Host: "127.0.0.1", Port: port, User: "mcollective", Password: "marionette"}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			b := peers.Broker(t, kind)
			complains(t, lab.Cfg{Connector: kind, Pool: []lab.Member{nobody, nobody}}, addr, "connection refused")
			t.Run("connection timeout", func(t *testing.T) {
				cfg := lab.Cfg{Connector: kind, Pool: []lab.Member{nobody}, Extra: []string{"connection_timeout = 2"}}
				out := lab.GoMco(t, lab.ClientCfg{Cfg: cfg}).Run(t, "ping")
				if out.Exit != 1 || out.Took > 10*time.Second || !strings.Contains(out.Stderr, "Timeout occured while trying to connect to middleware") {
					t.Errorf("exit %d after %v, want 1 after 2 s\n%s", out.Exit, out.Took, out.All())
				}
			})
			t.Run("node with one that can be reached", func(t *testing.T) {
				n := lab.GoNode(t, lab.ServerCfg{Identity: victimOf(t),
					Cfg: lab.Cfg{Connector: kind, Pool: []lab.Member{nobody, nobody, member(b, nil)}, VHost: b.VHost}})
				n.WaitReady(t, b, 20*time.Second)
				says(t, n, "connection refused")
			})
			t.Run("node before its broker", func(t *testing.T) {
				p := lab.NewProxy(t, b.Addr())
				p.Set(lab.Refusing)
				n := lab.GoNode(t, lab.ServerCfg{Identity: victimOf(t), Cfg: lab.Cfg{Connector: kind, Pool: []lab.Member{p.Member(b)},
					VHost: b.VHost, Extra: []string{fmt.Sprintf("plugin.%s.max_reconnect_delay = 0.5", kind)}}})
				lab.Wait(t, "some tries", 20*time.Second, func() error {
					if p.Accepted() < 3 {
						return fmt.Errorf("%d tries", p.Accepted())
					}
					return nil
				})
				n.Alive(t)
				p.Set(lab.NoFault)
				n.WaitReady(t, b, 20*time.Second)
			})
		})
	}
}
