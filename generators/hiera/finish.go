package hiera

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/version"
)

// finish puts together what the levels said.
func (m *importer) finish() (problems problem.List) {
	direct := m.directors(&problems)
	if !direct && (len(m.proxies)+len(m.instances) > 0 || m.stats != nil) {
		m.balancers(&problems)
	}
	if len(m.group.Nodes) == 0 {
		problems.Add(problem.Problem{Class: "import.unknown", What: "hiera names no brokers: there is neither rabbitmq::cluster_nodes nor a member of a balancer"})
		return problems
	}
	m.brokerGroup()
	return problems
}

// classic tells whether the version has no rabbitmq.conf.
func (m *importer) classic() bool {
	v, err := version.Parse(m.file.Software["rabbitmq"])
	return err == nil && v.Below(3, 7)
}

// brokerGroup is what follows from several keys.
func (m *importer) brokerGroup() {
	g := &m.group
	g.Kind = "cluster"
	if len(g.Nodes) == 1 {
		g.Kind = "standalone"
	} else if m.kind["cluster"] == "false" {
		g.Kind = "standalone-set"
	}
	for _, name := range []string{"stomp", "management"} {
		if m.kind[name] == "off" {
			g.Listen[name] = nil
		}
	}
	if name, secret := m.kind["default_user"], m.kind["default_pass"]; name != "" && name != "guest" && secret != "" {
		if g.Users[name] == nil {
			g.Users[name] = &user{Secret: secret, Tags: []string{"administrator"}}
			g.Permissions = append(g.Permissions, permission{name, "/", ".*", ".*", ".*"})
			m.vhost(item{key: "/"})
		} else if secret != g.Users[name].Secret {
			delete(m.secrets, secret)
		}
	} else if name == "guest" || name == "" {
		delete(m.secrets, secret)
	}
	for _, key := range slices.Sorted(maps.Keys(g.Extra)) {
		if at := m.extras[key]; m.classic() && (strings.HasPrefix(key, "tcp_listen_options.") || key == "disk_free_limit.absolute") {
			m.leave(at, key, "is for rabbitmq.conf, which this version does not read")
			delete(g.Extra, key)
		}
	}
	if g.Kind != "cluster" {
		g.Partitions, g.RAM = "", nil
		if g.Mirror != nil {
			g.Mirror, g.Replication = nil, ""
		}
	}
	m.file.Brokers = map[string]*broker{main: g}
}

// balancers makes one of each instance of VRRP; the proxies belong to the one whose VIP they listen on, and without any to the first.
func (m *importer) balancers(problems *problem.List) {
	m.file.Balancers = map[string]*balancer{}
	var first *balancer
	for _, n := range m.sortedInstances() {
		b := m.behind(n, problems)
		if b == nil {
			continue
		}
		m.tracked(n)
		if first == nil {
			first = b
			m.file.Balancers[token(n.title)] = b
		} else {
			m.leave(n.at, n.title, "is a second VIP: give it a balancer of its own, with ports that the first does not have")
			delete(m.secrets, n.vrrp.Secret)
		}
	}
	if first == nil {
		first = &balancer{Kind: "haproxy", Nodes: m.balancerNodes(m.balancing, problems), To: main, Ports: map[string]int{}}
		m.file.Balancers["front"] = first
	}
	first.MaxConn, first.Stats = m.maxconn, m.stats
	m.balanced(first)
}

// behind is the balancer whose VIP an instance holds.
func (m *importer) behind(n *instance, problems *problem.List) *balancer {
	if len(n.vips) == 0 {
		m.leave(n.at, n.title, "holds no address")
		return nil
	}
	if len(n.vips) > 1 {
		m.leave(n.at, n.title, "holds several addresses: an instance of an estate has one, "+n.vips[0])
	}
	n.vrrp.Preempt = n.preempt != "no"
	return &balancer{Kind: "haproxy", Nodes: m.balancerNodes(n.nodes, problems), To: main, VIP: n.vips[0], Ports: map[string]int{}, VRRP: &n.vrrp}
}

func (m *importer) balancerNodes(seen []string, problems *problem.List) []string {
	nodes := m.Balancers
	if len(nodes) == 0 {
		nodes = seen
	}
	if len(nodes) == 0 {
		problems.Add(problem.Problem{Class: "import.unknown", What: "hiera does not tell which nodes balance",
			Todo: "name them with --balancers, or add the levels of the nodes, as nodes/NAME.yaml"})
	}
	return nodes
}

// directors makes a balancer of each address of virtual servers that Keepalived serves by direct routing. It tells whether there was any.
func (m *importer) directors(problems *problem.List) bool {
	byAddr := map[string]*balancer{}
	for _, s := range m.servers {
		if !s.direct {
			m.leave(s.at, s.title, "does not route directly (lb_kind DR), which is all that an estate's LVS does")
			continue
		}
		nodes := m.realNodes(s)
		if len(m.group.Nodes) == 0 {
			m.group.Nodes = nodes
		}
		kind := m.protocol(s.port)
		if kind == "" || len(nodes) == 0 {
			m.leave(s.at, s.title, "serves something else than the brokers")
			continue
		}
		b := byAddr[s.addr]
		if b == nil {
			b = m.director(s, problems)
			if b == nil {
				continue
			}
			byAddr[s.addr] = b
		}
		b.Ports[kind] = s.port
	}
	return len(byAddr) > 0
}

// owner is the node that facts say has an address, as hiera calls it: often by its short name.
func (m *importer) owner(addr string) string {
	name := m.Node(addr)
	short, _, _ := strings.Cut(name, ".")
	if slices.Contains(m.group.Nodes, short) {
		return short
	}
	return name
}

func (m *importer) director(s *virtualServer, problems *problem.List) *balancer {
	for _, n := range m.sortedInstances() {
		if !slices.ContainsFunc(n.vips, func(v string) bool { a, _, _ := strings.Cut(v, "/"); return a == s.addr }) {
			continue
		}
		b := m.behind(n, problems)
		b.Kind, b.LVS = "lvs-dr", &s.lvs
		if m.file.Balancers == nil {
			m.file.Balancers = map[string]*balancer{}
		}
		m.file.Balancers[token(n.title)] = b
		return b
	}
	m.leave(s.at, s.title, "serves an address that no instance of VRRP holds")
	return nil
}

// realNodes are the brokers behind a virtual server: by their addresses, or all that there are.
func (m *importer) realNodes(s *virtualServer) []string {
	var nodes []string
	for _, addr := range s.real {
		name := ""
		if m.Node != nil {
			name = m.owner(addr)
		}
		for _, node := range slices.Sorted(maps.Keys(m.file.Addresses)) {
			if m.file.Addresses[node] == addr {
				name = cmp.Or(name, node)
			}
		}
		if name == "" {
			return m.group.Nodes
		}
		nodes = append(nodes, name)
	}
	return nodes
}
