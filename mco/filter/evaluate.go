package filter

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rubynum"
)

// maxStack bounds a call stack, and with it the depth of its parentheses.
const maxStack = 4096

// matchCompound evaluates one call stack. The original turns it into a line of Ruby and evaluates that, so every part is worked out
// before any operator is applied: a part that raises drops the message wherever it stands.
func matchCompound(stack mco.Value, w *work) (bool, error) {
	list, ok := stack.AsList()
	if !ok {
		return false, fmt.Errorf("compound filter is a %v, not a list", stack.Kind())
	}
	if len(list) > maxStack {
		return false, fmt.Errorf("compound filter of %d parts, at most %d are taken", len(list), maxStack)
	}
	e := expression{words: make([]string, 0, len(list))}
	for _, part := range list {
		word, err := evaluatePart(part, w)
		if errors.Is(err, ErrNoData) {
			return false, nil // not decidable here, and so false whatever else it says
		}
		if err != nil {
			return false, err
		}
		if word != "" {
			e.words = append(e.words, word)
		}
	}
	if len(e.words) == 0 {
		return false, nil
	}
	result, err := e.or()
	if err == nil && len(e.words) > 0 {
		err = errUnreadable
	}
	return result && err == nil, err
}

var errUnreadable = errors.New("compound filter cannot be read: an operand or an operator is missing")

// evaluatePart turns one part of a call stack into a word of the expression: "true", "false", an operator, or nothing.
func evaluatePart(part mco.Value, w *work) (string, error) {
	m, ok := part.AsMap()
	if !ok || m.Len() == 0 {
		return "", fmt.Errorf("part of a compound filter is a %v", part.Kind())
	}
	first := m.At(0)
	kind, _ := first.Key.AsString()
	var verdict bool
	var err error
	switch kind {
	case "statement":
		verdict, err = evaluateStatement(first.Value, w)
	case "fstatement":
		verdict, err = evaluateFunction(first.Value, w)
	case "and", "or", "not", "(", ")":
		return kind, nil
	default:
		return "", nil
	}
	return fmt.Sprint(verdict), err
}

// expression is what is left of a line of words; not binds tighter than and, and tighter than or.
type expression struct{ words []string }

func (e *expression) next(word string) bool {
	if len(e.words) > 0 && e.words[0] == word {
		e.words = e.words[1:]
		return true
	}
	return false
}

func (e *expression) or() (bool, error) {
	left, err := e.and()
	for err == nil && e.next("or") {
		var right bool
		right, err = e.and()
		left = left || right
	}
	return left, err
}

func (e *expression) and() (bool, error) {
	left, err := e.not()
	for err == nil && e.next("and") {
		var right bool
		right, err = e.not()
		left = left && right
	}
	return left, err
}

func (e *expression) not() (bool, error) {
	negated := false
	for e.next("not") {
		negated = !negated
	}
	value, err := e.operand()
	return value != negated, err
}

func (e *expression) operand() (bool, error) {
	switch {
	case e.next("true"):
		return true, nil
	case e.next("false"):
		return false, nil
	case e.next("("):
		if e.next(")") { // Ruby's nil
			return false, nil
		}
		value, err := e.or()
		if err == nil && !e.next(")") {
			err = errUnreadable
		}
		return value, err
	}
	return false, errUnreadable
}

// factOperators are looked for in a statement, the longer ones first at each place.
var factOperators = []string{">=", "<=", "=", "<", ">"}

// evaluateStatement decides a class, a class pattern or a fact comparison (matcher.rb eval_compound_statement).
func evaluateStatement(statement mco.Value, w *work) (bool, error) {
	text, ok := statement.AsString()
	if !ok {
		return false, fmt.Errorf("statement of a compound filter is a %v", statement.Kind())
	}
	name, operator, value, err := splitStatement(text)
	switch {
	case err != nil:
		return false, err
	case operator == "":
		return w.anyClass(statement)
	}
	return w.fact(mco.String(name), operator, mco.String(value))
}

// splitStatement splits a fact comparison at its operator; a class has none. A value that begins with a slash is a pattern, whatever
// the operator.
func splitStatement(text string) (name, operator, value string, err error) {
	if beginsLine(text, "/") {
		return text, "", "", nil
	}
	if operator = leftmost(text, factOperators); operator == "" {
		return text, "", "", nil
	}
	pieces := strings.Split(text, operator)
	for len(pieces) > 0 && pieces[len(pieces)-1] == "" { // Ruby's split drops them
		pieces = pieces[:len(pieces)-1]
	}
	if len(pieces) < 2 {
		return "", "", "", fmt.Errorf("statement %q of the compound filter compares with nothing", text)
	}
	name, value = pieces[0], pieces[1]
	switch {
	case strings.HasPrefix(value, "/"):
		operator = mco.FactMatch
	case operator == "=":
		operator = mco.FactEqual
	}
	return name, operator, value, nil
}

// leftmost returns the operator that stands furthest left in text, empty if there is none.
func leftmost(text string, operators []string) string {
	for i := range len(text) {
		for _, op := range operators {
			if strings.HasPrefix(text[i:], op) {
				return op
			}
		}
	}
	return ""
}

// evaluateFunction runs a data query and compares its output (matcher.rb eval_compound_fstatement).
func evaluateFunction(call mco.Value, w *work) (bool, error) {
	m, ok := call.AsMap()
	if !ok {
		return false, fmt.Errorf("function of a compound filter is a %v", call.Kind())
	}
	field := func(name string) mco.Value {
		v, _ := m.Get(mco.String(name))
		return v
	}
	name, ok := field("name").AsString()
	if !ok {
		return false, fmt.Errorf("function of a compound filter has no name: %w", ErrNoData)
	}
	query := field("params")
	outputs, err := w.query(name, query)
	if err != nil {
		return false, err
	}
	var left mco.Value
	if output, ok := field("value").AsName(); ok {
		left, _ = outputs.Get(mco.Sym(mco.Symbol(output)))
	}
	if left.IsNil() {
		return false, nil
	}
	operator, ok := field("operator").AsString()
	if !ok {
		return false, fmt.Errorf("function %s of a compound filter has no operator", name)
	}
	text, isText := left.AsString()
	_, isBool := left.AsBool()
	if (isText || isBool) && strings.ContainsAny(operator, "<>") {
		return false, nil
	}
	if params, ok := query.AsString(); ok && strings.Contains(params, "`") {
		return false, nil
	}
	right := field("r_compare")
	if strings.Contains(operator, "=~") {
		if !isText {
			return false, nil
		}
		matched, err := w.matchText(text, right)
		return matched != (operator == "!=~"), err
	}
	return compareOutput(left, operator, right)
}

// matchText matches with a regular expression, or with the text of one.
func (w *work) matchText(text string, pattern mco.Value) (bool, error) {
	source, options := "", 0
	if re, ok := pattern.AsRegexp(); ok {
		source, options = re.Source, re.Options
	} else if s, ok := pattern.AsString(); ok {
		source = s
	} else {
		return false, fmt.Errorf("pattern of a compound filter is a %v", pattern.Kind())
	}
	return w.anyMatch(source, options, text)
}

// compareOutput compares a data plugin's output with what the filter says, by the kind of the output.
func compareOutput(left mco.Value, operator string, right mco.Value) (bool, error) {
	op := leftmost(operator, []string{"!=", "<=", ">=", "==", "<", ">", "="})
	switch op {
	case "":
		return false, fmt.Errorf("invalid operator: %s", strings.TrimSpace(operator))
	case "=":
		op = "=="
	}
	text, isText := right.AsString()
	switch left.Kind() {
	case mco.KindString:
		return left.Equal(right) == (op == "=="), nil
	case mco.KindBool:
		if isText {
			switch strings.TrimSpace(text) {
			case "true":
				right = mco.Bool(true)
			case "false":
				right = mco.Bool(false)
			default:
				return false, fmt.Errorf("invalid boolean value: %s", strings.TrimSpace(text))
			}
		}
		return left.Equal(right) == (op == "=="), nil
	case mco.KindInt, mco.KindBigInt, mco.KindFloat:
		if isText {
			var err error
			if right, err = number(strings.TrimSpace(text)); err != nil {
				return false, err
			}
		}
		order, comparable := orderNumbers(left, right)
		if !comparable {
			if op == "==" || op == "!=" {
				return op == "!=", nil
			}
			return false, fmt.Errorf("comparison of a %v with a %v failed", left.Kind(), right.Kind())
		}
		return holds(op, order), nil
	}
	return false, fmt.Errorf("a data query returned a %v", left.Kind())
}

// number reads what a numeric output is compared with.
func number(text string) (mco.Value, error) {
	if n, err := rubynum.Integer(text); err == nil {
		return mco.BigInt(n), nil
	}
	if f, err := rubynum.Float(text); err == nil {
		return mco.Float(f), nil
	}
	return mco.Value{}, fmt.Errorf("invalid numeric value: %s", text)
}

// orderNumbers compares two numbers; integers exactly, an integer with a float as floats.
func orderNumbers(a, b mco.Value) (order int, comparable bool) {
	x, ok := a.AsBigInt()
	y, ok2 := b.AsBigInt()
	if ok && ok2 {
		return x.Cmp(y), true
	}
	f, ok := asFloat(a)
	g, ok2 := asFloat(b)
	return cmp.Compare(f, g), ok && ok2
}

func asFloat(v mco.Value) (float64, bool) {
	if f, ok := v.AsFloat(); ok {
		return f, true
	}
	if n, ok := v.AsBigInt(); ok {
		f, _ := n.Float64()
		return f, true
	}
	return 0, false
}
