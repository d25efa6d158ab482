package ddl

import (
	"strings"
	"unicode/utf8"
)

// operators, longest first.
func operators() [40]string {
	return [...]string{
		"**=", "===", "<=>", "||=", "&&=", "<<=", ">>=", "...",
		"**", "==", "!=", ">=", "<=", "&&", "||", "=>", "=~", "!~", "::", "..", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=", "<<", ">>", "&.", "->",
		"(", ")", "[", "]", "{", "}", ",", ".",
	}
}

// punctuation reads operators and the literals that begin with a sign.
func (lx *lexer) punctuation(c byte) error {
	last := lx.last()
	operand := !last.endsValue()
	// "word /x/" and "word -1" are calls with an argument when no blank follows the sign.
	argument := last.kind == tokIdent && lx.spaced && strings.IndexByte(" \t\r\n=", lx.peek(1)) < 0
	switch c {
	case '"', '\'', '`':
		return lx.quoted(c)
	case ':':
		if lx.peek(1) == '"' || lx.peek(1) == '\'' {
			if operand || lx.spaced || last.kind == tokOp {
				return lx.quotedSymbol()
			}
		}
		if lx.peek(1) != ':' && (operand || lx.spaced) && lx.symbol() {
			return nil
		}
	case '/':
		if operand || argument {
			lx.pos++
			return lx.regexp('/', '/')
		}
	case '%':
		if operand || argument {
			return lx.percent()
		}
	case '?':
		if operand && lx.peek(1) != 0 && lx.peek(1) > ' ' && !isWord(lx.peek(2)) {
			_, size := utf8.DecodeRuneInString(lx.src[lx.pos+1:])
			if lx.peek(1) == '\\' {
				return lx.refuse("a character literal")
			}
			text := lx.src[lx.pos+1 : lx.pos+1+size]
			lx.pos += 1 + size
			lx.emit(token{kind: tokString, parts: []part{{text: text}}, line: lx.line})
			return nil
		}
	case '<':
		if lx.peek(1) == '<' && (operand || argument) {
			if done, err := lx.heredocStart(); done || err != nil {
				return err
			}
		}
	case '@':
		return lx.refuse("an instance variable")
	case '$':
		return lx.refuse("a global variable")
	}
	rest := lx.src[lx.pos:]
	for _, op := range operators() {
		if strings.HasPrefix(rest, op) {
			lx.pos += len(op)
			lx.emit(token{kind: tokOp, text: op, line: lx.line})
			return nil
		}
	}
	if strings.IndexByte("+-*/%=<>!&|^~?:", c) >= 0 {
		lx.pos++
		lx.emit(token{kind: tokOp, text: string(c), line: lx.line})
		return nil
	}
	_, size := utf8.DecodeRuneInString(rest)
	return lx.syntax("syntax error, unexpected " + quote(rest[:size]))
}

// symbol reads :name and :+ and the like; false leaves the colon to be an operator.
func (lx *lexer) symbol() bool {
	rest := lx.src[lx.pos+1:]
	n := 0
	for n < len(rest) && isWord(rest[n]) {
		n++
	}
	switch {
	case n > 0 && !isDigit(rest[0]):
		if n < len(rest) && (rest[n] == '?' || rest[n] == '!' || rest[n] == '=') && !(n+1 < len(rest) && strings.IndexByte("=~>", rest[n+1]) >= 0) {
			n++
		}
	case n > 0:
		return false
	default:
		for _, op := range []string{"[]=", "[]", "<=>", "===", "==", "=~", "**", "<<", ">>", "<=", ">=", "!=", "+", "-", "*", "/", "%", "<", ">", "!", "&", "|", "^", "~"} {
			if strings.HasPrefix(rest, op) {
				n = len(op)
				break
			}
		}
		if n == 0 {
			return false
		}
	}
	if !utf8.ValidString(rest[:n]) {
		return false
	}
	lx.pos += 1 + n
	lx.emit(token{kind: tokSymbol, parts: []part{{text: rest[:n]}}, line: lx.line})
	return true
}
