package filter

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rubynum"
)

// factRule is one way to write a fact expression. The operator is fixed, or what the pattern's middle group holds.
type factRule struct {
	pattern  *regexp.Regexp
	operator string
}

// factRules are tried in order (util.rb parse_fact_string). They are compiled when the first expression comes.
var factRules = sync.OnceValue(func() []factRule {
	rule := func(pattern, operator string) factRule {
		return factRule{regexp.MustCompile(`(?m)` + pattern), operator}
	}
	return []factRule{
		rule(`^([^ ]+?)[ ]*=>()[ ]*(.+)`, ">="),
		rule(`^([^ ]+?)[ ]*=<()[ ]*(.+)`, "<="),
		rule(`^([^ ]+?)[ ]*(<=|>=|<|>|!=|==|=~)[ ]*(.+)`, ""),
		rule(`^(.+?)[ ]*=()[ ]*(/.+/)$`, mco.FactMatch),
		rule(`^([^= ]+?)[ ]*=()[ ]*(.+)`, mco.FactEqual),
	}
})

// ParseFact reads the argument of -F, such as "os=Debian", "cores>=4" or "fqdn=/^web/". A value runs to the end of its line.
func ParseFact(text string) (mco.FactFilter, error) {
	for _, rule := range factRules() {
		m := rule.pattern.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		operator := rule.operator
		if operator == "" {
			operator = m[2]
		}
		return mco.FactFilter{Fact: m[1], Operator: operator, Value: m[3]}, nil
	}
	//lint:ignore ST1005 the original's text
	return mco.FactFilter{}, fmt.Errorf("Could not parse fact %s it does not appear to be in a valid format", text)
}

// AddWith reads the argument of -W: words between blanks, each a fact expression if it parses as one, else a class.
func AddWith(f *mco.Filter, words string) {
	for word := range strings.FieldsSeq(words) {
		if fact, err := ParseFact(word); err == nil {
			f.Facts = append(f.Facts, fact)
			continue
		}
		f.Classes = append(f.Classes, word)
	}
}

// factEntry matches one fact entry of the wire form: a hash with Symbol keys.
func (w *work) factEntry(entry mco.Value) (bool, error) {
	m, ok := entry.AsMap()
	if !ok {
		return false, fmt.Errorf("fact filter is a %v, not a hash", entry.Kind())
	}
	operator, _ := m.Symbol("operator").AsString()
	return w.fact(m.Symbol("fact"), operator, m.Symbol("value"))
}

// fact compares a fact. One that is missing matches nothing, not even !=; of a list any element counts, of a hash any key.
func (w *work) fact(name mco.Value, operator string, want mco.Value) (bool, error) {
	fact, ok := w.Facts().Get(name)
	if !ok || fact.IsNil() {
		return false, nil
	}
	if list, ok := fact.AsList(); ok {
		for _, element := range list {
			if ok, err := w.compareFact(element, operator, want); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	}
	if m, ok := fact.AsMap(); ok {
		for key := range m.All() {
			if ok, err := w.compareFact(key, operator, want); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	}
	return w.compareFact(fact, operator, want)
}

// compareFact is the original's test_fact_value. An operator that it does not know is false.
func (w *work) compareFact(fact mco.Value, operator string, want mco.Value) (bool, error) {
	got, isText := fact.AsString()
	value, wantsText := want.AsString()
	switch operator {
	case "==":
		return fact.Equal(want), nil
	case "!=", "<", ">", "<=", ">=":
		if operator == "!=" && !(isText && wantsText) {
			return !fact.Equal(want), nil
		}
	case "=~":
	default:
		return false, nil
	}
	if !isText || !wantsText {
		return false, fmt.Errorf("cannot compare a %v with a %v by %s", fact.Kind(), want.Kind(), operator)
	}
	if operator == "=~" {
		return w.anyMatch(withoutSlashes(value), 0, got)
	}
	order, err := orderFacts(got, value)
	return holds(operator, order), err
}

// orderFacts compares two texts: as integers when both look like one, as floats when both look like one, else by their bytes. "Looks
// like" is the original's: some line of digits, or of digits around any character; what then is no number is an error.
func orderFacts(a, b string) (int, error) {
	switch {
	case anyDigitLine(a, isDigits) && anyDigitLine(b, isDigits):
		x, err := rubynum.Integer(a)
		if err != nil {
			return 0, err
		}
		y, err := rubynum.Integer(b)
		if err != nil {
			return 0, err
		}
		return x.Cmp(y), nil
	case anyDigitLine(a, isDigitsAround) && anyDigitLine(b, isDigitsAround):
		x, err := rubynum.Float(a)
		if err != nil {
			return 0, err
		}
		y, err := rubynum.Float(b)
		return cmp.Compare(x, y), err
	}
	return strings.Compare(a, b), nil
}

func holds(operator string, order int) bool {
	switch operator {
	case "==":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case ">":
		return order > 0
	case "<=":
		return order <= 0
	case ">=":
		return order >= 0
	}
	return false
}

func anyDigitLine(text string, looks func(string) bool) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if looks(line) {
			return true
		}
	}
	return false
}

// isDigits is ^[0-9]+$.
func isDigits(line string) bool { return line != "" && digitPrefix(line) == len(line) }

// isDigitsAround is ^[0-9]+.[0-9]+$, whose point is any character, also a digit.
func isDigitsAround(line string) bool {
	n := digitPrefix(line)
	if n == len(line) {
		return n >= 3
	}
	if n == 0 {
		return false
	}
	for i := range line[n:] { // the width of the character in the middle
		if i > 0 {
			return isDigits(line[n+i:])
		}
	}
	return false
}

func digitPrefix(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return len(s)
}

// withoutSlashes takes one pair of slashes off the first line that is wholly between two; the rest of the text then goes too, as in
// the original.
func withoutSlashes(value string) string {
	for line := range strings.SplitSeq(value, "\n") {
		if len(line) > 2 && line[0] == '/' && line[len(line)-1] == '/' {
			return line[1 : len(line)-1]
		}
	}
	return value
}
