package corpus

// link joins two groups, if there are two, in one of the ways that their version knows. All links of one kind move the same: of several
// policies that match a queue or an exchange a broker applies one.
func (m *maker) link() {
	if len(m.groups) < 2 || !m.chance(50) {
		return
	}
	pair := some(m.dice, 2, m.groups)
	l := tree{"between": []any{pair[0].name, pair[1].name}, "user": "linker", "secret": m.secret("linker", userSecret)["secret"]}
	vhost := "/"
	for _, name := range pair[0].vhosts {
		for _, other := range pair[1].vhosts {
			if name == other && m.chance(50) {
				vhost = name
			}
		}
	}
	l["vhost"] = vhost
	if m.below("rabbitmq", "3.0") || m.chance(50) {
		l["kind"], l["direction"] = "shovel", "a-to-b"
		key := pick(m.dice, "queues", "exchanges")
		l[key] = pick(m.dice, "orders", `^late\.work$`, "work_1")
		if m.below("rabbitmq", "3.3") || m.chance(40) {
			l["static"] = true
		}
	} else {
		l["kind"] = "federation"
		m.sometimes(60, l, "direction", pick(m.dice, "both", "a-to-b"))
		m.sometimes(40, l, "max_hops", m.between(1, 5))
		if m.below("rabbitmq", "3.2") || m.chance(60) {
			l["exchanges"] = pick(m.dice, "^orders", "^mcollective_(broadcast|directed|reply)$")
		} else {
			l["queues"] = "^work"
		}
	}
	m.topology["links"] = []any{l}
}
