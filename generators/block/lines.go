package block

import (
	"errors"
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
	statements := []Statement{}
	err := EachLine(content, func(line string) error {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			return nil
		}
		for _, w := range words {
			if !Plain(w, further) {
				return errNotPlain
			}
		}
		statements = append(statements, Line(words...))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return statements, nil
}

var errNotPlain = errors.New("a word is not plain")
