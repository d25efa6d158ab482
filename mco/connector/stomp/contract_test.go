package stomp

import (
	"net"
	"strconv"
	"testing"

	"github.com/mco-go/mco-go/mco/broker"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/contracttest"
)

// startBroker starts a dev broker that ends with the test.
func startBroker(t testing.TB, o broker.Options) *broker.Broker {
	t.Helper()
	b, err := broker.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func hostAt(t testing.TB, addr string) Host {
	t.Helper()
	name, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return Host{Name: name, Port: n}
}

// options are those of a peer of the tests.
func options(flavour Flavour, identity string, node bool, hosts ...Host) Options {
	return Options{
		Flavour: flavour, Identity: identity, Collectives: []string{"mcollective", "eu"}, Hosts: hosts,
		VHost: "/mcollective", HeartBeat: DefaultHeartBeat, Fallback10: true, Requests: node,
	}
}

func connect(t testing.TB, o Options) connector.Connector {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// devPool is a pool of two dev brokers for the contract test.
func devPool(t *testing.T, flavour Flavour, change func(*Options)) contracttest.Bus {
	brokers := []*broker.Broker{startBroker(t, broker.Options{}), startBroker(t, broker.Options{})}
	hosts := []Host{hostAt(t, brokers[0].Addr()), hostAt(t, brokers[1].Addr())}
	return contracttest.Bus{
		Connect: func(t *testing.T, p contracttest.Peer) connector.Connector {
			o := options(flavour, p.Identity, p.Node, hosts...)
			o.Pool = p.Pool
			if change != nil {
				change(&o)
			}
			return connect(t, o)
		},
		Kill: func(_ *testing.T, member int) { brokers[member].Kill() },
		Restore: func(t *testing.T, member int) {
			brokers[member] = startBroker(t, broker.Options{Addr: brokers[member].Addr()})
		},
	}
}

func TestContract(t *testing.T) {
	for _, test := range []struct {
		name    string
		flavour Flavour
		change  func(*Options)
	}{
		{"rabbitmq", RabbitMQ, nil},
		{"activemq", ActiveMQ, nil},
		{"rabbitmq, reply exchange", RabbitMQ, func(o *Options) { o.ReplyExchange = true }},
		{"rabbitmq, wildcard", RabbitMQ, func(o *Options) { o.WildcardBroadcast = true }},
		{"rabbitmq, base64", RabbitMQ, func(o *Options) { o.Base64 = true }},
		{"rabbitmq, subscription as barrier", RabbitMQ, func(o *Options) { o.BarrierSubscription = true }},
		{"activemq, subscription as barrier", ActiveMQ, func(o *Options) { o.BarrierSubscription = true }},
		{"rabbitmq, STOMP 1.0", RabbitMQ, func(o *Options) { o.HeartBeat = 0 }},
		{"activemq, STOMP 1.0, subscription as barrier", ActiveMQ, func(o *Options) { o.HeartBeat, o.BarrierSubscription = 0, true }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contracttest.Run(t, func(t *testing.T) contracttest.Bus { return devPool(t, test.flavour, test.change) })
		})
	}
}
