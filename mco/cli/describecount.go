package cli

import (
	"fmt"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rpc"
)

// countFilters asks how many nodes there are, how many each part of the filters keeps when it stands alone, and how many all of them do.
func (s *session) countFilters() error {
	all := s.opts.filter
	if _, err := s.checkCompound(all.Compound); err != nil {
		return err
	}
	parts := []filterPart{{text: "no filter"}}
	for _, f := range all.Facts {
		parts = append(parts, filterPart{"fact " + f.Fact + " " + f.Operator + " " + f.Value, mco.Filter{Facts: []mco.FactFilter{f}}})
	}
	for _, c := range all.Classes {
		parts = append(parts, filterPart{"class " + c, mco.Filter{Classes: []string{c}}})
	}
	for _, a := range all.Agents {
		parts = append(parts, filterPart{"agent " + a, mco.Filter{Agents: []string{a}}})
	}
	if len(all.Identities) > 0 {
		parts = append(parts, filterPart{"identities", mco.Filter{Identities: all.Identities}})
	}
	for i, stack := range all.Compound {
		parts = append(parts, operands(stack)...)
		parts = append(parts, filterPart{fmt.Sprintf("-S number %d", i+1), mco.Filter{Compound: all.Compound[i : i+1]}})
	}
	parts = append(parts, filterPart{"all of it", all})
	client, err := s.connect()
	if err != nil {
		return err
	}
	fmt.Fprint(s.out, "Nodes that each part keeps:\n\n")
	for _, p := range parts {
		extra, err := s.checkCompound(p.filter.Compound)
		if err != nil {
			return err
		}
		n := 0
		for _, err := range client.Ping(s.ctx, rpc.Discovery{Filter: p.filter, Extra: extra}) {
			if err != nil {
				return err
			}
			n++
		}
		if s.interrupted() {
			return exit(1)
		}
		if _, err := fmt.Fprintf(s.out, "  %-40s %d\n", p.text, n); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(s.out)
	return err
}

// filterPart is a filter of its own and what it is called.
type filterPart struct {
	text   string
	filter mco.Filter
}

// operands are the facts, classes and data queries within a compound filter, each as a filter of its own.
func operands(stack mco.Value) []filterPart {
	var parts []filterPart
	tokens, _ := stack.AsList()
	for _, t := range tokens {
		m, _ := t.AsMap()
		for key, v := range m.All() {
			kind, _ := key.AsString()
			if kind != "statement" && kind != "fstatement" {
				continue
			}
			text, isText := v.AsString()
			if !isText {
				text, _ = v.Field("name").AsString()
				text = "data query " + text
			}
			parts = append(parts, filterPart{"-S part " + strings.TrimSpace(text), mco.Filter{Compound: []mco.Value{mco.List(t)}}})
		}
	}
	return parts
}
