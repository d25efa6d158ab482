package marshal

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
)

// labelled reads a string with instance variables, the form of nearly every string: after its text, mostly one variable, E, that is
// true for UTF-8 and false for US-ASCII.
func (d *decoder) labelled(dst *mco.Value, depth int) error {
	s, err := d.bytes()
	if err != nil {
		return err
	}
	if rest := d.src[d.pos:]; len(rest) >= 4 && rest[0] == 6 && rest[1] == typeSymlink && d.isE(rest[2]) {
		switch rest[3] {
		case typeTrue:
			*dst = utf8Text(s)
		case typeFalse:
			*dst = mco.Text(s, mco.USASCII)
		default:
			return d.syntax("encoding is neither true nor false")
		}
		d.pos += 4
		d.close(d.open(), dst)
		return nil
	}
	entry := d.open()
	enc, err := d.ivars(depth)
	*dst = enc.label(s)
	d.close(entry, dst)
	return err
}

// isE tells whether c, a packed integer of one byte, is the place of the symbol E.
func (d *decoder) isE(c byte) bool {
	place := int(c)
	if c != 0 {
		place -= 5
	}
	return place >= 0 && place < len(d.symbols) && d.symbols[place] == "E"
}

// utf8Text labels s UTF-8; where it is not valid, Ruby keeps the label and we must remember that it is a lie.
func utf8Text(s string) mco.Value {
	if utf8.ValidString(s) {
		return mco.Text(s, mco.UTF8)
	}
	return mco.EncodedText(s, "UTF-8")
}

// encoding is what instance variables say about the bytes of their string; the zero encoding is binary.
type encoding struct {
	enc  mco.Encoding
	name string // of mco.OtherEncoding
	said bool
}

func (e encoding) label(s string) mco.Value {
	switch {
	case !e.said:
		return mco.Text(s, mco.Binary)
	case e.enc == mco.UTF8:
		return utf8Text(s)
	case e.enc == mco.OtherEncoding:
		return mco.EncodedText(s, e.name)
	}
	return mco.Text(s, e.enc)
}

// ivars reads instance variables. E and encoding tell the label; others are read for their place in the tables and dropped, as Ruby
// in effect does for a string.
func (d *decoder) ivars(depth int) (encoding, error) {
	var enc encoding
	depth, err := d.deeper(depth)
	if err != nil {
		return enc, err
	}
	n, err := d.count(2)
	if err != nil {
		return enc, err
	}
	for range n {
		d.owed--
		name, err := d.symbol(depth)
		if err != nil {
			return enc, err
		}
		v := new(mco.Value)
		if err := d.value(v, depth); err != nil {
			return enc, err
		}
		switch name {
		case "E":
			if utf8, ok := v.AsBool(); ok {
				enc.said, enc.enc = true, mco.USASCII
				if utf8 {
					enc.enc = mco.UTF8
				}
			}
		case "encoding":
			if text, ok := v.AsString(); ok {
				enc = named(text)
			}
		}
	}
	return enc, nil
}

// named returns the encoding of a Ruby name.
func named(name string) encoding {
	switch name {
	case "ASCII-8BIT", "BINARY":
		return encoding{enc: mco.Binary, said: true}
	case "UTF-8":
		return encoding{enc: mco.UTF8, said: true}
	case "US-ASCII":
		return encoding{enc: mco.USASCII, said: true}
	}
	return encoding{enc: mco.OtherEncoding, name: name, said: true}
}

// ivar reads what follows typeIvar when it is not a string.
func (d *decoder) ivar(dst *mco.Value, depth int) error {
	if d.pos >= len(d.src) {
		return d.short()
	}
	switch kind := d.src[d.pos]; kind {
	case typeSymbol:
		s, err := d.symbolIn(depth)
		*dst = mco.Sym(mco.Symbol(s))
		return err
	case typeRegexp:
		d.pos++
		entry := d.open()
		if err := d.regexp(dst); err != nil {
			return err
		}
		_, err := d.ivars(depth)
		d.close(entry, dst)
		return err
	case typeArray, typeHash, typeHashDef: // also a hash that carries keyword arguments, from Ruby 2.7 on
		d.inner()
		if err := d.value(dst, depth); err != nil {
			return err
		}
		_, err := d.ivars(depth)
		return err
	case typeSubclass:
		d.pos++
		return d.subclassIvar(dst, depth)
	default:
		d.pos++
		return d.foreign(dst, kind, depth, true)
	}
}

// symbol reads a symbol or a link to one.
func (d *decoder) symbol(depth int) (string, error) {
	if d.pos >= len(d.src) {
		return "", d.short()
	}
	switch d.src[d.pos] {
	case typeSymlink:
		d.pos++
		n, err := d.long()
		if err != nil {
			return "", err
		}
		if n < 0 || n >= len(d.symbols) {
			return "", d.syntax("symbol link to nothing")
		}
		return d.symbols[n], nil
	case typeSymbol:
		return d.newSymbol()
	case typeIvar:
		d.pos++
		return d.symbolIn(depth)
	}
	return "", d.syntax("not a symbol")
}

// newSymbol reads a symbol's text and enters it into the table.
func (d *decoder) newSymbol() (string, error) {
	d.pos++
	s, err := d.bytes()
	if err != nil {
		return "", err
	}
	if len(s) > d.lim.SymbolBytes {
		return "", d.syntax(fmt.Sprintf("symbol longer than %d bytes", d.lim.SymbolBytes))
	}
	if len(d.symbols) >= d.lim.Symbols {
		return "", d.syntax(fmt.Sprintf("more than %d symbols", d.lim.Symbols))
	}
	d.symbols = append(d.symbols, s)
	return s, nil
}

// symbolIn reads a symbol with an encoding; the position is on its type byte. The symbol's place in the table precedes that of the
// symbols in its variables.
func (d *decoder) symbolIn(depth int) (string, error) {
	if d.pos >= len(d.src) || d.src[d.pos] != typeSymbol {
		return "", d.syntax("not a symbol")
	}
	s, err := d.newSymbol()
	if err != nil {
		return "", err
	}
	enc, err := d.ivars(depth)
	if err != nil {
		return "", err
	}
	if enc.said && enc.enc == mco.UTF8 && !utf8.ValidString(s) {
		return "", d.syntax("symbol is not valid UTF-8")
	}
	return s, nil
}

// regexp reads a regular expression. Which encoding it has does not matter for plain data.
func (d *decoder) regexp(dst *mco.Value) error {
	source, err := d.bytes()
	if err != nil {
		return err
	}
	if d.pos >= len(d.src) {
		return d.short()
	}
	*dst = mco.Re(mco.Regexp{Source: source, Options: int(d.src[d.pos]) & regexpOptions})
	d.pos++
	return nil
}

func (d *decoder) float(dst *mco.Value) error {
	entry := d.open()
	s, err := d.bytes()
	if err != nil {
		return err
	}
	f, ok := parseFloat(s)
	if !ok {
		return d.syntax("not a float")
	}
	*dst = mco.Float(f)
	d.close(entry, dst)
	return nil
}

// maxFloatText is longer than any float text that a Ruby writes, low bits included.
const maxFloatText = 512

// parseFloat reads the text of a float. Ruby before 1.9 appended the low bits of the mantissa, behind a NUL.
func parseFloat(s string) (float64, bool) {
	switch s {
	case "inf":
		return math.Inf(1), true
	case "-inf":
		return math.Inf(-1), true
	case "nan":
		return math.NaN(), true
	}
	if len(s) > maxFloatText {
		return 0, false
	}
	text, low, _ := strings.Cut(s, "\x00")
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9', c == '.', c == 'e', c == 'E', c == '+', c == '-':
		default: // ParseFloat would also take hexadecimal digits, underscores and words
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	if low != "" {
		f = lowMantissa(f, low)
	}
	return f, true
}

// lowMantissa replaces all but the upper 37 bits of f's mantissa by the bytes of low (marshal.c of Ruby 1.8).
func lowMantissa(f float64, low string) float64 {
	const upper = 53 - 16
	frac, exp := math.Frexp(math.Abs(f))
	m := math.Trunc(math.Ldexp(frac, upper))
	for i := range min(len(low), 8) {
		m += math.Ldexp(float64(low[i]), -8*(i+1))
	}
	return math.Copysign(math.Ldexp(m, exp-upper), f)
}

func (d *decoder) bignum(dst *mco.Value) error {
	entry := d.open()
	if d.pos >= len(d.src) {
		return d.short()
	}
	negative := d.src[d.pos] == '-' // any other byte is a plus, as in Ruby
	d.pos++
	words, err := d.long()
	if err != nil {
		return err
	}
	switch {
	case words < 0:
		return d.syntax("negative length")
	case words > d.lim.IntegerBits/16:
		return d.syntax(fmt.Sprintf("integer of more than %d bits", d.lim.IntegerBits))
	case 2*words > len(d.src)-d.pos:
		return d.short()
	}
	raw := d.src[d.pos : d.pos+2*words]
	d.pos += 2 * words
	*dst = integer(raw, negative)
	d.close(entry, dst)
	return nil
}

// integer reads a magnitude in little endian.
func integer(raw string, negative bool) mco.Value {
	if len(raw) < 8 {
		n := int64(0)
		for i := range len(raw) {
			n |= int64(raw[i]) << (8 * i)
		}
		if negative {
			n = -n
		}
		return mco.Int(n)
	}
	magnitude := make([]byte, len(raw))
	for i := range len(raw) {
		magnitude[len(raw)-1-i] = raw[i]
	}
	n := new(big.Int).SetBytes(magnitude)
	if negative {
		n.Neg(n)
	}
	return mco.BigInt(n)
}
