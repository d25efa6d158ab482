package corpus

import "fmt"

// fleet adds MCollective's collectives. A node is in one of them.
func (m *maker) fleet() {
	subnet := m.newSubnet()
	family := "4"
	if m.six {
		family = pick(m.dice, "6", "both")
	}
	for i := range m.between(0, 3) {
		name := pick(m.dice, "mcollective", "ops", "web-1", "c_2", "d.3") + fmt.Sprint(i)
		if i == 0 && m.chance(70) {
			name = "mcollective"
		}
		m.section("collectives")[name] = m.collective(name, subnet, family)
	}
}

func (m *maker) collective(name string, subnet int, family string) tree {
	var servers, clients []*machine
	for range m.between(1, 3) {
		servers = append(servers, m.newMachine("n", subnet, family))
	}
	clients = append(clients, m.newMachine("c", subnet, family))
	if m.chance(30) {
		clients = append(clients, servers[0])
	}
	c := tree{"servers": members(servers), "clients": members(clients), "psk": m.secret("psk_"+name, cfgSecret),
		"user": tree{"name": "mc_" + name, "secret": m.secret("mc_"+name, cfgSecret)["secret"]}}
	if m.chance(20) {
		for _, n := range servers {
			n.more["fleet"] = name
		}
		c["servers"] = "fleet = " + name
	}
	pool := make(tree)
	m.via(c, pool)
	m.sometimes(30, c, "vhost", pick(m.dice, "/mcollective", "/", "mc-"+name))
	if m.chance(20) {
		c["extra_users"] = tree{"extra_" + name: tree{"secret": m.secret("extra_"+name, cfgSecret)["secret"]}}
	}
	m.sometimes(40, pool, "heartbeat", pick(m.dice, 0, 30, 60, 300))
	m.sometimes(30, pool, "use_reply_exchange", m.chance(50))
	m.sometimes(20, pool, "initial_reconnect_delay", 0.05)
	m.sometimes(20, pool, "max_reconnect_delay", 10.5)
	m.sometimes(20, pool, "use_exponential_back_off", m.chance(50))
	m.sometimes(20, pool, "back_off_multiplier", m.between(2, 5))
	m.sometimes(20, pool, "randomize", m.chance(50))
	m.sometimes(20, pool, "connect_timeout", m.between(5, 60))
	m.sometimes(20, pool, "max_hbread_fails", m.between(0, 3))
	m.sometimes(10, pool, "base64", m.chance(50))
	set(c, "pool", pool)
	if m.chance(40) {
		c["server_settings"] = pick(m.dice, tree{"loglevel": "debug"},
			tree{"registerinterval": 300, "classesfile": "/var/lib/puppet/classes.txt"}, tree{"plugin.puppet.splay": true})
	}
	if m.chance(30) {
		c["client_settings"] = pick(m.dice, tree{"color": 0}, tree{"default_discovery_method": "mc"}, tree{"ttl": 120})
	}
	return c
}

// via chooses brokers on which all of a collective meet.
func (m *maker) via(c, pool tree) {
	for _, f := range m.fronts {
		if f.ports["stomp"] != nil && m.chance(40) {
			c["via"] = f.name
			if _, told := f.topology["mode"]; f.to.kind == "standalone-set" && f.topology["kind"] == "haproxy" && !told {
				f.topology["mode"] = "active-backup"
			}
			return
		}
	}
	g := pick(m.dice, m.groups...)
	c["via"] = g.name
	var alone []any
	for _, other := range m.groups {
		if other.kind == "standalone" {
			alone = append(alone, other.name)
		}
	}
	switch {
	case len(alone) > 1 && m.chance(50):
		c["via"] = alone
		m.sometimes(50, pool, "order", "fixed")
	case g.kind == "cluster":
		m.sometimes(60, pool, "order", pick(m.dice, "fixed", "rotate", "nearest"))
	}
}

// applications adds profiles for clients, and OpenStack.
func (m *maker) applications() {
	way := func() (name string, g *group) {
		if len(m.fronts) > 0 && m.chance(50) {
			f := pick(m.dice, m.fronts...)
			return f.name, f.to
		}
		g = pick(m.dice, m.groups...)
		return g.name, g
	}
	for i := range m.between(0, 2) {
		via, g := way()
		client := tree{"via": via, "vhost": pick(m.dice, g.vhosts...)}
		name := fmt.Sprintf("app%d", i)
		if m.chance(60) {
			client["user"], client["secret"] = name+"_user", m.secret(name, userSecret)["secret"]
		}
		m.section("clients")[name] = client
	}
	if !m.chance(25) {
		return
	}
	via, g := way()
	stack := tree{"via": via, "user": "openstack", "secret": m.secret("os_mq", userSecret)["secret"], "vhost": pick(m.dice, g.vhosts...)}
	m.sometimes(50, stack, "durable", m.chance(50))
	m.sometimes(40, stack, "rpc", tree{"conn_pool_size": m.between(1, 100), "response_timeout": m.between(1, 600), "thread_pool_size": m.between(1, 256)})
	switch m.dialect {
	case Old:
		stack["release"] = pick(m.dice, "kilo", "mitaka", "queens", "train")
	case Newer:
		stack["release"] = pick(m.dice, "2024.1", "epoxy", "2025.2")
	default:
		m.sometimes(70, stack, "release", pick(m.dice, "2023.1", "zed"))
	}
	m.sometimes(50, stack, "nodes", members(some(m.dice, 2, m.machines)))
	m.topology["openstack"] = stack
}
