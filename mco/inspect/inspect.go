// Package inspect turns values into the texts that Ruby makes of them, letter for letter: inspect ([Inspect]), to_s ([Text]), pp
// ([Pretty]) and the json library ([JSON], [JSONPretty]). What the original prints and logs is made of these texts, and scripts parse
// them.
//
// The forms are those of Ruby 3.1 with UTF-8 as its external encoding. Three things differ on purpose: an object that was not built
// ([mco.Opaque]) shows as its class in brackets, JSON replaces what is not UTF-8 and writes null for NaN and infinities where Ruby
// raises, and characters that are newer than Ruby's Unicode tables print as themselves.
//
// Source of the facts: Ruby's string.c (rb_str_inspect), symbol.c, re.c, numeric.c (flo_to_s), pp.rb, prettyprint.rb and the json
// library 2.6, which the tests compare with.
package inspect

import (
	"math"
	"strconv"

	"github.com/mco-go/mco-go/mco"
)

// Inspect returns what Ruby's inspect returns for v: always on one line.
func Inspect(v mco.Value) string { return string(AppendInspect(nil, v)) }

// AppendInspect appends Inspect(v) to dst.
func AppendInspect(dst []byte, v mco.Value) []byte {
	switch v.Kind() {
	case mco.KindString:
		return appendString(dst, v)
	case mco.KindSymbol:
		s, _ := v.AsSymbol()
		return appendSymbol(append(dst, ':'), string(s))
	case mco.KindNil:
		return append(dst, "nil"...)
	case mco.KindRegexp:
		re, _ := v.AsRegexp()
		dst = append(dst, '/')
		dst = appendSource(dst, re.Source)
		dst = append(dst, '/')
		return appendOptions(dst, re.Options, true)
	case mco.KindList:
		items, _ := v.AsList()
		dst = append(dst, '[')
		for i, item := range items {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = AppendInspect(dst, item)
		}
		return append(dst, ']')
	case mco.KindMap:
		m, _ := v.AsMap()
		dst = append(dst, '{')
		for i, p := range m.Pairs() {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = AppendInspect(dst, p.Key)
			dst = append(dst, "=>"...)
			dst = AppendInspect(dst, p.Value)
		}
		return append(dst, '}')
	}
	return append(dst, Text(v)...)
}

// Text returns what Ruby's to_s returns for v, which is what "#{v}" and %s show: the bytes of strings and symbols as they are, nothing
// for nil, and inspect for lists and hashes.
func Text(v mco.Value) string {
	switch v.Kind() {
	case mco.KindNil:
		return ""
	case mco.KindBool:
		b, _ := v.AsBool()
		return strconv.FormatBool(b)
	case mco.KindInt:
		n, _ := v.AsInt()
		return strconv.FormatInt(n, 10)
	case mco.KindBigInt:
		n, _ := v.AsBigInt()
		return n.String()
	case mco.KindFloat:
		f, _ := v.AsFloat()
		return Float(f)
	case mco.KindString, mco.KindSymbol:
		s, _ := v.AsName()
		return s
	case mco.KindRegexp:
		re, _ := v.AsRegexp()
		dst := append([]byte("(?"), onOff(re.Options)...)
		dst = append(dst, ':')
		dst = appendSource(dst, re.Source)
		return string(append(dst, ')'))
	case mco.KindOpaque:
		class, _ := v.Class()
		return "(" + class + ")"
	}
	return Inspect(v)
}

// Float returns Ruby's text of a float: the fewest digits that read back the same and at least one behind the point; with an exponent
// below 1e-4 and, unless that would leave digits behind the point, from 1e15 on.
func Float(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f != f:
		return "NaN"
	}
	if a := math.Abs(f); a >= 1e15 && f == math.Trunc(f) || a != 0 && a < 1e-4 {
		s := strconv.FormatFloat(f, 'e', -1, 64)
		for i := range s {
			switch s[i] {
			case '.':
				return s
			case 'e':
				return s[:i] + ".0" + s[i:]
			}
		}
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if f == math.Trunc(f) {
		s += ".0"
	}
	return s
}
