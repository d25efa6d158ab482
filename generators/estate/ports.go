package estate

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/mco-go/mco-go/generators/problem"
)

// listener is one socket of a node; no addresses means all.
type listener struct {
	udp       bool
	addresses []netip.Addr
	port      int
	what      string
}

func (l listener) overlaps(o listener) bool {
	if l.port != o.port || l.udp != o.udp || l.port == 0 {
		return false
	}
	return len(l.addresses) == 0 || len(o.addresses) == 0 ||
		slices.ContainsFunc(l.addresses, func(a netip.Addr) bool { return slices.Contains(o.addresses, a) })
}

// checkPorts reports what cannot listen beside each other on one node. HAProxy's own check does not see it.
func (r *resolver) checkPorts() {
	for _, n := range r.nodes {
		all := sockets(n)
		for i, l := range all {
			for _, o := range all[:i] {
				if l.overlaps(o) {
					r.problems.Add(problem.Problem{Class: "port.clash", Node: n.Name, Where: l.what, What: "the port is " + o.what + "'s as well", Got: strconv.Itoa(l.port)})
				}
			}
		}
	}
}

func sockets(n *Node) []listener {
	var all []listener
	tcp := func(what string, port int, addresses ...netip.Addr) {
		if port != 0 {
			all = append(all, listener{false, addresses, port, what})
		}
	}
	if m := n.Broker; m != nil {
		g, own := m.Group, m.Addresses()
		stomp := own
		if m.Wildcard {
			own = nil
		}
		if !m.StompBound || m.Wildcard {
			stomp = nil
		}
		name := "broker " + g.Name + " "
		tcp(name+"epmd", epmdPort)
		tcp(name+"distribution", g.Listen.Dist)
		tcp(name+"amqp", g.Listen.AMQP, own...)
		tcp(name+"stomp", g.Listen.STOMP, stomp...)
		tcp(name+"management", g.Listen.Management, own...)
		if g.Kind == ActivePassive {
			all = append(all, listener{true, m.Addresses(), 5405, name + "corosync"})
		}
		if g.Storage != nil {
			tcp(name+"drbd", g.Storage.Port, m.Addresses()...)
		}
	}
	for _, m := range n.Balancers {
		b := m.Balancer
		if b.Kind != HAProxy {
			continue
		}
		var bind []netip.Addr
		if b.BindVIP {
			bind = []netip.Addr{b.VIP.Addr()}
		}
		for _, p := range b.Ports {
			tcp("balancer "+b.Name+" "+p.Name, p.Port, bind...)
		}
		if b.Stats != nil && m.Address.IsValid() {
			tcp("balancer "+b.Name+" stats", b.Stats.Port, m.Address.Addr())
		}
	}
	return all
}
