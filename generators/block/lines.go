package block

import (
	"fmt"
	"strings"
)

// Lines returns the language of lines of plain words, which consist of letters, digits and the bytes of further. There are no quotes.
// A line that begins with "#" is a comment; the first line of what is written is header.
func Lines(header, further string) Language {
	return Language{
		Encode: func(statements []Statement) ([]byte, error) {
			var b strings.Builder
			b.WriteString(header)
			for _, s := range statements {
				if len(s.Words) == 0 || s.Block != nil || strings.HasPrefix(s.Words[0], "#") {
					return nil, Refuse(s, "is not a line of words")
				}
				for _, w := range s.Words {
					if !Plain(w, further) {
						return nil, Refuse(s, "a word is empty or has a character that is not plain")
					}
				}
				b.WriteString(strings.Join(s.Words, " ") + "\n")
			}
			return []byte(b.String()), nil
		},
		Parse: func(content []byte) ([]Statement, error) { return parseLines(content, further) },
	}
}

func parseLines(content []byte, further string) ([]Statement, error) {
	if len(content) > MaxBytes {
		return nil, ErrTooLong
	}
	statements := []Statement{}
	n := 0
	for line := range strings.Lines(string(content)) {
		n++
		line, ended := strings.CutSuffix(line, "\n")
		if !ended {
			return nil, fmt.Errorf("line %d: does not end", n)
		}
		if strings.ContainsFunc(line, func(r rune) bool { return !Printable(r) }) {
			return nil, fmt.Errorf("line %d: is not printable ASCII", n)
		}
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		for _, w := range words {
			if !Plain(w, further) {
				return nil, fmt.Errorf("line %d: a word is not plain", n)
			}
		}
		statements = append(statements, Line(words...))
	}
	return statements, nil
}
