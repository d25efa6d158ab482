package hiera

import (
	"net/netip"
	"slices"
	"strings"
)

// rabbitmq takes a parameter of class rabbitmq, or a hash of the module's resources, and tells whether there is such a thing.
func (m *importer) rabbitmq(name string, i item) bool {
	v, g := i.value, &m.group
	switch name {
	case "config_cluster":
		m.kind["cluster"] = v.word()
	case "cluster_nodes":
		for _, n := range v.list() {
			host := m.text(n, i.key)
			if _, after, ok := strings.Cut(host, "@"); ok {
				host = after
			}
			if host != "" && !slices.Contains(g.Nodes, host) {
				g.Nodes = append(g.Nodes, host)
			}
		}
	case "cluster_node_type":
		switch {
		case v.word() != "ram":
		case m.node != "":
			g.RAM = append(g.RAM, m.node)
		default:
			m.leave(v, i.key, "makes every node a RAM node: a cluster needs disc nodes")
		}
	case "cluster_partition_handling":
		once(m, &g.Partitions, m.text(v, i.key), v, i.key)
	case "erlang_cookie":
		g.Cookie = &secretRef{m.secret("erlang_cookie", v)}
	case "port", "node_port":
		m.listen("amqp", i)
	case "stomp_port":
		m.listen("stomp", i)
	case "management_port":
		m.listen("management", i)
	case "config_stomp":
		if on, ok := v.yes(); ok && !on {
			m.kind["stomp"] = "off"
		}
	case "admin_enable":
		if on, ok := v.yes(); ok && !on {
			m.kind["management"] = "off"
		}
	case "node_ip_address", "interface":
		m.address(i)
	case "default_user":
		m.kind["default_user"] = m.text(v, i.key)
	case "default_pass":
		m.kind["default_pass"] = m.secret("mq_default", v)
	case "delete_guest_user":
		if gone, ok := v.yes(); ok && !gone {
			m.leave(v, i.key, "keeps guest, which an estate never has")
		}
	case "package_ensure", "version":
		m.version("rabbitmq", i)
	case "file_limit":
		if n := m.number(v, i.key); n > 0 {
			m.file.Limits["nofile"] = n
		}
	case "heartbeat", "collect_statistics_interval", "channel_max", "queue_master_locator":
		m.variable(item{name, v}, i.key)
	case "tcp_backlog":
		m.extra("tcp_listen_options.backlog", v)
	case "tcp_keepalive":
		m.extra("tcp_listen_options.keepalive", v)
	case "config_variables":
		for _, e := range v.items() {
			m.variable(e, i.key+"."+e.key)
		}
	case "config_kernel_variables":
		m.kernel(i)
	case "environment_variables":
		m.environment(i)
	case "config_ranch", "loopback_users", "include_rabbitmq_user", "user_manage":
		// the first suppresses a setting of old versions, the others say what an estate always has
	default:
		return m.resources(name, i)
	}
	return true
}

func (m *importer) listen(name string, i item) {
	port := m.number(i.value, i.key)
	if port == 0 {
		return
	}
	had := m.group.Listen[name]
	if had == nil {
		had = new(int)
		m.group.Listen[name] = had
	}
	once(m, had, port, i.value, i.key)
}

// address is where a node listens: the one that its facts know, or one that must be named.
func (m *importer) address(i item) {
	s := m.text(i.value, i.key)
	a, err := netip.ParseAddr(s)
	switch {
	case s == "" || s == "UNSET" || a.IsUnspecified():
	case err != nil || m.node == "":
		m.leave(i.value, i.key, "names no address of one node: facts say where it listens")
	default:
		m.file.Addresses[m.node] = a.String()
	}
}

// version is a package's, without epoch and release.
func (m *importer) version(software string, i item) {
	s := m.text(i.value, i.key)
	if _, after, ok := strings.Cut(s, ":"); ok {
		s = after
	}
	s, _, _ = strings.Cut(s, "-")
	if s == "" || s[0] < '0' || s[0] > '9' {
		return // installed, latest: what it is, facts know
	}
	had := m.file.Software[software]
	once(m, &had, s, i.value, i.key)
	m.file.Software[software] = had
}

// variable is a key of rabbitmq.config's section rabbit.
func (m *importer) variable(e item, what string) {
	s := m.text(e.value, what)
	switch {
	case s == "":
	case e.key == "cluster_partition_handling":
		once(m, &m.group.Partitions, s, e.value, what)
	case e.key == "cluster_name":
		once(m, &m.group.ClusterName, strings.Trim(s, `<">`), e.value, what)
	case e.key == "vm_memory_high_watermark" && fraction(s):
		m.extra("vm_memory_high_watermark.relative", e.value)
	case e.key == "disk_free_limit" && !strings.ContainsAny(s, "{}"):
		m.extra("disk_free_limit.absolute", e.value)
	case e.key == "queue_master_locator":
		m.group.Extra[e.key] = strings.Trim(s, `<">`)
	case slices.Contains([]string{"heartbeat", "channel_max", "collect_statistics_interval", "vm_memory_high_watermark_paging_ratio"}, e.key):
		m.extra(e.key, e.value)
	case e.key == "loopback_users":
	default:
		m.leave(e.value, what, "is an Erlang term that an estate has no key for")
	}
}

func fraction(s string) bool {
	return strings.Trim(s, "0123456789.") == "" && !strings.HasPrefix(s, ".") && strings.Count(s, ".") <= 1
}

func (m *importer) extra(key string, v value) {
	if m.text(v, key) != "" {
		m.group.Extra[key], m.extras[key] = v.plain(), v
	}
}

func (m *importer) kernel(i item) {
	least, most := i.value.get("inet_dist_listen_min"), i.value.get("inet_dist_listen_max")
	for _, e := range i.value.items() {
		if e.key != "inet_dist_listen_min" && e.key != "inet_dist_listen_max" {
			m.leave(e.value, i.key+"."+e.key, "has no place in an estate")
		}
	}
	switch {
	case !least.there():
	case least.word() == most.word():
		m.listen("dist", item{i.key, least})
	default:
		m.leave(least, i.key, "is a range of ports: an estate has one, listen.dist")
	}
}

func (m *importer) environment(i item) {
	for _, e := range i.value.items() {
		what := i.key + "." + e.key
		switch name := strings.TrimPrefix(e.key, "RABBITMQ_"); name {
		case "MNESIA_BASE", "LOG_BASE":
			if s := strings.Trim(m.text(e.value, what), `'"`); s != "" {
				m.group.Paths[map[string]string{"MNESIA_BASE": "data", "LOG_BASE": "log"}[name]] = s
			}
		case "NODE_PORT":
			m.listen("amqp", item{what, e.value})
		case "DIST_PORT":
			m.listen("dist", item{what, e.value})
		case "NODE_IP_ADDRESS":
			m.address(item{what, e.value})
		default:
			m.leave(e.value, what, "has no place in an estate")
		}
	}
}
