package ddl

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// maxChain bounds operators in a row and calls in a row.
const maxChain = 256

type parser struct {
	file   string
	tokens []token
	pos    int
	depth  int
	locals []string // variables in sight: Ruby tells a variable from a word by them
	noDo   bool     // a do block belongs to the call whose arguments are being read
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.kind != tokEOF {
		p.pos++
	}
	return t
}

func (p *parser) is(kind tokenKind, text string) bool {
	t := p.peek()
	return t.kind == kind && t.text == text
}

func (p *parser) op(text string) bool { return p.is(tokOp, text) }

func (p *parser) keyword(text string) bool { return p.is(tokKeyword, text) }

func (p *parser) accept(kind tokenKind, text string) bool {
	if p.is(kind, text) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) expect(kind tokenKind, text string) error {
	if !p.accept(kind, text) {
		return p.unexpected()
	}
	return nil
}

// unexpected is the error about the token ahead. A file that ends too early is reported at its last line, as Ruby does.
func (p *parser) unexpected() error {
	t := p.peek()
	at, what := t.line, describe(t)
	if t.kind == tokEOF {
		for i := p.pos - 1; i >= 0; i-- {
			if p.tokens[i].kind != tokNewline {
				at = p.tokens[i].line
				break
			}
		}
	}
	return &SyntaxError{p.file, at, "syntax error, unexpected " + what}
}

func describe(t token) string {
	switch t.kind {
	case tokEOF:
		return "end-of-input"
	case tokNewline:
		if t.text == ";" {
			return "';'"
		}
		return "'\\n'"
	case tokInt:
		return "integer literal"
	case tokFloat:
		return "float literal"
	case tokString:
		return "string literal"
	case tokSymbol:
		return "symbol literal"
	case tokRegexp:
		return "regexp literal"
	case tokWords, tokSymbols:
		return "word list"
	case tokIdent:
		return "local variable or method"
	case tokConst:
		return "constant"
	case tokLabel:
		return "label"
	case tokKeyword:
		return "`" + t.text + "'"
	}
	return "'" + t.text + "'"
}

func (p *parser) refuse(at int, what string) error { return &RefusedError{p.file, at, what} }

// enter counts one step of nesting, of which a level takes three; leave takes it back.
func (p *parser) enter() error {
	if p.depth++; p.depth > 3*maxDepth+3 {
		return &LimitError{p.file, p.peek().line, "nested too deep: at most " + strconv.Itoa(maxDepth) + " levels are read"}
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

func (p *parser) newlines() {
	for p.peek().kind == tokNewline {
		p.pos++
	}
}

// statements reads up to a keyword or sign that ends a body; it is left standing.
func (p *parser) statements() (node, error) {
	seq := &sequence{line: line(p.peek().line)}
	for {
		p.newlines()
		t := p.peek()
		if t.kind == tokEOF || t.kind == tokOp && t.text == "}" || t.kind == tokOp && t.text == ")" ||
			t.kind == tokKeyword && slices.Contains([]string{"end", "else", "elsif", "when"}, t.text) {
			return seq, nil
		}
		s, err := p.statement()
		if err != nil {
			return nil, err
		}
		seq.body = append(seq.body, s)
		if t := p.peek(); t.kind != tokNewline && t.kind != tokEOF && !(t.kind == tokOp && (t.text == "}" || t.text == ")")) &&
			!(t.kind == tokKeyword && slices.Contains([]string{"end", "else", "elsif", "when"}, t.text)) {
			return nil, p.unexpected()
		}
	}
}

// statement reads an expression with what may follow it: and, or, if, unless.
func (p *parser) statement() (node, error) {
	s, err := p.notExpression()
	if err != nil {
		return nil, err
	}
	for n := 0; p.peek().kind == tokKeyword; n++ {
		t := p.peek()
		if n > maxChain {
			return nil, &LimitError{p.file, t.line, "too many conditions in a row"}
		}
		switch t.text {
		case "and", "or":
			p.pos++
			p.newlines()
			right, err := p.notExpression()
			if err != nil {
				return nil, err
			}
			s = &logic{line(t.line), t.text, s, right}
		case "if", "unless":
			p.pos++
			test, err := p.expressionStatement()
			if err != nil {
				return nil, err
			}
			s = conditional(t, test, s, nil)
		case "while", "until", "rescue":
			return nil, p.refuse(t.line, "`"+t.text+"'")
		default:
			return s, nil
		}
	}
	return s, nil
}

func conditional(t token, test, then, otherwise node) node {
	if t.text == "unless" {
		test = &logic{line(t.line), "not", test, nil}
	}
	return &condition{line(t.line), test, then, otherwise}
}

// expressionStatement reads a condition: expressions joined by and, or, not.
func (p *parser) expressionStatement() (node, error) {
	left, err := p.notExpression()
	if err != nil {
		return nil, err
	}
	for n := 0; p.keyword("and") || p.keyword("or"); n++ {
		t := p.next()
		p.newlines()
		if n > maxChain {
			return nil, &LimitError{p.file, t.line, "too many conditions in a row"}
		}
		right, err := p.notExpression()
		if err != nil {
			return nil, err
		}
		left = &logic{line(t.line), t.text, left, right}
	}
	return left, nil
}

func (p *parser) notExpression() (node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if t := p.peek(); p.accept(tokKeyword, "not") {
		x, err := p.notExpression()
		return &logic{line(t.line), "not", x, nil}, err
	}
	return p.expression()
}

func (p *parser) declare(name string) {
	if !slices.Contains(p.locals, name) {
		p.locals = append(p.locals, name)
	}
}

func number(t token) (mco.Value, bool) {
	if t.kind == tokFloat {
		f, err := strconv.ParseFloat(t.text, 64)
		return mco.Float(f), err == nil
	}
	digits, base := t.text, 10
	if len(digits) > 1 && digits[0] == '0' {
		switch digits[1] {
		case 'x', 'X':
			digits, base = digits[2:], 16
		case 'b', 'B':
			digits, base = digits[2:], 2
		case 'd', 'D':
			digits = digits[2:]
		case 'o', 'O':
			digits, base = digits[2:], 8
		default:
			digits, base = digits[1:], 8
		}
	}
	n, ok := new(big.Int).SetString(strings.ToLower(digits), base)
	if !ok || n.BitLen() > maxInteger {
		return mco.Nil(), false
	}
	return mco.BigInt(n), true
}
