package estate

import (
	"strings"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
)

// nodeNames (D8) gives each broker its Erlang name: rabbit@ and the short host name, or the long one where two short ones are alike or
// the topology asks. An active-passive group is one broker.
func (r *resolver) nodeNames(g *BrokerGroup, t *topology.Broker) {
	given := t.NodeName
	key := "brokers." + g.Name + ".node_name"
	from := "rule D8"
	if given.Set {
		from = fromTopology(given.Place)
	}
	long := given.One == "long" || !given.Set && alike(g.Members)
	for _, m := range g.Members {
		switch {
		case given.One != "" && given.One != "long" && given.One != "short":
			m.NodeName = given.One
		case given.Each != nil:
			m.NodeName = r.givenName(m, given)
		case g.Kind == ActivePassive && !given.Set:
			m.NodeName = "rabbit@localhost" // one node that runs here or there: its data lie in a folder of its name
		case long:
			m.NodeName = "rabbit@" + m.Node.Facts.FQDN
		default:
			m.NodeName = "rabbit@" + m.Node.Facts.Hostname
		}
		r.note(key+"."+m.Node.Name, m.NodeName, from)
	}
	r.checkNodeNames(g, t)
}

// alike tells whether two nodes have the same short name.
func alike(members []*BrokerMember) bool {
	seen := make(map[string]bool)
	for _, m := range members {
		name := strings.ToLower(m.Node.Facts.Hostname)
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

func (r *resolver) givenName(m *BrokerMember, given topology.NodeName) string {
	for _, name := range sortedKeys(given.Each) {
		if r.node(name) == m.Node {
			return given.Each[name].V
		}
	}
	return "rabbit@" + m.Node.Facts.Hostname
}

func (r *resolver) checkNodeNames(g *BrokerGroup, t *topology.Broker) {
	at := t.Place
	if t.NodeName.Set {
		at = t.NodeName.Place
	}
	for _, name := range sortedKeys(t.NodeName.Each) {
		if n := r.node(name); n == nil || n.Broker == nil || n.Broker.Group != g {
			r.bad("topology.reference", at, "node_name names what is no node of the group", safe.Quote(name), "")
		}
	}
	seen := make(map[string]string)
	var long, short *BrokerMember
	for _, m := range g.Members {
		user, host, ok := strings.Cut(m.NodeName, "@")
		if !ok || safe.Token(user) != nil || safe.Hostname(host) != nil {
			r.problems.Add(problem.Problem{Class: "cluster.names", Node: m.Node.Name, Where: at.String(), What: "not the name of an Erlang node",
				Got: safe.Quote(m.NodeName), Want: "NAME@HOST"})
			continue
		}
		// The two of an active-passive group are one node that runs here or there.
		if other := seen[strings.ToLower(m.NodeName)]; other != "" && g.Kind != ActivePassive {
			r.problems.Add(problem.Problem{Class: "cluster.names", Node: m.Node.Name, Where: at.String(), What: "the broker has the name of the one on " + other,
				Got: m.NodeName})
		}
		seen[strings.ToLower(m.NodeName)] = m.Node.Name
		if strings.Contains(host, ".") {
			long = m
		} else {
			short = m
		}
	}
	switch {
	case long != nil && short != nil:
		r.bad("cluster.names", at, "long and short names are mixed, which do not see each other", short.NodeName+" and "+long.NodeName, "")
	case t.NodeName.One == "long" && short != nil:
		r.problems.Add(problem.Problem{Class: "cluster.names", Node: short.Node.Name, Where: at.String(), What: "a long name needs a domain, and the facts tell none"})
	}
	g.LongNames = long != nil
}
