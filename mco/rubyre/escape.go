package rubyre

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escape reads a backslash outside of a class.
func (p *parser) escape(f flags) ([]*node, error) {
	one := func(n *node) ([]*node, error) {
		p.pos += 2
		return []*node{n}, nil
	}
	c := p.at(1)
	switch c {
	case 'A', 'G':
		// A search begins where the text does, so that \G is \A.
		return one(&node{op: opTextStart})
	case 'z':
		return one(&node{op: opTextEnd})
	case 'Z':
		return one(&node{op: opTextEndLine})
	case 'b', 'B':
		return one(&node{op: opWord, not: c == 'B', ascii: f.charset == 'a'})
	case 'K':
		// It moves the start of what is reported, and nothing is reported.
		return one(&node{op: opEmpty})
	case 'R':
		return one(&node{op: opNewline})
	case 'X':
		return nil, p.refuse(`\X`)
	case 'k', 'g':
		if p.at(2) == '<' || p.at(2) == '\'' {
			if c == 'g' {
				return nil, p.refuse("a sub-expression call " + `\g`)
			}
			return p.namedBackref(f)
		}
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if n, ok, err := p.backref(f); ok || err != nil {
			return n, err
		}
	}
	if s, ok, err := p.shorthand(f); ok || err != nil {
		return []*node{{op: opSet, set: s}}, p.count(s, err)
	}
	chars, err := p.chars()
	if err != nil {
		return nil, err
	}
	atoms := make([]*node, len(chars))
	for i, c := range chars {
		atoms[i] = literal(c, f)
	}
	return atoms, nil
}

// backref reads \1; what is no reference to a group is an octal number.
func (p *parser) backref(f flags) ([]*node, bool, error) {
	end := p.pos + 1
	for end < len(p.in) && p.in[end] >= '0' && p.in[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(string(p.in[p.pos+1 : end]))
	if err != nil || n > 9 && n > p.groups {
		return nil, false, nil
	}
	if p.named {
		return nil, false, p.fail("numbered backref/call is not allowed. (use name)")
	}
	p.pos = end
	return []*node{p.refer([]int{n}, f)}, true, nil
}

func (p *parser) refer(groups []int, f flags) *node {
	n := &node{op: opBackref, groups: groups, fold: f.fold}
	p.backrefs = append(p.backrefs, n)
	return n
}

// namedBackref reads \k<name>, \k<1> and \k<-1>.
func (p *parser) namedBackref(f flags) ([]*node, error) {
	stop := '>'
	if p.at(2) == '\'' {
		stop = '\''
	}
	p.pos += 3
	name, closed := p.until(stop)
	switch {
	case !closed:
		return nil, p.fail("invalid group name <" + name + ">")
	case name == "":
		return nil, p.fail("group name is empty")
	}
	if groups := p.names[name]; groups != nil {
		return []*node{p.refer(slices.Clone(groups), f)}, nil
	}
	if n, err := strconv.Atoi(name); err == nil && name[0] != '+' {
		if p.named {
			return nil, p.fail("numbered backref/call is not allowed. (use name)")
		}
		if n < 0 {
			n += p.groups + 1
		}
		if n <= 0 {
			return nil, p.fail("invalid backref number/name")
		}
		return []*node{p.refer([]int{n}, f)}, nil
	}
	if i := strings.LastIndexAny(name, "+-"); i > 0 {
		return nil, p.refuse("a back reference with a level")
	}
	return nil, p.fail("undefined name <" + name + "> reference")
}

// shorthand reads \w, \d, \s, \h, \p{...} and their opposites.
func (p *parser) shorthand(f flags) (set, bool, error) {
	c := p.at(1)
	lower := unicode.ToLower(c)
	switch lower {
	case 'w', 'd', 's', 'h':
		p.pos += 2
		s := map[rune]set{'w': wordSet, 'd': digitSet, 's': spaceSet, 'h': hexSet}[lower]
		if f.charset == 'u' {
			if wide, ok := map[rune]string{'w': "word", 'd': "digit", 's': "space"}[lower]; ok {
				s, _ = posix(wide)
			}
		}
		if c != lower {
			s = s.not()
		}
		return s, true, nil
	case 'p':
		if p.at(2) != '{' {
			return nil, false, nil
		}
		s, not, err := p.property()
		if f.fold {
			s = s.fold(s)
		}
		if not {
			s = s.not()
		}
		return s, true, err
	}
	return nil, false, nil
}

// property reads \p{...} and tells whether its opposite is meant.
func (p *parser) property() (set, bool, error) {
	not := p.at(1) == 'P'
	p.pos += 3
	name, closed := p.until('}')
	bad := p.fail("invalid character property name {" + name + "}")
	if !closed {
		return nil, false, bad
	}
	if strings.HasPrefix(name, "^") {
		not, name = !not, name[1:]
	}
	s, ok := property(name)
	if !ok {
		if likelyProperty(name) {
			return nil, false, p.refuse(`\p{` + name + `}`)
		}
		return nil, false, bad
	}
	return s, not, nil
}

// likelyProperty tells whether Ruby may know a property that is unknown here: blocks, ages, emoji, derived and break properties, and
// short names of scripts.
func likelyProperty(name string) bool {
	key := squash(name)
	if len(key) == len("Latn") {
		return true
	}
	for _, prefix := range []string{"in", "age=", "emoji", "extendedpictographic", "grapheme", "id", "xid", "case", "changes", "default"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// chars reads an escape that stands for characters: one, or several for \u{61 62}.
func (p *parser) chars() ([]rune, error) {
	c := p.at(1)
	p.pos += 2
	switch c {
	case -1:
		return nil, p.fail("too short escape sequence")
	case 't':
		return []rune{'\t'}, nil
	case 'n':
		return []rune{'\n'}, nil
	case 'r':
		return []rune{'\r'}, nil
	case 'f':
		return []rune{'\f'}, nil
	case 'v':
		return []rune{'\v'}, nil
	case 'a':
		return []rune{'\a'}, nil
	case 'e':
		return []rune{0x1b}, nil
	case 'u':
		return p.unicodeEscape()
	case 'c', 'C', 'M':
		r, err := p.control(c)
		return []rune{r}, err
	case 'x', '0', '1', '2', '3', '4', '5', '6', '7':
		p.pos -= 2
		r, err := p.bytes()
		return []rune{r}, err
	}
	return []rune{c}, nil
}

// bytes reads \x41 and \101. Escapes above ASCII are the bytes of one UTF-8 character.
func (p *parser) bytes() (rune, error) {
	var got []byte
	for {
		b, ok, err := p.byteEscape()
		switch {
		case err != nil:
			return 0, err
		case !ok:
			return 0, p.fail("too short escaped multibyte character")
		}
		got = append(got, b)
		if r, size := utf8.DecodeRune(got); r != utf8.RuneError || size > 1 {
			return r, nil
		}
		if utf8.FullRune(got) {
			return 0, p.fail("invalid multibyte escape")
		}
	}
}

func (p *parser) byteEscape() (byte, bool, error) {
	c := p.at(1)
	if p.peek() != '\\' || c != 'x' && (c < '0' || c > '7') {
		return 0, false, nil
	}
	p.pos++
	digits, base, most := "01234567", 8, 3
	if c == 'x' {
		p.pos++
		digits, base, most = "0123456789abcdefABCDEF", 16, 2
	}
	start := p.pos
	for p.pos-start < most && p.peek() >= 0 && strings.ContainsRune(digits, p.peek()) {
		p.pos++
	}
	n, err := strconv.ParseUint(string(p.in[start:p.pos]), base, 16)
	switch {
	case err != nil:
		return 0, false, p.fail("invalid hex escape")
	case n > 0xff:
		return 0, false, p.fail("invalid escape code")
	}
	return byte(n), true, nil
}

// control reads what follows \c and \C-.
func (p *parser) control(kind rune) (rune, error) {
	switch {
	case kind == 'M':
		return 0, p.fail("too short meta escape")
	case kind == 'C' && !p.take("-"), p.peek() < 0, p.peek() >= utf8.RuneSelf:
		return 0, p.fail("too short control escape")
	}
	c := p.peek()
	if c == '\\' {
		if p.at(1) < 0 {
			return 0, p.fail("too short escape sequence")
		}
		chars, err := p.chars()
		if err != nil || len(chars) != 1 {
			return 0, p.fail("too short control escape")
		}
		return chars[0] & 0x1f, nil
	}
	p.pos++
	return c & 0x1f, nil
}

// unicodeEscape reads what follows \u: four digits, or a list in braces.
func (p *parser) unicodeEscape() ([]rune, error) {
	var out []rune
	add := func(digits string, most int) error {
		n, err := strconv.ParseUint(digits, 16, 32)
		switch {
		case err != nil && strings.Trim(digits, "0123456789abcdefABCDEF") != "":
			return p.fail("invalid Unicode list")
		case len(digits) > most || err != nil || !utf8.ValidRune(rune(n)):
			return p.fail("invalid Unicode range")
		}
		out = append(out, rune(n))
		return nil
	}
	if !p.take("{") {
		digits := ""
		for len(digits) < 4 && p.peek() >= 0 && strings.ContainsRune("0123456789abcdefABCDEF", p.peek()) {
			digits += string(p.peek())
			p.pos++
		}
		if len(digits) < 4 {
			return nil, p.fail("invalid Unicode escape")
		}
		err := add(digits, 4)
		return out, err
	}
	list, closed := p.until('}')
	words := strings.Fields(list)
	if !closed || len(words) == 0 {
		return nil, p.fail("invalid Unicode list")
	}
	for _, w := range words {
		if err := add(w, 6); err != nil {
			return nil, err
		}
	}
	return out, nil
}
