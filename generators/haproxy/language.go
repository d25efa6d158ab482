// Package haproxy writes haproxy.cfg for HAProxy 1.4 to 3.x, and the script by which Keepalived asks a running HAProxy whether it
// answers.
//
// What it promises: a word of the file is the word that HAProxy reads, whatever its bytes, or the file is refused; every timeout is
// named; no option is used that the version on the node does not know. What a topology means is decided in package estate.
//
// Facts of the language: HAProxy's configuration manual, sections 2.1 and 2.2, and what HAProxy 2.6.12 was seen to do.
package haproxy

import (
	"errors"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/version"
)

// Bounds that HAProxy itself sets: a longer line, or one with more words, is an error to it.
const (
	maxLineBytes = 2047
	maxWords     = 64
)

// headings are the keywords that begin a section, of those that are written here. HAProxy knows them wherever they stand: the blanks
// in front of a line mean nothing to it.
var headings = []string{"global", "defaults", "listen"}

// otherHeadings begin sections that are never written here.
var otherHeadings = []string{"frontend", "backend", "ruleset", "userlist", "peers", "mailers", "resolvers", "cache", "program", "http-errors",
	"ring", "log-forward", "fcgi-app", "crt-store", "traces", "log-profile", "acme", "namespace_list"}

// Language returns the language of haproxy.cfg as HAProxy of that version reads it: quotes are quotes from 1.6 on, before they are
// letters, and a backslash protects what it stands in front of.
func Language(v version.Version) block.Language {
	quotes := v.AtLeast(1, 6)
	return block.Language{
		Encode: func(s []block.Statement) ([]byte, error) { return encode(s, quotes) },
		Parse:  func(content []byte) ([]block.Statement, error) { return parse(content, quotes) },
	}
}

func encode(sections []block.Statement, quotes bool) ([]byte, error) {
	var b strings.Builder
	b.WriteString(target.Managed)
	for i, section := range sections {
		if len(section.Words) == 0 || !slices.Contains(headings, section.Words[0]) || section.Block == nil {
			return nil, block.Refuse(section, "is not a section")
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		if err := encodeLine(&b, "", section, quotes); err != nil {
			return nil, err
		}
		for _, line := range section.Block {
			if len(line.Words) == 0 || line.Block != nil || heading(line.Words[0]) {
				return nil, block.Refuse(line, "is not a line of a section")
			}
			if err := encodeLine(&b, "    ", line, quotes); err != nil {
				return nil, err
			}
		}
	}
	return []byte(b.String()), nil
}

func heading(word string) bool {
	return slices.Contains(headings, word) || slices.Contains(otherHeadings, word) || strings.HasPrefix(word, ".")
}

func encodeLine(b *strings.Builder, indent string, s block.Statement, quotes bool) error {
	if len(s.Words) > maxWords {
		return block.Refuse(s, "has more words than HAProxy reads on a line")
	}
	words := make([]string, len(s.Words))
	for i, w := range s.Words {
		if w == "" || strings.ContainsFunc(w, func(r rune) bool { return !block.Printable(r) }) {
			return block.Refuse(s, "a word is empty or not printable ASCII")
		}
		words[i] = encodeWord(w, quotes)
	}
	line := indent + strings.Join(words, " ")
	if len(line) > maxLineBytes {
		return block.Refuse(s, "the line is longer than HAProxy reads")
	}
	b.WriteString(line + "\n")
	return nil
}

// encodeWord puts a word in quotes where it holds what is not an ordinary letter, as far as there are quotes.
func encodeWord(w string, quotes bool) string {
	if quotes && strings.ContainsAny(w, ` #\'"$`) {
		return `"` + protect(w, quotes) + `"`
	}
	return protect(w, quotes)
}

// protect puts a backslash in front of what needs one: between quotes, where a dollar sign would begin a variable, or without any.
func protect(w string, quotes bool) string {
	if quotes {
		return strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(w)
	}
	return strings.NewReplacer(`\`, `\\`, ` `, `\ `, `#`, `\#`).Replace(w)
}

func parse(content []byte, quotes bool) ([]block.Statement, error) {
	sections := []block.Statement{}
	err := block.EachLine(content, func(line string) error {
		words, err := split(line, quotes)
		last := len(sections) - 1
		switch {
		case err != nil || len(words) == 0:
			return err
		case slices.Contains(headings, words[0]):
			sections = append(sections, block.Section(words))
		case heading(words[0]):
			return errHeading
		case last < 0:
			return errOutside
		default:
			sections[last].Block = append(sections[last].Block, block.Line(words...))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return sections, nil
}

// Errors of parse.
var (
	errHeading   = errors.New("begins what is never written here")
	errOutside   = errors.New("stands before the first section")
	errVariable  = errors.New("a variable")
	errQuote     = errors.New("a quote does not end")
	errBackslash = errors.New("a backslash in front of what needs none")
	errBounds    = errors.New("too many words or bytes")
)

// split reads the words of one line, up to its comment.
func split(line string, quotes bool) ([]string, error) {
	if len(line) > maxLineBytes {
		return nil, errBounds
	}
	var (
		words  []string
		word   strings.Builder
		inside bool // of a word
		quote  byte // that is open; 0: none
	)
	end := func() {
		if inside {
			words = append(words, word.String())
			word.Reset()
			inside = false
		}
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && quote != '\'':
			protected := ` #\` // behind a backslash these lose their meaning
			if quotes {
				protected += `"'$`
			}
			if i++; i == len(line) || strings.IndexByte(protected, line[i]) < 0 {
				return nil, errBackslash
			}
			word.WriteByte(line[i])
			inside = true
		case quote != 0 && c == quote:
			quote = 0
		case quote == '"' && c == '$':
			return nil, errVariable
		case quote != 0:
			word.WriteByte(c)
		case quotes && (c == '"' || c == '\''):
			quote, inside = c, true
		case c == ' ':
			end()
		case c == '#':
			i = len(line)
		default:
			word.WriteByte(c)
			inside = true
		}
	}
	if quote != 0 {
		return nil, errQuote
	}
	end()
	if len(words) > maxWords {
		return nil, errBounds
	}
	return words, nil
}
