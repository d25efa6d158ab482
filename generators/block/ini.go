package block

import (
	"errors"
	"strings"
)

// INI returns the language of sections in brackets and keys with values; before stands before each "=" and after it. A line that
// begins with "#" is a comment; the first line of what is written is header, if there is one. Neither keys nor values are quoted, so
// that a value cannot begin or end with a blank. A key may stand in front of the first section.
func INI(header, between string) Language {
	return Language{
		Encode: func(statements []Statement) ([]byte, error) { return encodeINI(header, between, statements) },
		Parse:  parseINI,
	}
}

func encodeINI(header, between string, statements []Statement) ([]byte, error) {
	var b strings.Builder
	b.WriteString(header)
	pair := func(s Statement) error {
		if len(s.Words) != 2 || s.Block != nil || !Plain(s.Words[0], "_-.") {
			return Refuse(s, "is not a key with a value")
		}
		value := s.Words[1]
		if strings.ContainsFunc(value, func(r rune) bool { return !Printable(r) }) {
			return Refuse(s, "the value is not printable ASCII")
		}
		if value != strings.TrimSpace(value) || value != strings.Trim(value, `"'`) || strings.HasSuffix(value, `\`) ||
			strings.ContainsAny(value, "#;") {
			return Refuse(s, "the value would be read as another one")
		}
		b.WriteString(s.Words[0] + between + value + "\n")
		return nil
	}
	for i, s := range statements {
		if s.Block == nil {
			if i > 0 && statements[i-1].Block != nil {
				return nil, Refuse(s, "stands behind a section and would belong to it")
			}
			if err := pair(s); err != nil {
				return nil, err
			}
			continue
		}
		if len(s.Words) != 1 || !Plain(s.Words[0], "_-.") {
			return nil, Refuse(s, "is not the name of a section")
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("[" + s.Words[0] + "]\n")
		for _, line := range s.Block {
			if err := pair(line); err != nil {
				return nil, err
			}
		}
	}
	return []byte(b.String()), nil
}

func parseINI(content []byte) ([]Statement, error) {
	statements := []Statement{}
	err := EachLine(content, func(line string) error {
		if line == "" || line[0] == '#' {
			return nil
		}
		if name, ok := strings.CutPrefix(line, "["); ok {
			name, ok = strings.CutSuffix(name, "]")
			if !ok || !Plain(name, "_-.") {
				return errHeading
			}
			statements = append(statements, Section([]string{name}))
			return nil
		}
		key, value, ok := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || !Plain(key, "_-.") || line[0] == ' ' {
			return errPair
		}
		pair := Line(key, value)
		if last := len(statements) - 1; last >= 0 && statements[last].Block != nil {
			statements[last].Block = append(statements[last].Block, pair)
		} else {
			statements = append(statements, pair)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return statements, nil
}

// Errors of parseINI.
var (
	errHeading = errors.New("is not the heading of a section")
	errPair    = errors.New("is not a key with a value")
)
