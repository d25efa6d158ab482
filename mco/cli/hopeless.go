package cli

import (
	"fmt"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rubyre"
)

// tellHopeless says on a terminal why no node can match a filter. The original sends it all the same, and nodes that stumble over it
// stay silent; scripts read no more than that.
func (s *session) tellHopeless(f mco.Filter) {
	if !onTerminal(s.errOut) || s.opts.json {
		return
	}
	for _, why := range hopeless(f) {
		fmt.Fprintln(s.errOut, "mco: no node can match: "+why)
	}
}

// hopeless returns what is wrong with a filter that was read without complaint: patterns that are none, and queries that ask nothing.
func hopeless(f mco.Filter) (reasons []string) {
	pattern := func(option, text string) {
		source := strings.TrimSuffix(strings.TrimPrefix(text, "/"), "/")
		if _, err := rubyre.Compile(source, 0); err != nil {
			reasons = append(reasons, fmt.Sprintf("%s %s: %v", option, text, err))
		}
	}
	for _, fact := range f.Facts {
		if fact.Operator == mco.FactMatch {
			pattern("-F "+fact.Fact+"=~", fact.Value)
		}
	}
	names := func(option string, texts []string) {
		for _, text := range texts {
			if strings.HasPrefix(text, "/") {
				pattern(option, text)
			}
		}
	}
	names("-C", f.Classes)
	names("-A", f.Agents)
	for _, v := range f.Identities {
		if text, ok := v.AsString(); ok {
			names("-I", []string{text})
		}
	}
	for _, stack := range f.Compound {
		parts := operands(stack)
		if len(parts) == 0 {
			reasons = append(reasons, "-S asks nothing")
		}
		for _, p := range parts {
			tokens, _ := p.filter.Compound[0].AsList()
			if statement, ok := tokens[0].Field("statement").AsString(); ok {
				if _, text, ok := strings.Cut(statement, "=/"); ok {
					pattern("-S "+statement+":", "/"+text)
				}
			}
		}
	}
	return reasons
}
