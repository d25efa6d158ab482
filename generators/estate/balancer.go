package estate

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/mco/spelling"
)

func (r *resolver) resolveBalancers() {
	for _, name := range sortedKeys(r.file.Balancers) {
		t := r.file.Balancers[name]
		r.checkToken(t.Place, name, "the balancer")
		b := r.balancer(name, t)
		r.balancers[name] = b
		r.estate.Balancers = append(r.estate.Balancers, b)
	}
}

func (r *resolver) balancer(name string, t *topology.Balancer) *Balancer {
	key := "balancers." + name
	b := &Balancer{Name: name}
	b.Kind = BalancerKind(r.choice(key+".kind", t.Kind, string(HAProxy), string(LVSDR)))
	r.balancerVIP(b, t, key)
	b.Group = r.groups[t.To.V]
	if b.Group == nil && t.To.Set {
		r.noGroup(t.To)
	}
	r.backends(b, t)
	r.balancerMembers(b, t, key)
	r.balancedPorts(b, t, key)
	r.balancerMode(b, t, key)
	b.Check = Check{
		Kind:  r.choice(key+".check.kind", t.Check.Kind, "tcp", "amqp", "stomp", "http"),
		Inter: r.duration(key+".check.inter", t.Check.Inter, 5*time.Second, 100*time.Millisecond, time.Hour),
		Rise:  r.number(key+".check.rise", t.Check.Rise, 2, 1, 100),
		Fall:  r.number(key+".check.fall", t.Check.Fall, 3, 1, 100),
	}
	if t.MaxConn.Set {
		b.MaxConn = r.number(key+".maxconn", t.MaxConn, 0, 100, 10_000_000)
	}
	r.stats(b, t, key)
	switch {
	case b.VIP.IsValid():
		r.vrrp(b, t, key)
	case t.VRRP != nil:
		r.warn("topology.reference", t.VRRP.Place, "vrrp has no effect without a vip", "add a vip")
	}
	r.lvs(b, t, key)
	return b
}

// noGroup reports a name that is no group's.
func (r *resolver) noGroup(t topology.Text) {
	p := problem.Problem{Class: "topology.reference", Where: t.String(), What: "there is no such group of brokers", Got: safe.Quote(t.V)}
	if near := spelling.Nearest(t.V, sortedKeys(r.groups)); near != "" {
		p.Todo = "did you mean " + near + "?"
	}
	r.problems.Add(p)
}

func (r *resolver) backends(b *Balancer, t *topology.Balancer) {
	if b.Group == nil {
		return
	}
	if len(t.ToNodes) == 0 {
		b.To = b.Group.Members
		return
	}
	for _, name := range t.ToNodes {
		n := r.node(name.V)
		if n == nil || n.Broker == nil || n.Broker.Group != b.Group {
			r.bad("topology.reference", name.Place, "to_nodes names what is no node of "+b.Group.Name, safe.Quote(name.V), "")
			continue
		}
		b.To = append(b.To, n.Broker)
	}
}

func (r *resolver) balancerMembers(b *Balancer, t *topology.Balancer, key string) {
	if len(t.Nodes) == 0 && b.Kind != "" {
		r.bad("cluster.size", t.Place, "the balancer has no nodes", "", "")
	}
	family, output := auto, "haproxy.cfg"
	if b.Kind == LVSDR {
		output = "keepalived.conf"
	}
	at := t.Place
	if b.VIP.IsValid() {
		family, at = "4", t.VIP[0].Place
		if b.VIP.Addr().Is6() {
			family = "6"
		}
	}
	for _, n := range r.members(t.Nodes) {
		m := &BalancerMember{Node: n, Balancer: b}
		b.Members = append(b.Members, m)
		n.Balancers = append(n.Balancers, m)
		if b.Kind == HAProxy {
			n.Software.HAProxy = r.version(n, haProxy)
		}
		if b.VIP.IsValid() {
			n.Software.Keepalived = r.version(n, keepalived)
		}
		if b.Kind == LVSDR && (n.Broker == nil || n.Broker.Group != b.Group) && b.Group != nil {
			r.problems.Add(problem.Problem{Class: "topology.reference", Node: n.Name, Where: t.String(),
				What: "a node that balances by direct routing is a broker of the group itself", Want: "nodes of " + b.Group.Name})
		}
		p, ok := r.locate(n, wanted{key: key, output: output, at: at, vip: b.VIP, family: family})
		if !ok {
			continue
		}
		m.Interface, m.Address, m.MAC = p.iface.Name, p.v4, p.iface.MAC
		if !m.Address.IsValid() {
			m.Address = p.v6
		}
		if b.VIP.IsValid() {
			r.checkPrefix(m, at)
		}
		if b.Kind == LVSDR && len(t.Nodes) > 1 {
			r.needMAC(m, p.iface.MACFault, t)
		}
	}
}

// balancerVIP takes the VIP. Two addresses are two instances of VRRP, and so two balancers, as are two families.
func (r *resolver) balancerVIP(b *Balancer, t *topology.Balancer, key string) {
	for i, text := range t.VIP {
		vip, ok := r.vip(text)
		switch {
		case !ok:
		case i == 0:
			b.VIP = vip
			r.origin(key+".vip", vip, text.Place)
		case vip.Addr().Is4() != b.VIP.Addr().Is4():
			r.bad("vip.family", text.Place, "an instance of VRRP holds addresses of one family", vip.String(), "a balancer for each family")
		case vip.Addr() != b.VIP.Addr():
			r.bad("topology.type", text.Place, "a balancer has one VIP", vip.String(), "a balancer for each")
		}
	}
}

// checkPrefix compares a VIP with the subnet of the member that will hold it.
func (r *resolver) checkPrefix(m *BalancerMember, at topology.Place) {
	vip := m.Balancer.VIP
	if !vip.IsSingleIP() && vip.Bits() != m.Address.Bits() {
		r.problems.Add(problem.Problem{Class: "vip.off-subnet", Warning: true, Node: m.Node.Name, Where: at.String(),
			What: "the VIP's prefix is not as long as that of the node's address", Got: vip.String(), Want: "/" + strconv.Itoa(m.Address.Bits())})
	}
	if edge(netip.PrefixFrom(vip.Addr(), m.Address.Bits())) && !edge(vip) && r.once("edge "+vip.String()) {
		r.bad("vip.network-address", at, "the VIP is the network or broadcast address of the node's subnet", vip.String(), "")
	}
}

func (r *resolver) balancerMode(b *Balancer, t *topology.Balancer, key string) {
	if b.Kind == LVSDR {
		if t.Mode.Set {
			r.bad("topology.reference", t.Mode.Place, "mode is HAProxy's", t.Mode.V, "lvs.scheduler")
		}
		return
	}
	words := []string{string(LeastConn), string(RoundRobin), string(Source), string(ActiveBackup)}
	if b.Group != nil && b.Group.Kind == StandaloneSet {
		words = []string{string(ActiveBackup), string(RoundRobin), string(LeastConn), string(Source)}
	}
	b.Mode = Mode(r.choice(key+".mode", t.Mode, words...))
	if b.Group != nil && (b.Group.Kind == StandaloneSet || b.Group.Kind == ActivePassive) && b.Mode != ActiveBackup {
		r.warn("cross.mismatch", t.Place, "connections are spread over brokers that do not share their queues", "mode: active-backup")
	}
}

func (r *resolver) duration(key string, v topology.Duration, fallback, least, most time.Duration) time.Duration {
	if !v.Set {
		r.note(key, fallback, "default")
		return fallback
	}
	if v.V < least || v.V > most {
		r.bad("topology.type", v.Place, "out of range", v.V.String(), least.String()+" to "+most.String())
		return fallback
	}
	r.origin(key, v.V, v.Place)
	return v.V
}

func (r *resolver) stats(b *Balancer, t *topology.Balancer, key string) {
	if t.Stats == nil {
		return
	}
	if b.Kind == LVSDR {
		r.bad("topology.reference", t.Stats.Place, "stats is HAProxy's", "", "")
		return
	}
	s := &Stats{
		Port:    r.numberOf("port.range", key+".stats.port", t.Stats.Port, 8100, 1, 65535),
		Path:    r.path(key+".stats.path", t.Stats.Path),
		Refresh: r.duration(key+".stats.refresh", t.Stats.Refresh, 5*time.Second, time.Second, time.Hour),
		User:    r.text(key+".stats.user", t.Stats.User, "admin"),
		Secret:  r.secretValue(t.Stats.Secret, secret.StatsPass),
	}
	if s.Path == "" {
		s.Path = "/rabbitmq-stats"
	}
	r.checkToken(t.Stats.User.Place, s.User, "the user of the stats page")
	b.Stats = s
}
