package hiera

import (
	"slices"
	"strings"
)

// derived are plugins that follow from what an estate is asked for.
var derived = [...]string{"rabbitmq_management", "rabbitmq_management_agent", "rabbitmq_stomp", "amqp_client", "rabbitmq_federation",
	"rabbitmq_federation_management", "rabbitmq_shovel", "rabbitmq_shovel_management"}

// resources takes a hash of titles and attributes of one of the module's types.
func (m *importer) resources(name string, i item) bool {
	one, ok := map[string]func(item){
		"user": m.user, "vhost": m.vhost, "user_permission": m.permission, "permission": m.permission, "policy": m.policy,
		"exchange": m.exchange, "queue": m.queue, "plugin": m.plugin,
	}[name]
	if !ok {
		return false
	}
	if i.value.there() && i.value.items() == nil { // a list of names, or one
		for _, v := range i.value.list() {
			if title := m.text(v, i.key); title != "" {
				one(item{title, v})
			}
		}
		return true
	}
	for _, e := range i.value.items() {
		if interpolated(e.key) {
			m.leave(e.value, i.key+"."+e.key, "is filled in by hiera when it is looked up")
		} else if there, said := e.value.get("ensure").yes(); said && !there {
			m.leave(e.value, i.key+"."+e.key, "takes something away: an estate says what there is")
		} else {
			one(e)
		}
	}
	return true
}

func (m *importer) user(e item) {
	password := e.value.get("password")
	if !password.there() {
		m.leave(e.value, "user "+e.key, "has no password")
		return
	}
	u := &user{Secret: m.secret("mq_"+e.key, password)}
	for _, t := range e.value.get("tags").list() {
		if s := m.text(t, "tags of "+e.key); s != "" {
			u.Tags = append(u.Tags, s)
		}
	}
	if admin, _ := e.value.get("admin").yes(); admin && !slices.Contains(u.Tags, "administrator") {
		u.Tags = append([]string{"administrator"}, u.Tags...)
	}
	m.group.Users[e.key] = u
}

func (m *importer) vhost(e item) { m.group.VHosts[e.key] = struct{}{} }

// at cuts a title "name@vhost", in which names may hold @ too.
func at(title string) (name, vhost string) {
	n := strings.LastIndexByte(title, '@')
	if n < 0 {
		return title, "/"
	}
	return title[:n], title[n+1:]
}

func (m *importer) permission(e item) {
	p := permission{}
	p.User, p.VHost = at(e.key)
	for key, to := range map[string]*string{"configure_permission": &p.Configure, "write_permission": &p.Write, "read_permission": &p.Read} {
		*to = m.text(e.value.get(key), e.key+"."+key)
	}
	m.vhost(item{key: p.VHost})
	m.group.Permissions = append(m.group.Permissions, p)
}

func (m *importer) policy(e item) {
	p := policy{ApplyTo: m.text(e.value.get("applyto"), e.key+".applyto"), Pattern: m.text(e.value.get("pattern"), e.key+".pattern"),
		Priority: m.number(e.value.get("priority"), e.key+".priority"), Definition: map[string]any{}}
	p.Name, p.VHost = at(e.key)
	for _, d := range e.value.get("definition").items() {
		p.Definition[d.key] = d.value.plain()
		// The module wants numbers as texts and makes numbers of them.
		if n, ok := d.value.number(); ok {
			p.Definition[d.key] = n
		}
	}
	m.vhost(item{key: p.VHost})
	if p.Pattern == "" || len(p.Definition) == 0 {
		m.leave(e.value, "policy "+e.key, "has no pattern or no definition")
		return
	}
	if !m.mirrors(p) {
		m.group.Policies = append(m.group.Policies, p)
	}
}

// mirrors takes a policy that does nothing but mirror queues as what an estate has for it.
func (m *importer) mirrors(p policy) bool {
	mode, ok := p.Definition["ha-mode"].(string)
	if !ok || p.ApplyTo == "exchanges" {
		return false
	}
	for key := range p.Definition {
		if key != "ha-mode" && key != "ha-params" && key != "ha-sync-mode" {
			return false
		}
	}
	sync, _ := p.Definition["ha-sync-mode"].(string)
	if sync == "" {
		sync = "manual" // RabbitMQ's default
	}
	had := m.group.Mirror
	if had == nil {
		m.group.Replication = "mirrored"
		m.group.Mirror = &mirror{Mode: mode, Params: p.Definition["ha-params"], Sync: sync, Pattern: p.Pattern, VHosts: []string{p.VHost}}
		return true
	}
	if had.Mode != mode || had.Params != nil || p.Definition["ha-params"] != nil || had.Sync != sync || had.Pattern != p.Pattern {
		return false
	}
	had.VHosts = append(had.VHosts, p.VHost)
	return true
}

func (m *importer) exchange(e item) {
	x := exchange{Type: m.text(e.value.get("type"), e.key+".type")}
	x.Name, x.VHost = at(e.key)
	x.Durable, _ = e.value.get("durable").yes()
	if !slices.Contains([]string{"topic", "direct", "fanout", "headers"}, x.Type) {
		m.leave(e.value, "exchange "+e.key, "is of a type that an estate does not know")
		return
	}
	m.vhost(item{key: x.VHost})
	m.group.Exchanges = append(m.group.Exchanges, x)
}

func (m *importer) queue(e item) {
	q := queue{}
	q.Name, q.VHost = at(e.key)
	q.Durable, _ = e.value.get("durable").yes()
	q.Arguments, _ = e.value.get("arguments").plain().(map[string]any)
	m.vhost(item{key: q.VHost})
	m.group.Queues = append(m.group.Queues, q)
}

func (m *importer) plugin(e item) {
	if !slices.Contains(derived[:], e.key) && !slices.Contains(m.group.Plugins, e.key) {
		m.group.Plugins = append(m.group.Plugins, e.key)
	}
}
