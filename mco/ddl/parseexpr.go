package ddl

import (
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// expression reads an assignment, a choice with ? and :, or an operation.
func (p *parser) expression() (node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	t := p.peek()
	if (t.kind == tokIdent || t.kind == tokConst) && p.tokens[p.pos+1].kind == tokOp {
		switch op := p.tokens[p.pos+1].text; op {
		case "=":
			p.pos += 2
			p.newlines()
			if t.kind == tokIdent {
				p.declare(t.text)
			}
			value, err := p.expression()
			return &assignment{line(t.line), t.text, value}, err
		case "+=", "-=", "*=":
			if t.kind == tokIdent {
				p.pos += 2
				p.newlines()
				value, err := p.expression()
				old := &variable{line(t.line), t.text}
				return &assignment{line(t.line), t.text, &call{line: line(t.line), receiver: old, name: op[:1], args: []node{value}}}, err
			}
		}
	}
	test, err := p.rangeExpression()
	if n := p.peek(); err == nil && n.kind == tokOp && isAssignment(n.text) {
		return nil, p.refuse(n.line, "this kind of assignment")
	}
	if err != nil || !p.op("?") {
		return test, err
	}
	p.pos++
	p.newlines()
	then, err := p.ternaryBranch()
	if err != nil {
		return nil, err
	}
	otherwise, err := p.expression()
	return &condition{line(t.line), test, then, otherwise}, err
}

func isAssignment(op string) bool {
	switch op {
	case "=", "+=", "-=", "*=", "/=", "%=", "**=", "||=", "&&=", "|=", "&=", "^=", "<<=", ">>=":
		return true
	}
	return false
}

// ternaryBranch reads what stands between ? and :. "a ? b : c" may have been cut into a label "b:" where no blank follows b.
func (p *parser) ternaryBranch() (node, error) {
	if t := p.peek(); t.kind == tokLabel {
		p.pos++
		p.newlines()
		return p.name(t, nil), nil
	}
	then, err := p.expression()
	if err != nil {
		return nil, err
	}
	p.newlines()
	if err := p.expect(tokOp, ":"); err != nil {
		return nil, err
	}
	p.newlines()
	return then, nil
}

// name makes a variable, or a word without arguments.
func (p *parser) name(t token, b *block) node {
	if slices.Contains(p.locals, t.text) && b == nil {
		return &variable{line(t.line), t.text}
	}
	return &call{line: line(t.line), name: t.text, block: b}
}

func (p *parser) rangeExpression() (node, error) {
	from, err := p.binary(0)
	if err != nil || !p.op("..") && !p.op("...") {
		return from, err
	}
	t := p.next()
	to, err := p.binary(0)
	return &rangeNode{line(t.line), from, to, t.text == "..."}, err
}

// level returns the operators that bind equally, loosest first.
func level(n int) []string {
	levels := [...][]string{
		{"||"}, {"&&"}, {"==", "!=", "=~", "!~", "===", "<=>"}, {"<", "<=", ">", ">="}, {"|", "^", "&"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"},
	}
	if n >= len(levels) {
		return nil
	}
	return levels[n]
}

func (p *parser) binary(n int) (node, error) {
	ops := level(n)
	if ops == nil {
		return p.unary()
	}
	left, err := p.binary(n + 1)
	if err != nil {
		return nil, err
	}
	for count := 0; p.peek().kind == tokOp && slices.Contains(ops, p.peek().text); count++ {
		t := p.next()
		if count > maxChain {
			return nil, &LimitError{p.file, t.line, "too many operators in a row"}
		}
		p.newlines()
		right, err := p.binary(n + 1)
		if err != nil {
			return nil, err
		}
		switch t.text {
		case "||":
			left = &logic{line(t.line), "or", left, right}
		case "&&":
			left = &logic{line(t.line), "and", left, right}
		default:
			left = &call{line: line(t.line), receiver: left, name: t.text, args: []node{right}}
		}
	}
	return left, nil
}

func (p *parser) unary() (node, error) {
	t := p.peek()
	if t.kind != tokOp || !strings.Contains("!-+", t.text) {
		return p.power()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	p.pos++
	x, err := p.unary()
	if err != nil {
		return nil, err
	}
	if t.text == "!" {
		return &logic{line(t.line), "not", x, nil}, nil
	}
	return &call{line: line(t.line), receiver: x, name: t.text + "@"}, nil
}

// power reads x ** y, which binds tighter than a sign in front of x and to the right.
func (p *parser) power() (node, error) {
	base, err := p.postfix()
	if err != nil || !p.op("**") {
		return base, err
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	t := p.next()
	p.newlines()
	exponent, err := p.unary()
	return &call{line: line(t.line), receiver: base, name: "**", args: []node{exponent}}, err
}

// postfix reads a value and the calls, indexes and blocks behind it.
func (p *parser) postfix() (node, error) {
	x, err := p.primary()
	if err != nil {
		return nil, err
	}
	for count := 0; ; count++ {
		t := p.peek()
		if count > maxChain {
			return nil, &LimitError{p.file, t.line, "too many calls in a row"}
		}
		switch {
		case t.kind == tokNewline && p.leadingDot():
			p.newlines()
		case t.kind == tokOp && (t.text == "." || t.text == "&."):
			p.pos++
			p.newlines()
			x, err = p.method(x, t.text == "&.")
		case t.kind == tokOp && t.text == "[" && !t.spaced:
			p.pos++
			x, err = p.index(x, t.line)
		case t.kind == tokOp && t.text == "::":
			return nil, p.refuse(t.line, "`::'")
		default:
			return x, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// leadingDot tells whether the next line goes on with ".method".
func (p *parser) leadingDot() bool {
	i := p.pos
	for p.tokens[i].kind == tokNewline {
		if p.tokens[i].text == ";" {
			return false
		}
		i++
	}
	t := p.tokens[i]
	return t.kind == tokOp && (t.text == "." || t.text == "&.")
}

func (p *parser) index(x node, at int) (node, error) {
	args, err := p.arguments("]")
	return &call{line: line(at), receiver: x, name: "[]", args: args}, err
}

func (p *parser) method(x node, safe bool) (node, error) {
	t := p.next()
	if t.kind != tokIdent {
		p.pos--
		return nil, p.unexpected()
	}
	c := &call{line: line(t.line), receiver: x, safe: safe, name: t.text}
	return p.finishCall(c, t)
}

// finishCall reads the arguments and the block of a call whose name t was just read.
func (p *parser) finishCall(c *call, t token) (node, error) {
	var err error
	if n := p.peek(); n.kind == tokOp && n.text == "(" && !n.spaced {
		p.pos++
		if c.args, err = p.arguments(")"); err != nil {
			return nil, err
		}
	} else if p.startsArgument() {
		if c.args, err = p.bareArguments(); err != nil {
			return nil, err
		}
	}
	c.block, err = p.block()
	return c, err
}

// startsArgument tells whether what follows a name, behind a blank, is its first argument.
func (p *parser) startsArgument() bool {
	t := p.peek()
	if !t.spaced {
		return false
	}
	switch t.kind {
	case tokInt, tokFloat, tokString, tokSymbol, tokRegexp, tokWords, tokSymbols, tokIdent, tokConst, tokLabel:
		return true
	case tokKeyword:
		return slices.Contains([]string{"true", "false", "nil", "not", "defined?", "case", "self", "__FILE__", "__LINE__", "__dir__", "__method__"}, t.text)
	case tokOp:
		switch t.text {
		case "[", "(", "!", "->":
			return true
		case "-", "*", "&", "::":
			return t.glued
		}
	}
	return false
}

// setNoDo says whom a do block belongs to until the function that it returns is called.
func (p *parser) setNoDo(on bool) (restore func()) {
	old := p.noDo
	p.noDo = on
	return func() { p.noDo = old }
}

// bareArguments reads arguments without parentheses.
func (p *parser) bareArguments() ([]node, error) {
	var args []node
	var pairs *hashNode
	defer p.setNoDo(true)()
	for {
		if err := p.argument(&args, &pairs); err != nil {
			return nil, err
		}
		if !p.accept(tokOp, ",") {
			return args, nil
		}
		p.newlines()
	}
}

// arguments reads arguments up to the closing sign and past it.
func (p *parser) arguments(closing string) ([]node, error) {
	var args []node
	var pairs *hashNode
	defer p.setNoDo(false)()
	for {
		p.newlines()
		if p.accept(tokOp, closing) {
			return args, nil
		}
		if err := p.argument(&args, &pairs); err != nil {
			return nil, err
		}
		p.newlines()
		if !p.accept(tokOp, ",") {
			return args, p.expect(tokOp, closing)
		}
	}
}

// argument reads one argument; pairs without braces gather in one hash at the end.
func (p *parser) argument(args *[]node, pairs **hashNode) error {
	t := p.peek()
	if t.kind == tokOp && slices.Contains([]string{"*", "**", "&", "->"}, t.text) {
		return p.refuse(t.line, "`"+t.text+"' in front of an argument")
	}
	key, value, err := p.pair()
	if err != nil {
		return err
	}
	if value == nil {
		if *pairs != nil {
			return p.unexpected()
		}
		*args = append(*args, key)
		return nil
	}
	if *pairs == nil {
		*pairs = &hashNode{line: line(t.line)}
		*args = append(*args, *pairs)
	}
	(*pairs).keys = append((*pairs).keys, key)
	(*pairs).values = append((*pairs).values, value)
	return nil
}

// pair reads "key => value", "key: value", or an expression alone (value is nil then).
func (p *parser) pair() (key, value node, err error) {
	if t := p.peek(); t.kind == tokLabel {
		p.pos++
		p.newlines()
		value, err = p.notExpression()
		return &literal{line(t.line), mco.Sym(mco.Symbol(t.text))}, value, err
	}
	key, err = p.notExpression()
	if err != nil || !p.op("=>") {
		return key, nil, err
	}
	p.pos++
	p.newlines()
	value, err = p.notExpression()
	return key, value, err
}
