package estate

import (
	"fmt"
	"strconv"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/secret"
)

func (r *resolver) resolveLinks() {
	for i, t := range r.file.Links {
		if l := r.link("links["+strconv.Itoa(i)+"]", t); l != nil {
			r.estate.Links = append(r.estate.Links, l)
		}
	}
}

func (r *resolver) link(key string, t *topology.Link) *Link {
	if len(t.Between) != 2 {
		r.bad("topology.type", t.Place, "a link is between two groups of brokers", strconv.Itoa(len(t.Between)), "between: [a, b]")
		return nil
	}
	l := &Link{
		Kind: r.choice(key+".kind", t.Kind, "federation", "shovel"),
		A:    r.groups[t.Between[0].V], B: r.groups[t.Between[1].V],
		Both:      r.choice(key+".direction", t.Direction, "both", "a-to-b") == "both",
		VHost:     r.text(key+".vhost", t.VHost, "/"),
		Exchanges: r.text(key+".exchanges", t.Exchanges, ""),
		Queues:    r.text(key+".queues", t.Queues, ""),
		MaxHops:   r.number(key+".max_hops", t.MaxHops, 1, 1, 100),
		User:      User{Name: t.User.V, Secret: r.secretValue(t.Secret, secret.Password)},
		Static:    t.Static.V,
	}
	for i, g := range []*BrokerGroup{l.A, l.B} {
		if g == nil {
			r.noGroup(t.Between[i])
		}
	}
	if l.A == nil || l.B == nil {
		return nil
	}
	if l.A == l.B {
		r.bad("topology.reference", t.Between[1].Place, "a group is linked with itself", safe.Quote(l.A.Name), "")
		return nil
	}
	switch {
	case t.Exchanges.Set == t.Queues.Set:
		r.bad("topology.type", t.Place, "a link passes exchanges or queues on", "", "one of the keys exchanges and queues")
	case t.Exchanges.Set:
		r.checkPattern(t.Exchanges)
	default:
		r.checkPattern(t.Queues)
	}
	for _, g := range []*BrokerGroup{l.A, l.B} {
		r.addUser(g, t.Place, l.User)
		g.allow(l.User.Name, l.VHost)
		r.linkVersion(l, g, t)
	}
	return l
}

func (r *resolver) linkVersion(l *Link, g *BrokerGroup, t *topology.Link) {
	need := func(what string, major, minor int) {
		if g.Version.Below(major, minor) {
			r.bad("version.unsupported", t.Place, fmt.Sprintf("%s needs RabbitMQ %d.%d", what, major, minor), g.Version.String()+" of "+g.Name, "")
		}
	}
	switch {
	case l.Kind == "federation" && l.Queues != "":
		need("federation of queues", 3, 2)
	case l.Kind == "federation":
		need("federation by policies", 3, 0)
	case l.Static && t.Static.Set:
	case g.Version.Below(3, 3):
		l.Static = true
		r.note("links."+g.Name+".static", true, "RabbitMQ "+g.Version.String()+" knows no shovels that come and go")
	}
}

// checkLinks follows the vhosts of links, once collectives have added theirs.
func (r *resolver) checkLinks() {
	for _, t := range r.file.Links {
		for _, name := range t.Between {
			g := r.groups[name.V]
			if g == nil {
				continue
			}
			at := t.VHost
			if !at.Set {
				at = topology.Text{Place: t.Place, Set: true, V: "/"}
			}
			r.knownVHost(g, at)
		}
	}
}
