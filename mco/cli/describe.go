package cli

import (
	"fmt"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/optparse"
	"github.com/mco-go/mco-go/mco/inspect"
)

// describeApp is `mco describe_filter`: what filters mean, in words. It asks nobody, unless it is to count.
func describeApp() *application {
	count := false
	return &application{
		name:        "describe_filter",
		description: "Display human readable interpretation of filters",
		usage:       []string{"mco describe_filter -S <filter> -F <filter> -C <filter>"},
		without:     withCommon | withRPC,
		options: []optparse.Option{
			{Names: []string{"--count"}, Kind: optparse.Flag, Hidden: true, Doc: "Ask how many nodes each part of the filters keeps", Set: toggle(func() { count = true })},
		},
		run: func(s *session) error {
			if _, err := fmt.Fprint(s.out, describe(s.opts.filter)); err != nil || !count {
				return err
			}
			return s.countFilters()
		},
	}
}

// describe says what the fact, class and compound filters of f ask of a node. Of several compound filters the original tells the first.
func describe(f mco.Filter) string {
	var b strings.Builder
	if len(f.Facts) > 0 {
		b.WriteString("-F filter expands to the following fact comparisons:\n\n")
		for _, fact := range f.Facts {
			b.WriteString("  " + describeFact(fact) + "\n")
		}
		b.WriteByte('\n')
	}
	if len(f.Classes) > 0 {
		b.WriteString("-C filter expands to the following class checks:\n\n")
		for _, class := range f.Classes {
			b.WriteString("  " + describeClass(class) + "\n")
		}
		b.WriteByte('\n')
	}
	if len(f.Compound) > 0 {
		b.WriteString("-S Query expands to the following instructions:\n\n")
		describeStack(&b, f.Compound[0])
		b.WriteByte('\n')
	}
	return b.String()
}

func describeFact(f mco.FactFilter) string {
	return "Check if fact '" + f.Fact + "' " + f.Operator + " '" + f.Value + "'"
}

func describeClass(name string) string {
	return "Check if class '" + name + "' is present on the host"
}

// maxIndent bounds the indent, which doubles with each parenthesis.
const maxIndent = 1 << 10

func describeStack(b *strings.Builder, stack mco.Value) {
	indent, before := "  ", "  "
	tokens, _ := stack.AsList()
	for _, t := range tokens {
		m, _ := t.AsMap()
		for key, v := range m.All() {
			kind, _ := key.AsString()
			switch kind {
			case "(":
				b.WriteString(indent + "(\n")
				before = indent
				if len(indent) < maxIndent {
					indent += indent
				}
			case ")":
				indent = before
				b.WriteString(indent + ")\n")
			case "statement", "fstatement":
				b.WriteString(indent + describeOperand(kind, v) + "\n")
			default:
				b.WriteString(indent + strings.ToUpper(kind) + "\n")
			}
		}
	}
}

// describeOperand says what one fact, class or data query of a compound filter asks. Like the original it takes a statement apart at
// its first =, <= or >=.
func describeOperand(kind string, v mco.Value) string {
	if kind == "fstatement" {
		text := "Execute the Data Query '" + inspect.Text(v.Field("name")) + "'"
		if params := v.Field("params"); !params.IsNil() {
			text += " with parameters (" + inspect.Text(params) + ")"
		}
		return text + ". Check if the query's '" + inspect.Text(v.Field("value")) + "' value " + inspect.Text(v.Field("operator")) +
			" '" + inspect.Text(v.Field("r_compare")) + "'  "
	}
	statement, _ := v.AsString()
	at := strings.IndexByte(statement, '=')
	if at < 0 {
		return describeClass(statement)
	}
	operator := "="
	if at > 0 && (statement[at-1] == '<' || statement[at-1] == '>') {
		operator = statement[at-1 : at+1]
	}
	pieces := append(strings.Split(statement, operator), "") // Ruby's split drops empty pieces at the end
	return describeFact(mco.FactFilter{Fact: pieces[0], Operator: operator, Value: pieces[1]})
}
