package acceptance

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
	"github.com/mco-go/mco-go/internal/lab/site"
)

// newLinked starts the brokers of an estate of docs/topologies.
func newLinked(t *testing.T, topology string) *site.Site {
	t.Helper()
	e := estates.LoadDocumented(t, filepath.Join(lab.Root(), "docs", "topologies", topology), estates.Installed(t))
	var brokers []string
	for _, n := range e.Nodes {
		if n.Broker != nil {
			brokers = append(brokers, n.Name)
		}
	}
	s := site.New(t, e, brokers...)
	s.RabbitMQ(t, brokers...)
	s.Ready(t, brokers...)
	return s
}

// A client on one broker of the federated pair reaches nodes on the other, and has their replies.
func TestFederationCarriesRequestsAndReplies(t *testing.T) {
	t.Parallel()
	l := newLinked(t, "federation.yaml")
	c := l.Estate.Collectives[0]
	over := make(map[string]int) // nodes by the address of the broker that they try first
	for _, n := range c.Servers {
		l.Host(t, n.Name)
		l.Daemon(t, n.Name)
		over[c.EndpointsOf(n)[0].Host]++
	}
	if len(over) != 2 {
		t.Fatalf("all nodes are on one broker: %v", over)
	}
	client := c.Clients[0].Name
	l.Host(t, client)
	lab.Wait(t, fmt.Sprintf("answers of the nodes on %v to a client on %s", over, c.ClientEndpoints[0].Host), time.Minute, func() error {
		if out, silent := l.Ping(t, client, "20", c.Servers); len(silent) > 0 {
			return fmt.Errorf("no answer of %v: %s", silent, out)
		}
		return nil
	})
	for broker, n := range over {
		t.Logf("%d nodes on %s; the client is on %s", n, broker, c.ClientEndpoints[0].Host)
	}
}

// What is put into the queue at the edge arrives at the centre, also what was put there while the centre was away.
func TestShovelCarriesMessages(t *testing.T) {
	t.Parallel()
	l := newLinked(t, "shovel.yaml")
	link := l.Estate.Links[0]
	edge, centre := link.A.Members[0].Node.Name, link.B.Members[0].Node.Name
	put := func(text string) {
		t.Helper()
		l.Control(t, edge, "eval", fmt.Sprintf(`rabbit_basic:publish(rabbit_misc:r(<<"/">>, exchange, <<"">>), <<"orders">>, [{delivery_mode, 2}], <<"%s">>).`, text))
	}
	// The shovel makes the queue on either side, at the centre first, and what the edge holds includes what the centre has not confirmed.
	arrived := func(want int) {
		t.Helper()
		for _, at := range []struct {
			broker string
			want   int
		}{{centre, want}, {edge, 0}} {
			lab.Wait(t, fmt.Sprintf("%d messages at the centre and none at the edge", want), time.Minute, func() error {
				if got := l.Control(t, at.broker, "list_queues", "--no-table-headers", "name", "messages"); strings.Join(strings.Fields(got), " ") != fmt.Sprintf("orders %d", at.want) {
					return fmt.Errorf("%s has %q; the shovel: %s", at.broker, got, l.Control(t, edge, "eval", "rabbit_shovel_status:status()."))
				}
				return nil
			})
		}
	}
	arrived(0)
	put("one")
	arrived(1)
	l.Broker(centre).Kill()
	put("two")
	put("three")
	l.RabbitMQ(t, centre)
	l.Ready(t, centre)
	arrived(3)
}
