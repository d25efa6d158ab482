package filter

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rubyre"
)

// comparisons of a function call, the longer ones first at each place.
var comparisons = []string{"!=", ">=", "<=", "<", ">", "="}

// functionCall reads name('query').output=value into the hash that travels (matcher.rb create_function_hash): keys r_compare,
// operator, value (left out without an output), name and params.
func functionCall(text string) (mco.Value, error) {
	left, operator, right, ok := lastComparison(text)
	if !ok {
		return mco.Value{}, fmt.Errorf("function %s in the -S input compares with nothing", text)
	}
	call, output, hasOutput := left, "", false
	if !(strings.HasSuffix(left, ")") && strings.Index(left, "(") > 0) {
		dot := strings.LastIndexByte(left, '.')
		call, output, hasOutput = left[:max(dot, 0)], left[dot+1:], true
	}
	compare := mco.String(right)
	if len(right) > 1 && right[0] == '/' && right[len(right)-1] == '/' {
		source := right[1 : len(right)-1]
		if _, err := rubyre.Compile(source, 0); err != nil {
			return mco.Value{}, err
		}
		compare = mco.Re(mco.Regexp{Source: source})
		switch operator {
		case "=":
			operator = "=~"
		case "!=":
			operator = "!=~"
		}
	} else if operator == "=" {
		operator = "=="
	}
	name, params, ok := strings.Cut(call, "(")
	if !ok {
		return mco.Value{}, fmt.Errorf("function %s in the -S input has no parentheses", text)
	}
	m := new(mco.Map)
	m.Set(mco.String("r_compare"), compare)
	m.Set(mco.String("operator"), mco.String(operator))
	if hasOutput {
		m.Set(mco.String("value"), mco.String(output))
	}
	m.Set(mco.String("name"), mco.String(name))
	m.Set(mco.String("params"), queryText(params))
	return mco.Hash(m), nil
}

// lastComparison splits at the operator that stands furthest right. Where nothing follows it, the operator is taken for the value, and
// what stands in front of it, up to the operator before, for the operator: Ruby's split drops empty pieces at the end.
func lastComparison(text string) (left, operator, right string, ok bool) {
	pieces := []string{}
	start := 0
	for i := 0; i < len(text); {
		op := leftmostAt(text[i:], comparisons)
		if op == "" {
			i++
			continue
		}
		pieces = append(pieces, text[start:i], op)
		i += len(op)
		start = i
	}
	if start < len(text) {
		pieces = append(pieces, text[start:])
	}
	n := len(pieces)
	if n < 3 {
		return "", "", "", false
	}
	return strings.Join(pieces[:n-2], ""), pieces[n-2], pieces[n-1], true
}

func leftmostAt(text string, operators []string) string {
	for _, op := range operators {
		if strings.HasPrefix(text, op) {
			return op
		}
	}
	return ""
}

// queryText takes the closing parenthesis and one pair of quotes, the first and the last of whichever kind, off the text behind a
// function's opening parenthesis; an empty list of parameters is nil.
func queryText(params string) mco.Value {
	params, _, _ = strings.Cut(params, "(") // Ruby's split keeps two pieces
	if params == ")" {
		return mco.Nil()
	}
	params = strings.ReplaceAll(params, ")", "")
	if i := strings.IndexAny(params, `'"`); i >= 0 {
		params = params[:i] + params[i+1:]
	}
	if i := strings.LastIndexAny(params, `'"`); i >= 0 {
		params = params[:i] + params[i+1:]
	}
	return mco.String(params)
}

// DataDDL is what a client knows of a data plugin; *ddl.DDL is one.
type DataDDL interface {
	// Timeout is how many seconds the plugin may take on a node, if the DDL says so.
	Timeout() (seconds float64, ok bool)
	// ConvertQuery turns the text of a query into the type that the plugin declares, or leaves it as it is.
	ConvertQuery(query mco.Value) mco.Value
	// ValidateQuery checks a converted query.
	ValidateQuery(query mco.Value) error
	// HasOutput tells whether the plugin declares an output of that name.
	HasOutput(name string) bool
}

// PluginName returns the name of a data plugin as its files have it, for what a filter calls it: "fact" is "fact_data".
func PluginName(function string) string {
	function = strings.ToLower(function)
	if strings.HasSuffix(function, "_data") {
		return function
	}
	return function + "_data"
}

// CheckCompound checks the data queries of a call stack against their DDLs before anything is sent (message.rb
// validate_compound_filter). It returns the stack with converted queries and the time that its plugins may take together, which
// discovery waits in addition. lookup returns the DDL of a data plugin by its full name.
func CheckCompound(stack mco.Value, lookup func(plugin string) (DataDDL, error)) (checked mco.Value, extra time.Duration, err error) {
	parts, ok := stack.AsList()
	if !ok {
		return mco.Value{}, 0, errors.New("a call stack is a list")
	}
	out := make([]mco.Value, len(parts))
	for i, part := range parts {
		out[i] = part
		m, ok := part.AsMap()
		if !ok {
			continue
		}
		call, ok := m.Get(mco.String(string(kindFunction)))
		if !ok {
			continue
		}
		converted, timeout, err := checkFunction(call, lookup)
		if err != nil {
			return mco.Value{}, 0, err
		}
		extra += timeout
		out[i] = mco.Hash(mco.NewMap(mco.Pair{Key: mco.String(string(kindFunction)), Value: converted}))
	}
	if err := readable(parts); err != nil {
		return mco.Value{}, 0, err
	}
	return mco.List(out...), extra, nil
}

// readable refuses what the original sends and no node can evaluate: each would drop it without a word.
func readable(stack []mco.Value) error {
	e := expression{}
	for _, part := range stack {
		m, ok := part.AsMap()
		if !ok || m.Len() == 0 {
			return errors.New("a part of a call stack is a hash")
		}
		switch word, _ := m.At(0).Key.AsString(); kind(word) {
		case kindStatement:
			text, _ := m.At(0).Value.AsString()
			if _, _, _, err := splitStatement(text); err != nil {
				return err
			}
			e.words = append(e.words, "true")
		case kindFunction:
			e.words = append(e.words, "true")
		default:
			e.words = append(e.words, word)
		}
	}
	if len(e.words) == 0 {
		return nil
	}
	if _, err := e.or(); err != nil || len(e.words) > 0 {
		return errUnreadable
	}
	return nil
}

func checkFunction(call mco.Value, lookup func(plugin string) (DataDDL, error)) (mco.Value, time.Duration, error) {
	name, _ := call.Field("name").AsString()
	output, _ := call.Field("value").AsString()
	plugin, err := lookup(PluginName(name))
	if err != nil {
		return mco.Value{}, 0, err
	}
	query := plugin.ConvertQuery(call.Field("params"))
	if err := plugin.ValidateQuery(query); err != nil {
		return mco.Value{}, 0, err
	}
	if output == "" || !plugin.HasOutput(output) {
		//lint:ignore ST1005 the original's text
		return mco.Value{}, 0, fmt.Errorf("Data plugin '%s()' does not return a '%s' value", name, output)
	}
	converted := new(mco.Map)
	m, _ := call.AsMap()
	for k, v := range m.All() {
		converted.Set(k, v)
	}
	converted.Set(mco.String("params"), query)
	seconds, _ := plugin.Timeout()
	return mco.Hash(converted), time.Duration(seconds * float64(time.Second)), nil
}
