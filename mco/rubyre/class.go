package rubyre

import (
	"fmt"
	"unicode"
)

// classState is how much of a range has been read.
type classState uint8

const (
	classEmpty classState = iota // nothing yet, or a range or a nested class has just ended
	classChar                    // one character, which may begin a range
	classKind                    // a class such as \d, which must not
)

// members is what a class holds. Those of \w and of [:ascii:] are not in crosses, see [set.fold].
type members struct{ all, crosses set }

func (m members) not() members { return members{m.all.not(), m.crosses.not()} }

func (m members) and(o members) members { return members{m.all.and(o.all), m.crosses.and(o.crosses)} }

// class reads a character class behind its "[".
func (p *parser) class(f flags) (set, error) {
	m, not, err := p.classBody(f)
	if f.fold {
		// Only the outermost class ignores case, before it is turned around. One character alone is taken for a plain character.
		if s := m.all; len(s) == 1 && s[0].lo == s[0].hi && !not {
			m.all = foldOne(s[0].lo)
		} else {
			m.all = s.fold(m.crosses)
		}
	}
	if not {
		m = m.not()
	}
	return m.all, err
}

// classBody returns what stands between the brackets and whether it began with "^".
func (p *parser) classBody(f flags) (whole members, not bool, err error) {
	if p.depth++; p.depth > maxDepth {
		return members{}, false, fmt.Errorf("classes in classes: %w", ErrTooLong)
	}
	defer func() { p.depth-- }()
	not = p.take("^")
	var (
		all, crosses []span    // of the part since the last &&
		parts        []members // those in front of an &&
		state        classState
		last         rune // the character that may begin a range
		opened       = p.pos
	)
	part := func() members { return members{normal(all), normal(crosses)} }
	add := func(s []span, class string) {
		all = append(all, s...)
		if class != "w" && class != "word" && class != "ascii" {
			crosses = append(crosses, s...)
		}
	}
	for {
		c := p.peek()
		switch {
		case c < 0:
			return members{}, false, p.fail("premature end of char-class")
		case c == ']' && !(p.pos == opened && p.closesLater()):
			if p.pos == opened {
				return members{}, false, p.fail("empty char-class")
			}
			p.pos++
			whole = part()
			for _, front := range parts {
				whole = whole.and(front)
			}
			return whole, not, nil
		case c == '&' && p.at(1) == '&':
			p.pos += 2
			parts = append(parts, part())
			all, crosses, state = nil, nil, classEmpty
			continue
		case c == '[':
			s, name, err := p.posixBracket(f)
			if err != nil {
				return members{}, false, err
			}
			if name != "" {
				if err := p.count(s, nil); err != nil {
					return members{}, false, err
				}
				add(s, name)
				state = classKind
				continue
			}
			p.pos++
			inner, turned, err := p.classBody(f)
			if err != nil {
				return members{}, false, err
			}
			if turned {
				inner = inner.not()
			}
			all, crosses, state = append(all, inner.all...), append(crosses, inner.crosses...), classEmpty
			continue
		case c == '-' && state != classEmpty && p.at(1) >= 0 && p.at(1) != ']' && !(p.at(1) == '&' && p.at(2) == '&'):
			if state == classKind {
				return members{}, false, p.fail("unmatched range specifier in char-class")
			}
			p.pos++
			hi, err := p.rangeEnd(f)
			if err != nil {
				return members{}, false, err
			}
			if hi < last {
				return members{}, false, p.fail("empty range in char class")
			}
			add([]span{{last, hi}}, "")
			state = classEmpty
			continue
		case c == '\\':
			kind := string(unicode.ToLower(p.at(1)))
			s, ok, err := p.shorthand(flags{charset: f.charset})
			if err = p.count(s, err); err != nil {
				return members{}, false, err
			}
			if ok {
				add(s, kind)
				state = classKind
				continue
			}
		}
		chars, err := p.classChars()
		if err != nil {
			return members{}, false, err
		}
		for _, r := range chars {
			add([]span{{r, r}}, "")
			last, state = r, classChar
		}
	}
}

// closesLater tells whether the "]" at the position can be a plain character because another one follows.
func (p *parser) closesLater() bool {
	for i := p.pos + 1; i < len(p.in); i++ {
		switch p.in[i] {
		case '\\':
			i++
		case ']':
			return true
		}
	}
	return false
}

// rangeEnd reads the upper end of a range.
func (p *parser) rangeEnd(f flags) (rune, error) {
	if p.peek() == '[' {
		if _, name, err := p.posixBracket(f); err != nil {
			return 0, err
		} else if name != "" {
			return 0, p.fail("char-class value at end of range")
		}
		return 0, p.refuse("a class as the end of a range")
	}
	if p.peek() == '\\' {
		if _, ok, err := p.shorthand(f); err != nil {
			return 0, err
		} else if ok {
			return 0, p.fail("char-class value at end of range")
		}
	}
	chars, err := p.classChars()
	switch {
	case err != nil:
		return 0, err
	case len(chars) != 1:
		return 0, p.refuse("a list as the end of a range")
	}
	return chars[0], nil
}

// classChars reads one plain or escaped character of a class.
func (p *parser) classChars() ([]rune, error) {
	c := p.peek()
	switch {
	case c < 0:
		return nil, p.fail("premature end of char-class")
	case c != '\\':
		p.pos++
		return []rune{c}, nil
	case p.at(1) == 'b':
		p.pos += 2
		return []rune{'\b'}, nil
	case p.at(1) < 0:
		return nil, p.fail("premature end of char-class")
	}
	return p.chars()
}

// posixBracket reads [:name:] and [:^name:] and returns the name too, none when no such thing stands at the position.
func (p *parser) posixBracket(f flags) (set, string, error) {
	const most = 20 // characters in which Onigmo looks for the end
	if p.at(1) != ':' {
		return nil, "", nil
	}
	rest := p.in[p.pos+2 : min(len(p.in), p.pos+2+most)]
	end := -1
	for i := range rest {
		if rest[i] == ']' {
			break
		}
		if rest[i] == ':' && i+1 < len(rest) && rest[i+1] == ']' {
			end = i
			break
		}
	}
	if end < 0 {
		return nil, "", nil
	}
	name, not := string(rest[:end]), false
	if name != "" && name[0] == '^' {
		name, not = name[1:], true
	}
	s, ok := posix(name)
	if !ok {
		return nil, "", p.fail("invalid POSIX bracket type")
	}
	if f.charset == 'a' {
		s = s.and(asciiRange)
	}
	if not {
		s = s.not()
	}
	p.pos += 2 + end + 2
	return s, name, nil
}
