package report

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Clean returns text with its control characters written out, as Ruby's inspect would write them: a node must not be able to move the
// operator's cursor, change the window's title or hide what it did. Newlines and tabs stay, and a carriage return in front of a newline.
// Besides the control characters of ASCII and their 8-bit twins this takes what reorders text.
func Clean(text string) string {
	if !strings.ContainsFunc(text, suspicious) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case !suspicious(r), r == '\r' && (i+1 == len(text) || text[i+1] == '\n'), r == utf8.RuneError && size > 1:
			b.WriteString(text[i : i+size])
		case r == utf8.RuneError: // a byte that is no UTF-8: some terminals take it for a control character
			fmt.Fprintf(&b, `\x%02X`, text[i])
		case r == '\x1b':
			b.WriteString(`\e`)
		case r == '\r':
			b.WriteString(`\r`)
		case r <= 0x7f:
			fmt.Fprintf(&b, `\x%02X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
		i += size
	}
	return b.String()
}

func suspicious(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 ||
		r == utf8.RuneError
}

// cleanJSON does the same for JSON, in JSON's own way.
func cleanJSON(text string) string {
	if !strings.ContainsFunc(text, suspicious) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if suspicious(r) && r != utf8.RuneError {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// show returns text of a node's as Out can bear it.
func (p *Printer) show(text string) string {
	if p.Terminal {
		return Clean(text)
	}
	return text
}
