package facts

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/generators/safe"
)

// scanner reads JSON (RFC 8259), strictly: a key that comes twice, a lone surrogate, what is no UTF-8 and what is nested too deep are
// faults. It checks all, but keeps only what rules may use, see [ballast]. A scanner can be used for one text after the other.
type scanner struct {
	limits Limits
	text   string
	at     int
	values int
	stack  []member // members of the maps and lists that are open
	keys   []string // the path to the value that is read, for messages
	twice  []*fault // keys that came twice
}

// document reads text, which holds one value and white space. The first fault that ends the reading is the last of those returned.
func (s *scanner) document(text string, depth int) (value, []*fault) {
	s.text, s.at, s.values, s.stack, s.keys, s.twice = text, 0, 0, s.stack[:0], s.keys[:0], nil
	if !utf8.ValidString(text) {
		return value{}, []*fault{notUTF8(text)}
	}
	s.space()
	if s.at == len(text) {
		return value{}, []*fault{{class: inputSyntax, what: "the file is empty", want: "facts"}}
	}
	v, f := s.value(depth, true)
	if f == nil {
		if s.space(); s.at < len(text) {
			f = s.syntax("there is something behind the end")
		}
	}
	if f != nil {
		return value{}, append(s.twice, f)
	}
	return v, s.twice
}

func notUTF8(text string) *fault {
	i := 0
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		i += size
	}
	return &fault{class: inputEncoding, line: 1 + strings.Count(text[:i], "\n"), what: "the file is not UTF-8", got: fmt.Sprintf("byte 0x%02x", text[min(i, len(text)-1)]),
		todo: "convert it, as with iconv"}
}

func (s *scanner) line() int { return 1 + strings.Count(s.text[:min(s.at, len(s.text))], "\n") }

func (s *scanner) path() string {
	path := ""
	for _, k := range s.keys {
		path = join(path, k)
	}
	return path
}

func (s *scanner) syntax(what string) *fault {
	f := &fault{class: inputSyntax, line: s.line(), what: "not JSON: " + what}
	if s.at >= len(s.text) {
		f.what = "not JSON: it ends in the middle"
		f.todo = "write the file anew"
	} else {
		_, size := utf8.DecodeRuneInString(s.text[s.at:])
		f.got = safe.Quote(s.text[s.at : s.at+size])
	}
	return f
}

func (s *scanner) limit(what string, most int) *fault {
	return &fault{class: inputLimit, line: s.line(), key: s.path(), what: what, want: fmt.Sprintf("at most %d", most)}
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// value reads the value that begins here. Unless keep is set the result has its kind alone.
func (s *scanner) value(depth int, keep bool) (value, *fault) {
	if s.values++; s.values > s.limits.Values {
		return value{}, s.limit("too many values", s.limits.Values)
	}
	if s.at == len(s.text) {
		return value{}, s.syntax("")
	}
	switch c := s.text[s.at]; c {
	case '{', '[':
		if depth > s.limits.Depth {
			return value{}, s.limit("nested too deep", s.limits.Depth)
		}
		s.at++
		if c == '{' {
			return s.object(depth, keep)
		}
		return s.array(depth, keep)
	case '"':
		t, f := s.string()
		return value{kind: text, text: t}, f
	case 't':
		return s.word("true", boolean)
	case 'f':
		return s.word("false", boolean)
	case 'n':
		return s.word("null", null)
	default:
		return s.number()
	}
}

func (s *scanner) word(w string, k kind) (value, *fault) {
	if !strings.HasPrefix(s.text[s.at:], w) {
		return value{}, s.syntax("a value is none")
	}
	s.at += len(w)
	return value{kind: k, text: w}, nil
}

func (s *scanner) object(depth int, keep bool) (value, *fault) {
	mark := len(s.stack)
	var seen map[string]bool
	s.space()
	if s.at < len(s.text) && s.text[s.at] == '}' {
		s.at++
		return value{kind: mapping}, nil
	}
	for {
		if s.space(); s.peek() != '"' {
			return value{}, s.syntax("a key must be a text")
		}
		key, f := s.string()
		if f != nil {
			return value{}, f
		}
		s.keys = append(s.keys, key)
		seen = s.unique(seen, s.stack[mark:], key)
		if s.space(); s.peek() != ':' {
			return value{}, s.syntax("a colon is missing")
		}
		s.at++
		s.space()
		v, f := s.value(depth+1, keep && !s.ballast())
		if f != nil {
			return value{}, f
		}
		s.keys = s.keys[:len(s.keys)-1]
		s.stack = append(s.stack, member{key, v})
		if end, f := s.next('}'); f != nil {
			return value{}, f
		} else if end {
			return s.collect(mapping, mark, keep), nil
		}
	}
}

// ballast tells that nothing of the value at the path is needed. Interfaces may have any name.
func (s *scanner) ballast() bool {
	last := len(s.keys) - 1
	return ballast(s.keys[last]) && (last == 0 || s.keys[last-1] != "interfaces")
}

func (s *scanner) array(depth int, keep bool) (value, *fault) {
	mark := len(s.stack)
	s.space()
	if s.at < len(s.text) && s.text[s.at] == ']' {
		s.at++
		return value{kind: list}, nil
	}
	for {
		s.space()
		v, f := s.value(depth+1, keep)
		if f != nil {
			return value{}, f
		}
		if keep {
			s.stack = append(s.stack, member{value: v})
		}
		if end, f := s.next(']'); f != nil {
			return value{}, f
		} else if end {
			return s.collect(list, mark, keep), nil
		}
	}
}

// next reads what stands between two members, or behind the last.
func (s *scanner) next(closing byte) (end bool, f *fault) {
	if s.space(); s.at == len(s.text) || s.text[s.at] != ',' && s.text[s.at] != closing {
		return false, s.syntax("a comma or " + string(closing) + " is missing")
	}
	s.at++
	return s.text[s.at-1] == closing, nil
}

// collect takes the members of a map or list that ends off the stack.
func (s *scanner) collect(k kind, mark int, keep bool) value {
	v := value{kind: k}
	if keep {
		v.members = make([]member, len(s.stack)-mark)
		copy(v.members, s.stack[mark:])
	}
	s.stack = s.stack[:mark]
	return v
}

// unique notes a key that the map has already. Large maps need an index of their keys, which it returns.
func (s *scanner) unique(seen map[string]bool, members []member, key string) map[string]bool {
	const large = 24
	twice := false
	switch {
	case seen != nil:
		twice = seen[key]
		seen[key] = true
	case len(members) == large:
		seen = make(map[string]bool, 4*large)
		for _, m := range members {
			seen[m.key] = true
		}
		twice = seen[key]
		seen[key] = true
	default:
		for i := range members {
			twice = twice || members[i].key == key
		}
	}
	if twice && len(s.twice) < maxProblems {
		s.twice = append(s.twice, &fault{class: inputDuplicate, line: s.line(), key: s.path(), what: "a key is there twice"})
	}
	return seen
}

// number reads a number and leaves it as it is written.
func (s *scanner) number() (value, *fault) {
	start := s.at
	if s.peek() == '-' {
		s.at++
	}
	switch c := s.peek(); {
	case c == '0':
		s.at++
	case c < '1' || c > '9':
		return value{}, s.syntax("a value is none")
	default:
		s.digits()
	}
	if s.peek() == '.' {
		s.at++
		if !s.digits() {
			return value{}, s.syntax("a number is cut short")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		if !s.digits() {
			return value{}, s.syntax("a number is cut short")
		}
	}
	return value{kind: number, text: s.text[start:s.at]}, nil
}

func (s *scanner) peek() byte {
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}
