// Package safe types every string that can reach a generated file: a value that is not of its type is refused, never escaped.
//
// A refusal is a [*Fault] of one of two classes. "fact.unsafe" is a character outside the type's alphabet, or a leading dash that a
// program would read as an option: such a value may be an attack. "fact.invalid" is the right alphabet in the wrong form. Characters that
// fool a reader (control, bidirectional, zero-width, look-alikes) are named by their code point, and values are quoted with Go's escapes.
package safe

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mco-go/mco-go/generators/problem"
)

// The two classes of a refusal.
const (
	Unsafe  problem.Class = "fact.unsafe"
	Invalid problem.Class = "fact.invalid"
)

// Fault says why a value is not of its type.
type Fault struct {
	Class problem.Class
	What  string // as "not a host name: byte 4 is a blank"
	Got   string // quoted, shortened
	Want  string // what the type accepts; may be empty
}

func (f *Fault) Error() string { return f.What + " (got " + f.Got + ")" }

// Problem is what err says, of a node and at a place. Errors that are no [*Fault] count as invalid.
func Problem(err error, node, where string) problem.Problem {
	if f, ok := errors.AsType[*Fault](err); ok {
		return problem.Problem{Class: f.Class, Node: node, Where: where, What: f.What, Got: f.Got, Want: f.Want}
	}
	return problem.Problem{Class: Invalid, Node: node, Where: where, What: err.Error()}
}

// Quote returns s in double quotes with Go's escapes for all but printable ASCII, cut behind some 60 bytes.
func Quote(s string) string {
	const most = 60
	if len(s) <= most {
		return strconv.QuoteToASCII(s)
	}
	cut := most
	for cut > most-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.QuoteToASCII(s[:cut]) + fmt.Sprintf("... (%d bytes)", len(s))
}

// kind is a type of values.
type kind struct {
	name  string // with its article
	want  string
	allow func(c byte) bool
	dash  bool // a dash in front is fine
}

func (k *kind) invalid(s, format string, args ...any) error {
	return &Fault{Invalid, "not " + k.name + ": " + fmt.Sprintf(format, args...), Quote(s), k.want}
}

// letters refuses the first character outside the alphabet, and a dash in front.
func (k *kind) letters(s string) *Fault {
	if strings.HasPrefix(s, "-") && !k.dash {
		return &Fault{Unsafe, "not " + k.name + ": it begins with a dash, as an option does", Quote(s), k.want}
	}
	for i := 0; i < len(s); i++ {
		if !k.allow(s[i]) {
			return &Fault{Unsafe, "not " + k.name + ": " + describe(s, i), Quote(s), k.want}
		}
	}
	return nil
}

// Plain refuses the characters that no fact, name or description may hold: control characters, line separators, bidirectional
// controls, zero-width characters and all else that is not printable ASCII. name says what s is, with its article.
func Plain(name, s string) error {
	if f := (&kind{name, "printable ASCII", printable, true}).letters(s); f != nil {
		return f
	}
	return nil
}

func printable(c byte) bool { return c >= ' ' && c <= '~' }

// describe names the character at offset i.
func describe(s string, i int) string {
	r, size := utf8.DecodeRuneInString(s[i:])
	if r == utf8.RuneError && size <= 1 {
		return fmt.Sprintf("byte %d is not UTF-8", i+1)
	}
	return fmt.Sprintf("byte %d is %s", i+1, nameOf(r))
}

func nameOf(r rune) string {
	switch {
	case r == ' ':
		return "a blank"
	case r == '\t', r == '\n', r == '\r', r < ' ', r == 0x7f:
		return fmt.Sprintf("a control character %U", r)
	case r <= '~':
		return strconv.QuoteRuneToASCII(r)
	case r == 0x85, r == 0x2028, r == 0x2029:
		return fmt.Sprintf("a line separator %U", r)
	case unicode.Is(unicode.Bidi_Control, r):
		return fmt.Sprintf("a bidirectional control %U", r)
	case unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me, unicode.Variation_Selector):
		return fmt.Sprintf("a character without width %U", r)
	case unicode.IsControl(r):
		return fmt.Sprintf("a control character %U", r)
	case unicode.IsLetter(r), unicode.IsDigit(r):
		return fmt.Sprintf("a letter outside ASCII %U", r)
	}
	return fmt.Sprintf("a character outside ASCII %U", r)
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func word(c byte) bool { return alphanumeric(c) || c == '_' || c == '.' || c == '-' }
