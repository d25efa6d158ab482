// Package keepalived writes keepalived.conf for Keepalived 1.1 to 2.x: the VRRP instances that hold VIPs, and the virtual servers of
// LVS directors.
//
// What it promises: words and blocks are those that Keepalived reads, or the file is refused; two members of one VIP say the same but
// for what must differ; no word is used that the version on the node would refuse. What a topology means is decided in package estate.
//
// Facts of the language: keepalived.conf(5), and what Keepalived 2.2.7 was seen to do: "#" and "!" begin a comment wherever they
// stand outside quotes, "@", "$", "~SEQ" and include are alive everywhere.
package keepalived

import (
	"errors"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/version"
)

// quoted are the keywords whose word always stands in quotes where the version knows them.
var quoted = []string{"auth_pass", "script"}

// Language returns the language of keepalived.conf as Keepalived of that version reads it. Before 2.0 a quote was a word of its own to
// most keywords, so that only script takes what is more than a plain word.
func Language(v version.Version) block.Language {
	quotes := v.AtLeast(2)
	return block.Language{
		Encode: func(s []block.Statement) ([]byte, error) { return encode(s, quotes) },
		Parse:  parse,
	}
}

func encode(statements []block.Statement, quotes bool) ([]byte, error) {
	var b strings.Builder
	b.WriteString(target.Managed)
	for i, s := range statements {
		if i > 0 {
			b.WriteByte('\n')
		}
		if err := encodeStatement(&b, s, 0, quotes); err != nil {
			return nil, err
		}
	}
	return []byte(b.String()), nil
}

func encodeStatement(b *strings.Builder, s block.Statement, depth int, quotes bool) error {
	if len(s.Words) == 0 || depth > block.MaxDepth {
		return block.Refuse(s, "has no words, or is too deep")
	}
	indent := strings.Repeat("    ", depth)
	b.WriteString(indent)
	for i, w := range s.Words {
		text, err := encodeWord(s, i, quotes)
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(text)
		if len(w) > maxWordBytes {
			return block.Refuse(s, "a word is too long")
		}
	}
	if s.Block == nil {
		b.WriteByte('\n')
		return nil
	}
	b.WriteString(" {\n")
	for _, inner := range s.Block {
		if err := encodeStatement(b, inner, depth+1, quotes); err != nil {
			return err
		}
	}
	b.WriteString(indent + "}\n")
	return nil
}

// maxWordBytes bounds a word; Keepalived reads lines of 1024 bytes.
const maxWordBytes = 512

// plainBytes are those that, beside letters and digits, may stand in a word without quotes.
const plainBytes = "_.-/:+,=%*"

func encodeWord(s block.Statement, i int, quotes bool) (string, error) {
	w := s.Words[i]
	if alive(w) {
		return "", block.Refuse(s, "a word that Keepalived would not take as it is")
	}
	value := i > 0 && slices.Contains(quoted, s.Words[0])
	switch {
	case value && (quotes || s.Words[0] == "script"):
		return `"` + w + `"`, nil
	case block.Plain(w, plainBytes):
		return w, nil
	case quotes && i > 0 && w != "":
		return `"` + w + `"`, nil
	}
	return "", block.Refuse(s, "a word that this version of Keepalived cannot read")
}

// alive tells whether Keepalived would make something else of a word, quoted or not.
func alive(w string) bool {
	return strings.ContainsFunc(w, func(r rune) bool { return !block.Printable(r) || strings.ContainsRune("\"\\${}", r) }) ||
		strings.Contains(w, "~SEQ") || strings.HasPrefix(w, "@") || strings.HasPrefix(w, "include")
}

// Errors of parse.
var (
	errAlive  = errors.New("what Keepalived replaces or includes")
	errBraces = errors.New("braces that are not written here")
	errQuote  = errors.New("a quote does not end")
)

func parse(content []byte) ([]block.Statement, error) { return block.Nested(content, split) }

// split reads the words of one line up to its comment, and whether it opens or closes a block.
func split(line string) (words []string, opens, closes bool, err error) {
	for rest := strings.TrimLeft(line, " "); rest != "" && rest[0] != '#' && rest[0] != '!'; rest = strings.TrimLeft(rest, " ") {
		var word string
		if rest[0] == '"' {
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				return nil, false, false, errQuote
			}
			word, rest = rest[1:end+1], rest[end+2:]
			if rest != "" && rest[0] != ' ' {
				return nil, false, false, errQuote
			}
		} else {
			end := strings.IndexAny(rest, " #!\"")
			if end < 0 {
				end = len(rest)
			}
			word, rest = rest[:end], rest[end:]
			if strings.HasPrefix(rest, `"`) {
				return nil, false, false, errQuote
			}
			if word == "{" || word == "}" {
				if opens || closes || (word == "}") != (len(words) == 0) {
					return nil, false, false, errBraces
				}
				opens, closes = word == "{", word == "}"
				continue
			}
		}
		switch {
		case opens || closes:
			return nil, false, false, errBraces
		case alive(word):
			return nil, false, false, errAlive
		}
		words = append(words, word)
	}
	return words, opens, closes, nil
}
