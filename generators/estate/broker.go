package estate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/secret"
)

func (r *resolver) resolveBrokers() {
	for _, name := range sortedKeys(r.file.Brokers) {
		t := r.file.Brokers[name]
		r.checkToken(t.Place, name, "the group of brokers")
		if _, both := r.file.Balancers[name]; both {
			r.bad("topology.reference", t.Place, "a group of brokers and a balancer have the same name", name, "")
		}
		g := r.brokerGroup(name, t)
		r.groups[name] = g
		r.estate.Brokers = append(r.estate.Brokers, g)
	}
}

func (r *resolver) brokerGroup(name string, t *topology.Broker) *BrokerGroup {
	key := "brokers." + name
	g := &BrokerGroup{Name: name, ClusterName: t.ClusterName.V, Heartbeat: 60}
	g.Kind = Kind(r.choice(key+".kind", t.Kind, string(Standalone), string(StandaloneSet), string(Cluster), string(ActivePassive)))
	nodes := r.members(t.Nodes)
	for _, n := range nodes {
		if n.Broker != nil {
			r.problems.Add(problem.Problem{Class: "node.duplicate", Node: n.Name, Where: t.String(), What: "the node is a broker of " + n.Broker.Group.Name + " too"})
			continue
		}
		n.Software.RabbitMQ = r.version(n, rabbitMQ)
		if g.Kind == ActivePassive {
			n.Software.Corosync, n.Software.Pacemaker = r.version(n, corosync), r.version(n, pacemaker)
		}
		n.Broker = &BrokerMember{Node: n, Group: g}
		g.Members = append(g.Members, n.Broker)
	}
	r.checkSize(g, t)
	r.commonVersion(g, t)
	r.groupVIP(g, t)
	r.listeners(g, t, key)
	r.format(g, t, key)
	family := auto
	if t.Family.Set {
		family = r.choice(key+".family", topology.Text(t.Family), "4", "6", "both")
	}
	for _, m := range g.Members {
		at := t.Place
		if t.Interface.Set {
			at = t.Interface.Place
		}
		if p, ok := r.locate(m.Node, wanted{key: key, output: "rabbitmq.conf", at: at, spec: t.Interface, vip: g.VIP, family: family}); ok {
			m.Interface, m.IPv4, m.IPv6 = p.iface.Name, p.v4, p.v6
			r.reachVIP(m, t)
		}
		m.Wildcard = g.Kind == ActivePassive
	}
	r.nodeNames(g, t)
	r.ramNodes(g, t)
	r.partitions(g, t, key)
	r.paths(g, t, key)
	r.clusterName(g, t, key)
	if g.Kind == ActivePassive {
		g.Stonith = new(r.yes(key+".stonith", t.Stonith, false))
	} else if t.Stonith.Set {
		r.bad("topology.reference", t.Stonith.Place, "stonith is for groups of kind active-passive", "", "")
	}
	g.Cookie = r.cookie(g, t)
	if t.AuthKey.Set {
		g.ClusterKey = r.secretValue(t.AuthKey, secret.ClusterKey)
	}
	r.extra(g, t)
	for _, p := range t.Plugins {
		if r.checkToken(p.Place, p.V, "a plugin") {
			g.Extensions = append(g.Extensions, p.V)
		}
	}
	slices.Sort(g.Extensions)
	r.declare(g, t, key)
	r.replicate(g, t, key)
	r.policies(g, t)
	return g
}

// checkSize judges the number of nodes by the kind of the group.
func (r *resolver) checkSize(g *BrokerGroup, t *topology.Broker) {
	n := len(t.Nodes)
	at := t.Place
	switch {
	case n == 0:
		r.bad("cluster.size", at, "the group has no nodes", "", "")
	case g.Kind == Standalone && n > 1:
		r.bad("cluster.size", at, "a standalone broker is one node", strconv.Itoa(n), "1, or another kind")
	case g.Kind == ActivePassive && n < 2:
		r.bad("cluster.size", at, "an active and a passive node are two", strconv.Itoa(n), "2")
	case g.Kind == Cluster && n == 1:
		r.warn("cluster.size", at, "a cluster of one node survives nothing", "add two nodes, or make it standalone")
	case g.Kind == Cluster && n == 2:
		r.warn("cluster.size", at, "two nodes cannot tell a cut network from a dead node", "add a third")
	case g.Kind == Cluster && n%2 == 0:
		r.warn("cluster.size", at, "an even number of nodes survives no more than one less", "take an odd number")
	}
}

// commonVersion is that of the first node; a cluster's nodes must agree.
func (r *resolver) commonVersion(g *BrokerGroup, t *topology.Broker) {
	for i, m := range g.Members {
		v := m.Node.Software.RabbitMQ
		if i == 0 {
			g.Version = v
		} else if v != g.Version && (g.Kind == Cluster || g.Kind == ActivePassive) {
			r.problems.Add(problem.Problem{Class: "cluster.version-mix", Node: m.Node.Name, Where: t.String(), What: "the nodes have different versions of RabbitMQ",
				Got: v.String(), Want: g.Version.String() + ", as " + g.Members[0].Node.Name})
		}
	}
}

func (r *resolver) groupVIP(g *BrokerGroup, t *topology.Broker) {
	if !t.VIP.Set {
		return
	}
	if g.Kind != ActivePassive {
		r.bad("topology.reference", t.VIP.Place, "only a group of kind active-passive has a VIP of its own", "", "a balancer")
		return
	}
	if vip, ok := r.vip(t.VIP); ok {
		g.VIP = vip
		r.origin("brokers."+g.Name+".vip", vip, t.VIP.Place)
	}
}

// reachVIP: the VIP moves with the broker, so that each node must be able to hold it.
func (r *resolver) reachVIP(m *BrokerMember, t *topology.Broker) {
	vip := m.Group.VIP
	if !vip.IsValid() {
		return
	}
	if len(connected(m.Node, vip)) == 0 {
		r.problems.Add(problem.Problem{Class: "vip.off-subnet", Node: m.Node.Name, Where: t.VIP.String(), What: "no interface is in the VIP's subnet", Got: vip.String()})
	}
}

func (r *resolver) listeners(g *BrokerGroup, t *topology.Broker, key string) {
	port := func(name string, v topology.Int, fallback int) int {
		if v.Off {
			r.origin(key+".listen."+name, "off", v.Place)
			return 0
		}
		return r.numberOf("port.range", key+".listen."+name, v, fallback, 1, 65535)
	}
	management := 15672
	if g.Version.Below(3) {
		management = 55672
	}
	g.Listen.AMQP = port("amqp", t.Listen.AMQP, 5672)
	g.Listen.Management = port("management", t.Listen.Management, management)
	g.Listen.Dist = port("dist", t.Listen.Dist, 25672)
	if t.Listen.Dist.Off {
		r.bad("port.range", t.Listen.Dist.Place, "the port of distribution cannot be turned off", "null", "1 to 65535")
	}
	if t.Listen.STOMP.Set {
		g.Listen.STOMP = port("stomp", t.Listen.STOMP, 61613)
	}
	g.Management, g.Stomp = g.Listen.Management != 0, g.Listen.STOMP != 0
}

// needStomp turns STOMP on because something connects to it.
func (r *resolver) needStomp(g *BrokerGroup) bool {
	listen := r.file.Brokers[g.Name].Listen.STOMP
	if listen.Off {
		return false
	}
	if !g.Stomp && !listen.Set {
		g.Stomp, g.Listen.STOMP = true, 61613
		r.note("brokers."+g.Name+".listen.stomp", 61613, "default, since a collective needs it")
	}
	return g.Stomp
}

func (r *resolver) format(g *BrokerGroup, t *topology.Broker, key string) {
	switch r.choice(key+".format", t.Format, auto, "conf", "classic") {
	case auto:
		g.Classic = g.Version.Below(3, 7)
		if g.Classic {
			r.note(key+".format", "classic", "RabbitMQ "+g.Version.String()+" reads no rabbitmq.conf")
		} else {
			r.note(key+".format", "conf", "RabbitMQ "+g.Version.String())
		}
	case "conf":
		if g.Version.Below(3, 7) {
			r.bad("version.unsupported", t.Format.Place, "rabbitmq.conf is read from RabbitMQ 3.7 on", g.Version.String(), "format: classic")
		}
	case "classic":
		g.Classic = true
	}
}

func (r *resolver) partitions(g *BrokerGroup, t *topology.Broker, key string) {
	handling := r.choice(key+".partitions", t.Partitions, "auto", "ignore", "autoheal", "pause_minority")
	switch {
	case g.Kind != Cluster || g.Version.Below(3, 1):
	case g.Version.AtLeast(4, 3):
		if t.Partitions.Set && handling != "auto" {
			r.warn("feature.removed", t.Partitions.Place, "handling of partitions has no effect from RabbitMQ 4.3 on", "leave the key out")
		}
	case handling != "auto":
		g.Partitions = handling
		if handling == "pause_minority" && len(g.Members) == 2 {
			r.warn("cluster.size", t.Partitions.Place, "with two nodes pause_minority stops both when the network is cut", "take autoheal, or add a node")
		}
	case len(g.Members) == 2:
		g.Partitions = "autoheal"
	case len(g.Members) >= 3:
		g.Partitions = "pause_minority"
	}
	if handling == auto {
		r.note(key+".partitions", cmp.Or(g.Partitions, "left out"), fmt.Sprintf("rule D3: %d nodes, RabbitMQ %s", len(g.Members), g.Version))
	}
}

func (r *resolver) ramNodes(g *BrokerGroup, t *topology.Broker) {
	for _, name := range t.RAM {
		n := r.node(name.V)
		if n == nil || n.Broker == nil || n.Broker.Group != g {
			r.bad("topology.reference", name.Place, "ram names what is no node of the group", safe.Quote(name.V), "")
			continue
		}
		n.Broker.RAM = true
	}
	disc := slices.ContainsFunc(g.Members, func(m *BrokerMember) bool { return !m.RAM })
	switch {
	case len(t.RAM) == 0:
	case !disc:
		r.bad("cluster.no-disc", t.RAM[0].Place, "no node of the cluster keeps its data on disc", "", "at least one node that is not in ram")
	case g.Version.AtLeast(4, 3):
		r.bad("cluster.ram-unsupported", t.RAM[0].Place, "there are no ram nodes from RabbitMQ 4.3 on", g.Version.String(), "ram: []")
	case g.Version.AtLeast(3, 8):
		r.warn("cluster.ram-unsupported", t.RAM[0].Place, "ram nodes are deprecated", "keep all nodes on disc")
	}
}

func (r *resolver) paths(g *BrokerGroup, t *topology.Broker, key string) {
	g.Data = r.path(key+".paths.data", t.Paths.Data)
	g.Log = r.path(key+".paths.log", t.Paths.Log)
}

// path checks an absolute path of plain characters.
func (r *resolver) path(key string, t topology.Text) string {
	if !t.Set {
		return ""
	}
	plain := strings.HasPrefix(t.V, "/") && !strings.Contains(t.V+"/", "/../") && !strings.Contains(t.V, "//") && len(t.V) <= 4096
	for _, c := range []byte(t.V) {
		plain = plain && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/_.+@:-", c) >= 0)
	}
	if !plain {
		r.bad("topology.type", t.Place, "not a path", safe.Quote(t.V), "an absolute path of letters, digits and / _ . + @ : -")
		return ""
	}
	r.origin(key, t.V, t.Place)
	return t.V
}

func (r *resolver) clusterName(g *BrokerGroup, t *topology.Broker, key string) {
	if t.ClusterName.Set {
		r.checkToken(t.ClusterName.Place, t.ClusterName.V, "the cluster's name")
		r.origin(key+".cluster_name", t.ClusterName.V, t.ClusterName.Place)
		return
	}
	if g.Kind == Cluster {
		g.ClusterName = r.estate.Name
		r.note(key+".cluster_name", g.ClusterName, "default: the estate's name")
	}
}

// finishBrokers derives what depends on all else that a node does and on who connects.
func (r *resolver) finishBrokers() {
	for _, g := range r.estate.Brokers {
		r.finishDefinitions(g)
		for _, m := range g.Members {
			r.capacity(g, m)
		}
	}
}

func (r *resolver) capacity(g *BrokerGroup, m *BrokerMember) {
	_, ownMemory := overridden(g.Extra, "vm_memory_high_watermark.")
	_, ownDisk := overridden(g.Extra, "disk_free_limit.")
	memory := m.Node.Facts.Memory
	if memory <= 0 {
		if !ownMemory || !ownDisk {
			r.problems.Add(problem.Problem{Class: "fact.missing", Node: m.Node.Name, Where: "brokers." + g.Name,
				What: "the fact memory.system.total_bytes is absent, which vm_memory_high_watermark and disk_free_limit of rabbitmq.conf need"})
		}
		return
	}
	key := "node " + m.Node.Name + " "
	if !ownMemory {
		balances := len(m.Node.Balancers) > 0
		m.Watermark = watermark(memory, g.Version, balances)
		r.note(key+"vm_memory_high_watermark", m.Watermark, "rule D1: memory of "+strconv.FormatInt(memory, 10)+" bytes")
	}
	if !ownDisk {
		m.DiskLimit = diskLimit(memory)
		r.note(key+"disk_free_limit", m.DiskLimit, "rule D2: memory of "+strconv.FormatInt(memory, 10)+" bytes")
	}
}
