package mco

import "iter"

// Pair is one key of a [Map] with its value.
type Pair struct{ Key, Value Value }

// Map is Ruby's Hash: keys of any kind, in order of insertion. The zero Map is empty and ready for use. A Map must not be changed
// while others read it.
type Map struct {
	pairs []Pair
	index *keyIndex // nil while the map is small, or was never asked to keep one
}

// NewMap returns a map with the given pairs, which must have distinct keys. The slice is not copied.
func NewMap(pairs ...Pair) *Map { return &Map{pairs: pairs} }

// SymbolMap returns a map with room for n pairs, to be filled with [Map.SetSymbol].
func SymbolMap(n int) *Map { return &Map{pairs: make([]Pair, 0, n)} }

// Len returns the number of pairs.
func (m *Map) Len() int {
	if m == nil {
		return 0
	}
	return len(m.pairs)
}

// At returns the pair at position i in order of insertion.
func (m *Map) At(i int) Pair { return m.pairs[i] }

// Pairs returns all pairs in order of insertion, to be read only.
func (m *Map) Pairs() []Pair {
	if m == nil {
		return nil
	}
	return m.pairs
}

// Get returns the value stored under key.
func (m *Map) Get(key Value) (Value, bool) {
	if i := m.find(key); i >= 0 {
		return m.pairs[i].Value, true
	}
	return Value{}, false
}

// Symbol returns the value stored under a symbol key, nil when there is none.
func (m *Map) Symbol(key Symbol) Value {
	v, _ := m.Get(Sym(key))
	return v
}

// Set stores value under key: in the key's old place, or at the end.
func (m *Map) Set(key, value Value) {
	if i := m.find(key); i >= 0 {
		m.pairs[i].Value = value
		return
	}
	m.pairs = append(m.pairs, Pair{key, value})
	switch n := len(m.pairs); {
	case n < indexFrom:
	case m.index != nil && 2*n <= len(*m.index):
		place, _ := m.index.find(m.pairs, key)
		(*m.index)[place] = uint32(n)
	default:
		m.index, _ = newIndex(m.pairs, n)
	}
}

// SetSymbol stores value under a symbol key.
func (m *Map) SetSymbol(key Symbol, value Value) { m.Set(Sym(key), value) }

// All walks over the pairs in order of insertion.
func (m *Map) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		if m == nil {
			return
		}
		for _, p := range m.pairs {
			if !yield(p.Key, p.Value) {
				return
			}
		}
	}
}

func (m *Map) find(key Value) int {
	if m == nil {
		return -1
	}
	if m.index != nil {
		if place, found := m.index.find(m.pairs, key); found {
			return int((*m.index)[place]) - 1
		}
		return -1
	}
	for i := range m.pairs {
		if m.pairs[i].Key.Equal(key) {
			return i
		}
	}
	return -1
}
