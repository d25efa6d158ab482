package inspect

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
)

// JSON returns what Ruby's JSON.generate returns for v, on one line: symbols and keys of any kind become strings. The error is always
// nil for values that a decoder made; a value nested deeper than 1,000 is refused.
func JSON(v mco.Value) ([]byte, error) { return appendJSON(nil, v, false, 0) }

// JSONPretty returns what Ruby's JSON.pretty_generate returns for v: indented by two blanks, without a newline at the end.
func JSONPretty(v mco.Value) ([]byte, error) { return appendJSON(nil, v, true, 0) }

const maxJSONDepth = 1000

func appendJSON(dst []byte, v mco.Value, pretty bool, depth int) ([]byte, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("json: nested deeper than %d", maxJSONDepth)
	}
	switch v.Kind() {
	case mco.KindNil:
		return append(dst, "null"...), nil
	case mco.KindBool, mco.KindInt, mco.KindBigInt:
		return append(dst, Text(v)...), nil
	case mco.KindFloat:
		f, _ := v.AsFloat()
		if math.IsNaN(f) || math.IsInf(f, 0) { // Ruby raises, and the whole output with it
			return append(dst, "null"...), nil
		}
		return append(dst, Float(f)...), nil
	case mco.KindString:
		return appendJSONString(dst, utf8Text(v)), nil
	case mco.KindList:
		return appendJSONList(dst, v, pretty, depth)
	case mco.KindMap:
		return appendJSONMap(dst, v, pretty, depth)
	}
	return appendJSONString(dst, Text(v)), nil
}

func appendJSONList(dst []byte, v mco.Value, pretty bool, depth int) ([]byte, error) {
	items, _ := v.AsList()
	dst = append(dst, '[')
	if pretty {
		dst = append(dst, '\n')
	}
	var err error
	for i, item := range items {
		if i > 0 {
			dst = append(dst, ',')
			if pretty {
				dst = append(dst, '\n')
			}
		}
		if pretty {
			dst = indent(dst, depth+1)
		}
		if dst, err = appendJSON(dst, item, pretty, depth+1); err != nil {
			return nil, err
		}
	}
	if pretty {
		dst = indent(append(dst, '\n'), depth)
	}
	return append(dst, ']'), nil
}

func appendJSONMap(dst []byte, v mco.Value, pretty bool, depth int) ([]byte, error) {
	m, _ := v.AsMap()
	dst = append(dst, '{')
	var err error
	for i, p := range m.Pairs() {
		if i > 0 {
			dst = append(dst, ',')
		}
		if pretty {
			dst = indent(append(dst, '\n'), depth+1)
		}
		dst = appendJSONString(dst, utf8Text(p.Key))
		dst = append(dst, ':')
		if pretty {
			dst = append(dst, ' ')
		}
		if dst, err = appendJSON(dst, p.Value, pretty, depth+1); err != nil {
			return nil, err
		}
	}
	if pretty {
		dst = indent(append(dst, '\n'), depth)
	}
	return append(dst, '}'), nil
}

func indent(dst []byte, depth int) []byte {
	for range depth {
		dst = append(dst, ' ', ' ')
	}
	return dst
}

// utf8Text returns the text of v in UTF-8, as far as its label is one that we can read.
func utf8Text(v mco.Value) string {
	s := Text(v)
	if v.Kind() != mco.KindString || v.Encoding() != mco.OtherEncoding {
		return s
	}
	if v.EncodingName() == "ISO-8859-1" {
		runes := make([]rune, len(s))
		for i := range len(s) {
			runes[i] = rune(s[i])
		}
		return string(runes)
	}
	order := utf16Order(v.EncodingName())
	if order == nil {
		return s
	}
	var b strings.Builder
	for raw := []byte(s); len(raw) > 0; {
		r, size := decodeUTF16(raw, order)
		if size == 0 { // Ruby leaves bytes that it cannot convert as they are
			return s
		}
		b.WriteRune(r)
		raw = raw[size:]
	}
	return b.String()
}

func appendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if at := strings.IndexRune("\"\\\n\r\t\f\b", r); at >= 0 {
			dst = append(dst, '\\', `"\nrtfb`[at])
		} else if r < ' ' {
			dst = fmt.Appendf(dst, `\u%04x`, r)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
		i += size
	}
	return append(dst, '"')
}
