package ddl

import (
	"errors"
	"strconv"

	"github.com/mco-go/mco-go/mco"
)

// method is a method call on a value: the harmless ones that files use, each without side effects.
type method struct {
	in    *interpreter
	at    int
	name  string
	self  mco.Value
	args  []mco.Value
	block *block
}

func (m method) run() (mco.Value, error) {
	if m.block != nil && !m.takesBlock() {
		return mco.Nil(), m.refused()
	}
	if v, done, err := m.any(); done {
		return v, err
	}
	switch m.self.Kind() {
	case mco.KindString:
		return m.onString()
	case mco.KindSymbol:
		return m.onSymbol()
	case mco.KindInt, mco.KindBigInt, mco.KindFloat:
		return m.onNumber()
	case mco.KindList:
		return m.onList()
	case mco.KindMap:
		return m.onHash()
	case mco.KindRegexp:
		return m.onRegexp()
	case mco.KindOpaque:
		return m.onClass()
	}
	return mco.Nil(), m.unknown()
}

func (m method) takesBlock() bool {
	switch m.name {
	case "each", "each_with_index", "map", "collect", "select", "reject", "times", "each_pair", "flat_map":
		return true
	}
	return false
}

func (m method) refused() error {
	return &RefusedError{m.in.file, m.at, "the method `" + m.name + "' of " + class(m.self)}
}

// unknown is for methods not known here: of nil, true and false few exist, so that Ruby's own complaint is likely right.
func (m method) unknown() error {
	if m.self.IsNil() && (m.name == "[]" || m.name == "+" || m.name == "each" || m.name == "size") {
		return errors.New(noMethod(m.name, m.self))
	}
	return m.refused()
}

func (m method) str(s string) (mco.Value, bool, error) {
	return mco.String(s), true, m.in.charge(m.at, len(s))
}

// any runs what all values understand.
func (m method) any() (v mco.Value, done bool, err error) {
	one := len(m.args) == 1
	switch {
	case m.name == "==" && one:
		return mco.Bool(same(m.self, m.args[0])), true, nil
	case m.name == "!=" && one:
		return mco.Bool(!same(m.self, m.args[0])), true, nil
	case m.name == "===" && one:
		ok, err := m.in.covers(m.at, m.self, m.args[0])
		return mco.Bool(ok), true, err
	case m.name == "nil?" && len(m.args) == 0:
		return mco.Bool(m.self.IsNil()), true, nil
	case (m.name == "freeze" || m.name == "dup" || m.name == "clone" || m.name == "itself") && len(m.args) == 0:
		return m.self, true, nil
	case m.name == "inspect" && len(m.args) == 0:
		return m.str(show(m.self))
	case m.name == "to_s" && len(m.args) == 0:
		switch m.self.Kind() {
		case mco.KindString:
			return m.self, true, nil
		case mco.KindOpaque:
			return mco.Nil(), false, nil
		}
		return ascii(text(m.self)), true, m.in.charge(m.at, len(text(m.self)))
	case (m.name == "is_a?" || m.name == "kind_of?") && one:
		if c, ok := m.args[0].Class(); ok {
			return mco.Bool(isA(m.self, c)), true, nil
		}
	}
	return mco.Nil(), false, nil
}

// ascii labels a text as Ruby labels what it makes of symbols and numbers.
func ascii(s string) mco.Value {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return mco.String(s)
		}
	}
	return mco.Text(s, mco.USASCII)
}

func isA(v mco.Value, wanted string) bool {
	c := class(v)
	return c == wanted || wanted == "Numeric" && (c == "Integer" || c == "Float")
}

// same is Ruby's ==: numbers are equal across kinds.
func same(a, b mco.Value) bool {
	if f, ok := a.AsFloat(); ok {
		if n, ok := b.AsInt(); ok {
			return f == float64(n)
		}
	}
	if f, ok := b.AsFloat(); ok {
		if n, ok := a.AsInt(); ok {
			return f == float64(n)
		}
	}
	if as, ok := a.AsList(); ok {
		bs, ok := b.AsList()
		if !ok || len(as) != len(bs) {
			return false
		}
		for i := range as {
			if !same(as[i], bs[i]) {
				return false
			}
		}
		return true
	}
	if am, ok := a.AsMap(); ok {
		bm, ok := b.AsMap()
		if !ok || am.Len() != bm.Len() {
			return false
		}
		for k, v := range am.All() {
			w, ok := bm.Get(k)
			if !ok || !same(v, w) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

func (m method) onSymbol() (mco.Value, error) {
	s, _ := m.self.AsSymbol()
	if len(m.args) == 0 {
		switch m.name {
		case "to_sym":
			return m.self, nil
		case "id2name", "name":
			return ascii(string(s)), nil
		case "length", "size":
			return mco.Int(int64(len([]rune(string(s))))), nil
		case "capitalize", "upcase", "downcase":
			up, err := m.letters(string(s))
			return mco.Sym(mco.Symbol(up)), err
		}
	}
	return mco.Nil(), m.refused()
}

func (m method) onRegexp() (mco.Value, error) {
	re, _ := m.self.AsRegexp()
	switch {
	case m.name == "source" && len(m.args) == 0:
		return mco.String(re.Source), nil
	case (m.name == "=~" || m.name == "match?") && len(m.args) == 1:
		s, ok := m.args[0].AsName()
		if !ok {
			return mco.Nil(), m.refused()
		}
		return m.match(re, s)
	}
	return mco.Nil(), m.refused()
}

// onClass answers the questions that files ask of MCollective itself.
func (m method) onClass() (mco.Value, error) {
	c, _ := m.self.Class()
	switch {
	case c == "MCollective" && m.name == "version" && len(m.args) == 0:
		return mco.String(Version), nil
	case c == "Util" && m.name == "windows?" && len(m.args) == 0:
		return mco.Bool(false), nil
	case c == "Util" && m.name == "versioncmp" && len(m.args) == 2:
		a, ok1 := m.args[0].AsString()
		b, ok2 := m.args[1].AsString()
		if ok1 && ok2 {
			return mco.Int(int64(CompareVersions(a, b))), nil
		}
	case c == "Util" && m.name == "mcollective_version" && len(m.args) == 0:
		return mco.String(Version), nil
	}
	return mco.Nil(), &RefusedError{m.in.file, m.at, c + "." + m.name}
}

// integer reads an argument that must fit an int.
func (m method) integer(i int) (int, bool) {
	n, ok := m.args[i].AsInt()
	return int(n), ok && strconv.IntSize == 64
}
