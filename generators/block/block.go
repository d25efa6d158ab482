// Package block is what many configuration languages have in common: statements of words, some with a block of further statements. A
// writer builds such a tree from its model, a [Language] turns it into text and back, and [Diff] tells whether the text still says
// what the tree said.
//
// The tree holds words as the program will see them, after its own rules of quoting. That makes the comparison a barrier: a value
// that ends its word, its line or its block shows up as another tree.
package block

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/target"
)

// Statement is a line of words; the first one is its keyword. Block holds what stands between its braces, or under its heading.
type Statement struct {
	Words []string
	Block []Statement // nil: there is none; empty but not nil: it is empty
}

// Line is a statement without a block.
func Line(words ...string) Statement { return Statement{Words: words} }

// Section is a statement with a block.
func Section(words []string, body ...Statement) Statement {
	if body == nil {
		body = []Statement{}
	}
	return Statement{Words: words, Block: body}
}

// Bounds on what is read: generated files are far below them.
const (
	MaxBytes = 1 << 20
	MaxDepth = 16
)

// Language is one way to write statements.
type Language struct {
	// Encode refuses what the language cannot carry with a [*RefusedError].
	Encode func([]Statement) ([]byte, error)
	// Parse reads at most [MaxBytes] and refuses everything that Encode never writes and that would mean more than words: inclusions,
	// variables, conditions.
	Parse func([]byte) ([]Statement, error)
}

// File fills in the content of f and its check. An error is a [*RefusedError] of Encode.
func (l Language) File(f target.File, statements []Statement) (target.File, error) {
	content, err := l.Encode(statements)
	if err != nil {
		return target.File{}, err
	}
	f.Content = content
	f.Check = func(content []byte) error {
		read, err := l.Parse(content)
		if err != nil {
			return err
		}
		return Diff(statements, read)
	}
	return f, nil
}

// ErrTooLong is returned for content of more than [MaxBytes].
var ErrTooLong = errors.New("the file is longer than any that is written here")

// RefusedError tells that a language cannot carry a word. It does not show the word, which may be a secret.
type RefusedError struct {
	Keyword string // of the statement
	Why     string
}

func (e *RefusedError) Error() string { return e.Keyword + ": " + e.Why }

// Refuse returns a [*RefusedError] for the statement s.
func Refuse(s Statement, why string) error {
	keyword := "statement without words"
	if len(s.Words) > 0 {
		keyword = s.Words[0]
	}
	if strings.ContainsFunc(keyword, func(r rune) bool { return !Printable(r) }) {
		keyword = fmt.Sprintf("%+q", keyword)
	}
	return &RefusedError{keyword, why}
}

// Printable tells whether r is printable ASCII, blank included: all that generated files consist of, beside the ends of their lines.
func Printable(r rune) bool { return r >= ' ' && r <= '~' }

// Plain tells whether s is not empty and consists of letters, digits and the bytes of further alone.
func Plain(s, further string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune(further, r)
	})
}

// Diff returns an error that names the first place where read is not what was wanted, by keywords alone: words may be secrets.
func Diff(want, read []Statement) error {
	for i, w := range want {
		if i >= len(read) {
			return fmt.Errorf("%s: is not there", keyword(w))
		}
		r := read[i]
		if !slices.Equal(w.Words, r.Words) {
			return fmt.Errorf("%s: statement %d reads back otherwise", keyword(w), i+1)
		}
		if (w.Block == nil) != (r.Block == nil) {
			return fmt.Errorf("%s: a block is missing or too many", keyword(w))
		}
		if err := Diff(w.Block, r.Block); err != nil {
			return fmt.Errorf("%s: %w", keyword(w), err)
		}
	}
	if len(read) > len(want) {
		return fmt.Errorf("statement %d: %d more than were written", len(want)+1, len(read)-len(want))
	}
	return nil
}

func keyword(s Statement) string {
	if len(s.Words) == 0 {
		return "statement without words"
	}
	return s.Words[0]
}
