package estate

import (
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/generators/problem"
)

// finishBalancers decides what depends on all that the nodes do.
func (r *resolver) finishBalancers() {
	r.vrrpIDs()
	for _, b := range r.estate.Balancers {
		t := r.file.Balancers[b.Name]
		b.BindVIP = b.Kind == HAProxy && b.VIP.IsValid() && sharesPort(b)
		if b.BindVIP {
			for _, m := range b.Members {
				if m.Node.Broker != nil && b.takes(m.Node.Broker.Group.Listen.STOMP) {
					m.Node.Broker.StompBound = true
				}
			}
		}
		if b.Group == nil {
			continue
		}
		b.Timeout = balancerTimeout(b.Group.Heartbeat, b.Group.StompHeart)
		r.note("balancers."+b.Name+".timeout", b.Timeout, "rule D12: heart-beats of "+strconv.Itoa(max(b.Group.Heartbeat, b.Group.StompHeart))+" s")
		if p := b.LVS.Persistence; p > max(b.Group.Heartbeat, b.Group.StompHeart) {
			r.warn("cross.mismatch", t.LVS.Persistence.Place, "so long a persistence keeps all connections from behind one address on one broker", "leave persistence out")
		}
		if b.Kind != HAProxy {
			continue
		}
		for _, m := range b.Members {
			r.memberMaxConn(b, m)
		}
	}
}

func (r *resolver) memberMaxConn(b *Balancer, m *BalancerMember) {
	f := m.Node.Facts
	var missing []string
	if f.Memory <= 0 {
		missing = append(missing, "memory.system.total_bytes")
	}
	if f.Processors <= 0 && b.MaxConn == 0 {
		missing = append(missing, "processors.count")
	}
	if missing != nil {
		r.problems.Add(problem.Problem{Class: "fact.missing", Node: m.Node.Name, Where: "balancers." + b.Name,
			What: "the fact " + strings.Join(missing, " and the fact ") + " is absent, which maxconn of haproxy.cfg needs"})
		return
	}
	m.MaxConn = maxConn(connections{asked: b.MaxConn, cpus: f.Processors, files: r.openFiles(m.Node), servers: len(b.To), proxies: len(b.Ports), memory: f.Memory})
	r.note("node "+m.Node.Name+" balancers."+b.Name+".maxconn", m.MaxConn, "rule D4")
}

// openFiles is the hard limit of descriptors of a service on the node.
func (r *resolver) openFiles(n *Node) int {
	switch limit := r.file.Limits.NoFile; {
	case limit.Set:
		return r.number("limits.nofile", limit, 4096, 1024, 1<<30)
	case n.Facts.OpenFiles > 0:
		return n.Facts.OpenFiles
	case n.Facts.Systemd:
		return 524_288
	}
	return 4096
}
