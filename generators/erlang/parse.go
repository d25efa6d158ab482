package erlang

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what is read. A real file has some kilobytes and a depth of six.
const (
	maxBytes = 1 << 20
	maxDepth = 64
	maxTerms = 100_000
)

// ErrLimit is a text beyond the bounds of [Parse].
var ErrLimit = errors.New("the text is beyond what is read")

// SyntaxError is a text that is no sequence of plain terms.
type SyntaxError struct {
	Offset int // bytes from the beginning
	What   string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("offset %d: %s", e.Offset, e.What) }

// Parse reads the terms of a text, each of which ends with a full stop, as file:consult does.
func Parse(text []byte) ([]Term, error) {
	if len(text) > maxBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrLimit, maxBytes)
	}
	if !utf8.Valid(text) {
		return nil, &SyntaxError{0, "not valid UTF-8"}
	}
	p := &parser{text: string(text)}
	var terms []Term
	for p.blanks(); p.at < len(p.text); p.blanks() {
		t, err := p.term(0)
		if err != nil {
			return nil, err
		}
		p.blanks()
		if !p.stop() {
			return nil, p.fail("a full stop is missing")
		}
		terms = append(terms, t)
	}
	return terms, nil
}

type parser struct {
	text  string
	at    int
	terms int
}

func (p *parser) fail(what string) error { return &SyntaxError{p.at, what} }

// blanks passes over white space and remarks.
func (p *parser) blanks() {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c <= ' ':
			p.at++
		case c == '%':
			if n := strings.IndexByte(p.text[p.at:], '\n'); n >= 0 {
				p.at += n
			} else {
				p.at = len(p.text)
			}
		default:
			return
		}
	}
}

// stop passes over a full stop, which white space, a remark or the end follows.
func (p *parser) stop() bool {
	rest := p.text[p.at:]
	if rest == "" || rest[0] != '.' || len(rest) > 1 && rest[1] > ' ' && rest[1] != '%' {
		return false
	}
	p.at++
	return true
}

func (p *parser) accept(prefix string) bool {
	if !strings.HasPrefix(p.text[p.at:], prefix) {
		return false
	}
	p.at += len(prefix)
	return true
}

func (p *parser) term(depth int) (Term, error) {
	p.terms++
	if depth > maxDepth || p.terms > maxTerms {
		return nil, fmt.Errorf("%w: deeper than %d or more than %d terms", ErrLimit, maxDepth, maxTerms)
	}
	p.blanks()
	if p.at == len(p.text) {
		return nil, p.fail("the text ends inside a term")
	}
	switch c := p.text[p.at]; {
	case c == '[':
		items, err := p.sequence(']', depth)
		return List(items), err
	case c == '{':
		items, err := p.sequence('}', depth)
		return Tuple(items), err
	case c == '"':
		s, err := p.quoted('"')
		return String(s), err
	case c == '\'':
		s, err := p.quoted('\'')
		if err == nil && utf8.RuneCountInString(s) > maxAtom {
			err = p.fail("the atom is too long")
		}
		return Atom(s), err
	case p.accept("<<"):
		return p.binary()
	case c >= 'a' && c <= 'z':
		return p.atom()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	return nil, p.fail("no plain term begins here")
}

func (p *parser) sequence(end byte, depth int) ([]Term, error) {
	p.at++
	var items []Term
	for {
		p.blanks()
		if p.at < len(p.text) && p.text[p.at] == end && len(items) == 0 {
			p.at++
			return items, nil
		}
		t, err := p.term(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, t)
		p.blanks()
		switch {
		case p.accept(string(end)):
			return items, nil
		case !p.accept(","):
			return nil, p.fail("neither a comma nor the end of a list or tuple")
		}
	}
}

func (p *parser) atom() (Term, error) {
	start := p.at
	for p.at < len(p.text) && atomByte(p.text[p.at]) {
		p.at++
	}
	name := p.text[start:p.at]
	if !plainAtom(name) || len(name) > maxAtom {
		p.at = start
		return nil, p.fail("no atom begins here")
	}
	return Atom(name), nil
}

func (p *parser) binary() (Term, error) {
	p.blanks()
	var s string
	if p.at < len(p.text) && p.text[p.at] == '"' {
		start := p.at
		var err error
		if s, err = p.quoted('"'); err != nil {
			return nil, err
		}
		if !p.accept("/utf8") && strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
			p.at = start
			return nil, p.fail("a wide character in a binary that is not /utf8")
		}
		p.blanks()
	}
	if !p.accept(">>") {
		return nil, p.fail("the binary does not end")
	}
	return Binary(s), nil
}

// number reads decimal integers and floats.
func (p *parser) number() (Term, error) {
	start := p.at
	p.accept("-")
	digits := func() bool {
		from := p.at
		for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
			p.at++
		}
		return p.at > from
	}
	if !digits() {
		return nil, p.fail("a number without digits")
	}
	if rest := p.text[p.at:]; len(rest) < 2 || rest[0] != '.' || rest[1] < '0' || rest[1] > '9' {
		n, err := strconv.ParseInt(p.text[start:p.at], 10, 64)
		if err != nil {
			return nil, p.fail("the number is out of range")
		}
		return Int(n), nil
	}
	p.at++
	digits()
	if p.accept("e") || p.accept("E") {
		if !p.accept("-") {
			p.accept("+")
		}
		if !digits() {
			return nil, p.fail("an exponent without digits")
		}
	}
	f, err := strconv.ParseFloat(p.text[start:p.at], 64)
	if err != nil {
		return nil, p.fail("the number is out of range")
	}
	return Float(f), nil
}

// quoted reads what stands between two marks.
func (p *parser) quoted(mark byte) (string, error) {
	start := p.at
	p.at++
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch {
		case c == mark:
			return b.String(), nil
		case c != '\\':
			b.WriteByte(c)
		default:
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
		}
	}
	p.at = start
	return "", p.fail("the quotation does not end")
}

// escape reads what follows a backslash: those escapes that we write, and \t and \r.
func (p *parser) escape() (rune, error) {
	if p.accept("x{") {
		digits, _, ok := strings.Cut(p.text[p.at:min(len(p.text), p.at+8)], "}")
		n, err := strconv.ParseUint(digits, 16, 32)
		if !ok || err != nil || !utf8.ValidRune(rune(n)) {
			return 0, p.fail("no character has this number")
		}
		p.at += len(digits) + 1
		return rune(n), nil
	}
	for from, to := range map[string]rune{`\`: '\\', `"`: '"', `'`: '\'', "n": '\n', "t": '\t', "r": '\r'} {
		if p.accept(from) {
			return to, nil
		}
	}
	return 0, p.fail("an escape that is not read")
}
