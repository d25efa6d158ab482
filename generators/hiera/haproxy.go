package hiera

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// proxy is a section listen, or a frontend with its backend.
type proxy struct {
	name     string
	at       value
	addrs    []string // where it listens; empty: everywhere
	ports    []int
	balance  string
	backend  string // of a frontend
	exported bool   // its members are exported resources
}

// member is one server of a proxy.
type member struct {
	service string
	names   []string
	addrs   []string
	port    int
	options value
	at      value
}

// haproxy takes a parameter of class haproxy, or a hash of the module's defined types, and tells whether there is such a thing.
func (m *importer) haproxy(name string, i item) bool {
	switch name {
	case "listen", "frontend", "backend":
		for _, e := range i.value.items() {
			m.proxy(e)
		}
	case "balancermember":
		for _, e := range i.value.items() {
			m.member(e)
		}
	case "global_option", "global_options":
		for _, e := range i.value.items() {
			if e.key == "maxconn" {
				once(m, &m.maxconn, m.number(e.value, i.key+".maxconn"), e.value, i.key+".maxconn")
			} else if !slices.Contains([]string{"log", "chroot", "user", "group", "daemon", "pidfile", "stats"}, e.key) {
				m.leave(e.value, i.key+"."+e.key, "has no place in an estate")
			}
		}
	case "defaults_option", "defaults_options", "default", "defaults":
		for _, e := range i.value.items() {
			if !slices.Contains([]string{"log", "mode", "option", "retries", "maxconn", "stats"}, e.key) {
				m.leave(e.value, i.key+"."+e.key, "follows from the estate's heartbeats, or has no place in it")
			}
		}
	case "package_ensure", "version":
		m.version("haproxy", i)
	default:
		return false
	}
	return true
}

// options flattens what the module takes as a hash of values or lists, or as a list of such hashes.
func options(v value) (all []item) {
	for _, part := range v.list() {
		for _, e := range part.items() {
			for _, one := range e.value.list() {
				all = append(all, item{e.key, one})
			}
		}
	}
	return all
}

func (m *importer) proxy(e item) {
	p := m.proxies[e.key]
	if p == nil {
		p = &proxy{name: e.key, at: e.value}
		m.proxies[e.key] = p
	}
	for _, b := range e.value.get("bind").items() { // '10.0.0.1:5672': [options]
		n := strings.LastIndexByte(b.key, ':')
		if n < 0 {
			m.leave(b.value, "bind of "+e.key, "is no address and port")
			continue
		}
		p.listens(b.key[:n])
		m.ports(p, value{}, b.key[n+1:])
	}
	for _, a := range e.value.get("ipaddress").list() {
		p.listens(m.text(a, e.key+".ipaddress"))
	}
	for _, v := range e.value.get("ports").list() {
		m.ports(p, v, m.text(v, e.key+".ports"))
	}
	p.exported = p.exported || e.value.get("collect_exported").word() == "true"
	var page []item
	for _, o := range options(e.value.get("options")) {
		what := e.key + ".options." + o.key
		switch s := m.text(o.value, what); o.key {
		case "balance":
			p.balance = s
		case "default_backend":
			p.backend = s
		case "stats":
			page = append(page, item{s, o.value})
		case "option", "mode", "timeout", "retries", "log", "maxconn":
			if strings.HasPrefix(s, "httpchk") || strings.HasPrefix(s, "tcp-check") {
				m.leave(o.value, what, "checks in a way of its own: choose check.kind in the estate")
			}
		default:
			m.leave(o.value, what, "has no place in an estate")
		}
	}
	if page != nil {
		m.page(p, page)
		delete(m.proxies, e.key)
	}
}

func (p *proxy) listens(addr string) {
	if a, err := netip.ParseAddr(strings.Trim(addr, "[]")); err == nil && !a.IsUnspecified() && !slices.Contains(p.addrs, a.String()) {
		p.addrs = append(p.addrs, a.String())
	}
}

func (m *importer) ports(p *proxy, v value, s string) {
	for one := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(one))
		if err == nil && n > 0 && !slices.Contains(p.ports, n) {
			p.ports = append(p.ports, n)
		} else if err != nil && v.there() && s != "" {
			m.leave(v, p.name, "has a port that is no number")
		}
	}
}

// page is the page of statistics, told by what stands behind the word stats.
func (m *importer) page(p *proxy, lines []item) {
	s := &stats{}
	if len(p.ports) > 0 {
		s.Port = p.ports[0]
	}
	for _, l := range lines {
		word, rest, _ := strings.Cut(l.key, " ")
		switch word {
		case "uri":
			s.Path = rest
		case "refresh":
			s.Refresh = rest
		case "auth":
			name, password, _ := strings.Cut(rest, ":")
			n := *l.value.resolved()
			n.Value = password
			s.User, s.Secret = name, m.secret("hap_stats", value{l.value.file, &n})
		case "enable", "", "realm", "hide-version":
		default:
			m.leave(l.value, "stats "+word, "has no place in an estate")
		}
	}
	switch {
	case m.stats != nil:
		m.leave(p.at, p.name, "is a second page of statistics")
	case s.Port == 0:
		m.leave(p.at, p.name, "is a page of statistics without a port of its own")
	default:
		if s.Secret == "" {
			s.User, s.Secret = "admin", "hap_stats"
			m.secrets["hap_stats"] = Secret{Where: p.at.at()}
			m.leave(p.at, p.name, "shows statistics to everybody: an estate wants a user and a secret, hap_stats")
		}
		m.stats = s
	}
}

func (m *importer) member(e item) {
	b := &member{service: m.text(e.value.get("listening_service"), e.key+".listening_service"), options: e.value.get("options"), at: e.value}
	for _, n := range e.value.get("server_names").list() {
		b.names = append(b.names, m.text(n, e.key+".server_names"))
	}
	for _, a := range e.value.get("ipaddresses").list() {
		b.addrs = append(b.addrs, m.text(a, e.key+".ipaddresses"))
	}
	if b.names == nil {
		b.names = []string{e.key}
	}
	if ports := e.value.get("ports").list(); len(ports) > 0 {
		b.port = m.number(ports[0], e.key+".ports")
		if len(ports) > 1 {
			m.leave(ports[1], e.key+".ports", "has several ports: the first is taken")
		}
	}
	m.members = append(m.members, b)
}

// brokers are the nodes that a member stands for, by their addresses where facts know them, else by their names.
func (m *importer) brokers(b *member) (nodes []string) {
	for i, name := range b.names {
		if i < len(b.addrs) && m.Node != nil {
			name = cmp.Or(m.owner(b.addrs[i]), name)
		}
		if name != "" && !slices.Contains(nodes, name) {
			nodes = append(nodes, name)
		}
	}
	return nodes
}

// serverWords reads the options of a member: "check inter 5s rise 2 fall 3 backup".
func (m *importer) serverWords(b *member, to *balancer) {
	var words []string
	for _, o := range b.options.list() {
		words = append(words, strings.Fields(m.text(o, "options of "+b.service))...)
	}
	if to.Check == nil {
		to.Check = &healthCheck{}
	}
	for i := 0; i < len(words); i++ {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		number, _ := strconv.Atoi(next)
		switch words[i] {
		case "check":
			continue
		case "backup":
			to.Mode = "active-backup"
			continue
		case "inter":
			if number > 0 {
				next += "ms"
			}
			once(m, &to.Check.Inter, next, b.options, "inter")
		case "rise":
			once(m, &to.Check.Rise, number, b.options, "rise")
		case "fall":
			once(m, &to.Check.Fall, number, b.options, "fall")
		default:
			m.leave(b.options, words[i], "is an option of servers that an estate has no key for")
			if _, err := strconv.Atoi(next); err != nil {
				continue
			}
		}
		i++
	}
}

// balanced turns the proxies into ports of balancers.
func (m *importer) balanced(to *balancer) {
	for _, name := range slices.Sorted(maps.Keys(m.proxies)) {
		p := m.proxies[name]
		if len(p.ports) == 0 {
			continue // a backend: its frontend speaks for it
		}
		service := p.name
		if back := m.proxies[p.backend]; back != nil {
			service = p.backend
			p.balance = cmp.Or(p.balance, back.balance)
			p.exported = p.exported || back.exported
		}
		port := p.ports[0]
		backend := 0
		var nodes []string
		for _, b := range m.members {
			if b.service == service {
				once(m, &backend, cmp.Or(b.port, port), b.at, "port of "+service)
				for _, n := range m.brokers(b) {
					if !slices.Contains(nodes, n) {
						nodes = append(nodes, n)
					}
				}
			}
		}
		if len(m.group.Nodes) == 0 {
			m.group.Nodes = nodes
		}
		kind := m.protocol(cmp.Or(backend, port))
		switch {
		case kind == "" || slices.ContainsFunc(nodes, func(n string) bool { return !slices.Contains(m.group.Nodes, n) }):
			m.leave(p.at, p.name, "balances something else than the brokers")
			continue
		case nodes == nil && !p.exported:
			m.leave(p.at, p.name, "has no members here: they are taken to be all brokers")
		case nodes != nil && len(nodes) < len(m.group.Nodes):
			to.ToNodes = nodes
		}
		if len(p.ports) > 1 {
			m.leave(p.at, p.name, "listens on several ports: the first is taken")
		}
		to.Ports[kind] = port
		switch words := strings.Fields(p.balance); {
		case len(words) == 0 || to.Mode == "active-backup":
		case slices.Contains([]string{"roundrobin", "leastconn", "source"}, words[0]):
			once(m, &to.Mode, words[0], p.at, "balance")
		default:
			m.leave(p.at, "balance "+p.balance, "is no mode of an estate's balancers")
		}
		for _, b := range m.members {
			if b.service == service {
				m.serverWords(b, to)
			}
		}
		for _, a := range p.addrs {
			if addr, _, _ := strings.Cut(to.VIP, "/"); a != addr {
				m.leave(p.at, p.name, "listens on "+a+", which is no VIP of its balancer: it will listen everywhere")
			}
		}
	}
	if to.Check != nil && *to.Check == (healthCheck{}) {
		to.Check = nil
	}
}

// protocol names what the brokers have on a port; "" if nothing.
func (m *importer) protocol(port int) string {
	for _, p := range []struct {
		name  string
		ports []int // by default
	}{{"amqp", []int{5672}}, {"stomp", []int{61613, 6163}}, {"management", []int{15672, 55672}}} {
		if own := m.group.Listen[p.name]; own != nil && *own == port || own == nil && p.ports[0] == port {
			return p.name
		}
	}
	return ""
}
