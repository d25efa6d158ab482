package mco

// Slab sizes of an [Arena]. A slab serves many small lists and hashes; what is larger than a quarter of a slab gets memory of its
// own, so that at most a quarter of any slab stays unused at its end.
const (
	slabItems = 64
	slabNodes = 32
)

// Arena makes lists and hashes whose memory comes from slabs: for decoders, which make many of them at a time and would otherwise
// spend most of their time in the allocator. What it made keeps its slab alive. The zero Arena is ready for use; it is not safe for
// concurrent use.
type Arena struct {
	// Expect is about how many pairs a message will need; it keeps the slabs of a small message small. Zero means many.
	Expect int

	items []Value
	pairs []Pair
	lists []extension
	maps  []mapNode
}

// mapNode is a hash with what refers to it, allocated as one.
type mapNode struct {
	extension
	Map
}

// Values returns n nils, to be filled in place and then handed to [Arena.List].
func (a *Arena) Values(n int) []Value {
	if n > len(a.items) {
		if n > slabItems/4 {
			return make([]Value, n)
		}
		a.items = make([]Value, a.slab(n, a.Expect/2, slabItems))
	}
	got := a.items[:n:n]
	a.items = a.items[n:]
	return got
}

// Pairs returns n empty pairs, to be filled in place and then handed to [Arena.Hash].
func (a *Arena) Pairs(n int) []Pair {
	if n > len(a.pairs) {
		if n > slabItems/4 {
			return make([]Pair, n)
		}
		a.pairs = make([]Pair, a.slab(n, a.Expect, slabItems))
	}
	got := a.pairs[:n:n]
	a.pairs = a.pairs[n:]
	return got
}

// List returns a list of the given values. The slice is not copied.
func (a *Arena) List(items []Value) Value {
	if len(a.lists) == 0 {
		a.lists = make([]extension, a.slab(1, a.Expect/4, slabNodes))
	}
	ext := &a.lists[0]
	a.lists = a.lists[1:]
	ext.list = items
	return Value{kind: KindList, ext: ext}
}

// Hash returns a hash of the given pairs. Of pairs with equal keys the first gives the place and the last the value, as in Ruby. The
// slice is not copied, and not changed.
func (a *Arena) Hash(pairs []Pair) Value {
	if len(a.maps) == 0 {
		a.maps = make([]mapNode, a.slab(1, a.Expect/8, slabNodes/2))
	}
	node := &a.maps[0]
	a.maps = a.maps[1:]
	node.m = &node.Map
	node.Map.fill(pairs)
	return Value{kind: KindMap, ext: &node.extension}
}

// slab returns the size of the next slab: as much as the message is expected to need, but no less than least and no more than most.
func (a *Arena) slab(least, expected, most int) int {
	if a.Expect == 0 {
		return most
	}
	return max(least, min(expected+1, most))
}

// fill makes m hold pairs, of which some keys may be equal.
func (m *Map) fill(pairs []Pair) {
	if len(pairs) < indexFrom {
		if distinct(pairs) {
			m.pairs = pairs
			return
		}
	} else if index, ok := newIndex(pairs, 0); ok {
		m.pairs, m.index = pairs, index
		return
	}
	for _, p := range pairs {
		m.Set(p.Key, p.Value)
	}
}

// distinct tells whether no two keys of a few pairs are equal.
func distinct(pairs []Pair) bool {
	var seen uint64 // one bit for each length and end of text: most keys differ there already
	for i := range pairs {
		k := &pairs[i].Key
		bit := uint64(1) << 63
		if n := len(k.str); n > 0 {
			bit = 1 << (uint(n+int(k.str[n-1])+int(k.str[n/2])<<1) & 63)
		}
		if seen&bit != 0 {
			for j := range i {
				if pairs[j].Key.Equal(*k) {
					return false
				}
			}
		}
		seen |= bit
	}
	return true
}
