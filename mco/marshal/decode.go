package marshal

import (
	"fmt"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// Decode reads one value from b within lim. What follows the value is ignored, as Ruby does. Strings of the result share one copy of
// b; b itself is not kept.
//
// Errors are [*UnsafeTypeError] and [*SyntaxError]. A link to a value that is not finished yet (a list inside itself) is refused;
// Ruby would build the cycle.
func Decode(b []byte, lim Limits) (mco.Value, error) {
	lim = lim.filled()
	if len(b) > lim.Bytes {
		return mco.Value{}, &SyntaxError{lim.Bytes, fmt.Sprintf("longer than %d bytes", lim.Bytes)}
	}
	if len(b) < 3 {
		return mco.Value{}, &SyntaxError{len(b), "too short"}
	}
	if b[0] != major || b[1] > minor {
		return mco.Value{}, &SyntaxError{0, fmt.Sprintf("version %d.%d, want %d.%d", b[0], b[1], major, minor)}
	}
	d := decoder{src: string(b), pos: 2, owed: 1, lim: lim}
	d.arena.Expect = len(b) / 40
	d.symbols = d.firstSymbols[:0]
	d.linked = strings.IndexByte(d.src, typeLink) >= 0
	out := new(mco.Value)
	if err := d.value(out, 0); err != nil {
		return mco.Value{}, err
	}
	return *out, nil
}

// decoder is the state of one Decode. Values are decoded in place, into slots that never move once they are handed out, so that the
// table of objects can point to them.
type decoder struct {
	src  string
	pos  int
	lim  Limits
	owed int // values that open lists and hashes still wait for; each takes at least one byte

	elements int // values so far, links counted with all they hold
	repeated int // bytes of text behind links so far
	arena    mco.Arena

	symbols      []string
	firstSymbols [24]string // backs symbols of ordinary messages

	linked  bool // whether the input can hold links at all: without the byte '@' no table of objects is kept
	objects objects
}

func (d *decoder) syntax(reason string) error { return &SyntaxError{d.pos, reason} }

func (d *decoder) short() error { return &SyntaxError{len(d.src), "too short"} }

// value reads one value into dst. depth is the number of containers around it.
func (d *decoder) value(dst *mco.Value, depth int) error {
	if d.pos >= len(d.src) {
		return d.short()
	}
	d.owed--
	if d.elements++; d.elements > d.lim.Elements {
		return d.syntax(fmt.Sprintf("more than %d values", d.lim.Elements))
	}
	kind := d.src[d.pos]
	d.pos++
	switch kind {
	case typeIvar:
		if d.pos < len(d.src) && d.src[d.pos] == typeString {
			d.pos++
			return d.labelled(dst, depth)
		}
		return d.ivar(dst, depth)
	case typeSymbol, typeSymlink:
		d.pos--
		s, err := d.symbol(depth)
		*dst = mco.Sym(mco.Symbol(s))
		return err
	case typeFixnum:
		n, err := d.long()
		*dst = mco.Int(int64(n))
		return err
	case typeNil:
		*dst = mco.Nil()
		return nil
	case typeTrue, typeFalse:
		*dst = mco.Bool(kind == typeTrue)
		return nil
	case typeArray:
		return d.list(dst, depth)
	case typeHash, typeHashDef:
		return d.hash(dst, depth, kind == typeHashDef)
	case typeString:
		s, err := d.bytes()
		*dst = mco.Text(s, mco.Binary)
		d.close(d.open(), dst)
		return err
	case typeFloat:
		return d.float(dst)
	case typeBignum:
		return d.bignum(dst)
	case typeRegexp:
		entry := d.open()
		err := d.regexp(dst)
		d.close(entry, dst)
		return err
	case typeLink:
		return d.link(dst, depth)
	case typeSubclass:
		return d.subclass(dst, depth)
	}
	return d.foreign(dst, kind, depth, false)
}

// long reads a packed integer.
func (d *decoder) long() (int, error) {
	if d.pos >= len(d.src) {
		return 0, d.short()
	}
	c := int(int8(d.src[d.pos]))
	d.pos++
	switch {
	case c == 0:
		return 0, nil
	case c > 4:
		return c - 5, nil
	case c < -4:
		return c + 5, nil
	}
	size := max(c, -c)
	if len(d.src)-d.pos < size {
		return 0, d.short()
	}
	n := 0
	for i := range size {
		n |= int(d.src[d.pos+i]) << (8 * i)
	}
	d.pos += size
	if c < 0 {
		n -= 1 << (8 * size)
	}
	return n, nil
}

// count reads how many values follow, each of them times over, and makes sure that there are bytes for all of them beside what is
// owed already, so that nested promises cannot add up to more memory than the input pays for.
func (d *decoder) count(each int) (int, error) {
	n, err := d.long()
	if err != nil {
		return 0, err
	}
	if n < 0 {
		return 0, d.syntax("negative count")
	}
	if n > (len(d.src)-d.pos-d.owed)/each {
		return 0, d.syntax("more values promised than there are bytes")
	}
	if n*each > d.lim.Elements-d.elements {
		return 0, d.syntax(fmt.Sprintf("more than %d values", d.lim.Elements))
	}
	d.owed += n * each
	return n, nil
}

// bytes reads a length and that many bytes.
func (d *decoder) bytes() (string, error) {
	n, err := d.long()
	if err != nil {
		return "", err
	}
	if n < 0 {
		return "", d.syntax("negative length")
	}
	if n > len(d.src)-d.pos {
		return "", d.short()
	}
	s := d.src[d.pos : d.pos+n]
	d.pos += n
	return s, nil
}

// inner prepares for the value that a prefix (instance variables, a subclass) stands in front of: the two are one value.
func (d *decoder) inner() {
	d.owed++
	d.elements--
}

func (d *decoder) deeper(depth int) (int, error) {
	if depth >= d.lim.Depth {
		return 0, d.syntax(fmt.Sprintf("nested deeper than %d", d.lim.Depth))
	}
	return depth + 1, nil
}

func (d *decoder) list(dst *mco.Value, depth int) error {
	depth, err := d.deeper(depth)
	if err != nil {
		return err
	}
	n, err := d.count(1)
	if err != nil {
		return err
	}
	entry := d.open()
	items := d.arena.Values(n)
	for i := range items {
		if err := d.value(&items[i], depth); err != nil {
			return err
		}
	}
	*dst = d.arena.List(items)
	d.close(entry, dst)
	return nil
}

func (d *decoder) hash(dst *mco.Value, depth int, withDefault bool) error {
	depth, err := d.deeper(depth)
	if err != nil {
		return err
	}
	n, err := d.count(2)
	if err != nil {
		return err
	}
	if withDefault {
		d.owed++
	}
	entry := d.open()
	pairs := d.arena.Pairs(n)
	for i := range pairs {
		if err := d.value(&pairs[i].Key, depth); err != nil {
			return err
		}
		if err := d.value(&pairs[i].Value, depth); err != nil {
			return err
		}
	}
	if withDefault { // read for its place in the tables, then dropped
		if err := d.value(new(mco.Value), depth); err != nil {
			return err
		}
	}
	*dst = d.arena.Hash(pairs)
	d.close(entry, dst)
	return nil
}
