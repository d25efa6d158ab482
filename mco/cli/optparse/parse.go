package optparse

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco/rubynum"
)

// Reasons, in Ruby's words.
const (
	invalidOption    = "invalid option"
	ambiguousOption  = "ambiguous option"
	missingArgument  = "missing argument"
	needlessArgument = "needless argument"
	invalidArgument  = "invalid argument"
)

// name is one long name with its option.
type name struct {
	text string
	opt  *Option
}

// parser holds the names of a table in the order in which Ruby searches: those of the table, then --version.
type parser struct {
	short1 map[string]*Option
	own    []name
	base   []name
}

func (t *Table) parser() *parser {
	p := &parser{short1: map[string]*Option{}}
	for i := range t.Options {
		o := &t.Options[i]
		for _, n := range o.Names {
			if long, ok := strings.CutPrefix(n, "--"); ok {
				p.own = append(p.own, name{foldName(long), o})
			} else {
				p.short1[n[1:]] = o
			}
		}
	}
	if t.Version != nil {
		p.base = []name{{"version", &Option{Set: func(Value) error { return t.Version() }}}}
	}
	return p
}

// foldName is how Ruby stores a long name: lower case, - for _.
func foldName(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }

// long takes --name, --name=value or --name value.
func (p *parser) long(arg string, rest []string) ([]string, error) {
	key, value, hasValue := strings.Cut(arg[2:], "=")
	if key == "" { // --=x
		return nil, newError(needlessArgument, arg)
	}
	key = strings.ReplaceAll(key, "_", "-")
	o, err := p.complete(key, true)
	if err != nil {
		err.Args[0] = arg
		return nil, err
	}
	switch {
	case o.Kind == Flag && hasValue:
		return nil, newError(needlessArgument, arg)
	case o.Optional && !hasValue && (len(rest) == 0 || len(rest[0]) > 1 && rest[0][0] == '-'):
	case o.Kind != Flag && !hasValue:
		if len(rest) == 0 {
			return nil, newError(missingArgument, arg)
		}
		value, rest = rest[0], rest[1:]
	}
	return rest, apply(o, arg, value, hasValue)
}

// short takes -x, -xvalue, -x value and clusters such as -vq. A letter that is no short name is taken for the beginning
// of a long one, as Ruby does.
func (p *parser) short(arg string, rest []string) ([]string, error) {
	_, n := utf8.DecodeRuneInString(arg[1:])
	letter, tail := arg[1:1+n], arg[1+n:]
	o, ok := p.short1[letter]
	glued := strings.HasPrefix(tail, "=")
	if !ok {
		var err *Error
		if o, err = p.complete(letter, false); err != nil {
			err.Args[0] = arg
			return nil, err
		}
		glued = glued || tail == ""
	}
	if o.Kind == Flag {
		if tail != "" && glued {
			return nil, newError(needlessArgument, arg)
		}
		if tail != "" && strings.TrimLeft(tail, "-") != "" {
			rest = slices.Insert(slices.Clone(rest), 0, "-"+strings.TrimLeft(tail, "-"))
		}
		return rest, apply(o, arg, "", false)
	}
	value := tail // with its "=", as Ruby takes it: -t=5 is no number
	if tail == "" {
		if len(rest) == 0 {
			return nil, newError(missingArgument, arg)
		}
		value, rest = rest[0], rest[1:]
	}
	return rest, apply(o, arg, value, tail != "")
}

// apply converts the argument and hands it over. whole tells that arg itself holds the argument, so that texts show it alone.
func apply(o *Option, arg, value string, whole bool) error {
	bad := func() error {
		if whole {
			return newError(invalidArgument, arg)
		}
		return newError(invalidArgument, arg, value)
	}
	v := Value{Text: value}
	switch o.Kind {
	case Text:
		if value == "" {
			return bad()
		}
	case Integer:
		n, err := parseInteger(value)
		if err != nil {
			return bad()
		}
		v.Int = n
	case Float:
		f, err := parseFloat(value)
		if err != nil {
			return bad()
		}
		v.Float = f
	}
	if o.Set == nil {
		return nil
	}
	err := o.Set(v)
	if errors.Is(err, ErrInvalid) {
		return bad()
	}
	return err
}

// parseInteger takes what OptionParser takes for an Integer: Ruby's whole numbers without blanks, 0o and 0d.
func parseInteger(s string) (int64, error) {
	if lower := strings.ToLower(s); strings.ContainsAny(s, " \t\n\v\f\r") || strings.Contains(lower, "0o") || strings.HasPrefix(strings.TrimLeft(lower, "+-"), "0d") {
		return 0, ErrInvalid
	}
	return rubynum.Int64(s)
}

// parseFloat takes what OptionParser takes for a Float: decimal digits with a point anywhere but alone, and an exponent.
func parseFloat(s string) (float64, error) {
	for i := range len(s) {
		if !strings.ContainsRune("0123456789_.eE+-", rune(s[i])) {
			return 0, ErrInvalid
		}
	}
	mantissa, exponent, has := s, "", false
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent, has = s[:i], "e"+s[i+1:], true
	}
	if digits, ok := strings.CutSuffix(mantissa, "."); ok && strings.Trim(digits, "+-") != "" && !strings.Contains(digits, ".") {
		mantissa = digits // "1." is a number here, though not for Ruby's Float()
	}
	if has && exponent == "e" {
		return 0, ErrInvalid
	}
	return rubynum.Float(mantissa + exponent)
}

// complete finds the option that key names, exactly or as the beginning of a name: in the table first, then among what every
// parser has. Each word of key may be cut short, so that d-t finds discovery-timeout.
func (p *parser) complete(key string, fold bool) (*Option, *Error) {
	for _, list := range [][]name{p.own, p.base} {
		for _, n := range list {
			if n.text == key {
				return n.opt, nil
			}
		}
	}
	for _, list := range [][]name{p.own, p.base} {
		o, ambiguous := completeIn(list, key, fold)
		if ambiguous {
			return nil, &Error{Reason: ambiguousOption, Args: []string{key}, Hint: p.hint(key)}
		}
		if o != nil {
			return o, nil
		}
	}
	return nil, &Error{Reason: invalidOption, Args: []string{key}, Hint: p.hint(key)}
}

func completeIn(list []name, key string, fold bool) (found *Option, ambiguous bool) {
	if fold {
		key = strings.ToLower(key)
	}
	var candidates []name
	for _, n := range list {
		if !n.opt.Hidden && beginsWith(n.text, key) {
			candidates = append(candidates, n)
		}
	}
	if len(candidates) == 0 {
		return nil, false
	}
	slices.SortStableFunc(candidates, func(a, b name) int { return len(a.text) - len(b.text) })
	first := candidates[0]
	for _, n := range candidates[1:] {
		if n.opt != first.opt && !strings.HasPrefix(n.text, first.text) {
			return nil, true
		}
	}
	return first.opt, false
}

// beginsWith tells whether key, with each of its words cut short, is the beginning of text: Ruby makes the pattern d\w*-t\w* of it.
func beginsWith(text, key string) bool {
	for {
		word := strings.IndexFunc(key, notWord)
		if word < 0 {
			return strings.HasPrefix(text, key)
		}
		if !strings.HasPrefix(text, key[:word]) {
			return false
		}
		text = text[word:]
		if word > 0 {
			end := strings.IndexFunc(text, notWord)
			if end < 0 {
				return false
			}
			text = text[end:]
		}
		_, n := utf8.DecodeRuneInString(key[word:])
		if !strings.HasPrefix(text, key[word:word+n]) {
			return false
		}
		text, key = text[n:], key[word+n:]
	}
}

func notWord(r rune) bool {
	return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// String names an option by its longest name, for messages.
func (o *Option) String() string {
	if len(o.Names) == 0 {
		return strconv.Quote(o.Doc)
	}
	return o.Names[len(o.Names)-1]
}
