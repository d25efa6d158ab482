package generate

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/generators/apply"
	"github.com/mco-go/mco-go/generators/problem"
)

// reporter says what happens: to people on standard error, or to programs as one JSON object a line on standard output.
type reporter struct {
	people io.Writer
	lines  *json.Encoder // nil: people
	strict bool
	failed bool
	change int
	todo   map[string]bool // what services have to do
}

func newReporter(c *cobra.Command, in *input) *reporter {
	r := &reporter{people: c.ErrOrStderr(), strict: in.strict, todo: map[string]bool{}}
	if in.json {
		r.lines = json.NewEncoder(c.OutOrStdout())
		r.lines.SetEscapeHTML(false)
	}
	return r
}

// problems reports a list and tells whether it holds more than warnings.
func (r *reporter) problems(l problem.List) bool {
	if r.strict {
		l = l.Strict()
	}
	l = l.Sorted()
	for _, p := range l {
		if r.lines == nil {
			fmt.Fprintln(r.people, p.Error())
			continue
		}
		verb := apply.Refuse
		if p.Warning {
			verb = "warn"
		}
		_ = r.lines.Encode(apply.Change{Node: p.Node, Path: p.Where, Verb: verb, Class: p.Class, Why: whole(p)})
	}
	if l.Failed() {
		r.failed = true
	}
	return l.Failed()
}

// whole is a problem's text without its class, node and place.
func whole(p problem.Problem) string {
	p.Class, p.Node, p.Where, p.Warning = "", "", "", false
	return p.Error()[len(": "):]
}

// changes reports what happened to files; would is for what would happen.
func (r *reporter) changes(l []apply.Change, would bool) {
	for _, c := range l {
		if c.Verb != apply.Unchanged && c.Verb != apply.Refuse {
			r.change++
			if c.Service != "" {
				r.todo[fmt.Sprintf("%s: %s", c.Service, c.How)] = true
			}
		}
		if r.lines != nil {
			_ = r.lines.Encode(c)
			continue
		}
		if c.Verb == apply.Unchanged || c.Verb == apply.Refuse { // refusals are problems, reported as such
			continue
		}
		verb := string(c.Verb)
		if would {
			verb = "would " + verb
		}
		fmt.Fprintf(r.people, "%s: %s %s", c.Node, verb, c.Path)
		if c.From != "" {
			fmt.Fprintf(r.people, " (%s -> %s)", c.From, orGone(c.To))
		}
		fmt.Fprintln(r.people)
	}
}

func orGone(to string) string {
	if to == "" {
		return "gone"
	}
	return to
}

// services says what is left to do for what changed.
func (r *reporter) services() {
	if r.lines != nil || len(r.todo) == 0 {
		return
	}
	var all []string
	for t := range r.todo {
		all = append(all, t)
	}
	slices.Sort(all)
	for _, t := range all {
		fmt.Fprintln(r.people, "to do:", t)
	}
}

// code is the exit code of what was reported.
func (r *reporter) code(detailed bool) error {
	code := 0
	if r.failed {
		code = exitFailed
	}
	if detailed && r.change > 0 {
		code |= exitChanged
	}
	if code == 0 {
		return nil
	}
	return exit(code)
}

// buffered makes many small writes few.
func buffered(w io.Writer) *bufio.Writer { return bufio.NewWriterSize(w, 64<<10) }
