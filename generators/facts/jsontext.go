package facts

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// string reads a text; without escapes it is a part of the file's.
func (s *scanner) string() (string, *fault) {
	s.at++
	for i := s.at; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			t := s.text[s.at:i]
			s.at = i + 1
			return t, nil
		case c == '\\':
			return s.escaped(i)
		case c < ' ':
			s.at = i
			return "", s.syntax("a control character in a text")
		}
	}
	s.at = len(s.text)
	return "", s.syntax("")
}

// escaped reads a text whose first escape is at i.
func (s *scanner) escaped(i int) (string, *fault) {
	var b strings.Builder
	b.WriteString(s.text[s.at:i])
	for s.at = i; s.at < len(s.text); {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return b.String(), nil
		case c < ' ':
			return "", s.syntax("a control character in a text")
		case c != '\\':
			b.WriteByte(c)
			s.at++
		default:
			if f := s.escape(&b); f != nil {
				return "", f
			}
		}
	}
	return "", s.syntax("")
}

func (s *scanner) escape(b *strings.Builder) *fault {
	s.at++
	c := s.peek()
	if c == 'u' {
		s.at++
		return s.unicode(b)
	}
	i := strings.IndexByte(`"\/bfnrt`, c)
	if s.at == len(s.text) || i < 0 {
		return s.syntax("an unknown escape")
	}
	b.WriteByte("\"\\/\b\f\n\r\t"[i])
	s.at++
	return nil
}

// unicode reads what follows \u, and the second half where the first is one of a pair.
func (s *scanner) unicode(b *strings.Builder) *fault {
	r, ok := s.hex()
	if !ok {
		return s.syntax("an escape is not four hexadecimal digits")
	}
	if utf16.IsSurrogate(r) {
		pair := utf8.RuneError
		if strings.HasPrefix(s.text[s.at:], `\u`) {
			s.at += 2
			if second, ok := s.hex(); ok {
				pair = utf16.DecodeRune(r, second)
			}
		}
		if pair == utf8.RuneError {
			return &fault{class: inputEncoding, line: s.line(), key: s.path(), what: "a surrogate stands alone", got: fmt.Sprintf(`\u%04x`, r)}
		}
		r = pair
	}
	b.WriteRune(r)
	return nil
}

func (s *scanner) hex() (rune, bool) {
	if len(s.text)-s.at < 4 {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s.text[s.at : s.at+4]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	s.at += 4
	return r, true
}
