package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/rpc"
)

// collective is one collective and its members, in the order in which they answered.
type collective struct {
	name  string
	nodes []string
}

// collectives asks every node which collectives it is in.
func (s *session) collectives() (all []collective, nodes int, err error) {
	util, err := s.agent("rpcutil", false)
	if err != nil {
		return nil, 0, err
	}
	util.progress = false
	err = util.each("collective_info", nil, func(r rpc.Reply) error {
		names, ok := r.Data.Field("collectives").AsList()
		if !ok {
			return nil
		}
		nodes++
		for _, v := range names {
			name := inspect.Text(v)
			i := slices.IndexFunc(all, func(c collective) bool { return c.name == name })
			if i < 0 {
				i = len(all)
				all = append(all, collective{name: name})
			}
			all[i].nodes = append(all[i].nodes, r.Sender)
		}
		return nil
	})
	return all, nodes, err
}

// listCollectives prints how many nodes each collective has.
func (s *session) listCollectives() error {
	all, nodes, err := s.collectives()
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "   %-30s %s\n   %-30s %s\n", "Collective", "Nodes", "==========", "=====")
	slices.SortStableFunc(all, func(a, b collective) int { return cmp.Compare(len(a.nodes), len(b.nodes)) })
	for _, c := range all {
		fmt.Fprintf(&b, "   %-30s %d\n", s.show(c.name), len(c.nodes))
	}
	fmt.Fprintf(&b, "\n   %30s %d\n\n", "Total nodes:", nodes)
	_, err = fmt.Fprint(s.out, b.String())
	return err
}

// graphCollectives writes who is in which collective as a graph in the language of Graphviz.
func (s *session) graphCollectives(path string) error {
	file, err := create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	fmt.Fprintln(s.out, "Retrieving collective info....")
	all, nodes, err := s.collectives()
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b collective) int { return strings.Compare(a.name, b.name) })
	var b strings.Builder
	b.WriteString("graph {\n")
	for _, c := range all {
		fmt.Fprintf(&b, "   subgraph \"%s\" {\n", c.name)
		for _, n := range c.nodes {
			fmt.Fprintf(&b, "      \"%s\" -- \"%s\"\n", n, c.name)
		}
		b.WriteString("   }\n")
	}
	b.WriteString("}\n")
	if _, err := file.WriteString(b.String()); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "Graph of %d nodes has been written to %s\n", nodes, path)
	return err
}
