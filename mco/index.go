package mco

import (
	"hash/maphash"
	"math"
	"math/rand/v2"
)

// indexFrom is the number of pairs from which a [Map] keeps an index: below it a walk over the pairs is faster.
const indexFrom = 16

// seed makes the hashes of keys unknowable to peers, who could otherwise send keys that all meet in one place.
var seed = maphash.MakeSeed()

// keyIndex finds a pair by its key: an open addressed table of positions in the pairs, each one more than the position, 0 for a
// free place. Its length is a power of two and at least twice the number of pairs.
type keyIndex []uint32

// newIndex indexes pairs and leaves room for as many more. It returns false when two keys are equal.
func newIndex(pairs []Pair, room int) (*keyIndex, bool) {
	size := 2 * indexFrom
	for size < 2*(len(pairs)+room) {
		size *= 2
	}
	x := make(keyIndex, size)
	for i := range pairs {
		if at, found := x.find(pairs, pairs[i].Key); found {
			return nil, false
		} else {
			x[at] = uint32(i) + 1
		}
	}
	return &x, true
}

// find returns the place in x that names key's pair, or the free place where it belongs.
func (x keyIndex) find(pairs []Pair, key Value) (place int, found bool) {
	mask := len(x) - 1
	for at := int(key.hash()) & mask; ; at = (at + 1) & mask {
		switch {
		case x[at] == 0:
			return at, false
		case pairs[x[at]-1].Key.Equal(key):
			return at, true
		}
	}
}

// hash agrees with Equal: equal values have equal hashes. Every kind takes part, so that no kind of key makes a look-up slow; NaN,
// which equals nothing, gets a random one.
func (v Value) hash() uint64 {
	switch v.kind {
	case KindString:
		h := maphash.String(seed, v.str)
		if v.enc != UTF8 && !v.plain() { // only then does the label count
			h = mix(h, maphash.String(seed, v.EncodingName()))
		}
		return h
	case KindSymbol, KindRegexp, KindOpaque:
		return mix(maphash.String(seed, v.str), uint64(v.kind))
	case KindFloat:
		f := math.Float64frombits(v.num)
		switch {
		case f != f:
			return rand.Uint64()
		case f == 0: // 0.0 and -0.0 are equal
			return uint64(v.kind)
		}
		return maphash.Comparable(seed, v.num)
	case KindBigInt:
		return maphash.Bytes(seed, v.ext.rare.big.Bytes())
	case KindList:
		h := uint64(len(v.ext.list))
		for _, item := range v.ext.list {
			h = mix(h, item.hash())
		}
		return h
	case KindMap:
		var h uint64
		for k, item := range v.ext.m.All() {
			h += mix(k.hash(), item.hash()) // a sum: the order does not count
		}
		return h
	}
	return maphash.Comparable(seed, v.num) + uint64(v.kind)
}

// mix joins two hashes, unequally.
func mix(a, b uint64) uint64 { return (a<<5|a>>59)*0x9e3779b97f4a7c15 ^ b }
