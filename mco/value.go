package mco

import (
	"math"
	"math/big"
	"strings"
	"unicode/utf8"
)

// Kind tells what a [Value] holds. The zero Kind is nil, so that the zero Value is Ruby's nil.
type Kind uint8

// The kinds of plain data that travel in MCollective messages.
const (
	KindNil Kind = iota
	KindBool
	KindInt    // fits int64
	KindBigInt // does not fit int64
	KindFloat
	KindString
	KindSymbol
	KindList
	KindMap
	KindRegexp
	KindOpaque // an object of a class that is not plain data: named, never built
)

// String returns the kind's name in plain words, for error messages.
func (k Kind) String() string {
	names := [...]string{"nil", "boolean", "integer", "big integer", "float", "string", "symbol", "list", "hash", "regexp", "opaque object"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown kind"
}

// Encoding is how Ruby labels the bytes of a string. The label matters: Ruby compares strings by label and bytes.
type Encoding uint8

// Encodings. UTF8 is the zero value because it is what our own strings are.
const (
	UTF8 Encoding = iota
	USASCII
	Binary        // ASCII-8BIT: no label on the wire
	OtherEncoding // named by Value.EncodingName
)

// Symbol is the text of a Ruby Symbol. Symbols and strings of the same text are different map keys.
type Symbol string

// Regexp is the source of a Ruby regular expression and its option bits (1 ignore case, 2 extended, 4 dot matches newline).
type Regexp struct {
	Source  string
	Options int
}

// Value is one piece of plain Ruby data. It is a small struct handed around by value; the zero Value is nil. The bytes of strings
// may share one backing array with the message that they were decoded from (a kept Value keeps its message alive). Lists and maps
// share their contents between copies: treat a Value that you did not make as read-only. Values are safe for concurrent reading.
type Value struct {
	kind Kind
	enc  Encoding
	num  uint64 // int64, float64 bits, bool, or regexp options
	str  string // string bytes, symbol text, regexp source, class name of an opaque
	ext  *extension
}

// extension holds what does not fit the struct. Exactly one field is set, by kind.
type extension struct {
	list []Value
	m    *Map
	rare *rare
}

// rare is what seldom occurs: kept apart, so that lists and hashes stay small.
type rare struct {
	big     *big.Int
	encName string // accompanies a string
}

// Nil returns Ruby's nil; it is the zero Value.
func Nil() Value { return Value{} }

// Bool returns true or false.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBool, num: 1}
	}
	return Value{kind: KindBool}
}

// Int returns an integer.
func Int(n int64) Value { return Value{kind: KindInt, num: uint64(n)} }

// BigInt returns an integer of any size; one that fits int64 becomes a KindInt. n is not copied.
func BigInt(n *big.Int) Value {
	if n.IsInt64() {
		return Int(n.Int64())
	}
	return Value{kind: KindBigInt, ext: &extension{rare: &rare{big: n}}}
}

// Float returns a float.
func Float(f float64) Value { return Value{kind: KindFloat, num: math.Float64bits(f)} }

// String returns a string labelled UTF-8, or binary where s is not valid UTF-8, as a Ruby agent would send it.
func String(s string) Value {
	if utf8.ValidString(s) {
		return Value{kind: KindString, str: s}
	}
	return Value{kind: KindString, enc: Binary, str: s}
}

// Text returns a string with the label enc, which must not be OtherEncoding; its bytes are taken as they are.
func Text(s string, enc Encoding) Value { return Value{kind: KindString, enc: enc, str: s} }

// EncodedText returns a string whose label is an encoding name that Ruby knows ("Shift_JIS", or "UTF-8" for invalid UTF-8).
func EncodedText(s, encoding string) Value {
	return Value{kind: KindString, enc: OtherEncoding, str: s, ext: &extension{rare: &rare{encName: encoding}}}
}

// Sym returns a symbol.
func Sym(s Symbol) Value { return Value{kind: KindSymbol, str: string(s)} }

// List returns a list of the given values. The slice is not copied.
func List(items ...Value) Value { return Value{kind: KindList, ext: &extension{list: items}} }

// Strings returns a list of UTF-8 strings.
func Strings(items ...string) Value {
	list := make([]Value, len(items))
	for i, s := range items {
		list[i] = String(s)
	}
	return List(list...)
}

// Hash returns m as a value. A nil m is an empty hash.
func Hash(m *Map) Value {
	if m == nil {
		m = new(Map)
	}
	return Value{kind: KindMap, ext: &extension{m: m}}
}

// Re returns a regular expression as data.
func Re(re Regexp) Value { return Value{kind: KindRegexp, num: uint64(re.Options), str: re.Source} }

// Opaque stands for an object of the named Ruby class whose contents were not read. It cannot be sent.
func Opaque(class string) Value { return Value{kind: KindOpaque, str: class} }

// Kind tells what v holds.
func (v Value) Kind() Kind { return v.kind }

// IsNil tells whether v is nil.
func (v Value) IsNil() bool { return v.kind == KindNil }

// Encoding returns the label of a string; for other kinds it means nothing.
func (v Value) Encoding() Encoding { return v.enc }

// EncodingName returns the name of the label of a string as Ruby spells it.
func (v Value) EncodingName() string {
	switch v.enc {
	case USASCII:
		return "US-ASCII"
	case Binary:
		return "ASCII-8BIT"
	case OtherEncoding:
		return v.ext.rare.encName
	}
	return "UTF-8"
}

// AsBool returns a boolean and whether v is one.
func (v Value) AsBool() (b, ok bool) { return v.num == 1, v.kind == KindBool }

// AsInt returns an integer that fits int64 and whether v is one.
func (v Value) AsInt() (int64, bool) { return int64(v.num), v.kind == KindInt }

// AsBigInt returns an integer of any size and whether v is one. The result must not be changed.
func (v Value) AsBigInt() (*big.Int, bool) {
	switch v.kind {
	case KindInt:
		return big.NewInt(int64(v.num)), true
	case KindBigInt:
		return v.ext.rare.big, true
	}
	return nil, false
}

// AsFloat returns a float and whether v is one; integers are not floats.
func (v Value) AsFloat() (float64, bool) { return math.Float64frombits(v.num), v.kind == KindFloat }

// AsString returns the bytes of a string and whether v is one; symbols are not strings.
func (v Value) AsString() (string, bool) { return v.str, v.kind == KindString }

// AsSymbol returns a symbol and whether v is one.
func (v Value) AsSymbol() (Symbol, bool) { return Symbol(v.str), v.kind == KindSymbol }

// AsName returns the text of a string or a symbol: for places where peers send either.
func (v Value) AsName() (string, bool) {
	return v.str, v.kind == KindString || v.kind == KindSymbol
}

// AsList returns the items of a list, to be read only, and whether v is one.
func (v Value) AsList() ([]Value, bool) {
	if v.kind != KindList {
		return nil, false
	}
	return v.ext.list, true
}

// AsMap returns the hash and whether v is one.
func (v Value) AsMap() (*Map, bool) {
	if v.kind != KindMap {
		return nil, false
	}
	return v.ext.m, true
}

// AsRegexp returns a regular expression and whether v is one.
func (v Value) AsRegexp() (Regexp, bool) {
	return Regexp{Source: v.str, Options: int(v.num)}, v.kind == KindRegexp
}

// Class returns the Ruby class name of an opaque object and whether v is one.
func (v Value) Class() (string, bool) { return v.str, v.kind == KindOpaque }

// Field returns the member of a hash that is stored under the symbol key or, if there is none, under the string key of that text;
// nil when v is no hash or has neither. Peers that speak JSON send strings where Ruby sends symbols.
func (v Value) Field(key string) Value {
	m, ok := v.AsMap()
	if !ok {
		return Value{}
	}
	if got, ok := m.Get(Sym(Symbol(key))); ok {
		return got
	}
	got, _ := m.Get(String(key))
	return got
}

// Equal tells whether two values are equal as Ruby's eql? sees them: kinds must agree, strings must agree in bytes and, where they
// are not plain ASCII, in label; hashes must hold the same pairs in any order. NaN equals nothing.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind {
		return false
	}
	switch v.kind {
	case KindNil:
		return true
	case KindBool, KindInt:
		return v.num == w.num
	case KindBigInt:
		return v.ext.rare.big.Cmp(w.ext.rare.big) == 0
	case KindFloat:
		return math.Float64frombits(v.num) == math.Float64frombits(w.num)
	case KindString:
		return v.str == w.str && (v.enc == w.enc && v.EncodingName() == w.EncodingName() || v.plain() && w.plain())
	case KindSymbol, KindOpaque:
		return v.str == w.str
	case KindRegexp:
		return v.str == w.str && v.num == w.num
	case KindList:
		return equalLists(v.ext.list, w.ext.list)
	case KindMap:
		return equalMaps(v.ext.m, w.ext.m)
	}
	return false
}

func equalLists(a, b []Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}

func equalMaps(a, b *Map) bool {
	if a.Len() != b.Len() {
		return false
	}
	for k, v := range a.All() {
		w, ok := b.Get(k)
		if !ok || !v.Equal(w) {
			return false
		}
	}
	return true
}

// plain tells whether the bytes of a string mean the same under nearly every label: they are ASCII, and so is its label's view of
// them.
func (v Value) plain() bool {
	if v.enc == OtherEncoding {
		for _, wide := range [...]string{"UTF-16", "UTF-32", "UCS-", "UTF-7", "ISO-2022-", "CP5022", "IBM037"} {
			if strings.HasPrefix(v.ext.rare.encName, wide) {
				return false
			}
		}
	}
	return isASCII(v.str)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
