package filter

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// maxCompound bounds the text of -S.
const maxCompound = 64 << 10

// ParseCompound reads the argument of -S into the call stack that travels: a list of hashes with one String key each. An error quotes
// the text, with the characters in question in red if color is set.
func ParseCompound(text string, color bool) (mco.Value, error) {
	if len(text) > maxCompound {
		return mco.Value{}, fmt.Errorf("compound filter of %d bytes, at most %d are taken", len(text), maxCompound)
	}
	p := parser{scanner: newScanner(text), color: color}
	tokens, err := p.parse()
	if err != nil {
		return mco.Value{}, err
	}
	stack := make([]mco.Value, len(tokens))
	for i, t := range tokens {
		value := mco.String(t.text)
		if t.kind == kindFunction {
			if value, err = functionCall(t.text); err != nil {
				return mco.Value{}, err
			}
		}
		stack[i] = mco.Hash(mco.NewMap(mco.Pair{Key: mco.String(string(t.kind)), Value: value}))
	}
	return mco.List(stack...), nil
}

// span is a piece of the text that an error marks.
type span struct{ first, last int }

// parser checks which token may follow which (matcher/parser.rb). It looks one token ahead and marks places as the original does.
type parser struct {
	*scanner
	color   bool
	tokens  []token
	bad     []span
	grammar []span
	parens  []int // places of parentheses without a partner; a second closing one takes the first one's complaint back
}

func (p *parser) parse() ([]token, error) {
	var before token
	start := p.at
	current, err := p.next()
	for err == nil && current.kind != kindNone {
		p.at++
		var after token
		if after, err = p.next(); err != nil {
			break
		}
		if after.kind != kindBlank {
			p.check(before, current, after, start)
			if current.kind != kindBad {
				p.tokens = append(p.tokens, current)
			}
			before, current = current, after
		}
		start = p.at
	}
	if err != nil {
		return nil, err
	}
	switch {
	case len(p.bad) > 0:
		return nil, p.complain("Malformed token(s) found while parsing -S input ", p.bad)
	case len(p.grammar) > 0:
		return nil, p.complain("Parse errors found while parsing -S input ", p.grammar)
	case len(p.parens) > 0:
		var places []span
		for _, i := range p.parens {
			places = append(places, span{i, i})
		}
		return nil, p.complain("Missing parenthesis found while parsing -S input ", places)
	}
	return p.tokens, nil
}

// check applies the rules for current between before and after; start is where the scanner stood before after was read.
func (p *parser) check(before, current, after token, start int) {
	atEnd := p.at == len(p.chars)
	operand := after.kind == kindNot || after.kind == kindStatement || after.kind == kindFunction || after.kind == kindOpen
	here := span{start, p.at}
	switch current.kind {
	case kindBad:
		p.bad = append(p.bad, span{current.first, current.last})
	case kindAnd, kindOr:
		if !operand && (!atEnd || after.kind == kindNone) {
			p.grammar = append(p.grammar, here)
		}
		switch before.kind {
		case kindNone:
			p.grammar = append(p.grammar, span{start - len(current.kind), p.at})
		case kindAnd, kindOr:
			p.grammar = append(p.grammar, span{start - 1 - len(before.kind), start - 1})
		}
	case kindNot, kindOpen:
		if !operand {
			p.grammar = append(p.grammar, here)
		}
		if current.kind == kindOpen {
			p.parens = append(p.parens, p.place(after))
		}
	case kindStatement, kindFunction:
		follows := after.kind == kindAnd || after.kind == kindOr || after.kind == kindClose
		if !follows && !atEnd {
			p.grammar = append(p.grammar, here)
		}
	case kindClose:
		if after.kind == kindNone && !atEnd {
			p.grammar = append(p.grammar, here)
		}
		if n := len(p.parens); n > 0 {
			p.parens = p.parens[:n-1]
		} else {
			p.parens = append(p.parens, p.place(after))
		}
	default:
		p.grammar = append(p.grammar, here)
	}
}

// place is where the original believes the parenthesis in front of after to be.
func (p *parser) place(after token) int {
	if after.kind == kindNone {
		return p.at - 1
	}
	return p.at - after.size()
}

// complain quotes the text behind message. Ruby counts negative places from the end, so places before the beginning mark the end.
func (p *parser) complain(message string, places []span) error {
	chars := p.chars
	for _, s := range places {
		for i := s.first; i <= s.last; i++ {
			at := i
			if at < 0 {
				at += len(chars)
			}
			if at < 0 {
				return fmt.Errorf("index %d too small for array; minimum: -%d", i, len(chars))
			}
			for at >= len(chars) {
				chars = append(chars, "")
			}
			if p.color {
				chars[at] = "\x1b[31m" + chars[at] + "\x1b[0m"
			}
		}
	}
	return errors.New(message + strings.Join(chars, ""))
}
