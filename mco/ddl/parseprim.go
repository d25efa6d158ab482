package ddl

import "github.com/mco-go/mco-go/mco"

// primary reads a literal, a name with its arguments, or a bracketed or worded construct.
func (p *parser) primary() (node, error) {
	t := p.next()
	switch t.kind {
	case tokInt, tokFloat:
		v, ok := number(t)
		if !ok {
			return nil, p.refuse(t.line, "the number "+clip(t.text))
		}
		return &literal{line(t.line), v}, nil
	case tokString:
		return p.adjacent(t)
	case tokSymbol, tokRegexp:
		return p.text(t)
	case tokWords, tokSymbols:
		list := &listNode{line: line(t.line)}
		for _, w := range t.words {
			v := mco.String(joined(w))
			if t.kind == tokSymbols {
				v = mco.Sym(mco.Symbol(joined(w)))
			}
			list.items = append(list.items, &literal{line(t.line), v})
		}
		return list, nil
	case tokConst:
		return p.constant(t)
	case tokIdent:
		if v := p.name(t, nil); !p.nameTakesArguments(v) {
			return v, nil
		}
		return p.finishCall(&call{line: line(t.line), name: t.text}, t)
	case tokKeyword:
		return p.worded(t)
	case tokOp:
		return p.bracketed(t)
	}
	p.pos--
	if t.kind == tokEOF {
		p.pos++
	}
	return nil, p.unexpected()
}

// nameTakesArguments tells a word from a variable: only "x(" makes a variable's name a word.
func (p *parser) nameTakesArguments(v node) bool {
	if _, isVariable := v.(*variable); !isVariable {
		return true
	}
	n := p.peek()
	return n.kind == tokOp && n.text == "(" && !n.spaced
}

// text makes the node of a string, symbol or regular expression.
func (p *parser) text(t token) (node, error) {
	if len(t.parts) == 1 && !t.parts[0].code {
		s := t.parts[0].text
		switch t.kind {
		case tokSymbol:
			return &literal{line(t.line), mco.Sym(mco.Symbol(s))}, nil
		case tokRegexp:
			return &literal{line(t.line), mco.Re(mco.Regexp{Source: s, Options: t.opts})}, nil
		}
		return &literal{line(t.line), literalText(s)}, nil
	}
	n := &stringNode{line: line(t.line), kind: t.kind, opts: t.opts}
	for _, part := range t.parts {
		if !part.code {
			n.parts = append(n.parts, &literal{line(t.line), literalText(part.text)})
			continue
		}
		inner, err := p.interpolated(part)
		if err != nil {
			return nil, err
		}
		n.parts = append(n.parts, inner)
	}
	return n, nil
}

// interpolated parses what stands between #{ and }, with the variables in sight here.
func (p *parser) interpolated(part part) (node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	tokens, err := lex(part.text, p.file, part.line)
	if err != nil {
		return nil, err
	}
	inner := &parser{file: p.file, tokens: tokens, depth: p.depth, locals: p.locals}
	body, err := inner.statements()
	if err == nil && inner.peek().kind != tokEOF {
		err = inner.unexpected()
	}
	return body, err
}

// adjacent joins "a" "b".
func (p *parser) adjacent(t token) (node, error) {
	first, err := p.text(t)
	if err != nil || p.peek().kind != tokString {
		return first, err
	}
	all := &stringNode{line: line(t.line), kind: tokString, parts: []node{first}}
	for p.peek().kind == tokString {
		more, err := p.text(p.next())
		if err != nil {
			return nil, err
		}
		all.parts = append(all.parts, more)
	}
	return all, nil
}

func (p *parser) constant(t token) (node, error) {
	if n := p.peek(); n.kind == tokOp && n.text == "(" && !n.spaced {
		return nil, p.refuse(t.line, "`"+t.text+"'")
	}
	c := &constant{line(t.line), t.text}
	for p.op("::") && p.tokens[p.pos+1].kind == tokConst {
		p.pos++
		c.name += "::" + p.next().text
		if len(c.name) > 200 {
			return nil, p.refuse(t.line, "a name this long")
		}
	}
	return c, nil
}

func (p *parser) bracketed(t token) (node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	defer p.setNoDo(false)()
	switch t.text {
	case "[":
		items, err := p.arguments("]")
		return &listNode{line(t.line), items}, err
	case "{":
		return p.hash(t)
	case "(":
		body, err := p.statements()
		if err != nil {
			return nil, err
		}
		return body, p.expect(tokOp, ")")
	case "->":
		return nil, p.refuse(t.line, "a lambda")
	case "::":
		if n := p.next(); n.kind == tokConst {
			return p.constant(n)
		}
	}
	p.pos--
	return nil, p.unexpected()
}

func (p *parser) hash(t token) (node, error) {
	h := &hashNode{line: line(t.line)}
	for {
		p.newlines()
		if p.accept(tokOp, "}") {
			return h, nil
		}
		if n := p.peek(); p.op("**") {
			return nil, p.refuse(n.line, "`**' in a hash")
		}
		key, value, err := p.pair()
		if err != nil {
			return nil, err
		}
		if value == nil {
			return nil, p.unexpected()
		}
		h.keys, h.values = append(h.keys, key), append(h.values, value)
		p.newlines()
		if !p.accept(tokOp, ",") {
			return h, p.expect(tokOp, "}")
		}
	}
}

// block reads do ... end or { ... } behind a call; nil when there is none.
func (p *parser) block() (*block, error) {
	closing := token{kind: tokKeyword, text: "end"}
	switch {
	case !p.noDo && p.accept(tokKeyword, "do"):
	case p.accept(tokOp, "{"):
		closing = token{kind: tokOp, text: "}"}
	default:
		return nil, nil
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	defer p.setNoDo(false)()
	outer := len(p.locals)
	b := new(block)
	p.newlines()
	if p.accept(tokOp, "||") {
		// no parameters
	} else if p.accept(tokOp, "|") {
		if err := p.params(b); err != nil {
			return nil, err
		}
	}
	var err error
	if b.body, err = p.statements(); err != nil {
		return nil, err
	}
	p.locals = p.locals[:outer]
	return b, p.expect(closing.kind, closing.text)
}

func (p *parser) params(b *block) error {
	for {
		t := p.next()
		if t.kind != tokIdent {
			return p.refuse(t.line, "this kind of block parameter")
		}
		b.params = append(b.params, t.text)
		p.locals = append(p.locals, t.text)
		p.newlines()
		if p.accept(tokOp, "|") {
			return nil
		}
		if err := p.expect(tokOp, ","); err != nil {
			return err
		}
	}
}

// worded reads what begins with a keyword.
func (p *parser) worded(t token) (node, error) {
	at := line(t.line)
	switch t.text {
	case "true", "false":
		return &literal{at, mco.Bool(t.text == "true")}, nil
	case "nil":
		return &literal{at, mco.Nil()}, nil
	case "next", "break":
		if n := p.peek(); n.kind != tokNewline && n.kind != tokEOF && n.kind != tokKeyword && !p.op("}") {
			return nil, p.refuse(t.line, "`"+t.text+"' with a value")
		}
		return &jump{at, t.text}, nil
	case "if", "unless":
		return p.ifBody(t)
	case "case":
		return p.caseBody(t)
	case "defined?":
		return p.defined(t)
	case "self", "while", "until", "for", "begin", "rescue", "ensure", "def", "class", "module", "return", "yield", "super", "alias", "undef", "BEGIN", "END",
		"redo", "retry", "__FILE__", "__LINE__", "__method__", "__dir__", "__ENCODING__":
		return nil, p.refuse(t.line, "`"+t.text+"'")
	}
	p.pos--
	return nil, p.unexpected()
}

func (p *parser) ifBody(t token) (node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	defer p.setNoDo(false)()
	test, err := p.expressionStatement()
	if err != nil {
		return nil, err
	}
	p.accept(tokKeyword, "then")
	then, err := p.statements()
	if err != nil {
		return nil, err
	}
	n := p.next()
	switch {
	case n.kind == tokKeyword && n.text == "elsif" && t.text != "unless":
		otherwise, err := p.ifBody(token{text: "if", line: n.line})
		return conditional(t, test, then, otherwise), err
	case n.kind == tokKeyword && n.text == "else":
		otherwise, err := p.statements()
		if err != nil {
			return nil, err
		}
		return conditional(t, test, then, otherwise), p.expect(tokKeyword, "end")
	case n.kind == tokKeyword && n.text == "end":
		return conditional(t, test, then, nil), nil
	case n.kind != tokEOF:
		p.pos--
	}
	return nil, p.unexpected()
}

func (p *parser) caseBody(t token) (node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	defer p.setNoDo(false)()
	c := &choice{line: line(t.line)}
	var err error
	if p.peek().kind != tokNewline {
		if c.subject, err = p.expressionStatement(); err != nil {
			return nil, err
		}
	}
	p.newlines()
	for p.accept(tokKeyword, "when") {
		var w when
		if w.tests, err = p.bareArguments(); err != nil {
			return nil, err
		}
		p.accept(tokKeyword, "then")
		if w.body, err = p.statements(); err != nil {
			return nil, err
		}
		c.whens = append(c.whens, w)
	}
	if p.accept(tokKeyword, "else") {
		if c.otherwise, err = p.statements(); err != nil {
			return nil, err
		}
	}
	return c, p.expect(tokKeyword, "end")
}

// defined reads defined?(NAME) of a constant or a variable.
func (p *parser) defined(t token) (node, error) {
	parens := p.accept(tokOp, "(")
	n := p.next()
	d := &call{line: line(t.line), name: "defined?"}
	switch n.kind {
	case tokConst:
		c, err := p.constant(n)
		if err != nil {
			return nil, err
		}
		d.args = []node{c}
	case tokIdent:
		d.args = []node{p.name(n, nil)}
	default:
		return nil, p.refuse(t.line, "this use of `defined?'")
	}
	if parens {
		return d, p.expect(tokOp, ")")
	}
	return d, nil
}
