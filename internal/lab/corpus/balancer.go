package corpus

import (
	"fmt"
	"maps"
	"slices"
)

// front is a balancer while the estate is thought out.
type front struct {
	name     string
	to       *group
	nodes    []*machine
	topology tree
	ports    tree
	vip      bool
}

// balance puts so many balancers before the groups.
func (m *maker) balance(count int) {
	for i := range count {
		g := pick(m.dice, m.groups...)
		f := &front{name: fmt.Sprintf("%s%d", pick(m.dice, "front", "lb-", "vip."), i+1), to: g, topology: tree{"to": g.name}, ports: make(tree)}
		if m.chance(30) && m.canDirect(g) {
			m.director(f, i)
		} else {
			m.haproxy(f, i)
		}
		set(f.topology, "ports", f.ports)
		m.fronts = append(m.fronts, f)
		m.section("balancers")[f.name] = f.topology
	}
}

// sixth tells whether a VIP before a machine is of IPv6.
func (m *maker) sixth(n *machine) bool {
	return n.family() == "6" || n.family() == "both" && m.chance(50)
}

// canDirect tells whether a group's brokers can be their own directors: one balancer is enough for a group.
func (m *maker) canDirect(g *group) bool {
	if six := g.nodes[0].family() == "6" || g.topology["family"] == "6"; six && m.below("keepalived", "2.0") {
		return false // it knows no marks for IPv6
	}
	if g.directed || g.kind == "active-passive" || g.kind == "standalone-set" && len(g.nodes) > 1 {
		return false
	}
	for _, f := range m.fronts {
		if slices.ContainsFunc(f.nodes, func(n *machine) bool { return slices.Contains(g.nodes, n) }) {
			return false
		}
	}
	return true
}

func (m *maker) director(f *front, i int) {
	g := f.to
	g.directed, f.vip = true, true
	f.nodes = g.nodes[:m.between(1, min(3, len(g.nodes)))]
	six := m.sixth(g.nodes[0]) && !m.below("keepalived", "2.0")
	if family := g.topology["family"]; family == "4" || family == "6" {
		six = family == "6"
	} else if g.nodes[0].family() == "both" && family != "both" {
		six = false // brokers of both families listen on one, unless they are told
	}
	f.topology["kind"], f.topology["nodes"] = "lvs-dr", members(f.nodes)
	f.topology["vip"] = vip(g.nodes[0].subnet, 2+i, six).String()
	f.ports["amqp"] = g.port("amqp")
	m.sometimes(40, f.ports, "stomp", g.port("stomp"))
	lvs := make(tree)
	m.sometimes(50, lvs, "scheduler", pick(m.dice, "rr", "wrr", "lc", "wlc", "sh"))
	m.sometimes(30, lvs, "weight", m.between(1, 100))
	m.sometimes(20, lvs, "persistence", m.between(1, 30))
	m.sometimes(30, lvs, "delay_loop", m.between(1, 60))
	m.sometimes(30, lvs, "inhibit_on_failure", m.chance(50))
	m.sometimes(30, lvs, "marks", m.between(1, 4096))
	m.sometimes(30, lvs, "check", tree{"timeout": m.between(1, 10), "retry": m.between(1, 5), "delay": m.between(1, 10)})
	set(f.topology, "lvs", lvs)
	m.vrrp(f, i, six)
}

// haproxy stands on machines of its own, on those of another balancer, or, with a VIP, on the brokers'.
func (m *maker) haproxy(f *front, i int) {
	g := f.to
	f.vip = m.chance(70)
	onBrokers := f.vip && !g.directed && g.kind != "active-passive" && m.chance(30)
	var shared *front
	for _, other := range m.fronts {
		if other.topology["kind"] == "haproxy" && len(other.nodes) > 0 && other.nodes[0].subnet == other.nodes[len(other.nodes)-1].subnet && m.chance(25) {
			shared = other
		}
	}
	switch {
	case onBrokers:
		f.nodes = g.nodes[:m.between(1, min(3, len(g.nodes)))]
	case shared != nil:
		f.nodes = shared.nodes
	default:
		family := g.nodes[0].family()
		subnet := g.nodes[0].subnet
		if m.chance(40) {
			subnet = m.newSubnet()
		}
		for range m.between(1, 3) {
			f.nodes = append(f.nodes, m.newMachine("ha", subnet, family))
		}
	}
	f.topology["kind"], f.topology["nodes"] = "haproxy", members(f.nodes)
	m.frontPorts(f, i)
	if f.vip {
		address := vip(f.nodes[0].subnet, 2+i, m.sixth(f.nodes[0]))
		f.topology["vip"] = address.String()
		m.vrrp(f, i, address.Addr().Is6())
		if !m.legacy && m.chance(20) { // it is on one of them when the facts are read
			if n := &f.nodes[0].nics[0]; address.Addr().Is6() {
				n.v6 = append(n.v6, address)
			} else {
				n.v4 = append(n.v4, address)
			}
		}
	}
	modes := []string{"roundrobin", "leastconn", "source", "active-backup"}
	if g.kind == "standalone-set" {
		modes = modes[3:]
	}
	m.sometimes(60, f.topology, "mode", pick(m.dice, modes...))
	if m.chance(40) {
		f.topology["check"] = tree{"kind": pick(m.dice, "tcp", "amqp", "stomp", "http"),
			"inter": pick(m.dice, "500ms", "2s", "1m"), "rise": m.between(1, 5), "fall": m.between(1, 5)}
	}
	m.sometimes(30, f.topology, "maxconn", m.between(100, 100_000))
	if m.chance(20) && len(g.nodes) > 1 {
		f.topology["to_nodes"] = members(g.nodes[:len(g.nodes)-1])
	}
	if m.chance(50) {
		stats := tree{"port": 8100 + i, "user": pick(m.dice, "admin", "ops.1"), "secret": m.secret("stats_"+f.name, statsSecret)["secret"]}
		m.sometimes(50, stats, "path", pick(m.dice, "/stats", "/rabbitmq-stats"))
		m.sometimes(50, stats, "refresh", pick(m.dice, "5s", "1m"))
		f.topology["stats"] = stats
	}
}

// frontPorts chooses numbers. Without a VIP a balancer has all addresses of its machines, and so numbers of its own.
func (m *maker) frontPorts(f *front, i int) {
	own := !f.vip || m.chance(30)
	port := func(protocol string, k int) {
		f.ports[protocol] = f.to.port(protocol)
		if own {
			f.ports[protocol] = 20000 + 10*i + k
		}
	}
	port("amqp", 0)
	if m.chance(60) {
		port("stomp", 1)
	}
	if management, off := f.to.listen["management"]; m.chance(20) && !(off && management == nil) && !m.below("rabbitmq", "3.0") {
		port("management", 2)
	}
}

func (m *maker) vrrp(f *front, i int, six bool) {
	v := make(tree)
	m.sometimes(30, v, "id", pick[any](m.dice, "auto", 10*i+m.between(1, 10)))
	if m.chance(30) {
		each := make(tree)
		for k, n := range f.nodes {
			each[n.name] = 150 - 20*k
		}
		v["priority"] = each
	}
	if m.chance(40) {
		v["preempt"] = true
		m.sometimes(40, v, "preempt_delay", m.between(1, 300))
	}
	m.sometimes(30, v, "advert", m.between(1, 10))
	transports := []string{"multicast", "auto"}
	if !m.below("keepalived", "1.2.8") {
		transports = append(transports, "unicast")
	}
	m.sometimes(50, v, "transport", pick(m.dice, transports...))
	if !six && !m.below("keepalived", "1.3") {
		m.sometimes(20, v, "version", pick(m.dice, 2, 3))
	}
	if m.chance(60) {
		v["secret"] = m.secret("vrrp_"+f.name, vrrpSecret)["secret"]
	}
	same := make(map[string]bool)
	for _, n := range f.nodes {
		same[n.primary] = true
	}
	if len(same) == 1 && m.chance(30) {
		v["track_interface"] = slices.Collect(maps.Keys(same))[0]
	}
	set(f.topology, "vrrp", v)
}
