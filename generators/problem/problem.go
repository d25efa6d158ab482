// Package problem says what is wrong with an estate: one value for each fault, of a class with a stable name, so that a run can
// report all of them at once, sorted, to people and to programs.
package problem

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Class names a kind of fault, as "vip.off-subnet". The names are part of what the programs promise: scripts match them.
type Class string

// Problem is one fault. Its texts hold no secret and quote foreign values with Go's escapes.
type Problem struct {
	Class   Class  `json:"class"`
	Warning bool   `json:"warning,omitempty"`
	Node    string `json:"node,omitempty"`  // the node it concerns; empty: the whole estate
	Where   string `json:"where,omitempty"` // file:line, file and path of keys, or a target's path
	What    string `json:"what"`
	Got     string `json:"got,omitempty"`
	Want    string `json:"want,omitempty"`
	Todo    string `json:"todo,omitempty"` // what to do next
}

// Error is the problem on one line: class: node NAME: where: what (got X, want Y); then what to do.
func (p Problem) Error() string {
	var b strings.Builder
	if p.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(string(p.Class))
	if p.Node != "" {
		b.WriteString(": node " + p.Node)
	}
	if p.Where != "" {
		b.WriteString(": " + p.Where)
	}
	b.WriteString(": " + p.What)
	switch {
	case p.Got != "" && p.Want != "":
		fmt.Fprintf(&b, " (got %s, want %s)", p.Got, p.Want)
	case p.Got != "":
		fmt.Fprintf(&b, " (got %s)", p.Got)
	case p.Want != "":
		fmt.Fprintf(&b, " (want %s)", p.Want)
	}
	if p.Todo != "" {
		b.WriteString("; " + p.Todo)
	}
	return b.String()
}

// List gathers the problems of a run. Its zero value is ready. It is not safe for concurrent use.
type List []Problem

// Add appends problems.
func (l *List) Add(p ...Problem) { *l = append(*l, p...) }

// Failed tells whether there is a problem that is more than a warning.
func (l List) Failed() bool {
	return slices.ContainsFunc(l, func(p Problem) bool { return !p.Warning })
}

// Sorted returns the problems by node, place and class, each once.
func (l List) Sorted() List {
	sorted := slices.Clone(l)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Class, b.Class), cmp.Compare(a.What, b.What))
	})
	return slices.Compact(sorted)
}

// Strict returns the problems with every warning made an error.
func (l List) Strict() List {
	strict := slices.Clone(l)
	for i := range strict {
		strict[i].Warning = false
	}
	return strict
}
