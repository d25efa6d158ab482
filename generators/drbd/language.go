// Package drbd writes the resource that an active-passive broker keeps its data on, for DRBD 8.4 and 9.
//
// What it promises: every member has the same file; a word that is more than letters stands in quotes, and what quotes
// cannot hold is refused; the last brace is there (drbdadm does not notice when it is not).
//
// Facts of the language: drbd.conf(5) of drbd-utils 8.9 and 9.22.
package drbd

import (
	"errors"
	"strings"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/target"
)

// plainBytes are those that, beside letters and digits, a word without quotes has here.
const plainBytes = "_.-:[]"

// quoted are the keywords whose word always stands in quotes.
var quoted = map[string]bool{"shared-secret": true, "disk": true}

// Language is that of resource files: statements that end with a semicolon, blocks in braces.
func Language() block.Language {
	return block.Language{
		Encode: encode,
		Parse:  func(content []byte) ([]block.Statement, error) { return block.Nested(content, split) },
	}
}

func encode(statements []block.Statement) ([]byte, error) {
	var b strings.Builder
	b.WriteString(target.Managed)
	if err := encodeBlock(&b, statements, 0); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}

func encodeBlock(b *strings.Builder, statements []block.Statement, depth int) error {
	indent := strings.Repeat("  ", depth)
	for _, s := range statements {
		if len(s.Words) == 0 || depth > block.MaxDepth || !block.Plain(s.Words[0], plainBytes) {
			return block.Refuse(s, "has no keyword, or is too deep")
		}
		b.WriteString(indent + s.Words[0])
		for _, w := range s.Words[1:] {
			if w == "" || strings.ContainsFunc(w, func(r rune) bool { return !block.Printable(r) || r == '"' || r == '\\' }) {
				return block.Refuse(s, "a word is empty or has a character that cannot stand in quotes")
			}
			if !block.Plain(w, plainBytes) || quoted[s.Words[0]] {
				w = `"` + w + `"`
			}
			b.WriteString(" " + w)
		}
		if s.Block == nil {
			b.WriteString(";\n")
			continue
		}
		b.WriteString(" {\n")
		if err := encodeBlock(b, s.Block, depth+1); err != nil {
			return err
		}
		b.WriteString(indent + "}\n")
	}
	return nil
}

var errLine = errors.New("is neither a statement, nor the head or the end of a block")

// split reads one line. What drbdadm also takes, a statement over two lines or two on one, is not written here and not read.
func split(line string) (words []string, opens, closes bool, err error) {
	rest := strings.Trim(line, " ")
	switch {
	case rest == "" || rest[0] == '#':
		return nil, false, false, nil
	case rest == "}":
		return nil, false, true, nil
	}
	for rest != "" {
		var w string
		switch end := strings.IndexByte(rest[1:], '"') + 1; {
		case rest == ";" && len(words) > 0:
			return words, false, false, nil
		case rest == "{" && len(words) > 0:
			return words, true, false, nil
		case rest[0] == '"' && end > 1:
			w, rest = rest[1:end], rest[end+1:]
			if strings.Contains(w, `\`) {
				return nil, false, false, errLine
			}
		default:
			end = strings.IndexAny(rest, ` ;"`)
			if end <= 0 || !block.Plain(rest[:end], plainBytes) {
				return nil, false, false, errLine
			}
			w, rest = rest[:end], rest[end:]
		}
		words = append(words, w)
		blank := strings.HasPrefix(rest, " ")
		rest = strings.TrimLeft(rest, " ")
		if !blank && rest != ";" || rest != "" && rest[0] == '#' {
			return nil, false, false, errLine
		}
	}
	return nil, false, false, errLine
}
