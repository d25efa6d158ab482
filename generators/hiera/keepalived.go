package hiera

import (
	"maps"
	"slices"
	"strings"
)

// instance is one of VRRP, as all nodes together tell it.
type instance struct {
	title   string
	at      value
	vips    []string
	vrrp    vrrp
	nodes   []string
	preempt string
	script  string
}

// virtualServer is one of LVS.
type virtualServer struct {
	title, addr string
	port        int
	at          value
	lvs         lvs
	real        []string // addresses
	direct      bool
}

// keepalived takes a hash of the module's defined types, and tells whether there is such a thing.
func (m *importer) keepalived(name string, i item) bool {
	switch name {
	case "vrrp_instance", "instance":
		for _, e := range i.value.items() {
			m.instance(e)
		}
	case "vrrp_script", "script":
		for _, e := range i.value.items() {
			m.scripts[e.key] = e.value
		}
	case "lvs_virtual_server", "virtual_server":
		for _, e := range i.value.items() {
			m.virtual(e)
		}
	case "lvs_real_server", "real_server":
		for _, e := range i.value.items() {
			m.realServer(m.text(e.value.get("virtual_server"), e.key), e.value)
		}
	case "pkg_ensure", "package_ensure", "version":
		m.version("keepalived", i)
	default:
		return false
	}
	return true
}

func (m *importer) instance(e item) {
	n := m.instances[e.key]
	if n == nil {
		n = &instance{title: e.key, at: e.value, vrrp: vrrp{Priority: map[string]int{}}}
		m.instances[e.key] = n
	}
	if m.node != "" && !slices.Contains(n.nodes, m.node) {
		n.nodes = append(n.nodes, m.node)
	}
	for _, a := range e.value.items() {
		what, v := e.key+"."+a.key, a.value
		switch a.key {
		case "interface", "state", "auth_type", "ensure": // the estate derives them
		case "virtual_router_id":
			once(m, &n.vrrp.ID, m.number(v, what), v, what)
		case "priority":
			if p := m.number(v, what); p > 0 && m.node != "" {
				n.vrrp.Priority[m.node] = p
			}
		case "advert_int":
			once(m, &n.vrrp.Advert, m.number(v, what), v, what)
		case "preempt_delay":
			once(m, &n.vrrp.PreemptDelay, m.number(v, what), v, what)
		case "nopreempt":
			if yes, ok := v.yes(); ok {
				once(m, &n.preempt, map[bool]string{true: "no", false: "yes"}[yes], v, what)
			}
		case "auth_pass":
			n.vrrp.Secret = m.vrrpSecret(e.key, v)
		case "virtual_ipaddress":
			m.vips(n, v, what)
		case "unicast_source_ip", "unicast_peers":
			n.vrrp.Transport = "unicast"
		case "track_interface":
			for _, t := range v.list() {
				if s := m.text(t, what); s != "" && !slices.Contains(n.vrrp.TrackInterface, s) {
					n.vrrp.TrackInterface = append(n.vrrp.TrackInterface, s)
				}
			}
		case "track_script":
			for _, t := range v.list() {
				n.script = m.text(t, what)
			}
		default:
			m.leave(v, what, "has no place in an estate")
		}
	}
}

// vrrpSecret is the password as Keepalived uses it: no more than 8 bytes go into a packet.
func (m *importer) vrrpSecret(title string, v value) string {
	if s, ok := v.text(); ok && len(s) > 8 && !interpolated(s) && !encrypted(s) {
		m.leave(v, title+".auth_pass", "is longer than the 8 bytes that VRRP sends: the secret is those")
		n := *v.resolved()
		n.Value = s[:8]
		v.node = &n
	}
	return m.secret("vrrp_"+title, v)
}

func (m *importer) vips(n *instance, v value, what string) {
	for _, one := range v.list() {
		s := m.text(one, what)
		if one.items() != nil {
			s = m.text(one.get("ip"), what)
		}
		s, _, _ = strings.Cut(strings.TrimSpace(s), " ") // what follows is the device
		if s == "" {
			continue
		}
		if !strings.Contains(s, "/") {
			s += map[bool]string{true: "/128", false: "/32"}[strings.Contains(s, ":")] // as Keepalived takes it
		}
		if !slices.Contains(n.vips, s) {
			n.vips = append(n.vips, s)
		}
	}
}

func (m *importer) virtual(e item) {
	s := &virtualServer{title: e.key, at: e.value}
	for _, a := range e.value.items() {
		what, v := e.key+"."+a.key, a.value
		switch a.key {
		case "ip_address":
			s.addr = m.text(v, what)
		case "port":
			s.port = m.number(v, what)
		case "lb_algo":
			s.lvs.Scheduler = m.text(v, what)
		case "lb_kind":
			s.direct = v.word() == "DR"
		case "delay_loop":
			s.lvs.DelayLoop = m.number(v, what)
		case "persistence_timeout":
			s.lvs.Persistence = m.number(v, what)
		case "protocol", "ensure", "collect_exported":
		case "real_servers", "real_server":
		default:
			m.leave(v, what, "has no place in an estate")
		}
	}
	m.servers = append(m.servers, s)
	for _, r := range append(e.value.get("real_servers").list(), e.value.get("real_server").list()...) {
		m.realServer(e.key, r)
	}
}

// realServer is one of the brokers. What the first says of weight and check holds for all.
func (m *importer) realServer(title string, v value) {
	at := slices.IndexFunc(m.servers, func(s *virtualServer) bool { return s.title == title })
	if at < 0 {
		m.leave(v, "real_server of "+title, "belongs to no virtual server that stands before it")
		return
	}
	s := m.servers[at]
	s.real = append(s.real, m.text(v.get("ip_address"), title))
	for _, o := range v.get("options").items() {
		what := title + ".options." + o.key
		switch o.key {
		case "weight":
			if n, ok := o.value.number(); ok && s.lvs.Weight == nil {
				s.lvs.Weight = &n
			}
		case "inhibit_on_failure":
			if yes, ok := o.value.yes(); ok || !o.value.there() {
				s.lvs.Inhibit = new(yes || !ok)
			}
		case "TCP_CHECK":
			for _, c := range o.value.items() {
				switch c.key {
				case "connect_timeout":
					once(m, &s.lvs.Check.Timeout, m.number(c.value, what), c.value, what+".connect_timeout")
				case "nb_get_retry", "retry":
					once(m, &s.lvs.Check.Retry, m.number(c.value, what), c.value, what+".retry")
				case "delay_before_retry":
					once(m, &s.lvs.Check.Delay, m.number(c.value, what), c.value, what+".delay_before_retry")
				case "connect_port":
				default:
					m.leave(c.value, what+"."+c.key, "has no place in an estate")
				}
			}
		default:
			m.leave(o.value, what, "has no place in an estate")
		}
	}
}

// tracked takes the instance's script for the estate's own check of HAProxy, and its weight.
func (m *importer) tracked(n *instance) {
	if n.script == "" {
		return
	}
	script, ok := m.scripts[n.script]
	if !ok {
		return
	}
	if text, _ := script.get("script").text(); !strings.Contains(text, "haproxy") {
		m.leave(script, n.script, "checks something else than HAProxy")
	}
	weight := script.get("weight")
	if w, ok := weight.number(); ok && w != 0 && n.vrrp.Preempt {
		n.vrrp.Weight = w
	} else if ok && w != 0 {
		m.leave(weight, n.script+".weight", "has no effect where nobody preempts")
	}
}

func (m *importer) sortedInstances() (all []*instance) {
	for _, title := range slices.Sorted(maps.Keys(m.instances)) {
		all = append(all, m.instances[title])
	}
	return all
}
