package ddl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// Failure tells why a function of a summarize block gave no text.
type Failure string

// The failures, as the original names them.
const (
	FailedStartup   Failure = "exception raised while processing startup hook"
	FailedCreate    Failure = "unspecified output '%s' for the action"
	FailedProcess   Failure = "exception raised while processing result data"
	FailedSummarize Failure = "exception raised while summarizing"
)

// Result is what one function made of all replies. A text of "" means that nothing could be computed.
type Result struct {
	Output mco.Value // the output's name
	Label  string    // the output's display_as
	Text   string    // lines
}

// Failed is a function that was given up.
type Failed struct {
	Output mco.Value
	Why    string
}

// Summary applies an action's aggregate functions to replies as they come (aggregate.rb). It is not safe for concurrent use.
type Summary struct {
	Failures []Failed
	Log      []string // what the original logs at level error

	action  *Action
	running []*running
}

// running is one function at work.
type running struct {
	output mco.Value
	format mco.Value // nil: the function's own
	calc   calculator
}

// NewSummary prepares the action's functions; nil when it has none. The error, which the original logs, means that no summary is
// calculated.
func (d *DDL) NewSummary(action string) (*Summary, error) {
	a := d.Action(action)
	if a == nil || len(a.Aggregates) == 0 {
		return nil, nil
	}
	s := &Summary{action: a}
	taken := map[*mco.Map]bool{} // the original removes :format from a hash that it has read, and a hash may be shared
	for _, f := range a.Aggregates {
		var output mco.Value
		if len(f.Args) > 0 {
			output = f.Args[0]
		}
		if a.output(output) == nil {
			s.fail(output, string(FailedCreate), fmt.Sprintf("Cannot create aggregate function '%s'. '%s' has not been specified as a valid ddl output.", text(output), text(output)))
			continue
		}
		r := &running{output: output}
		var more *mco.Map
		if len(f.Args) > 1 && truthy(f.Args[1]) {
			m, ok := f.Args[1].AsMap()
			if !ok {
				return nil, errors.New(noMethod("delete", f.Args[1]))
			}
			more = m
			if !taken[m] {
				r.format = m.Symbol("format")
			}
			taken[m] = true
		}
		if r.calc = newCalculator(f.Name); r.calc == nil {
			s.fail(output, string(FailedStartup), fmt.Sprintf("Cannot create aggregate function '%s'. Aggregate function file '%s.rb' cannot be loaded", text(output), strings.ToLower(f.Name)))
			continue
		}
		if err := r.calc.start(output, more); err != nil {
			s.fail(output, string(FailedStartup), fmt.Sprintf("Cannot create aggregate function '%s'. %s", text(output), err))
			continue
		}
		s.running = append(s.running, r)
	}
	return s, nil
}

func (s *Summary) fail(output mco.Value, why, log string) {
	s.Failures = append(s.Failures, Failed{output, strings.Replace(why, "%s", text(output), 1)})
	s.Log = append(s.Log, log)
}

// Add takes the data of one reply, whatever its status. A function that cannot take it is given up; the one behind it then misses this
// reply, because the original edits the list that it walks over.
func (s *Summary) Add(data mco.Value) {
	for i := 0; i < len(s.running); i++ {
		r := s.running[i]
		err := r.take(data)
		if err == nil {
			continue
		}
		s.fail(r.output, string(FailedProcess), fmt.Sprintf("Could not process aggregate function for '%s'. %s", text(r.output), err))
		s.running = slices.Delete(s.running, i, i+1)
	}
}

func (r *running) take(data mco.Value) error {
	m, ok := data.AsMap()
	if !ok {
		return errors.New(noMethod("[]", data))
	}
	v, found := m.Get(r.output)
	if name, isSymbol := r.output.AsSymbol(); !found && isSymbol {
		v, _ = m.Get(mco.String(string(name)))
	}
	return r.calc.add(v)
}

// Results ends the functions and returns their texts, sorted by the outputs' names, equal ones in order of declaration. Failures grows
// by what could not be summarised. Call it once.
func (s *Summary) Results() []Result {
	var results []Result
	for _, r := range s.running {
		text1, err := r.calc.summarize(r.format)
		if err != nil {
			s.fail(r.output, string(FailedSummarize), fmt.Sprintf("Could not summarize aggregate result for '%s'. %s", text(r.output), err))
			continue
		}
		result := Result{Output: r.output, Label: text(r.output), Text: text1}
		if out := s.action.output(r.output); out != nil {
			result.Label = out.Label()
		}
		results = append(results, result)
	}
	slices.SortStableFunc(results, func(a, b Result) int { return strings.Compare(text(a.Output), text(b.Output)) })
	return results
}

// Text is the block that is printed under the results: "" when there is nothing to tell (rpc/stats.rb, text_for_aggregates).
func (s *Summary) Text(color bool) string {
	var b strings.Builder
	paint := func(code, text string) string {
		if !color {
			return text
		}
		return code + text + "\x1b[0m"
	}
	title := func(label string) { b.WriteString(paint("\x1b[1m", "Summary of "+label+":") + "\n\n") }
	for _, r := range s.Results() {
		title(r.Label)
		if r.Text == "" {
			b.WriteString(paint("\x1b[33m", "     No aggregate summary could be computed") + "\n")
		} else {
			lines := strings.Split(strings.TrimRight(r.Text, "\n"), "\n")
			b.WriteString("   " + strings.Join(lines, "\n   ") + "\n")
		}
		b.WriteByte('\n')
	}
	for _, f := range s.Failures {
		title(text(f.Output))
		b.WriteString(paint("\x1b[33m", "     Could not compute summary - "+f.Why) + "\n\n")
	}
	return b.String()
}
