package optparse

import (
	"fmt"
	"strconv"
	"strings"
)

// Split cuts a text into words as a shell would: blanks separate, '...' and "..." keep them, a backslash takes the next character
// as it is. A quote that does not end is an error with Ruby's text.
func Split(line string) ([]string, error) {
	var words []string
	var field strings.Builder
	open := false
	for i := 0; i < len(line); {
		c := line[i]
		switch {
		case isBlank(c):
			if open {
				words, open = append(words, field.String()), false
				field.Reset()
			}
			i++
			continue
		case c == '\'':
			end := strings.IndexByte(line[i+1:], '\'')
			if end < 0 {
				return nil, unmatched(line)
			}
			field.WriteString(line[i+1 : i+1+end])
			i += end + 2
		case c == '"':
			n, ok := doubleQuoted(line[i+1:], &field)
			if !ok {
				return nil, unmatched(line)
			}
			i += n + 2
		case c == '\\':
			if i+1 == len(line) {
				field.WriteByte(c)
				i++
				break
			}
			if line[i+1] == '\n' {
				field.WriteByte('\\')
			}
			field.WriteByte(line[i+1])
			i += 2
		default:
			field.WriteByte(c)
			i++
		}
		open = true
	}
	if open {
		words = append(words, field.String())
	}
	return words, nil
}

// doubleQuoted copies up to the closing quote; a backslash stays unless $ ` " \ or a line end follows it.
func doubleQuoted(s string, to *strings.Builder) (length int, ok bool) {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return i, true
		case s[i] == '\\' && i+1 < len(s):
			if !strings.ContainsRune("$`\"\\\n", rune(s[i+1])) {
				to.WriteByte('\\')
			}
			i++
			to.WriteByte(s[i])
		default:
			to.WriteByte(s[i])
		}
	}
	return 0, false
}

func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func unmatched(line string) error {
	//lint:ignore ST1005 Ruby's text
	return fmt.Errorf("Unmatched quote: %s", strconv.Quote(line))
}
