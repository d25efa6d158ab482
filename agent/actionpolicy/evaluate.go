package actionpolicy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/filter"
	"github.com/mco-go/mco-go/mco/inspect"
)

// evaluation asks one node about the facts and classes of a rule.
type evaluation struct{ node filter.Node }

// facts tells whether all facts of the field hold.
func (e evaluation) facts(field string) (bool, error) { return e.all(field, e.fact) }

// classes tells whether the node has all classes of the field.
func (e evaluation) classes(field string) (bool, error) { return e.all(field, e.class) }

func (e evaluation) all(field string, holds func(string) (bool, error)) (bool, error) {
	if field == "*" {
		return true, nil
	}
	if isCompound(field) {
		return e.compound(field)
	}
	for _, word := range words(field) {
		if ok, err := holds(word); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// isCompound tells whether a field is an expression: a word begins with !, is an operator, or has something in parentheses.
func isCompound(field string) bool {
	for _, word := range words(field) {
		if strings.HasPrefix(word, "!") || word == "not" || word == "and" || word == "or" {
			return true
		}
		if open := strings.IndexByte(word, '('); open >= 0 && strings.LastIndexByte(word, ')') > open+1 {
			return true
		}
	}
	return false
}

// fact decides name OPERATOR value by comparing texts. A class stands in the wrong place: the plugin finds that false.
func (e evaluation) fact(text string) (bool, error) {
	name, operator, value, ok := splitFact(text)
	if !ok {
		return false, nil
	}
	fact, _ := e.node.Facts().Get(mco.String(name))
	got := ""
	if !fact.IsNil() {
		got = inspect.Text(fact)
	}
	switch operator {
	case '<':
		return got < value, nil
	case '>':
		return got > value, nil
	}
	return got == value, nil
}

// splitFact splits at the operator that stands furthest right with something on both sides. So a>=1 is the fact "a>" that equals 1,
// and <= and >= never are operators: the plugin's pattern is greedy.
func splitFact(text string) (name string, operator byte, value string, ok bool) {
	if len(text) < 3 {
		return "", 0, "", false
	}
	i := strings.LastIndexAny(text[:len(text)-1], "<>=")
	if i < 1 {
		return "", 0, "", false
	}
	return text[:i], text[i], text[i+1:], true
}

// class asks as a class filter does, patterns between slashes included. A fact stands in the wrong place: the plugin finds that false.
func (e evaluation) class(text string) (bool, error) {
	if _, _, _, isFact := splitFact(text); isFact {
		return false, nil
	}
	return e.match("cf_class", mco.String(text))
}

// match asks the filter of that kind.
func (e evaluation) match(kind string, entry mco.Value) (bool, error) {
	return filter.Match(mco.Hash(mco.NewMap(mco.Pair{Key: mco.String(kind), Value: mco.List(entry)})), e.node)
}

// compound decides an expression of facts, classes and data queries. A text that is none is an error, and refuses the request. A part
// that cannot be decided makes the expression false, except a data query: it is false itself.
func (e evaluation) compound(text string) (bool, error) {
	stack, err := filter.ParseCompound(text, false)
	if err != nil {
		return false, err
	}
	parts, _ := stack.AsList()
	x := expression{words: make([]string, 0, len(parts))}
	for _, part := range parts {
		m, _ := part.AsMap()
		word, err := e.part(m.At(0))
		if err != nil {
			return false, nil
		}
		x.words = append(x.words, word)
	}
	return x.value()
}

// part turns one part of an expression into true, false or its operator.
func (e evaluation) part(p mco.Pair) (string, error) {
	kind, _ := p.Key.AsString()
	text, _ := p.Value.AsString()
	var verdict bool
	var err error
	switch kind {
	case "statement":
		if _, _, _, isFact := splitFact(text); isFact {
			verdict, err = e.fact(text)
		} else {
			verdict, err = e.class(text)
		}
	case "fstatement":
		stack := mco.List(mco.Hash(mco.NewMap(p)))
		if verdict, err = e.match("compound", stack); err != nil {
			verdict, err = false, nil
		}
	default:
		return kind, nil
	}
	return fmt.Sprint(verdict), err
}

// maxDepth bounds the parentheses of an expression.
const maxDepth = 1000

var errUnreadable = errors.New("the expression cannot be read: an operand or an operator is missing")

// expression is a line of words. The plugin runs it as Ruby, whose words and and or bind equally, from the left; not binds tighter.
type expression struct {
	words []string
	depth int
}

func (x *expression) value() (bool, error) {
	if len(x.words) == 0 {
		return false, nil
	}
	result, err := x.chain()
	if err == nil && len(x.words) > 0 {
		err = errUnreadable
	}
	return result && err == nil, err
}

func (x *expression) next(word string) bool {
	if len(x.words) > 0 && x.words[0] == word {
		x.words = x.words[1:]
		return true
	}
	return false
}

func (x *expression) chain() (bool, error) {
	left, err := x.operand()
	for err == nil {
		var right bool
		switch {
		case x.next("and"):
			right, err = x.operand()
			left = left && right
		case x.next("or"):
			right, err = x.operand()
			left = left || right
		default:
			return left, nil
		}
	}
	return false, err
}

func (x *expression) operand() (bool, error) {
	if x.depth++; x.depth > maxDepth {
		return false, errUnreadable
	}
	defer func() { x.depth-- }()
	switch {
	case x.next("not"):
		value, err := x.operand()
		return !value && err == nil, err
	case x.next("true"):
		return true, nil
	case x.next("false"):
		return false, nil
	case x.next("("):
		if x.next(")") { // Ruby's nil
			return false, nil
		}
		value, err := x.chain()
		if err == nil && !x.next(")") {
			err = errUnreadable
		}
		return value, err
	}
	return false, errUnreadable
}
