package estate

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/secret"
)

const (
	epmdPort = 4369
	distPort = 25672
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
	for _, v := range t.VIP {
		if vip, ok := r.vip(v); ok {
			b.VIPs = append(b.VIPs, vip)
			r.origin(key+".vip", vip, v.Place)
		}
	}
	if len(b.VIPs) > 0 {
		b.VIP = b.VIPs[0]
	}
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
	case len(b.VIPs) > 0:
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
	if near := topology.Nearest(t.V, sortedKeys(r.groups)); near != "" {
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
	family := auto
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
		p, ok := r.locate(n, wanted{key: key, at: at, vip: b.VIP, family: family})
		if !ok {
			continue
		}
		m.Interface, m.Address, m.MAC = p.iface.Name, p.v4, p.iface.MAC
		if !m.Address.IsValid() {
			m.Address = p.v6
		}
		r.otherVIPs(b, m, t)
		if b.Kind == LVSDR && len(t.Nodes) > 1 {
			r.needMAC(m, p.iface.MACFault, t)
		}
	}
}

// otherVIPs checks that what moves together is on one interface, and that prefixes agree with the interface's.
func (r *resolver) otherVIPs(b *Balancer, m *BalancerMember, t *topology.Balancer) {
	for i, vip := range b.VIPs {
		at := t.VIP[min(i, len(t.VIP)-1)].Place
		on := connected(m.Node, vip)
		if i > 0 && !slices.ContainsFunc(on, func(f facts.Interface) bool { return f.Name == m.Interface }) {
			r.problems.Add(problem.Problem{Class: "vip.off-subnet", Node: m.Node.Name, Where: at.String(),
				What: "the interface " + m.Interface + " is not in the VIP's subnet", Got: vip.String()})
		}
		if !vip.IsSingleIP() && vip.Contains(m.Address.Addr()) && vip.Bits() != m.Address.Bits() {
			r.problems.Add(problem.Problem{Class: "vip.off-subnet", Warning: true, Node: m.Node.Name, Where: at.String(),
				What: "the VIP's prefix is not as long as that of the node's address", Got: vip.String(), Want: "/" + strconv.Itoa(m.Address.Bits())})
		}
		if edge(netip.PrefixFrom(vip.Addr(), m.Address.Bits())) && m.Address.Contains(vip.Addr()) && !edge(vip) && r.once("edge "+vip.String()) {
			r.bad("vip.network-address", at, "the VIP is the network or broadcast address of the node's subnet", vip.String(), "")
		}
	}
}

// needMAC: directors tell each other's packets by their MAC addresses.
func (r *resolver) needMAC(m *BalancerMember, fault error, t *topology.Balancer) {
	where := "networking.interfaces." + m.Interface + ".mac"
	switch {
	case fault != nil:
		r.problems.Add(safe.Problem(fault, m.Node.Name, where))
	case m.MAC == "":
		r.problems.Add(problem.Problem{Class: "fact.missing", Node: m.Node.Name, Where: t.String(),
			What: "the fact " + where + " is absent, which the firewall marks of the other directors need"})
	}
}

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

func (r *resolver) lvs(b *Balancer, t *topology.Balancer, key string) {
	if b.Kind != LVSDR {
		if t.LVS != nil {
			r.bad("topology.reference", t.LVS.Place, "lvs is for balancers of kind lvs-dr", "", "")
		}
		return
	}
	if len(t.VIP) == 0 {
		r.bad("topology.type", t.Place, "the key vip is missing, which direct routing needs", "", "")
	}
	if b.VIP.IsValid() && b.VIP.Addr().Is6() {
		r.bad("vip.family", t.VIP[0].Place, "direct routing by marks is for IPv4", b.VIP.String(), "")
	}
	lvs := t.LVS
	if lvs == nil {
		lvs = new(topology.LVS)
	}
	b.LVS = LVS{
		Scheduler:   r.choice(key+".lvs.scheduler", lvs.Scheduler, "wrr", "rr", "wlc", "lc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "fo", "ovf", "mh"),
		Weight:      r.number(key+".lvs.weight", lvs.Weight, 10, 0, 65535),
		Persistence: r.number(key+".lvs.persistence", lvs.Persistence, 0, 0, 2_678_400),
		DelayLoop:   r.number(key+".lvs.delay_loop", lvs.DelayLoop, 10, 1, 3600),
		Inhibit:     r.yes(key+".lvs.inhibit_on_failure", lvs.Inhibit, true),
		Timeout:     r.number(key+".lvs.check.timeout", lvs.Check.Timeout, 3, 1, 3600),
		Retry:       r.number(key+".lvs.check.retry", lvs.Check.Retry, 3, 1, 1000),
		Delay:       r.number(key+".lvs.check.delay", lvs.Check.Delay, 3, 1, 3600),
		Marks:       r.number(key+".lvs.marks", lvs.Marks, 0, 0, 1<<30),
	}
	for _, m := range b.To {
		m.Wildcard = true
	}
}

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
