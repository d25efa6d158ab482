package ddl

import (
	"strings"
	"unicode/utf8"
)

// Bounds of a file. maxDepth counts what nests: blocks, lists, hashes, parentheses, conditions, interpolation.
const (
	maxFile  = 1 << 20 // bytes
	maxDepth = 32
)

type lexer struct {
	src    string
	file   string
	pos    int
	line   int
	tokens []token
	docs   []heredoc // whose bodies begin at the next line
	spaced bool
	start  int   // of the token that is being read
	bad    error // bytes that are not UTF-8, which Ruby refuses except in comments
}

// lex cuts src into tokens. line is the number of its first line.
func lex(src, file string, line int) ([]token, error) {
	// A token stands for eight bytes or more in most files: with a list that grows, reading one allocates half as much again.
	lx := &lexer{src: src, file: file, line: line, tokens: make([]token, 0, len(src)/8+4)}
	if err := lx.lineStart(); err != nil {
		return nil, err
	}
	for {
		done, err := lx.next()
		if err != nil {
			return nil, err
		}
		if lx.bad != nil {
			return nil, lx.bad
		}
		if done {
			break
		}
	}
	if len(lx.docs) > 0 {
		return nil, lx.syntax("can't find string \"" + lx.docs[0].id + "\" anywhere before EOF")
	}
	return lx.tokens, nil
}

func (lx *lexer) syntax(reason string) error { return &SyntaxError{lx.file, lx.line, reason} }

func (lx *lexer) refuse(what string) error { return &RefusedError{lx.file, lx.line, what} }

// peek returns the byte n places ahead, 0 behind the end.
func (lx *lexer) peek(n int) byte {
	if lx.pos+n < len(lx.src) {
		return lx.src[lx.pos+n]
	}
	return 0
}

func (lx *lexer) last() token {
	if len(lx.tokens) == 0 {
		return token{kind: tokNewline}
	}
	return lx.tokens[len(lx.tokens)-1]
}

func (lx *lexer) emit(t token) {
	lx.checkText(lx.src[lx.start:lx.pos])
	t.spaced = lx.spaced
	c := lx.peek(0)
	t.glued = c != 0 && c != ' ' && c != '\t' && c != '\n' && c != '\r'
	lx.tokens = append(lx.tokens, t)
	lx.spaced = false
}

// checkText remembers the first text that is not UTF-8.
func (lx *lexer) checkText(s string) {
	if lx.bad == nil && !utf8.ValidString(s) {
		lx.bad = lx.syntax("invalid multibyte char (UTF-8)")
	}
}

func (lx *lexer) next() (done bool, err error) {
	lx.blanks()
	lx.start = lx.pos
	if lx.pos >= len(lx.src) {
		lx.emit(token{kind: tokEOF, line: lx.line})
		return true, nil
	}
	c := lx.src[lx.pos]
	switch {
	case c == '\n':
		return false, lx.newline()
	case c == ';':
		lx.pos++
		lx.emit(token{kind: tokNewline, text: ";", line: lx.line})
		return false, nil
	case c == '#':
		lx.skipLine()
		return false, nil
	case c == 4 || c == 26:
		lx.pos = len(lx.src) // Ruby stops reading here
		return false, nil
	case isDigit(c):
		return false, lx.number()
	case isWord(c):
		return false, lx.word()
	}
	return false, lx.punctuation(c)
}

func (lx *lexer) blanks() {
	for lx.pos < len(lx.src) {
		switch {
		case strings.IndexByte(" \t\r\f\v", lx.src[lx.pos]) >= 0:
			lx.pos++
		case lx.src[lx.pos] == '\\' && lx.peek(1) == '\n':
			lx.pos += 2
			lx.line++
		case lx.src[lx.pos] == '\\' && lx.peek(1) == '\r' && lx.peek(2) == '\n':
			lx.pos += 3
			lx.line++
		default:
			return
		}
		lx.spaced = true
	}
}

func (lx *lexer) skipLine() {
	if end := strings.IndexByte(lx.src[lx.pos:], '\n'); end >= 0 {
		lx.pos += end
	} else {
		lx.pos = len(lx.src)
	}
}

// newline ends a line and reads the here-documents that wait for it.
func (lx *lexer) newline() error {
	t := token{kind: tokNewline, line: lx.line}
	lx.pos++
	lx.line++
	for _, d := range lx.docs {
		if err := lx.readHeredoc(d); err != nil {
			return err
		}
	}
	lx.docs = nil
	lx.tokens = append(lx.tokens, t)
	lx.spaced = true
	return lx.lineStart()
}

// lineStart passes over comment blocks, and ends the file at __END__.
func (lx *lexer) lineStart() error {
	for strings.HasPrefix(lx.src[lx.pos:], "=begin") {
		end := strings.Index(lx.src[lx.pos:], "\n=end")
		if end < 0 {
			return lx.syntax("embedded document meets end of file")
		}
		lx.line += strings.Count(lx.src[lx.pos:lx.pos+end+1], "\n")
		lx.pos += end + 1
		lx.skipLine()
		if lx.pos < len(lx.src) {
			lx.pos++
			lx.line++
		}
	}
	if rest := lx.src[lx.pos:]; rest == "__END__" || strings.HasPrefix(rest, "__END__\n") || strings.HasPrefix(rest, "__END__\r\n") {
		lx.pos = len(lx.src)
	}
	return nil
}

func (lx *lexer) number() error {
	start := lx.pos
	kind := tokInt
	if lx.src[lx.pos] == '0' && strings.IndexByte("xXbBoOdD", lx.peek(1)) >= 0 && lx.peek(1) != 0 {
		lx.pos += 2
		for isWord(lx.peek(0)) {
			lx.pos++
		}
	} else {
		lx.digits()
		if lx.peek(0) == '.' && isDigit(lx.peek(1)) {
			kind = tokFloat
			lx.pos++
			lx.digits()
		}
		if c := lx.peek(0); c == 'e' || c == 'E' {
			n := 1
			if s := lx.peek(1); s == '+' || s == '-' {
				n = 2
			}
			if isDigit(lx.peek(n)) {
				kind = tokFloat
				lx.pos += n
				lx.digits()
			}
		}
	}
	if isWord(lx.peek(0)) {
		return lx.refuse("the number " + clip(lx.src[start:lx.pos+1]))
	}
	lx.emit(token{kind: kind, text: strings.ReplaceAll(lx.src[start:lx.pos], "_", ""), line: lx.line})
	return nil
}

func (lx *lexer) digits() {
	for isDigit(lx.peek(0)) || lx.peek(0) == '_' && isDigit(lx.peek(1)) {
		lx.pos++
	}
}

// word reads a name, keyword, constant or the key of a hash.
func (lx *lexer) word() error {
	start := lx.pos
	for isWord(lx.peek(0)) {
		lx.pos++
	}
	if c := lx.peek(0); (c == '?' || c == '!') && lx.peek(1) != '=' && !(c == '?' && lx.peek(1) == ':' && lx.peek(2) != ':') {
		lx.pos++
	}
	text := lx.src[start:lx.pos]
	afterDot := lx.last().kind == tokOp && (lx.last().text == "." || lx.last().text == "&.")
	ternary := lx.last().kind == tokOp && lx.last().text == "?"
	if lx.peek(0) == ':' && lx.peek(1) != ':' && !afterDot && !(ternary && lx.peek(1) != ' ') {
		lx.pos++
		lx.emit(token{kind: tokLabel, text: text, line: lx.line})
		return nil
	}
	kind := tokIdent
	switch {
	case afterDot:
	case isKeyword(text):
		kind = tokKeyword
	case 'A' <= text[0] && text[0] <= 'Z':
		kind = tokConst
	}
	lx.emit(token{kind: kind, text: text, line: lx.line})
	return nil
}

func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
