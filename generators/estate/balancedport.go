package estate

import (
	"slices"
	"strconv"

	"github.com/mco-go/mco-go/generators/estate/topology"
)

const (
	epmdPort = 4369
	distPort = 25672
)

func (r *resolver) balancedPorts(b *Balancer, t *topology.Balancer, key string) {
	if len(t.Ports) == 0 && b.Group != nil {
		b.Ports = []BalancedPort{{Name: "amqp", Port: b.Group.Listen.AMQP, Backend: b.Group.Listen.AMQP}}
		r.note(key+".ports.amqp", b.Group.Listen.AMQP, "default: the brokers' port")
	}
	front := make(map[int]string)
	for _, name := range sortedKeys(t.Ports) {
		v := t.Ports[name]
		r.checkToken(v.Place, name, "the balanced port")
		if !v.Set {
			r.bad("port.range", v.Place, "not a port", "null", "1 to 65535")
			continue
		}
		port := r.numberOf("port.range", key+".ports."+name, v, 0, 1, 65535)
		if port == 0 || b.Group == nil {
			continue
		}
		backend := r.backendPort(b, name, port)
		switch {
		case reserved(b.Group, port) || reserved(b.Group, backend):
			r.bad("port.reserved", v.Place, "nodes of a cluster must reach each other's own port", strconv.Itoa(port), "no balancer for 4369 and the port of distribution")
		case backend == 0:
			r.bad("cross.mismatch", v.Place, "no broker of "+b.Group.Name+" listens there", name, "amqp, stomp, management, or a port that they listen on")
		case b.Kind == LVSDR && backend != port:
			r.bad("cross.mismatch", v.Place, "direct routing cannot change a port", strconv.Itoa(port), strconv.Itoa(backend))
		case front[port] != "":
			r.bad("port.clash", v.Place, "the port is balanced twice", strconv.Itoa(port), "")
		}
		front[port] = name
		b.Ports = append(b.Ports, BalancedPort{Name: name, Port: port, Backend: backend})
	}
}

func reserved(g *BrokerGroup, port int) bool {
	return port == epmdPort || port == distPort || port == g.Listen.Dist
}

// backendPort is the broker's port for a name of a balanced one.
func (r *resolver) backendPort(b *Balancer, name string, port int) int {
	switch name {
	case "amqp":
		return b.Group.Listen.AMQP
	case "stomp":
		r.needStomp(b.Group)
		return b.Group.Listen.STOMP
	case "management":
		return b.Group.Listen.Management
	}
	if l := b.Group.Listen; port == l.AMQP || port == l.STOMP || port == l.Management || reserved(b.Group, port) {
		return port
	}
	return 0
}

// sharesPort tells whether something else on a member listens on a port that b balances.
func sharesPort(b *Balancer) bool {
	for _, m := range b.Members {
		if g := m.Node.Broker; g != nil {
			l := g.Group.Listen
			if b.takes(l.AMQP) || b.takes(l.STOMP) || b.takes(l.Management) {
				return true
			}
		}
		for _, other := range m.Node.Balancers {
			if other.Balancer != b && other.Balancer.Kind == HAProxy && slices.ContainsFunc(other.Balancer.Ports, func(p BalancedPort) bool { return b.takes(p.Port) }) {
				return true
			}
		}
	}
	return false
}

func (b *Balancer) takes(port int) bool {
	return port != 0 && slices.ContainsFunc(b.Ports, func(p BalancedPort) bool { return p.Port == port })
}
