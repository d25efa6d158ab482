package ddl

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
)

// Bounds of what a file may make while it is read.
const (
	maxSteps   = 200_000 // nodes evaluated
	maxMade    = 8 << 20 // bytes of texts and lists made, all together
	itemSize   = 64      // bytes that an item of a list counts for
	maxInteger = 4096    // bits of an integer
)

// interpreter evaluates a parsed file. Values are never changed, so that it does not matter who else holds them.
type interpreter struct {
	file  string
	words vocabulary
	vars  *scope
	steps int
	made  int
}

// vocabulary is what a file may call besides Ruby's own: the words of a DDL, or those of a script.
type vocabulary interface {
	arity(word string) (arity, bool)
	// isFunction tells whether a word that has no arity is kept, with its arguments, as the name of a function.
	isFunction(word string) bool
	// call runs a word. block is nil where none was given.
	call(word string, args []mco.Value, block func() (mco.Value, error)) (mco.Value, error)
}

type scope struct {
	outer *scope
	vars  map[string]mco.Value
}

func (s *scope) find(name string) (*scope, mco.Value) {
	for ; s != nil; s = s.outer {
		if v, ok := s.vars[name]; ok {
			return s, v
		}
	}
	return nil, mco.Nil()
}

// Control flow of next and break; both end at the loop that they belong to.
var (
	errNext  = errors.New("next outside of a loop")
	errBreak = errors.New("break outside of a loop")
)

func (in *interpreter) limit(at int, what string) error { return &LimitError{in.file, at, what} }

// items counts n items that are made.
func (in *interpreter) items(at, n int) error { return in.charge(at, min(n, maxMade)*itemSize) }

// charge counts n bytes that are made.
func (in *interpreter) charge(at, n int) error {
	if in.made += n; in.made > maxMade || n > maxMade {
		return in.limit(at, "too much text or too many items are made")
	}
	return nil
}

func (in *interpreter) eval(n node) (mco.Value, error) {
	if in.steps++; in.steps > maxSteps {
		return mco.Nil(), in.limit(n.at(), "too many steps to read the file")
	}
	switch n := n.(type) {
	case *literal:
		return n.v, nil
	case *stringNode:
		return in.text(n)
	case *listNode:
		items, err := in.all(n.items)
		if err != nil {
			return mco.Nil(), err
		}
		return mco.List(items...), in.items(n.at(), len(items))
	case *hashNode:
		return in.hash(n)
	case *rangeNode:
		return in.span(n)
	case *variable:
		_, v := in.vars.find(n.name)
		return v, nil
	case *constant:
		return in.constant(n)
	case *assignment:
		v, err := in.eval(n.value)
		if err != nil {
			return mco.Nil(), err
		}
		if s, _ := in.vars.find(n.name); s != nil {
			s.vars[n.name] = v
		} else {
			in.vars.vars[n.name] = v
		}
		return v, nil
	case *sequence:
		var last mco.Value
		for _, s := range n.body {
			var err error
			if last, err = in.eval(s); err != nil {
				return mco.Nil(), err
			}
		}
		return last, nil
	case *condition:
		return in.condition(n)
	case *choice:
		return in.choice(n)
	case *logic:
		return in.logic(n)
	case *jump:
		if n.name == "next" {
			return mco.Nil(), errNext
		}
		return mco.Nil(), errBreak
	case *call:
		return in.call(n)
	}
	return mco.Nil(), &RefusedError{in.file, n.at(), "this construct"}
}

func (in *interpreter) all(nodes []node) ([]mco.Value, error) {
	values := make([]mco.Value, len(nodes))
	for i, n := range nodes {
		v, err := in.eval(n)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

func (in *interpreter) text(n *stringNode) (mco.Value, error) {
	var b strings.Builder
	for _, p := range n.parts {
		v, err := in.eval(p)
		if err != nil {
			return mco.Nil(), err
		}
		s := text(v)
		if err := in.charge(n.at(), len(s)); err != nil {
			return mco.Nil(), err
		}
		if re, ok := v.AsRegexp(); ok && n.kind == tokRegexp {
			s = text(mco.Re(re))
		}
		b.WriteString(s)
	}
	switch n.kind {
	case tokSymbol:
		return mco.Sym(mco.Symbol(b.String())), nil
	case tokRegexp:
		return mco.Re(mco.Regexp{Source: b.String(), Options: n.opts}), nil
	}
	return literalText(b.String()), nil
}

func (in *interpreter) hash(n *hashNode) (mco.Value, error) {
	m := mco.SymbolMap(len(n.keys))
	for i := range n.keys {
		k, err := in.eval(n.keys[i])
		if err != nil {
			return mco.Nil(), err
		}
		v, err := in.eval(n.values[i])
		if err != nil {
			return mco.Nil(), err
		}
		m.Set(k, v)
	}
	return mco.Hash(m), in.items(n.at(), 2*len(n.keys))
}

// span makes the list of a range of integers or of single letters.
func (in *interpreter) span(n *rangeNode) (mco.Value, error) {
	ends, err := in.all([]node{n.from, n.to})
	if err != nil {
		return mco.Nil(), err
	}
	from, ok1 := ends[0].AsInt()
	to, ok2 := ends[1].AsInt()
	if a, b := text(ends[0]), text(ends[1]); ends[0].Kind() == mco.KindString && ends[1].Kind() == mco.KindString && len(a) == 1 && len(b) == 1 {
		if !n.exclusive {
			b = string(b[0] + 1)
		}
		var list []mco.Value
		for c := a[0]; c < b[0] && c < utf8.RuneSelf; c++ {
			list = append(list, mco.String(string(rune(c))))
		}
		return mco.List(list...), in.items(n.at(), len(list))
	}
	if !ok1 || !ok2 {
		return mco.Nil(), &RefusedError{in.file, n.at(), "a range of other than integers"}
	}
	if n.exclusive {
		to--
	}
	if to < from {
		return mco.List(), nil
	}
	if uint64(to)-uint64(from) >= maxMade {
		return mco.Nil(), in.limit(n.at(), "a range too long")
	}
	if err := in.items(n.at(), int(to-from)+1); err != nil {
		return mco.Nil(), err
	}
	list := make([]mco.Value, 0, to-from+1)
	for i := from; ; i++ {
		list = append(list, mco.Int(i))
		if i == to {
			return mco.List(list...), nil
		}
	}
}

func (in *interpreter) condition(n *condition) (mco.Value, error) {
	test, err := in.eval(n.test)
	switch {
	case err != nil:
		return mco.Nil(), err
	case truthy(test):
		return in.eval(n.then)
	case n.otherwise != nil:
		return in.eval(n.otherwise)
	}
	return mco.Nil(), nil
}

func (in *interpreter) choice(n *choice) (mco.Value, error) {
	var subject mco.Value
	if n.subject != nil {
		var err error
		if subject, err = in.eval(n.subject); err != nil {
			return mco.Nil(), err
		}
	}
	for _, w := range n.whens {
		for _, t := range w.tests {
			v, err := in.eval(t)
			if err != nil {
				return mco.Nil(), err
			}
			hit := truthy(v)
			if n.subject != nil {
				if hit, err = in.covers(t.at(), v, subject); err != nil {
					return mco.Nil(), err
				}
			}
			if hit {
				return in.eval(w.body)
			}
		}
	}
	if n.otherwise != nil {
		return in.eval(n.otherwise)
	}
	return mco.Nil(), nil
}

// covers is pattern === value.
func (in *interpreter) covers(at int, pattern, value mco.Value) (bool, error) {
	switch pattern.Kind() {
	case mco.KindRegexp:
		re, _ := pattern.AsRegexp()
		s, ok := value.AsName()
		if !ok {
			return false, nil
		}
		return matches(re.Source, re.Options, s)
	case mco.KindOpaque, mco.KindList:
		return false, &RefusedError{in.file, at, "this kind of `when'"}
	}
	return same(pattern, value), nil
}

func (in *interpreter) logic(n *logic) (mco.Value, error) {
	left, err := in.eval(n.left)
	if err != nil {
		return mco.Nil(), err
	}
	switch {
	case n.op == "not":
		return mco.Bool(!truthy(left)), nil
	case truthy(left) == (n.op == "or" || n.op == "||"):
		return left, nil
	}
	return in.eval(n.right)
}

// constant knows what files ask of a Ruby or of a MCollective: its version and the names of classes.
func (in *interpreter) constant(n *constant) (mco.Value, error) {
	if s, v := in.vars.find(n.name); s != nil {
		return v, nil
	}
	switch strings.TrimPrefix(n.name, "MCollective::") {
	case "VERSION":
		return mco.String(Version), nil
	case "String", "Integer", "Float", "Numeric", "Symbol", "Array", "Hash", "Regexp", "TrueClass", "FalseClass", "NilClass", "Util", "MCollective":
		return mco.Opaque(strings.TrimPrefix(n.name, "MCollective::")), nil
	}
	return mco.Nil(), &RefusedError{in.file, n.at(), "the constant " + n.name}
}

// isKnown answers defined?(X).
func (in *interpreter) isKnown(n node) bool {
	switch n := n.(type) {
	case *constant:
		if _, err := in.constant(n); err == nil {
			return true
		}
		switch strings.TrimPrefix(n.name, "MCollective::") {
		case "DDL", "Config", "Log", "PluginManager", "Agent", "RPC", "Validator", "Aggregate", "Data", "Facts", "File", "ENV", "Dir", "Time", "Kernel",
			"RUBY_VERSION", "RUBY_PLATFORM":
			return true
		}
		return false
	case *call:
		_, known := in.words.arity(n.name)
		return known
	}
	return true
}

func (in *interpreter) wrap(at int, err error) error {
	switch err.(type) {
	case *RefusedError, *LimitError, *SyntaxError, *EvalError:
		return err
	}
	if errors.Is(err, errNext) || errors.Is(err, errBreak) {
		return err
	}
	return &EvalError{File: in.file, Line: at, Reason: err.Error()}
}

// EvalError is what the original says too when it loads the file: a property is missing, a value is not valid.
type EvalError struct {
	File   string
	Line   int
	Reason string // the original's text
}

// Error is the original's text, without the place.
func (e *EvalError) Error() string { return e.Reason }

// Place says where in the file.
func (e *EvalError) Place() string { return fmt.Sprintf("%s:%d", e.File, e.Line) }
