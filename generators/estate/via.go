package estate

import (
	"net/netip"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/mco/spelling"
)

// route is what a via comes to.
type route struct {
	groups    []*BrokerGroup
	balancer  *Balancer
	endpoints []Endpoint
}

// via resolves names of broker groups, or of one balancer, to where a protocol is spoken: amqp or stomp.
func (r *resolver) via(names []topology.Text, protocol string) route {
	var to route
	for _, t := range names {
		g, b := r.groups[t.V], r.balancers[t.V]
		switch {
		case b != nil && len(names) > 1:
			r.bad("topology.reference", t.Place, "a balancer stands alone in via", safe.Quote(t.V), "one balancer, or a list of groups of brokers")
		case b != nil:
			to = r.viaBalancer(b, t, protocol)
		case g != nil:
			to.groups = append(to.groups, g)
			to.endpoints = append(to.endpoints, r.groupEndpoints(g, t, protocol)...)
		default:
			p := problem.Problem{Class: "topology.reference", Where: t.String(), What: "there is no group of brokers and no balancer of that name", Got: safe.Quote(t.V)}
			if near := spelling.Nearest(t.V, append(sortedKeys(r.groups), sortedKeys(r.balancers)...)); near != "" {
				p.Todo = "did you mean " + near + "?"
			}
			r.problems.Add(p)
		}
	}
	return to
}

func (r *resolver) groupEndpoints(g *BrokerGroup, t topology.Text, protocol string) []Endpoint {
	port := g.Listen.AMQP
	if protocol == "stomp" {
		r.needStomp(g)
		port = g.Listen.STOMP
	}
	if port == 0 {
		r.bad("cross.mismatch", t.Place, "the brokers of "+g.Name+" do not listen for "+protocol, "", "")
		return nil
	}
	if g.VIP.IsValid() {
		return []Endpoint{{Host: g.VIP.Addr().String(), Port: port}}
	}
	var all []Endpoint
	for _, m := range g.Members {
		if a := m.Address(); a.IsValid() {
			all = append(all, Endpoint{Host: a.String(), Port: port, Node: m.Node})
		}
	}
	return all
}

func (r *resolver) viaBalancer(b *Balancer, t topology.Text, protocol string) route {
	to := route{balancer: b}
	if b.Group != nil {
		to.groups = []*BrokerGroup{b.Group}
	}
	port := 0
	for _, p := range b.Ports {
		if p.Name == protocol || b.Group != nil && protocol == "amqp" && p.Backend == b.Group.Listen.AMQP {
			port = p.Port
		}
	}
	if port == 0 {
		r.bad("cross.mismatch", t.Place, "the balancer "+b.Name+" does not balance "+protocol, "", "ports: {"+protocol+": PORT}")
		return to
	}
	if b.VIP.IsValid() {
		to.endpoints = []Endpoint{{Host: b.VIP.Addr().String(), Port: port}}
		return to
	}
	for _, m := range b.Members {
		if m.Address.IsValid() {
			to.endpoints = append(to.endpoints, Endpoint{Host: m.Address.Addr().String(), Port: port, Node: m.Node})
		}
	}
	return to
}

func (e Endpoint) address() netip.Addr {
	a, _ := netip.ParseAddr(e.Host)
	return a
}
