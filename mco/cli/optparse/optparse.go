// Package optparse reads command lines as Ruby's OptionParser does, because operators and scripts of the original lean on its
// habits: options anywhere among the words, long names cut short where that is clear, short options in clusters, `--wf x`, `--wf=x`
// and `-Fx`, and its error texts. From the same table it renders the help text, column by column as the original prints it.
//
// It knows nothing of MCollective. cobra and pflag, which lead to the commands, can do none of this.
//
// Source of the facts: Ruby 3.1's optparse.rb, did_you_mean and shellwords.rb.
package optparse

import (
	"errors"
	"strings"
)

// Kind is what an option takes.
type Kind uint8

// The kinds of options.
const (
	Flag    Kind = iota // nothing
	Any                 // a text, also an empty one
	Text                // a text that is not empty
	Integer             // Value.Int
	Float               // Value.Float
)

// Value is the argument of one option. Text is always what was typed.
type Value struct {
	Text  string
	Int   int64
	Float float64
}

// Option is one option of a [Table], with all its names. An entry without names is a line of the help text, whose words are Doc.
type Option struct {
	Names []string // as they are typed, in the order of the help text: "-F", "--wf", "--with-fact"
	Arg   string   // word for the argument in the help text, such as "fact=val"
	Kind  Kind
	Doc   string
	// Optional is for an argument that may be left out: the next word is taken for it unless it looks like an option.
	Optional bool
	// Hidden is an option that is not of the original: its names must be typed in full, so that no name of the original that was cut
	// short means anything else, and they are not in the help text.
	Hidden bool
	// Set is called for each use, in order. An error ends the parsing; [ErrInvalid] becomes the parser's own text.
	Set func(Value) error
}

// Separator is a line of the help text between options.
func Separator(text string) Option { return Option{Doc: text} }

// Table is what one command takes. The zero Table takes no options.
type Table struct {
	Head    string // first line of the help text after the empty one
	Options []Option
	Tail    []string // last lines of the help text

	// Version is called for --version, also where it is cut short; its error ends the parsing. nil: an unknown option.
	Version func() error
}

// ErrInvalid is for a Set that finds its argument wrong: the user reads "invalid argument: --batch x".
var ErrInvalid = errors.New("invalid argument")

// Error is a command line that the table does not take, in Ruby's words.
type Error struct {
	Reason string   // invalid option, missing argument, needless argument, invalid argument, ambiguous option
	Args   []string // what was typed
	Hint   string   // names that look alike, as Ruby adds them; empty: none
}

// Class is the name of the Ruby class that the original raises.
func (e *Error) Class() string {
	var b strings.Builder
	b.WriteString("OptionParser::")
	for _, word := range strings.Fields(e.Reason) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// Error gives Ruby's text.
func (e *Error) Error() string { return e.Reason + ": " + strings.Join(e.Args, " ") + e.Hint }

func newError(reason string, args ...string) *Error { return &Error{Reason: reason, Args: args} }

// Parse reads args and returns the words that are no options, in order. What stands behind -- is words.
func (t *Table) Parse(args []string) (words []string, err error) {
	words, _, err = t.parse(args)
	return words, err
}

// ParseKnown reads args for the options of the table alone and passes over options that it does not know; a value of such an option
// counts as a word. It is for a first look at a command line whose table is not known yet.
func (t *Table) ParseKnown(args []string) error {
	for {
		_, rest, err := t.parse(args)
		if e, ok := errors.AsType[*Error](err); !ok || e.Reason != invalidOption {
			return err
		}
		args = rest
	}
}

// parse is [Table.Parse]; with an error it returns what stands behind the option that it is about.
func (t *Table) parse(args []string) (words, rest []string, err error) {
	p := t.parser()
	for rest = args; len(rest) > 0; {
		arg := rest[0]
		rest = rest[1:]
		behind := rest
		switch {
		case arg == "--":
			return append(words, rest...), nil, nil
		case strings.HasPrefix(arg, "--"):
			rest, err = p.long(arg, rest)
		case len(arg) > 1 && arg[0] == '-':
			rest, err = p.short(arg, rest)
		default:
			words = append(words, arg)
		}
		if err != nil {
			return words, behind, err
		}
	}
	return words, nil, nil
}
