package wire

import (
	"fmt"
	"math/bits"
)

// Sym is a Ruby symbol.
type Sym string

// Pair is one entry of a Ruby hash.
type Pair struct{ Key, Value any }

// Hash is a Ruby hash, in order.
type Hash []Pair

// Raw is Marshal text that is written as it stands.
type Raw string

// Dump writes a value as Ruby's Marshal.dump does: nil, bool, int, string (UTF-8), [Sym], []any, []string, [Hash], [Raw]. Another
// type is a mistake in a test, and a panic.
func Dump(v any) []byte {
	d := dumper{symbols: map[Sym]int{}}
	d.out = append(d.out, 4, 8)
	d.value(v)
	return d.out
}

type dumper struct {
	out     []byte
	symbols map[Sym]int
}

func (d *dumper) value(v any) {
	switch v := v.(type) {
	case nil:
		d.out = append(d.out, '0')
	case bool:
		d.out = append(d.out, map[bool]byte{true: 'T', false: 'F'}[v])
	case int:
		d.integer(v)
	case string:
		d.out = append(d.out, 'I', '"')
		d.bytes(v)
		d.long(1)
		d.symbol("E")
		d.value(true)
	case Sym:
		d.symbol(v)
	case []string:
		d.out = append(d.out, '[')
		d.long(len(v))
		for _, item := range v {
			d.value(item)
		}
	case []any:
		d.out = append(d.out, '[')
		d.long(len(v))
		for _, item := range v {
			d.value(item)
		}
	case Hash:
		d.out = append(d.out, '{')
		d.long(len(v))
		for _, p := range v {
			d.value(p.Key)
			d.value(p.Value)
		}
	case Raw:
		d.out = append(d.out, v...)
	default:
		panic(fmt.Sprintf("wire: cannot dump %T", v))
	}
}

func (d *dumper) symbol(s Sym) {
	if n, seen := d.symbols[s]; seen {
		d.out = append(d.out, ';')
		d.long(n)
		return
	}
	d.symbols[s] = len(d.symbols)
	d.out = append(d.out, ':')
	d.bytes(string(s))
}

func (d *dumper) bytes(s string) {
	d.long(len(s))
	d.out = append(d.out, s...)
}

// integer writes a fixnum, or a bignum where 31 bits do not hold it (each msgtime of our days).
func (d *dumper) integer(n int) {
	if n >= -1<<30 && n < 1<<30 {
		d.out = append(d.out, 'i')
		d.long(n)
		return
	}
	sign, magnitude := byte('+'), uint64(n)
	if n < 0 {
		sign, magnitude = '-', -uint64(n)
	}
	words := (bits.Len64(magnitude) + 15) / 16
	d.out = append(d.out, 'l', sign)
	d.long(words)
	for range words * 2 {
		d.out = append(d.out, byte(magnitude))
		magnitude >>= 8
	}
}

// long writes Marshal's packed integer.
func (d *dumper) long(n int) {
	switch {
	case n == 0:
		d.out = append(d.out, 0)
	case n > 0 && n < 123:
		d.out = append(d.out, byte(n+5))
	case n < 0 && n > -124:
		d.out = append(d.out, byte(n-5))
	case n > 0:
		size := (bits.Len(uint(n)) + 7) / 8
		d.out = append(d.out, byte(size))
		for range size {
			d.out = append(d.out, byte(n))
			n >>= 8
		}
	default:
		size := (bits.Len(uint(^n)) + 7) / 8
		d.out = append(d.out, byte(-size))
		for range size {
			d.out = append(d.out, byte(n))
			n >>= 8
		}
	}
}
