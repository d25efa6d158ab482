package estate

import (
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/secret"
)

func (r *resolver) resolveClients() {
	for _, name := range sortedKeys(r.file.Clients) {
		t := r.file.Clients[name]
		r.checkToken(t.Place, name, "the client")
		to := r.via([]topology.Text{t.Via}, "amqp")
		p := &ClientProfile{Name: name, VHost: or(t.VHost, "/"), Endpoints: to.endpoints}
		if len(t.Nodes) > 0 {
			p.Endpoints = r.subset(t, to)
		}
		for _, g := range to.groups {
			if t.Secret.Set {
				r.addUser(g, t.Place, User{Name: t.User.V, Secret: r.secretValue(t.Secret, secret.Password)})
				g.allow(t.User.V, p.VHost)
			}
			r.knownVHost(g, t.VHost)
			if !t.User.Set {
				continue
			}
			i := slices.IndexFunc(g.Users, func(u User) bool { return u.Name == t.User.V })
			if i < 0 {
				r.bad("user.unknown", t.User.Place, "the group "+g.Name+" has no such user", safe.Quote(t.User.V), "")
				continue
			}
			p.User = g.Users[i]
		}
		r.estate.Clients = append(r.estate.Clients, p)
	}
}

// subset keeps the endpoints of the nodes that a profile names.
func (r *resolver) subset(t *topology.Client, to route) []Endpoint {
	var kept []Endpoint
	for _, name := range t.Nodes {
		n := r.node(name.V)
		i := slices.IndexFunc(to.endpoints, func(e Endpoint) bool { return e.Node != nil && e.Node == n })
		if i < 0 {
			r.bad("topology.reference", name.Place, "nodes names what is none of "+t.Via.V, safe.Quote(name.V), "")
			continue
		}
		kept = append(kept, to.endpoints[i])
	}
	return kept
}

func (r *resolver) resolveOpenStack() {
	t := r.file.OpenStack
	if t == nil {
		return
	}
	const key = "openstack"
	to := r.via([]topology.Text{t.Via}, "amqp")
	o := &OpenStack{
		Endpoints:       to.endpoints,
		VHost:           r.text(key+".vhost", t.VHost, "/"),
		User:            User{Name: t.User.V, Secret: r.secretValue(t.Secret, secret.Password)},
		Durable:         r.yes(key+".durable", t.Durable, true),
		ConnPool:        r.number(key+".rpc.conn_pool_size", t.RPC.ConnPoolSize, 30, 1, 65535),
		ResponseTimeout: r.number(key+".rpc.response_timeout", t.RPC.ResponseTimeout, 60, 1, 86_400),
		ThreadPool:      r.number(key+".rpc.thread_pool_size", t.RPC.ThreadPoolSize, 64, 1, 65535),
	}
	r.release(o, t)
	o.Nodes = r.members(t.Nodes)
	for _, g := range to.groups {
		o.Group = g
		r.addUser(g, t.Place, o.User)
		g.allow(o.User.Name, o.VHost)
		r.knownVHost(g, t.VHost)
		if o.Nodes == nil {
			for _, m := range g.Members {
				o.Nodes = append(o.Nodes, m.Node)
			}
		}
	}
	r.estate.OpenStack = o
}

// release finds the release of OpenStack. What ran before Newton (2016) read keys that oslo.messaging has lost since.
func (r *resolver) release(o *OpenStack, t *topology.OpenStack) {
	asked := t.Release.V
	switch {
	case t.Release.Set:
		r.checkToken(t.Release.Place, asked, "the release of OpenStack")
		r.origin("openstack.release", asked, t.Release.Place)
	case r.file.Software.OpenStack.Set:
		asked = r.file.Software.OpenStack.V
	default:
		asked = "2023.1"
		r.note("openstack.release", asked, "default")
	}
	o.Release = asked
	if text, ok := r.options.Software[openStack]; ok {
		o.Release = text
		r.note("openstack.release", text, "option --software")
	}
	if beforeNewton(asked) {
		r.warn("feature.removed", t.Release.Place, "the keys of "+asked+" for hosts, retries and durable queues are gone from today's oslo.messaging", "give the release that runs")
	}
}

// beforeNewton tells releases by the first letter of their names; those since 2023 are numbers.
func beforeNewton(release string) bool {
	return release != "" && strings.ToLower(release[:1]) >= "a" && strings.ToLower(release[:1]) < "n" && !slices.Contains([]string{"antelope", "bobcat", "caracal", "dalmatian", "epoxy", "flamingo"}, strings.ToLower(release))
}
