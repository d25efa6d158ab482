package ddl

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// quoted reads a string in quotation marks; followed by a colon it is the key of a hash.
func (lx *lexer) quoted(mark byte) error {
	if mark == '`' {
		return lx.refuse("running a command")
	}
	line := lx.line
	lx.pos++
	parts, err := lx.body(0, mark, mark == '"')
	if err != nil {
		return err
	}
	prev := lx.last()
	keyPlace := prev.kind == tokNewline || prev.kind == tokOp && (prev.text == "{" || prev.text == "," || prev.text == "(") || prev.kind == tokIdent
	if lx.peek(0) == ':' && lx.peek(1) != ':' && keyPlace {
		if len(parts) > 1 || len(parts) == 1 && parts[0].code {
			return lx.refuse("interpolation in the key of a hash")
		}
		lx.pos++
		lx.emit(token{kind: tokLabel, text: joined(parts), line: line})
		return nil
	}
	lx.emit(token{kind: tokString, parts: parts, line: line})
	return nil
}

func joined(parts []part) string {
	var s string
	for _, p := range parts {
		s += p.text
	}
	return s
}

func (lx *lexer) quotedSymbol() error {
	line, mark := lx.line, lx.peek(1)
	lx.pos += 2
	parts, err := lx.body(0, mark, mark == '"')
	if err != nil {
		return err
	}
	lx.emit(token{kind: tokSymbol, parts: parts, line: line})
	return nil
}

// percent reads the literals that begin with a per cent sign.
func (lx *lexer) percent() error {
	line, kind, n := lx.line, byte('Q'), 1
	if c := lx.peek(1); 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
		kind, n = c, 2
	}
	open := lx.peek(n)
	if open == 0 || open == ' ' || open == '\n' || open >= utf8.RuneSelf || isWord(open) {
		return lx.syntax("unknown type of %string")
	}
	closing := open
	if i := strings.IndexByte("([{<", open); i >= 0 {
		closing = ")]}>"[i]
	} else {
		open = 0
	}
	lx.pos += n + 1
	switch kind {
	case 'q', 'Q', 's':
		parts, err := lx.body(open, closing, kind == 'Q')
		if err != nil {
			return err
		}
		k := tokString
		if kind == 's' {
			k = tokSymbol
		}
		lx.emit(token{kind: k, parts: parts, line: line})
		return nil
	case 'w', 'W', 'i', 'I':
		return lx.wordList(open, closing, kind, line)
	case 'r':
		return lx.regexp(open, closing)
	}
	return lx.refuse("%" + string(kind))
}

// wordList reads %w[a b]. Interpolation in it (%W) is refused.
func (lx *lexer) wordList(open, closing, kind byte, line int) error {
	start, depth, first := lx.pos, 0, lx.line
	for {
		c := lx.peek(0)
		switch {
		case lx.pos >= len(lx.src):
			lx.line = first
			return lx.syntax("unterminated list meets end of file")
		case c == '\\' || (kind == 'W' || kind == 'I') && c == '#' && lx.peek(1) == '{':
			return lx.refuse("an escape in %" + string(kind))
		case open != 0 && c == open:
			depth++
		case c == closing:
			depth--
		case c == '\n':
			lx.line++
		}
		lx.pos++
		if depth < 0 {
			break
		}
	}
	t := token{kind: tokWords, line: line}
	if kind == 'i' || kind == 'I' {
		t.kind = tokSymbols
	}
	for _, w := range strings.Fields(lx.src[start : lx.pos-1]) {
		t.words = append(t.words, []part{{text: w}})
	}
	lx.emit(t)
	return nil
}

// regexp reads a regular expression behind its opening mark; escapes are the pattern's own.
func (lx *lexer) regexp(open, closing byte) error {
	if open == closing {
		open = 0
	}
	line := lx.line
	var parts []part
	var b strings.Builder
	for depth := 0; ; {
		c := lx.peek(0)
		switch {
		case lx.pos >= len(lx.src):
			lx.line = line
			return lx.syntax("unterminated regexp meets end of file")
		case c == '\\':
			if next := lx.peek(1); next != closing || next != '/' {
				b.WriteByte(c)
			}
			lx.pos++
			if lx.pos < len(lx.src) {
				lx.count(lx.src[lx.pos])
				b.WriteByte(lx.src[lx.pos])
				lx.pos++
			}
			continue
		case c == '#' && lx.peek(1) == '{':
			code, err := lx.interpolation()
			if err != nil {
				return err
			}
			parts = append(parts, part{text: b.String()}, code)
			b.Reset()
			continue
		case open != 0 && c == open:
			depth++
		case c == closing:
			depth--
		}
		lx.pos++
		if depth < 0 {
			break
		}
		lx.count(c)
		b.WriteByte(c)
	}
	t := token{kind: tokRegexp, parts: append(parts, part{text: b.String()}), line: line}
	for 'a' <= lx.peek(0) && lx.peek(0) <= 'z' {
		switch lx.peek(0) {
		case 'i':
			t.opts |= 1
		case 'x':
			t.opts |= 2
		case 'm':
			t.opts |= 4
		default:
			return lx.refuse("the regexp option " + string(lx.peek(0)))
		}
		lx.pos++
	}
	lx.emit(t)
	return nil
}

func (lx *lexer) count(c byte) {
	if c == '\n' {
		lx.line++
	}
}

// body reads a string up to its closing mark and past it. escapes tells a "text" from a 'text'.
func (lx *lexer) body(open, closing byte, escapes bool) ([]part, error) {
	var parts []part
	var b strings.Builder
	first := lx.line
	for depth := 0; ; {
		c := lx.peek(0)
		switch {
		case lx.pos >= len(lx.src):
			lx.line = first
			return nil, lx.syntax("unterminated string meets end of file")
		case c == '\\' && escapes:
			if err := lx.escape(&b); err != nil {
				return nil, err
			}
			continue
		case c == '\\' && (lx.peek(1) == closing || lx.peek(1) == '\\' || open != 0 && lx.peek(1) == open):
			b.WriteByte(lx.peek(1))
			lx.pos += 2
			continue
		case c == '#' && escapes && lx.peek(1) == '{':
			code, err := lx.interpolation()
			if err != nil {
				return nil, err
			}
			parts = append(parts, part{text: b.String()}, code)
			b.Reset()
			continue
		case c == '#' && escapes && (lx.peek(1) == '@' || lx.peek(1) == '$'):
			return nil, lx.refuse("an instance or global variable")
		case open != 0 && c == open:
			depth++
		case c == closing:
			depth--
		}
		lx.pos++
		if depth < 0 {
			break
		}
		lx.count(c)
		b.WriteByte(c)
	}
	return append(parts, part{text: b.String()}), nil
}

// interpolation reads #{...} and returns the source within.
func (lx *lexer) interpolation() (part, error) {
	lx.pos += 2
	start, line := lx.pos, lx.line
	depth, mark := 0, byte(0)
	for ; lx.pos < len(lx.src); lx.pos++ {
		c := lx.src[lx.pos]
		lx.count(c)
		switch {
		case c == '\\':
			lx.pos++
			lx.count(lx.peek(0))
		case mark != 0:
			if c == mark {
				mark = 0
			}
		case c == '"' || c == '\'':
			mark = c
		case c == '{':
			depth++
		case c == '}' && depth > 0:
			depth--
		case c == '}':
			code := lx.src[start:lx.pos]
			lx.pos++
			return part{text: code, code: true, line: line}, nil
		}
	}
	return part{}, lx.syntax("unterminated string meets end of file")
}

// escape reads one backslash sequence of a double-quoted string.
func (lx *lexer) escape(b *strings.Builder) error {
	c := lx.peek(1)
	if lx.pos+1 >= len(lx.src) {
		return lx.syntax("unterminated string meets end of file")
	}
	lx.pos += 2
	if i := strings.IndexByte("ntrfvabes", c); i >= 0 {
		b.WriteByte("\n\t\r\f\v\a\b\x1b "[i])
		return nil
	}
	switch {
	case c == '\n':
		lx.line++
	case c == 'u':
		return lx.unicodeEscape(b)
	case c == 'x':
		return lx.numeric(b, 2, 16)
	case '0' <= c && c <= '7':
		lx.pos--
		return lx.numeric(b, 3, 8)
	case c == 'c' || c == 'C' || c == 'M':
		return lx.refuse("a control character")
	default:
		b.WriteByte(c)
	}
	return nil
}

func (lx *lexer) numeric(b *strings.Builder, most, base int) error {
	n := 0
	for n < most && lx.pos+n < len(lx.src) {
		if _, err := strconv.ParseUint(lx.src[lx.pos+n:lx.pos+n+1], base, 8); err != nil {
			break
		}
		n++
	}
	v, err := strconv.ParseUint(lx.src[lx.pos:lx.pos+n], base, 16)
	if err != nil {
		return lx.syntax("invalid hex escape")
	}
	lx.pos += n
	b.WriteByte(byte(v))
	return nil
}

func (lx *lexer) unicodeEscape(b *strings.Builder) error {
	digits := ""
	if lx.peek(0) == '{' {
		end := strings.IndexByte(lx.src[lx.pos:], '}')
		if end < 0 || end > 200 {
			return lx.syntax("unterminated Unicode escape")
		}
		digits = lx.src[lx.pos+1 : lx.pos+end]
		lx.pos += end + 1
	} else if lx.pos+4 <= len(lx.src) {
		digits = lx.src[lx.pos : lx.pos+4]
		lx.pos += 4
	}
	fields := strings.Fields(digits)
	if len(fields) == 0 {
		return lx.syntax("invalid Unicode escape")
	}
	for _, f := range fields {
		r, err := strconv.ParseUint(f, 16, 32)
		if err != nil || !utf8.ValidRune(rune(r)) {
			return lx.syntax("invalid Unicode escape")
		}
		b.WriteRune(rune(r))
	}
	return nil
}
