package corpus

import "fmt"

// declare adds what a broker can hold: vhosts, users, permissions, exchanges, queues and policies.
func (m *maker) declare(g *group) {
	if m.chance(50) {
		vhosts := tree{"/": tree{}}
		for _, name := range some(m.dice, 2, []string{"/mcollective", "shop", "a.b-c_d", "/x@y:z+1"}) {
			vhost := tree{}
			if !m.below("rabbitmq", "3.10") {
				m.sometimes(30, vhost, "default_queue_type", pick(m.dice, "classic", "quorum", "stream"))
			}
			vhosts[name] = vhost
			g.vhosts = append(g.vhosts, name)
		}
		g.topology["vhosts"] = vhosts
	}
	users := make(tree)
	var permissions []any
	for _, name := range some(m.dice, m.between(0, 3), []string{"admin", "app.1", "monitor_x", "a-b"}) {
		name = g.name + name
		users[name] = tree{"secret": m.secret("user_"+name, userSecret)["secret"],
			"tags": some(m.dice, 1, []string{"administrator", "monitoring", "policymaker"})}
		for _, vhost := range some(m.dice, 2, g.vhosts) {
			permissions = append(permissions, tree{"user": name, "vhost": vhost, "configure": m.pattern(), "write": m.pattern(), "read": ".*"})
		}
	}
	set(g.topology, "users", users)
	if permissions != nil {
		g.topology["permissions"] = permissions
	}
	m.messages(g)
	m.policies(g)
}

func set(in tree, key string, value tree) {
	if len(value) > 0 {
		in[key] = value
	}
}

func (m *maker) pattern() string {
	return pick(m.dice, ".*", "^$", `^amq\.gen.*`, "^(a|b)_[0-9]+$", "^work", "[.]log$")
}

// word is a name that a broker takes and other languages stumble over.
func (m *maker) word(i int) string {
	return fmt.Sprintf("%s%d", pick(m.dice, "orders", "late.work", "a b", "50%", "it's", "{x}", "#all", "$HOME", "a,b;c", "<q>", "~"), i)
}

func (m *maker) messages(g *group) {
	var exchanges, queues []any
	for i := range m.between(0, 2) {
		x := tree{"name": m.word(i), "type": pick(m.dice, "topic", "direct", "fanout", "headers"), "vhost": pick(m.dice, g.vhosts...)}
		m.sometimes(30, x, "durable", m.chance(50))
		exchanges = append(exchanges, x)
	}
	for i := range m.between(0, 2) {
		q := tree{"name": m.word(i), "vhost": pick(m.dice, g.vhosts...)}
		if m.chance(40) {
			q["arguments"] = pick(m.dice, tree{"x-message-ttl": 60000}, tree{"x-max-length": 10, "x-overflow": "reject-publish"},
				tree{"x-dead-letter-exchange": "it's #1"})
		}
		queues = append(queues, q)
	}
	if exchanges != nil {
		g.topology["exchanges"] = exchanges
	}
	if queues != nil {
		g.topology["queues"] = queues
	}
}

func (m *maker) policies(g *group) {
	var policies []any
	for i := range m.between(0, 3) {
		p := tree{"name": m.word(i), "pattern": m.pattern(), "vhost": pick(m.dice, g.vhosts...), "definition": pick(m.dice,
			tree{"message-ttl": 60000}, tree{"max-length": 100, "overflow": "drop-head"}, tree{"expires": 3600000, "dead-letter-exchange": "dead"})}
		m.sometimes(40, p, "priority", m.between(0, 9))
		m.sometimes(30, p, "apply_to", "queues")
		policies = append(policies, p)
	}
	if policies != nil {
		g.topology["policies"] = policies
	}
}

// settings adds further keys: those of the format that the group's version and the topology come to.
func (m *maker) settings(g *group) {
	classic := m.below("rabbitmq", "3.7")
	switch {
	case classic:
		m.sometimes(20, g.topology, "format", "classic")
	case m.chance(25):
		g.topology["format"], classic = "classic", true
	default:
		m.sometimes(20, g.topology, "format", "conf")
	}
	extra := make(tree)
	m.sometimes(25, extra, "heartbeat", m.between(5, 600))
	m.sometimes(25, extra, "channel_max", 2047)
	m.sometimes(15, extra, "collect_statistics_interval", 10000)
	m.sometimes(15, extra, "vm_memory_high_watermark.relative", pick(m.dice, 0.3, 0.55, 0.7))
	if !classic {
		m.sometimes(25, extra, "log.file.level", pick(m.dice, "debug", "warning", "error"))
		m.sometimes(15, extra, "tcp_listen_options.backlog", 4096)
		m.sometimes(15, extra, "disk_free_limit.absolute", pick(m.dice, "2GB", "500MB"))
	}
	set(g.topology, "extra", extra)
	if !m.below("rabbitmq", "3.8") {
		m.sometimes(20, g.topology, "plugins", some(m.dice, 2, []string{"rabbitmq_prometheus", "rabbitmq_top", "rabbitmq_consistent_hash_exchange"}))
	}
	if m.chance(15) {
		g.topology["paths"] = tree{"data": "/srv/rabbit.d/data", "log": "/srv/rabbit.d/log"}
	}
}
