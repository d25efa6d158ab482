package ddl

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
)

func truthy(v mco.Value) bool {
	b, isBool := v.AsBool()
	return !v.IsNil() && (!isBool || b)
}

// text is Ruby's to_s. A class stands as an opaque value here.
func text(v mco.Value) string {
	if class, ok := v.Class(); ok {
		return class
	}
	return inspect.Text(v)
}

// show is Ruby's inspect.
func show(v mco.Value) string {
	if class, ok := v.Class(); ok {
		return class
	}
	return inspect.Inspect(v)
}

// literalText labels the text of a literal as Ruby does: UTF-8, whatever escapes made of it.
func literalText(s string) mco.Value {
	if utf8.ValidString(s) {
		return mco.String(s)
	}
	return mco.EncodedText(s, "UTF-8")
}

func quote(s string) string { return inspect.Inspect(mco.String(s)) }

// class names a value's class as Ruby's error texts do.
func class(v mco.Value) string {
	switch v.Kind() {
	case mco.KindNil:
		return "NilClass"
	case mco.KindBool:
		if truthy(v) {
			return "TrueClass"
		}
		return "FalseClass"
	case mco.KindInt, mco.KindBigInt:
		return "Integer"
	case mco.KindFloat:
		return "Float"
	case mco.KindString:
		return "String"
	case mco.KindSymbol:
		return "Symbol"
	case mco.KindList:
		return "Array"
	case mco.KindMap:
		return "Hash"
	case mco.KindRegexp:
		return "Regexp"
	}
	return "Class"
}

// noMethod is the text of Ruby's NoMethodError.
func noMethod(name string, v mco.Value) string {
	return fmt.Sprintf("undefined method `%s' for %s:%s", name, show(v), class(v))
}

// original is an error in the words of the original, which people read as they stand.
type original string

func (e original) Error() string { return string(e) }

func said(format string, args ...any) error { return original(fmt.Sprintf(format, args...)) }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
}

func capitalize(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
}
