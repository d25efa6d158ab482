package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/rpc"
)

// factsApp is `mco facts FACT`: how often each value of a fact is there, with -v on which nodes.
func factsApp() *application {
	fact := ""
	given := false
	return &application{
		name:        "facts",
		description: "Reports on usage for a specific fact",
		words: func(words []string) error {
			if given = len(words) > 0; !given {
				//lint:ignore ST1005 the original's text
				return errors.New("Please specify a fact to report for")
			}
			fact = words[0]
			return nil
		},
		run: func(s *session) error { return s.reportFact(fact) },
	}
}

// holders are the nodes that have one value of a fact.
type holders struct {
	value mco.Value
	text  string
	nodes []string
}

// compareFacts orders values as Ruby's sort does, and those that Ruby cannot compare by their texts.
func compareFacts(a, b *holders) int {
	one, isList := a.value.AsList()
	other, areLists := b.value.AsList()
	if !isList || !areLists {
		return strings.Compare(a.text, b.text)
	}
	return slices.CompareFunc(one, other, func(a, b mco.Value) int { return strings.Compare(inspect.Text(a), inspect.Text(b)) })
}

func (s *session) reportFact(fact string) error {
	util, err := s.agent("rpcutil", false)
	if err != nil {
		return err
	}
	util.progress = false
	var found []*holders
	at := make(map[string]*holders)
	err = util.each("get_fact", mco.NewMap(mco.Pair{Key: mco.Sym("fact"), Value: mco.String(fact)}), func(r rpc.Reply) error {
		value := r.Data.Field("value")
		if no, isBool := value.AsBool(); value.IsNil() || isBool && !no {
			return nil // the original counts what Ruby takes for true
		}
		text := inspect.Text(value)
		if at[text] == nil {
			at[text] = &holders{value: value, text: text}
			found = append(found, at[text])
		}
		at[text].nodes = append(at[text].nodes, r.Sender)
		return nil
	})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		fmt.Fprintf(s.out, "No values found for fact %s\n", fact)
	} else {
		s.printFact(fact, found)
	}
	if err := util.printStats(report.DefaultCaption); err != nil {
		return err
	}
	return util.halt()
}

func (s *session) printFact(fact string, found []*holders) {
	var b strings.Builder
	fmt.Fprintf(&b, "Report for fact: %s\n\n", fact)
	var texts []string
	for _, h := range found {
		if h.value.Kind() == mco.KindString { // of lists and hashes the original takes the number of their items for the length
			texts = append(texts, s.show(h.text))
		}
	}
	width, _ := report.Columns(texts, 40)
	slices.SortFunc(found, compareFacts)
	for _, h := range found {
		fmt.Fprintf(&b, "        %-*s found %d times\n", width, s.show(h.text), len(h.nodes))
		if s.opts.verbose {
			b.WriteByte('\n')
			slices.Sort(h.nodes)
			for _, n := range h.nodes {
				fmt.Fprintf(&b, "            %s\n", s.show(n))
			}
			b.WriteByte('\n')
		}
	}
	fmt.Fprint(s.out, b.String())
}

// show returns what a node sent as the screen can bear it.
func (s *session) show(text string) string {
	if onTerminal(s.out) {
		return report.Clean(text)
	}
	return text
}
