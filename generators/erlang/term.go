// Package erlang writes and reads Erlang terms, as RabbitMQ keeps them in rabbitmq.config, advanced.config and enabled_plugins.
//
// What it writes is ASCII and reads back, by file:consult and by [Parse], as the very terms it was made from; what it cannot write
// that way it refuses. [Parse] takes plain terms only: no variables, functions, maps or improper lists, and it has bounds.
// Source: the Erlang reference manual, "Data Types" and "Character Set"; the reserved words are those of Erlang/OTP 25.
package erlang

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Term is one of [Atom], [Int], [Float], [String], [Binary], [List] and [Tuple].
type Term interface {
	// inline appends the term on one line.
	inline(b []byte) ([]byte, error)
}

// The terms. Atom and String hold printable ASCII, String also line feeds; Binary holds any text that is valid UTF-8 and free of other
// control characters.
type (
	Atom   string
	Int    int64
	Float  float64
	String string // a list of characters, written "..."
	Binary string // written <<"...">>
	List   []Term
	Tuple  []Term
)

// Bool is the atom true or false.
func Bool(b bool) Atom { return Atom(strconv.FormatBool(b)) }

// Pair is a tuple of an atom and a term: one setting.
func Pair(key string, value Term) Tuple { return Tuple{Atom(key), value} }

// maxAtom is the longest atom, in characters.
const maxAtom = 255

// reserved words are no atoms unless quoted.
func reserved(s string) bool {
	switch s {
	case "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case", "catch", "cond", "div", "else", "end", "fun", "if", "let",
		"maybe", "not", "of", "or", "orelse", "receive", "rem", "try", "when", "xor":
		return true
	}
	return false
}

// plainAtom tells whether an atom stands without quotation marks.
func plainAtom(s string) bool {
	for i := range len(s) {
		if !atomByte(s[i]) {
			return false
		}
	}
	return s != "" && s[0] >= 'a' && s[0] <= 'z' && !reserved(s)
}

func atomByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '@'
}

func (a Atom) inline(b []byte) ([]byte, error) {
	if plainAtom(string(a)) && len(a) <= maxAtom {
		return append(b, a...), nil
	}
	if len(a) > maxAtom {
		return nil, fmt.Errorf("atom %.60q is longer than %d characters", string(a), maxAtom)
	}
	return quoted(b, string(a), '\'', "")
}

func (n Int) inline(b []byte) ([]byte, error) { return strconv.AppendInt(b, int64(n), 10), nil }

// inline writes a float with digits on both sides of the point, which Erlang asks for.
func (f Float) inline(b []byte) ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return nil, fmt.Errorf("%g is no Erlang float", float64(f))
	}
	text := strconv.FormatFloat(float64(f), 'g', -1, 64)
	mantissa, exponent, scientific := strings.Cut(text, "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	b = append(b, mantissa...)
	if scientific {
		b = append(append(b, 'e'), exponent...)
	}
	return b, nil
}

func (s String) inline(b []byte) ([]byte, error) { return quoted(b, string(s), '"', "\n") }

func (s Binary) inline(b []byte) ([]byte, error) {
	if !utf8.ValidString(string(s)) {
		return nil, fmt.Errorf("binary %.60q is not valid UTF-8", string(s))
	}
	b = append(b, `<<"`...)
	wide := false
	for _, r := range string(s) {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			return nil, fmt.Errorf("binary %.60q holds a control character", string(s))
		case r >= 0x7f:
			wide = true
			b = fmt.Appendf(b, `\x{%x}`, r)
		default:
			b = append(b, byte(r))
		}
	}
	if wide {
		return append(b, `"/utf8>>`...), nil
	}
	return append(b, `">>`...), nil
}

// quoted appends s between quotation marks. Beside printable ASCII it takes the characters of allowed.
func quoted(b []byte, s string, mark byte, allowed string) ([]byte, error) {
	b = append(b, mark)
	for i := range len(s) {
		switch c := s[i]; {
		case c == mark || c == '\\':
			b = append(b, '\\', c)
		case c == '\n' && strings.IndexByte(allowed, c) >= 0:
			b = append(b, `\n`...)
		case c < 0x20 || c >= 0x7f:
			return nil, fmt.Errorf("text %.60q holds a character that is not printable ASCII", s)
		default:
			b = append(b, c)
		}
	}
	return append(b, mark), nil
}

func (l List) inline(b []byte) ([]byte, error)  { return sequence(b, l, '[', ']') }
func (t Tuple) inline(b []byte) ([]byte, error) { return sequence(b, t, '{', '}') }

func sequence(b []byte, terms []Term, open, end byte) (_ []byte, err error) {
	b = append(b, open)
	for i, t := range terms {
		if i > 0 {
			b = append(b, ", "...)
		}
		if b, err = t.inline(b); err != nil {
			return nil, err
		}
	}
	return append(b, end), nil
}

// Equal tells whether two terms are one to Erlang, for which an empty string is an empty list.
func Equal(a, b Term) bool {
	switch a := a.(type) {
	case List:
		if s, ok := b.(String); ok {
			return s == "" && len(a) == 0
		}
		b, ok := b.(List)
		return ok && slices.EqualFunc(a, b, Equal)
	case Tuple:
		b, ok := b.(Tuple)
		return ok && slices.EqualFunc(a, b, Equal)
	case String:
		if l, ok := b.(List); ok {
			return a == "" && len(l) == 0
		}
	}
	return a == b
}
