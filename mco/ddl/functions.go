package ddl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
)

// calculator is one aggregate function.
type calculator interface {
	start(output mco.Value, arguments *mco.Map) error
	add(v mco.Value) error
	summarize(format mco.Value) (string, error)
}

// newCalculator returns the function of that name, nil when there is none. Case does not matter behind the first letter, as the
// original makes a class name of it.
func newCalculator(name string) calculator {
	switch strings.ToLower(name) {
	case "summary":
		return &summary{}
	case "sum":
		return &sum{}
	case "average":
		return &average{}
	case "boolean_summary":
		return &booleanSummary{}
	case "nagios_states":
		return &nagiosStates{}
	case "nettest_mma":
		return &nettestMMA{}
	}
	return nil
}

// Functions returns the names of the aggregate functions that are there.
func Functions() []string {
	return []string{"average", "boolean_summary", "nagios_states", "nettest_mma", "sum", "summary"}
}

// tally counts values in order of first arrival.
type tally struct{ counts mco.Map }

func (t *tally) count(v mco.Value) {
	have, _ := t.counts.Get(v)
	n, _ := have.AsInt()
	t.counts.Set(v, mco.Int(n+1))
}

// text writes a line per value: the most frequent first, of equal ones the last to arrive first (a stable sort, turned around).
func (t *tally) text(f string) (string, error) {
	pairs := make([]mco.Pair, 0, t.counts.Len())
	for k, v := range t.counts.All() {
		if k.IsNil() {
			return "", nil
		}
		pairs = append(pairs, mco.Pair{Key: k, Value: v})
	}
	slices.SortStableFunc(pairs, func(a, b mco.Pair) int {
		x, _ := a.Value.AsInt()
		y, _ := b.Value.AsInt()
		return int(x - y)
	})
	var lines strings.Builder
	for _, p := range slices.Backward(pairs) {
		line, err := format(f, p.Key, p.Value)
		if err != nil {
			return "", err
		}
		lines.WriteString(strings.TrimSuffix(line, "\n") + "\n")
	}
	return strings.TrimSuffix(lines.String(), "\n"), nil
}

// summary counts how often each value occurs.
type summary struct{ tally }

func (s *summary) start(mco.Value, *mco.Map) error { return nil }

func (s *summary) add(v mco.Value) error {
	if items, ok := v.AsList(); ok {
		for _, item := range items {
			s.count(item)
		}
	} else if !v.IsNil() {
		s.count(v)
	}
	return nil
}

func (s *summary) summarize(f mco.Value) (string, error) {
	if truthy(f) {
		return s.text(text(f))
	}
	width := 0
	for k := range s.counts.All() {
		width = max(width, length(k))
	}
	return s.text(fmt.Sprintf("%%%ds = %%s", width))
}

// length is what the original takes for the width of a value: of lists and hashes the number of their items.
func length(v mco.Value) int {
	if items, ok := v.AsList(); ok {
		return len(items)
	}
	if m, ok := v.AsMap(); ok {
		return m.Len()
	}
	return utf8.RuneCountInString(text(v))
}

// sum adds numbers up.
type sum struct {
	output string
	value  mco.Value
	count  int64
}

func (s *sum) start(output mco.Value, _ *mco.Map) error {
	s.output, s.value = text(output), mco.Int(0)
	return nil
}

func (s *sum) add(v mco.Value) error {
	if _, ok := number64(v); !ok {
		return errors.New(coerced(v) + " can't be coerced into " + class(s.value))
	}
	var err error
	s.value, err = arithmetic("+", s.value, v)
	s.count++
	return err
}

func (s *sum) summarize(f mco.Value) (string, error) {
	return s.text(f, "Sum of "+s.output+": %f")
}

func (s *sum) text(f mco.Value, otherwise string) (string, error) {
	if truthy(f) {
		otherwise = text(f)
	}
	return format(otherwise, s.value)
}

// average divides as Ruby does: integers by integers give an integer, rounded down.
type average struct{ sum }

func (a *average) summarize(f mco.Value) (string, error) {
	mean, err := arithmetic("/", a.value, mco.Int(a.count))
	if err != nil {
		return "", err
	}
	a.value = mean
	return a.text(f, "Average of "+a.output+": %f")
}

// booleanSummary counts true and false under texts of the file's choice (the puppet agent's).
type booleanSummary struct {
	tally
	texts *mco.Map
}

func (b *booleanSummary) start(_ mco.Value, arguments *mco.Map) error {
	b.texts = mco.NewMap(mco.Pair{Key: mco.Bool(true), Value: mco.String("True")}, mco.Pair{Key: mco.Bool(false), Value: mco.String("False")})
	for k, v := range arguments.All() {
		switch name, _ := k.AsName(); {
		case name == "true" || k.Equal(mco.Bool(true)):
			b.texts.Set(mco.Bool(true), v)
		case name == "false" || k.Equal(mco.Bool(false)):
			b.texts.Set(mco.Bool(false), v)
		}
	}
	return nil
}

func (b *booleanSummary) add(v mco.Value) error {
	if v.Kind() == mco.KindBool {
		label, _ := b.texts.Get(v)
		b.count(label)
	}
	return nil
}

func (b *booleanSummary) summarize(f mco.Value) (string, error) {
	if truthy(f) {
		return b.text(text(f))
	}
	return b.text("%5s = %s")
}

// nagiosStates counts exit codes of checks (the nrpe agent's).
type nagiosStates struct{ tally }

func (n *nagiosStates) start(mco.Value, *mco.Map) error {
	for _, state := range []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"} {
		n.counts.Set(mco.String(state), mco.Int(0))
	}
	return nil
}

func (n *nagiosStates) add(v mco.Value) error {
	state := "UNKNOWN"
	if code, ok := v.AsInt(); ok && code >= 0 && code < 3 {
		state = []string{"OK", "WARNING", "CRITICAL"}[code]
	}
	n.count(mco.String(state))
	return nil
}

func (n *nagiosStates) summarize(f mco.Value) (string, error) {
	if truthy(f) {
		return n.text(text(f))
	}
	return n.text("%10s : %s")
}

// nettestMMA tells the least, the most and the mean (the nettest agent's).
type nettestMMA struct {
	sum
	least, most float64
}

func (n *nettestMMA) add(v mco.Value) error {
	f, ok := number64(v)
	if !ok {
		return nil // a node that could not measure sends none
	}
	if n.count == 0 || f < n.least {
		n.least = f
	}
	if n.count == 0 || f > n.most {
		n.most = f
	}
	return n.sum.add(v)
}

func (n *nettestMMA) summarize(f mco.Value) (string, error) {
	if n.count == 0 {
		return "", nil
	}
	total, _ := number64(n.value)
	form := "Min: %.3f  Max: %.3f  Average: %.3f"
	if truthy(f) {
		form = text(f)
	}
	return format(form, mco.Float(n.least), mco.Float(n.most), mco.Float(total/float64(n.count)))
}
