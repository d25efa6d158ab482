package loopback

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/contracttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	contracttest.Run(t, func(t *testing.T) contracttest.Bus {
		bus := NewBus("one:61613", "two:61613")
		return contracttest.Bus{
			Connect: func(t *testing.T, p contracttest.Peer) connector.Connector {
				return bus.Connect(Options{Identity: p.Identity, Collectives: []string{"mcollective", "eu"}, Pool: p.Pool, Requests: p.Node})
			},
			Kill:    func(_ *testing.T, member int) { bus.Kill(member) },
			Restore: func(_ *testing.T, member int) { bus.Restore(member) },
		}
	})
}
