package ddl

import (
	"errors"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// ToBoolean reads a boolean from a command line (DDL.string_to_boolean).
func ToBoolean(s string) (mco.Value, error) {
	switch strings.ToLower(s) {
	case "true", "t", "yes", "y", "1":
		return mco.Bool(true), nil
	case "false", "f", "no", "n", "0":
		return mco.Bool(false), nil
	}
	return mco.Nil(), errors.New(s + " does not look like a boolean argument")
}

// ToNumber reads a number from a command line: digits make an integer, digits with a point between them a float. Signs are not known
// (DDL.string_to_number).
func ToNumber(s string) (mco.Value, error) {
	if isInteger(s) || isFloat(s) {
		return parseNumber(s)
	}
	return mco.Nil(), errors.New(s + " does not look like a number")
}

func isInteger(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func isFloat(s string) bool {
	whole, fraction, ok := strings.Cut(s, ".")
	return ok && isInteger(whole) && isInteger(fraction)
}

// Convert turns a text from a command line into the type of the input (application/rpc.rb).
func (in *Input) Convert(s string) (mco.Value, error) {
	switch in.TypeName() {
	case "boolean":
		return ToBoolean(s)
	case "number", "integer", "float":
		return ToNumber(s)
	}
	return mco.String(s), nil
}

// Convert turns the texts of a command line into the types that the action's inputs have, in place. Texts of undeclared inputs and all
// other values stay. The error is the original's, of the first text that does not fit.
func (d *DDL) Convert(action string, data *mco.Map) error {
	a := d.Action(action)
	if a == nil {
		return nil
	}
	for k, v := range data.All() {
		s, isText := v.AsString()
		in := a.input(k)
		if in == nil || !isText {
			continue
		}
		converted, err := in.Convert(s)
		if err != nil {
			return err
		}
		data.Set(k, converted)
	}
	return nil
}

func parseNumber(s string) (mco.Value, error) {
	if strings.Contains(s, ".") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return mco.Nil(), err
		}
		return mco.Float(f), nil
	}
	v, ok := number(token{kind: tokInt, text: "0d" + s})
	if !ok {
		return mco.Nil(), errors.New("the number is too large")
	}
	return v, nil
}
