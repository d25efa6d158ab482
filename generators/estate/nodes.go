package estate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/mco/spelling"
)

// index finds the facts of a node by what the topology calls it.
type index struct {
	all   []*facts.Node            // by identity
	exact map[string][]*facts.Node // by identity and fqdn, in lower case
	short map[string][]*facts.Node // by host name and the identity's first label
}

func newIndex(nodes []*facts.Node) *index {
	x := &index{all: slices.Clone(nodes), exact: make(map[string][]*facts.Node, len(nodes)), short: make(map[string][]*facts.Node, len(nodes))}
	slices.SortFunc(x.all, func(a, b *facts.Node) int {
		return cmp.Or(cmp.Compare(a.Identity, b.Identity), cmp.Compare(a.FQDN, b.FQDN), cmp.Compare(a.Source, b.Source))
	})
	enter := func(m map[string][]*facts.Node, name string, n *facts.Node) {
		name = strings.ToLower(name)
		if name != "" && !slices.Contains(m[name], n) {
			m[name] = append(m[name], n)
		}
	}
	for _, n := range x.all {
		enter(x.exact, n.Identity, n)
		enter(x.exact, n.FQDN, n)
		first, _, _ := strings.Cut(n.Identity, ".")
		enter(x.short, first, n)
		enter(x.short, n.Hostname, n)
	}
	return x
}

// find returns all nodes that the name may mean: exactly, else as a short name.
func (x *index) find(name string) []*facts.Node {
	name = strings.ToLower(name)
	if found := x.exact[name]; len(found) > 0 {
		return found
	}
	return x.short[name]
}

// nameNodes makes the estate's nodes of all names in the topology, in the order of its sorted keys: the first spelling is kept.
func (r *resolver) nameNodes() {
	f := r.file
	for _, name := range sortedKeys(f.Brokers) {
		r.nameAll(f.Brokers[name].Nodes)
	}
	for _, name := range sortedKeys(f.Balancers) {
		r.nameAll(f.Balancers[name].Nodes)
	}
	for _, name := range sortedKeys(f.Collectives) {
		r.nameAll(f.Collectives[name].Servers.List)
		r.nameAll(f.Collectives[name].Clients)
	}
	if f.OpenStack != nil {
		r.nameAll(f.OpenStack.Nodes)
	}
	for _, name := range sortedKeys(f.Addresses) {
		if len(r.index.find(name)) == 0 {
			r.bad("node.unknown", f.Place, "addresses names a node that no facts tell of", safe.Quote(name), "")
		}
	}
}

func (r *resolver) nameAll(names []topology.Text) {
	for _, t := range names {
		if t.Set {
			r.name(t)
		}
	}
}

func (r *resolver) name(t topology.Text) {
	if err := safe.Hostname(t.V); err != nil {
		r.bad("topology.type", t.Place, "not the name of a node", safe.Quote(t.V), "a host name")
		return
	}
	found := r.index.find(t.V)
	switch {
	case len(found) == 0:
		if r.once("node.unknown " + strings.ToLower(t.V)) {
			p := problem.Problem{Class: "node.unknown", Node: t.V, Where: t.String(), What: "no facts tell of this node"}
			if near := spelling.Nearest(t.V, slices.Sorted(maps.Keys(r.index.short))); near != "" {
				p.Todo = "did you mean " + near + "?"
			}
			r.problems.Add(p)
		}
	case len(found) > 1:
		if r.once("node.duplicate " + strings.ToLower(t.V)) {
			r.problems.Add(problem.Problem{Class: "node.duplicate", Node: t.V, Where: t.String(), What: "the facts of several nodes fit the name",
				Got: found[0].Source + " and " + found[1].Source, Todo: "write the whole name"})
		}
	case r.nodes[found[0]] == nil:
		r.enter(t.V, found[0])
		if safe.Underscore(t.V) && r.once("underscore "+t.V) {
			r.problems.Add(problem.Problem{Class: "fact.invalid", Warning: true, Node: t.V, Where: t.String(), What: "a host name with an underscore is none to DNS"})
		}
	}
}

func (r *resolver) enter(name string, f *facts.Node) *Node {
	n := &Node{Name: name}
	n.Facts = r.withoutVIPs(n, f)
	r.nodes[f] = n
	return n
}

// node returns the node of that name, nil if there is none, which has been reported by then.
func (r *resolver) node(name string) *Node {
	if found := r.index.find(name); len(found) == 1 {
		return r.nodes[found[0]]
	}
	return nil
}

// members returns the nodes of a list, each once.
func (r *resolver) members(names []topology.Text) []*Node {
	var all []*Node
	for _, t := range names {
		n := r.node(t.V)
		if n == nil {
			continue
		}
		if slices.Contains(all, n) {
			r.problems.Add(problem.Problem{Class: "node.duplicate", Node: n.Name, Where: t.String(), What: "the node is in the list twice"})
			continue
		}
		all = append(all, n)
	}
	return all
}

// once tells whether something is to be said for the first time.
func (r *resolver) once(what string) bool {
	first := !r.warned[what]
	r.warned[what] = true
	return first
}

// checkAddresses reports nodes that have the same address, as copies of machines do. Only the addresses that the estate uses count:
// bridges of containers are alike everywhere.
func (r *resolver) checkAddresses() {
	seen := make(map[string]string)
	claim := func(n *Node, address string) {
		if other, ok := seen[address]; ok && other != n.Name {
			r.problems.Add(problem.Problem{Class: "node.duplicate", Node: n.Name, What: "the node has the address of node " + other, Got: address})
			return
		}
		seen[address] = n.Name
	}
	for _, n := range slices.SortedFunc(maps.Values(r.nodes), func(a, b *Node) int { return cmp.Compare(a.Name, b.Name) }) {
		if n.Broker != nil {
			for _, a := range n.Broker.Addresses() {
				claim(n, a.String())
			}
		}
		for _, m := range n.Balancers {
			if m.Address.IsValid() {
				claim(n, m.Address.Addr().String())
			}
		}
		if i, ok := n.Facts.Interface(n.Facts.Primary); ok && len(i.IPv4) > 0 && !i.IPv4[0].Addr().IsLoopback() {
			claim(n, i.IPv4[0].Addr().String())
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
