package ddl

import "fmt"

type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokNewline
	tokInt
	tokFloat
	tokString
	tokSymbol
	tokRegexp
	tokWords   // %w[...]
	tokSymbols // %i[...]
	tokIdent
	tokConst
	tokLabel // key: of a hash
	tokKeyword
	tokOp
)

// token is one word of Ruby. Literals carry parts; everything else its text.
type token struct {
	kind   tokenKind
	text   string
	parts  []part
	words  [][]part
	opts   int // of a Regexp
	line   int
	spaced bool // a blank stands in front
	glued  bool // no blank stands behind
}

// part is a piece of a literal: text, or the source between #{ and }.
type part struct {
	text string
	code bool
	line int // where code begins
}

// SyntaxError is a file that Ruby would not read either.
type SyntaxError struct {
	File   string
	Line   int
	Reason string
}

// Error begins as Ruby's text does.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason)
}

// RefusedError is Ruby that is not run here: the original may load the file. A JSON file beside it is the way out.
type RefusedError struct {
	File string
	Line int
	What string
}

// Error says where and what.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s:%d: %s is beyond the Ruby that is read from a DDL (a .json file beside it would be taken instead)", e.File, e.Line, e.What)
}

// LimitError is a file that is too large, too deep or too busy.
type LimitError struct {
	File string
	Line int
	What string
}

// Error says where and what.
func (e *LimitError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.What) }

func isKeyword(s string) bool {
	switch s {
	case "do", "end", "if", "unless", "else", "elsif", "then", "case", "when", "true", "false", "nil", "and", "or", "not", "next", "break", "self",
		"defined?",
		"while", "until", "for", "in", "begin", "rescue", "ensure", "retry", "redo", "def", "class", "module", "return", "yield", "super", "alias",
		"undef", "BEGIN", "END", "__FILE__", "__LINE__", "__method__", "__dir__", "__ENCODING__":
		return true
	}
	return false
}

// endsValue tells whether an operand stands before what follows, so that an operator or an end is expected.
func (t token) endsValue() bool {
	switch t.kind {
	case tokInt, tokFloat, tokString, tokSymbol, tokRegexp, tokWords, tokSymbols, tokIdent, tokConst:
		return true
	case tokKeyword:
		return t.text == "end" || t.text == "true" || t.text == "false" || t.text == "nil" || t.text == "self"
	case tokOp:
		return t.text == ")" || t.text == "]" || t.text == "}"
	}
	return false
}
