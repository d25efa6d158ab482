package marshal

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
)

// maxEncodeDepth bounds what Encode follows, so that a hash that was made to contain itself is an error instead of the end of the
// process.
const maxEncodeDepth = 1000

// Encode writes v as Ruby's Marshal.dump would write it. Like Ruby it writes a symbol once and refers to it from then on, and so it
// does with floats that Ruby keeps as immediates; lists, hashes and strings that occur in several places are written in full.
//
// An opaque value cannot be written, nor can what is nested deeper than 1,000.
func Encode(v mco.Value) ([]byte, error) {
	return Append(make([]byte, 0, size(v, 0)+2), v)
}

// Append is Encode at the end of dst.
func Append(dst []byte, v mco.Value) ([]byte, error) {
	e := encoder{out: append(dst, major, minor)}
	e.symbols = e.firstSymbols[:0]
	if err := e.value(&v, 0); err != nil {
		return nil, err
	}
	return e.out, nil
}

// size estimates the encoded size: mostly a little more than needed, so that one allocation does.
func size(v mco.Value, depth int) int {
	if depth > maxEncodeDepth {
		return 0
	}
	switch v.Kind() {
	case mco.KindString:
		s, _ := v.AsString()
		return len(s) + 10
	case mco.KindSymbol:
		s, _ := v.AsSymbol()
		return min(len(s), 12) + 3
	case mco.KindList:
		n := 3
		items, _ := v.AsList()
		for i := range items {
			n += size(items[i], depth+1)
		}
		return n
	case mco.KindMap:
		n := 3
		m, _ := v.AsMap()
		for _, p := range m.Pairs() {
			n += size(p.Key, depth+1) + size(p.Value, depth+1)
		}
		return n
	case mco.KindNil, mco.KindBool:
		return 1
	}
	return 12
}

type encoder struct {
	out []byte

	symbols      []string       // in order of appearance
	firstSymbols [16]string     // backs symbols of ordinary messages
	symbolIndex  map[string]int // places of symbols, kept once there are many
	symbolE      int            // place of E plus 1, 0 while it was not written

	objects   int            // written so far, as Ruby counts them
	floats    map[uint64]int // places of immediate floats
	encodings map[string]int // places of encodings' names
}

func (e *encoder) value(v *mco.Value, depth int) error {
	if depth > maxEncodeDepth {
		return fmt.Errorf("marshal: nested deeper than %d", maxEncodeDepth)
	}
	switch v.Kind() {
	case mco.KindString:
		s, _ := v.AsString()
		e.string(s, v)
	case mco.KindSymbol:
		s, _ := v.AsSymbol()
		e.symbol(string(s))
	case mco.KindNil:
		e.out = append(e.out, typeNil)
	case mco.KindBool:
		if b, _ := v.AsBool(); b {
			e.out = append(e.out, typeTrue)
		} else {
			e.out = append(e.out, typeFalse)
		}
	case mco.KindInt:
		n, _ := v.AsInt()
		e.int(n)
	case mco.KindBigInt:
		n, _ := v.AsBigInt()
		e.bigInt(n)
	case mco.KindFloat:
		f, _ := v.AsFloat()
		e.float(f)
	case mco.KindRegexp:
		re, _ := v.AsRegexp()
		e.regexp(re)
	case mco.KindList:
		items, _ := v.AsList()
		e.objects++
		e.out = append(e.out, typeArray)
		e.long(len(items))
		for i := range items {
			if err := e.value(&items[i], depth+1); err != nil {
				return err
			}
		}
	case mco.KindMap:
		m, _ := v.AsMap()
		e.objects++
		e.out = append(e.out, typeHash)
		e.long(m.Len())
		pairs := m.Pairs()
		for i := range pairs {
			if err := e.value(&pairs[i].Key, depth+1); err != nil {
				return err
			}
			if err := e.value(&pairs[i].Value, depth+1); err != nil {
				return err
			}
		}
	case mco.KindOpaque:
		class, _ := v.Class()
		return fmt.Errorf("marshal: an object of class %s cannot be sent", printable(class))
	default:
		return errors.New("marshal: unknown kind of value")
	}
	return nil
}

// long writes a packed integer, which must fit 32 bits.
func (e *encoder) long(n int) {
	switch {
	case n == 0:
		e.out = append(e.out, 0)
	case 0 < n && n < 123:
		e.out = append(e.out, byte(n+5))
	case -124 < n && n < 0:
		e.out = append(e.out, byte(n-5))
	default:
		at := len(e.out)
		e.out = append(e.out, 0)
		size := 0
		for end := n >> 63; n != end; n >>= 8 {
			e.out = append(e.out, byte(n))
			size++
		}
		if n < 0 {
			size = -size
		}
		e.out[at] = byte(size)
	}
}

func (e *encoder) bytes(s string) {
	e.long(len(s))
	e.out = append(e.out, s...)
}

func (e *encoder) string(s string, v *mco.Value) {
	e.objects++
	enc := v.Encoding()
	name := ""
	if enc == mco.OtherEncoding {
		name = v.EncodingName()
		if known := named(name); known.enc != mco.OtherEncoding {
			enc = known.enc
		}
	}
	if enc == mco.Binary {
		e.out = append(e.out, typeString)
		e.bytes(s)
		return
	}
	e.out = append(e.out, typeIvar, typeString)
	e.bytes(s)
	if enc == mco.OtherEncoding {
		e.out = append(e.out, 6)
		e.symbol("encoding")
		e.encodingName(name)
		return
	}
	e.labelE(enc == mco.UTF8)
}

// encodingName writes the name of an encoding, which Ruby keeps as one object for the whole output.
func (e *encoder) encodingName(name string) {
	if i, ok := e.encodings[name]; ok {
		e.out = append(e.out, typeLink)
		e.long(i)
		return
	}
	if e.encodings == nil {
		e.encodings = make(map[string]int)
	}
	e.encodings[name] = e.objects
	e.objects++
	e.out = append(e.out, typeString)
	e.bytes(name)
}

// labelE writes the one instance variable that says UTF-8 or US-ASCII.
func (e *encoder) labelE(utf8 bool) {
	e.out = append(e.out, 6)
	if e.symbolE == 0 {
		e.symbol("E")
	} else {
		e.out = append(e.out, typeSymlink)
		e.long(e.symbolE - 1)
	}
	if utf8 {
		e.out = append(e.out, typeTrue)
	} else {
		e.out = append(e.out, typeFalse)
	}
}

// manySymbols is the number of symbols from which a map finds them faster than a walk.
const manySymbols = 16

func (e *encoder) symbol(s string) {
	if i := e.findSymbol(s); i >= 0 {
		e.out = append(e.out, typeSymlink)
		e.long(i)
		return
	}
	e.symbols = append(e.symbols, s)
	if e.symbolIndex != nil {
		e.symbolIndex[s] = len(e.symbols) - 1
	}
	if s == "E" {
		e.symbolE = len(e.symbols)
	}
	if ascii(s) || !utf8.ValidString(s) {
		e.out = append(e.out, typeSymbol)
		e.bytes(s)
		return
	}
	e.out = append(e.out, typeIvar, typeSymbol)
	e.bytes(s)
	e.labelE(true)
}

func (e *encoder) findSymbol(s string) int {
	if e.symbolIndex != nil {
		if i, ok := e.symbolIndex[s]; ok {
			return i
		}
		return -1
	}
	for i := range e.symbols {
		if e.symbols[i] == s {
			return i
		}
	}
	if len(e.symbols) == manySymbols {
		e.symbolIndex = make(map[string]int, 4*manySymbols)
		for i, known := range e.symbols {
			e.symbolIndex[known] = i
		}
	}
	return -1
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// int writes an integer; outside 31 bits it takes the form that 32-bit Rubys need too.
func (e *encoder) int(n int64) {
	if -1<<30 <= n && n < 1<<30 {
		e.out = append(e.out, typeFixnum)
		e.long(int(n))
		return
	}
	sign, magnitude := byte('+'), uint64(n)
	if n < 0 {
		sign, magnitude = '-', -uint64(n)
	}
	e.objects++
	e.out = append(e.out, typeBignum, sign)
	words := 2
	for words < 4 && magnitude>>(16*words) != 0 {
		words++
	}
	e.long(words)
	for i := range 2 * words {
		e.out = append(e.out, byte(magnitude>>(8*i)))
	}
}

func (e *encoder) bigInt(n *big.Int) {
	sign := byte('+')
	if n.Sign() < 0 {
		sign = '-'
	}
	e.objects++
	e.out = append(e.out, typeBignum, sign)
	magnitude := n.Bytes()
	e.long((len(magnitude) + 1) / 2)
	for i := len(magnitude) - 1; i >= 0; i-- {
		e.out = append(e.out, magnitude[i])
	}
	if len(magnitude)%2 == 1 {
		e.out = append(e.out, 0)
	}
}

// float writes a float, or a link to an equal one where Ruby would have the same object: the floats that it keeps as immediates are
// +0.0 and those whose exponent begins with the bits 011 or 100 (internal/numeric.h, rb_float_new_inline).
func (e *encoder) float(f float64) {
	bits := math.Float64bits(f)
	if top := bits >> 60 & 7; bits == 0 || (top == 3 || top == 4) && bits != 0x3000000000000000 {
		if i, ok := e.floats[bits]; ok {
			e.out = append(e.out, typeLink)
			e.long(i)
			return
		}
		if e.floats == nil {
			e.floats = make(map[uint64]int)
		}
		e.floats[bits] = e.objects
	}
	e.objects++
	e.out = append(e.out, typeFloat)
	var text [32]byte
	s := appendFloat(text[:0], f)
	e.long(len(s))
	e.out = append(e.out, s...)
}

// regexp writes a regular expression. Text that is not ASCII, or an escape that stands for such text, makes the encoding part of it.
func (e *encoder) regexp(re mco.Regexp) {
	e.objects++
	e.out = append(e.out, typeIvar, typeRegexp)
	e.bytes(re.Source)
	options := byte(re.Options & regexpOptions)
	wide := !ascii(re.Source) || wideEscape(re.Source)
	if wide {
		options |= regexpFixed
	}
	e.out = append(e.out, options)
	e.labelE(wide)
}

// wideEscape tells whether source has an escape \u of a character beyond ASCII.
func wideEscape(source string) bool {
	for {
		i := strings.IndexByte(source, '\\')
		if i < 0 || i+1 >= len(source) {
			return false
		}
		digits := source[i+2:]
		if source[i+1] == 'u' && wideDigits(digits) {
			return true
		}
		source = digits
	}
}

// wideDigits tells whether the digits behind \u, four or several in braces, name a character beyond ASCII.
func wideDigits(s string) bool {
	end := min(4, len(s))
	if strings.HasPrefix(s, "{") {
		end = max(strings.IndexByte(s, '}'), 0)
	}
	n := 0
	for _, c := range s[:end] {
		switch {
		case '0' <= c && c <= '9':
			n = n<<4 | int(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			n = n<<4 | int(c|0x20-'a'+10)
		default:
			n = 0
		}
		if n >= utf8.RuneSelf {
			return true
		}
	}
	return false
}
