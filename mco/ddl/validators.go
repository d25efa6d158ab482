package ddl

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
)

// check tells what is wrong with a value for an input, in the original's words (DDL::Base#validate_input_argument).
func (d *DDL) check(in *Input, v mco.Value) error {
	switch in.TypeName() {
	case "string":
		if err := d.rule(v, mco.Sym("string")); err != nil {
			return err
		}
		most, err := toInteger(in.MaxLength)
		if err != nil {
			return err
		}
		if most > 0 && int64(characters(v)) > most {
			return said("Input string is longer than %d character(s)", most)
		}
		return d.rule(v, in.Validation)
	case "list":
		return d.rule(v, in.List)
	}
	return d.rule(v, in.Type)
}

// characters is the length of a string as Ruby counts it: of one without a text's label in bytes.
func characters(v mco.Value) int {
	s, _ := v.AsString()
	if v.Encoding() == mco.Binary || v.Encoding() == mco.USASCII {
		return len(s)
	}
	return utf8.RuneCountInString(s)
}

// toInteger is Ruby's to_i, for a maximal length.
func toInteger(v mco.Value) (int64, error) {
	switch v.Kind() {
	case mco.KindNil:
		return 0, nil
	case mco.KindInt:
		n, _ := v.AsInt()
		return n, nil
	case mco.KindFloat:
		f, _ := v.AsFloat()
		return int64(f), nil
	case mco.KindString:
		s, _ := v.AsString()
		n, err := strconv.ParseInt(integerPrefix(s), 10, 64)
		if err != nil {
			return 0, errors.New("integer out of bounds")
		}
		return n, nil
	case mco.KindBigInt:
		return 0, nil
	}
	return 0, errors.New(noMethod("to_i", v))
}

// rule applies one rule: a type or validator named by a Symbol, a pattern, a list of allowed values, a class. Anything else allows all
// (Validator.validate).
func (d *DDL) rule(v, rule mco.Value) error {
	switch rule.Kind() {
	case mco.KindSymbol:
		name, _ := rule.AsSymbol()
		return d.named(v, string(name))
	case mco.KindString:
		source, _ := rule.AsString()
		return d.pattern(v, mco.Regexp{Source: source}, source)
	case mco.KindRegexp:
		re, _ := rule.AsRegexp()
		return d.pattern(v, re, text(mco.Re(re)))
	case mco.KindList:
		allowed, _ := rule.AsList()
		if slices.ContainsFunc(allowed, func(a mco.Value) bool { return same(a, v) }) {
			return nil
		}
		texts := make([]string, len(allowed))
		for i, a := range allowed {
			texts[i] = text(a)
		}
		return errors.New("value should be one of " + strings.Join(texts, ", "))
	case mco.KindOpaque:
		c, _ := rule.Class()
		if !isA(v, c) {
			return errors.New("value should be a " + c)
		}
	}
	return nil
}

func (d *DDL) pattern(v mco.Value, re mco.Regexp, shown string) error {
	s, ok := v.AsName()
	if !ok {
		return errors.New(noMethod("match", v))
	}
	if v.Encoding() == mco.Binary {
		s = bytewise(s)
	}
	hit, err := d.patterns.match(re, s)
	if err != nil {
		return err
	}
	if !hit {
		return errors.New("value should match " + shown)
	}
	return nil
}

// bytewise makes each byte of a binary string one character, as Ruby matches such a string. What is not ASCII becomes a character of
// private use, which no class of letters, digits or blanks holds.
func bytewise(s string) string {
	const private = '\uE000'
	var b strings.Builder
	for i := range len(s) {
		if s[i] < utf8.RuneSelf {
			b.WriteByte(s[i])
			continue
		}
		b.WriteRune(private + rune(s[i]))
	}
	return b.String()
}

// named applies the type or the validator of that name.
func (d *DDL) named(v mco.Value, name string) error {
	fits := true
	switch name {
	case "string":
		fits = v.Kind() == mco.KindString
	case "integer":
		fits = isA(v, "Integer")
	case "float":
		fits = v.Kind() == mco.KindFloat
	case "number":
		fits = isA(v, "Numeric")
	case "boolean":
		fits = v.Kind() == mco.KindBool
	default:
		if d.json {
			if known, err := jsonType(v, name); known {
				return err
			}
		}
		return validator(v, name)
	}
	if !fits {
		return errors.New("value should be a " + name)
	}
	return nil
}

// validator runs the validator of that name.
func validator(v mco.Value, name string) error {
	switch name {
	case "shellsafe":
		return shellsafe(v)
	case "ipv4address":
		if s, ok := v.AsString(); !ok || ipFamily(s) != 4 {
			return errors.New("value should be an ipv4 address")
		}
		return nil
	case "ipv6address":
		if s, ok := v.AsString(); !ok || ipFamily(s) != 6 {
			return errors.New("value should be an ipv6 address")
		}
		return nil
	case "ipaddress":
		if s, ok := v.AsString(); !ok || ipFamily(s) == 0 {
			return errors.New("value should be an ip address")
		}
		return nil
	case "array", "regex", "length", "typecheck":
		return errors.New("wrong number of arguments (given 1, expected 2)")
	case "hash", "class", "object_id", "inspect", "to_s", "name", "freeze", "itself", "nil?", "singleton_class", "ancestors", "load_validators",
		"load_validators?":
		return errors.New("wrong number of arguments (given 1, expected 0)") // methods of the original's Validator itself
	}
	if known, err := communityValidator(v, name); known {
		return err
	}
	return said("Unknown validator: '%s'.", name)
}

func shellsafe(v mco.Value) error {
	s, ok := v.AsString()
	if !ok {
		return errors.New("value should be a String")
	}
	for _, bad := range []string{"`", "$", ";", "|", "&&", ">", "<"} {
		if strings.Contains(s, bad) {
			return fmt.Errorf("value should not have %s in it", bad)
		}
	}
	return nil
}
