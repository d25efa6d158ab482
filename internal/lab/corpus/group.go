package corpus

import (
	"fmt"
	"strings"
)

// group is a group of brokers while the estate is thought out.
type group struct {
	name, kind string
	nodes      []*machine
	listen     tree
	vhosts     []string
	topology   tree
	directed   bool // a balancer by direct routing stands before it
}

// members are the names of the nodes.
func members(nodes []*machine) []any {
	var names []any
	for _, n := range nodes {
		names = append(names, n.name)
	}
	return names
}

// groupsOf spreads so many brokers over groups of every kind.
func (m *maker) groupsOf(brokers int) {
	for left := brokers; left > 0; {
		size := left
		if m.chance(50) {
			size = m.between(1, left)
		}
		kinds := []string{"cluster"}
		switch {
		case size == 1:
			kinds = []string{"standalone", "standalone", "standalone-set", "cluster"}
		case size == 2:
			kinds = []string{"standalone-set", "active-passive", "active-passive", "cluster"}
		case size <= 4:
			kinds = []string{"standalone-set", "cluster", "cluster"}
		}
		m.group(pick(m.dice, kinds...), size)
		left -= size
	}
}

func (m *maker) group(kind string, size int) {
	g := &group{name: fmt.Sprintf("%s%d", pick(m.dice, "main", "mq", "g-", "edge.", "q_"), len(m.groups)+1), kind: kind, vhosts: []string{"/"}}
	family := "4"
	if m.six {
		family = pick(m.dice, "6", "both")
	}
	subnet := m.newSubnet()
	for range size {
		g.nodes = append(g.nodes, m.newMachine("mq", subnet, family))
	}
	g.topology = tree{"kind": kind, "nodes": members(g.nodes)}
	if family == "both" && m.chance(50) {
		g.topology["family"] = pick(m.dice, "4", "6", "both")
	}
	m.interfaceOf(g)
	m.listen(g)
	m.replicate(g)
	m.declare(g)
	m.settings(g)
	switch kind {
	case "active-passive":
		m.passive(g)
	case "cluster":
		m.sometimes(30, g.topology, "cluster_name", pick(m.dice, "rabbits", "r-1", "R.2"))
		m.sometimes(30, g.topology, "node_name", pick[any](m.dice, "short", "long"))
		if !m.below("rabbitmq", "3.1") && m.below("rabbitmq", "4.3") {
			m.sometimes(30, g.topology, "partitions", pick(m.dice, "auto", "ignore", "autoheal", "pause_minority"))
		}
		if size > 1 && m.below("rabbitmq", "4.3") && m.chance(10) {
			g.topology["ram"] = members(g.nodes[1:2])
		}
	case "standalone":
		m.sometimes(20, g.topology, "node_name", "hare@"+g.nodes[0].name)
	}
	if m.chance(20) {
		g.topology["cookie"] = m.secret("cookie_"+g.name, cookieSecret)
	}
	m.groups = append(m.groups, g)
	m.section("brokers")[g.name] = g.topology
}

func (m *maker) interfaceOf(g *group) {
	names := make(map[string]bool)
	for _, n := range g.nodes {
		names[n.primary] = true
	}
	switch first := g.nodes[0]; {
	case len(names) == 1 && m.chance(30):
		g.topology["interface"] = first.primary
	case first.family() == "4" && m.chance(30):
		g.topology["interface"] = v4(first.subnet, 0).Masked().String()
	case m.chance(20):
		g.topology["interface"] = "auto"
	}
}

// listen chooses the ports. Each number is one that nothing else of the estate takes.
func (m *maker) listen(g *group) {
	g.listen = make(tree)
	m.sometimes(20, g.listen, "amqp", 10000+len(m.groups))
	m.sometimes(40, g.listen, "stomp", pick(m.dice, 61613, 6163))
	m.sometimes(15, g.listen, "management", pick[any](m.dice, nil, 15673))
	m.sometimes(10, g.listen, "dist", 25680)
	if len(g.listen) > 0 {
		g.topology["listen"] = g.listen
	}
}

// port is where the group's brokers speak a protocol.
func (g *group) port(protocol string) int {
	if port, ok := g.listen[protocol].(int); ok {
		return port
	}
	return map[string]int{"amqp": 5672, "stomp": 61613, "management": 15672}[protocol]
}

// replicate chooses among what the version and the number of nodes allow.
func (m *maker) replicate(g *group) {
	allowed := []string{"auto", "none"}
	if g.kind == "cluster" && len(g.nodes) > 1 && m.below("rabbitmq", "4.0") {
		allowed = append(allowed, "mirrored", "mirror")
	}
	if g.kind == "cluster" && len(g.nodes) > 2 && !m.below("rabbitmq", "3.8") {
		allowed = append(allowed, "quorum")
	}
	switch how := pick(m.dice, allowed...); how {
	case "auto":
	case "mirror":
		mirror := tree{"mode": "all"}
		switch m.IntN(3) {
		case 0:
			mirror = tree{"mode": "exactly", "params": m.between(1, len(g.nodes))}
		case 1:
			mirror = tree{"mode": "nodes", "params": members(g.nodes[:1])}
		}
		m.sometimes(50, mirror, "sync", pick(m.dice, "automatic", "manual"))
		m.sometimes(30, mirror, "pattern", pick(m.dice, `^ha\.`, "^work"))
		g.topology["mirror"] = mirror
	default:
		g.topology["replication"] = how
	}
}

// passive adds what a pair needs whose members take turns.
func (m *maker) passive(g *group) {
	first := g.nodes[0]
	six := first.family() == "6"
	g.topology["vip"] = vip(first.subnet, 1, six).String()
	if g.topology["family"] == "6" {
		g.topology["vip"] = vip(first.subnet, 1, true).String()
	}
	m.sometimes(50, g.topology, "stonith", m.chance(50))
	m.sometimes(50, g.topology, "node_name", pick(m.dice, "rabbit@localhost", "rabbit@"+strings.ReplaceAll(g.name, ".", "-")))
	if m.chance(60) {
		g.topology["authkey"] = m.secret("key_"+g.name, keySecret)
	}
	if m.chance(25) {
		return
	}
	storage := tree{"kind": "drbd", "disk": pick(m.dice, "/dev/mapper/vg_rabbit-rabbit", "/dev/vdb", "/dev/disk/by-id/virtio-1"), "minor": m.between(0, 20)}
	m.sometimes(50, storage, "port", 7700+len(m.groups))
	m.sometimes(50, storage, "resource", pick(m.dice, "rabbitmq", "r0", "rabbit-data", "r_1"))
	m.sometimes(50, storage, "fs", pick(m.dice, "xfs", "ext4"))
	m.sometimes(40, storage, "options", pick(m.dice, "relatime", "noatime,nodiratime", "rw,context=system_u"))
	if m.chance(60) {
		storage["secret"] = m.secret("drbd_"+g.name, drbdSecret)
	}
	m.section("storage")[g.name] = storage
}
