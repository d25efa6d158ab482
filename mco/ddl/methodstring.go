package ddl

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
)

func (m method) onString() (mco.Value, error) {
	s, _ := m.self.AsString()
	switch len(m.args) {
	case 0:
		return m.plainString(s)
	case 1:
		return m.stringAnd(s, m.args[0])
	case 2:
		switch m.name {
		case "sub", "gsub":
			return m.substitute(s)
		case "tr", "delete", "ljust", "rjust", "center", "[]":
			return mco.Nil(), m.refused()
		}
	}
	return mco.Nil(), m.refused()
}

// made returns a text with the label of the receiver.
func (m method) made(s string) (mco.Value, error) {
	if m.self.Kind() == mco.KindString && m.self.Encoding() == mco.USASCII {
		return ascii(s), m.in.charge(m.at, len(s))
	}
	return mco.String(s), m.in.charge(m.at, len(s))
}

func (m method) plainString(s string) (mco.Value, error) {
	switch m.name {
	case "capitalize", "upcase", "downcase", "swapcase":
		t, err := m.letters(s)
		if err != nil {
			return mco.Nil(), err
		}
		return m.made(t)
	case "strip":
		return m.made(strings.TrimLeft(strings.TrimRight(s, " \t\n\v\f\r\x00"), " \t\n\v\f\r"))
	case "lstrip":
		return m.made(strings.TrimLeft(s, " \t\n\v\f\r"))
	case "rstrip":
		return m.made(strings.TrimRight(s, " \t\n\v\f\r\x00"))
	case "chomp":
		return m.made(chomp(s))
	case "to_sym", "intern":
		return mco.Sym(mco.Symbol(s)), nil
	case "to_str":
		return m.self, nil
	case "to_i":
		n, err := strconv.ParseInt(integerPrefix(s), 10, 64)
		if err != nil {
			return mco.Nil(), m.refused()
		}
		return mco.Int(n), nil
	case "length", "size":
		return mco.Int(int64(utf8.RuneCountInString(s))), nil
	case "empty?":
		return mco.Bool(s == ""), nil
	case "reverse":
		runes := []rune(s)
		for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
			runes[i], runes[j] = runes[j], runes[i]
		}
		return m.made(string(runes))
	case "split":
		return m.words(strings.Fields(s))
	}
	return mco.Nil(), m.refused()
}

func chomp(s string) string {
	switch {
	case strings.HasSuffix(s, "\r\n"):
		return s[:len(s)-2]
	case strings.HasSuffix(s, "\n"), strings.HasSuffix(s, "\r"):
		return s[:len(s)-1]
	}
	return s
}

// integerPrefix is what to_i reads of a text.
func integerPrefix(s string) string {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	n := 0
	if n < len(s) && (s[n] == '-' || s[n] == '+') {
		n++
	}
	digits := n
	for n < len(s) && (isDigit(s[n]) || s[n] == '_' && n > digits && n+1 < len(s) && isDigit(s[n+1])) {
		n++
	}
	if n == digits {
		return "0"
	}
	return strings.ReplaceAll(s[:n], "_", "")
}

func (m method) letters(s string) (string, error) {
	switch m.name {
	case "upcase":
		return strings.ToUpper(s), nil
	case "downcase":
		return strings.ToLower(s), nil
	case "capitalize":
		r, size := utf8.DecodeRuneInString(s)
		if size == 0 {
			return s, nil
		}
		return string(unicode.ToTitle(r)) + strings.ToLower(s[size:]), nil
	}
	return "", m.refused()
}

func (m method) words(list []string) (mco.Value, error) {
	return mco.Strings(list...), m.in.items(m.at, len(list))
}

func (m method) stringAnd(s string, arg mco.Value) (mco.Value, error) {
	if m.name == "%" {
		args := []mco.Value{arg}
		if list, ok := arg.AsList(); ok {
			args = list
		}
		t, err := format(s, args...)
		if err != nil {
			return mco.Nil(), err
		}
		return m.made(t)
	}
	if m.name == "*" {
		n, ok := m.integer(0)
		if !ok || n < 0 {
			return mco.Nil(), errors.New("argument must be a non-negative integer")
		}
		if n > 0 && len(s) > maxMade/n {
			return mco.Nil(), m.in.limit(m.at, "too much text is made")
		}
		return m.made(strings.Repeat(s, n))
	}
	if m.name == "=~" || m.name == "match?" || m.name == "!~" {
		re, ok := arg.AsRegexp()
		if !ok {
			return mco.Nil(), m.refused()
		}
		return m.match(re, s)
	}
	t, ok := arg.AsString()
	if !ok {
		if m.name == "+" {
			return mco.Nil(), errors.New("no implicit conversion of " + implicit(arg) + " into String")
		}
		return mco.Nil(), m.refused()
	}
	switch m.name {
	case "+":
		return m.made(s + t)
	case "include?":
		return mco.Bool(strings.Contains(s, t)), nil
	case "start_with?":
		return mco.Bool(strings.HasPrefix(s, t)), nil
	case "end_with?":
		return mco.Bool(strings.HasSuffix(s, t)), nil
	case "split":
		if t == "" || t == " " {
			return mco.Nil(), m.refused()
		}
		list := strings.Split(s, t)
		for len(list) > 0 && list[len(list)-1] == "" {
			list = list[:len(list)-1]
		}
		return m.words(list)
	case "<", ">", "<=", ">=", "<=>":
		return order(m.name, strings.Compare(s, t)), nil
	case "chomp":
		return m.made(strings.TrimSuffix(s, t))
	}
	return mco.Nil(), m.refused()
}

// match is =~, !~ and match?: the first gives the place of the match, in characters.
func (m method) match(re mco.Regexp, s string) (mco.Value, error) {
	hit, err := matches(re.Source, re.Options, s)
	switch {
	case err != nil || m.name != "=~":
		return mco.Bool(hit == (m.name != "!~")), err
	case !hit:
		return mco.Nil(), nil
	}
	simple := simplePattern(re)
	if simple == nil {
		return mco.Nil(), m.refused()
	}
	at := simple.FindStringIndex(s)
	if at == nil {
		return mco.Nil(), m.refused()
	}
	return mco.Int(int64(utf8.RuneCountInString(s[:at[0]]))), nil
}

// implicit names a value as Ruby's conversion errors do.
func implicit(v mco.Value) string {
	switch v.Kind() {
	case mco.KindNil:
		return "nil"
	case mco.KindBool:
		return text(v)
	}
	return class(v)
}

func order(op string, cmp int) mco.Value {
	switch op {
	case "<":
		return mco.Bool(cmp < 0)
	case ">":
		return mco.Bool(cmp > 0)
	case "<=":
		return mco.Bool(cmp <= 0)
	case ">=":
		return mco.Bool(cmp >= 0)
	}
	return mco.Int(int64(cmp))
}

// substitute is sub and gsub with a text to put in.
func (m method) substitute(s string) (mco.Value, error) {
	with, ok := m.args[1].AsString()
	if !ok {
		return mco.Nil(), m.refused()
	}
	var re *regexp.Regexp
	if plain, ok := m.args[0].AsString(); ok {
		re = regexp.MustCompile(regexp.QuoteMeta(plain))
	} else if pattern, ok := m.args[0].AsRegexp(); !ok {
		return mco.Nil(), m.refused()
	} else if re = simplePattern(pattern); re == nil {
		return mco.Nil(), &RefusedError{m.in.file, m.at, "the pattern " + clip(show(m.args[0])) + " in " + m.name}
	}
	most := -1
	if m.name == "sub" {
		most = 1
	}
	var b strings.Builder
	last := 0
	for _, hit := range re.FindAllStringSubmatchIndex(s, most) {
		b.WriteString(s[last:hit[0]])
		put, err := replacement(with, s, hit)
		if err != nil {
			return mco.Nil(), m.refused()
		}
		if err := m.in.charge(m.at, len(put)); err != nil {
			return mco.Nil(), err
		}
		b.WriteString(put)
		last = hit[1]
	}
	b.WriteString(s[last:])
	return m.made(b.String())
}

// replacement fills in \0 to \9.
func replacement(with, s string, hit []int) (string, error) {
	var b strings.Builder
	for i := 0; i < len(with); i++ {
		if with[i] != '\\' || i+1 == len(with) {
			b.WriteByte(with[i])
			continue
		}
		i++
		switch c := with[i]; {
		case c == '\\':
			b.WriteByte(c)
		case isDigit(c):
			if n := 2 * int(c-'0'); n < len(hit) && hit[n] >= 0 {
				b.WriteString(s[hit[n]:hit[n+1]])
			}
		default:
			return "", errors.New("unknown escape in a replacement")
		}
	}
	return b.String(), nil
}

// simplePattern compiles a pattern that means the same in Ruby and in Go; nil for any other.
func simplePattern(re mco.Regexp) *regexp.Regexp {
	if re.Options&^4 != 0 || len(re.Source) > 200 {
		return nil
	}
	for i := 0; i < len(re.Source); i++ {
		switch c := re.Source[i]; {
		case c == '\\' && i+1 < len(re.Source):
			if i++; isWord(re.Source[i]) && strings.IndexByte("wWdDsSAznrt", re.Source[i]) < 0 {
				return nil
			}
		case c == '(' && i+1 < len(re.Source) && re.Source[i+1] == '?', c == '[' && i+1 < len(re.Source) && re.Source[i+1] == '[', c == '&':
			return nil
		}
	}
	flags := "(?m)"
	if re.Options&4 != 0 {
		flags = "(?ms)"
	}
	compiled, err := regexp.Compile(flags + re.Source)
	if err != nil {
		return nil
	}
	return compiled
}
