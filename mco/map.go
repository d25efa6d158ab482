package mco

import "iter"

// Pair is one key of a [Map] with its value.
type Pair struct{ Key, Value Value }

// indexFrom is the number of pairs from which [Map.Set] keeps an index: below it a walk over the pairs is faster.
const indexFrom = 16

// Map is Ruby's Hash: keys of any kind, in order of insertion. The zero Map is empty and ready for use. A Map must not be changed
// while others read it.
type Map struct {
	pairs []Pair
	index map[indexKey]int // position of each string and symbol key; kept by Set once the map is large, nil before
}

// indexKey identifies a string or symbol key. Strings that differ in label alone share one: Equal has the last word.
type indexKey struct {
	kind Kind
	text string
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
	switch {
	case m.index != nil:
		m.enter(len(m.pairs) - 1)
	case len(m.pairs) >= indexFrom:
		m.index = make(map[indexKey]int, 2*len(m.pairs))
		for i := range m.pairs {
			m.enter(i)
		}
	}
}

func (m *Map) enter(i int) {
	if text, ok := m.pairs[i].Key.AsName(); ok {
		k := indexKey{m.pairs[i].Key.kind, text}
		if _, taken := m.index[k]; !taken {
			m.index[k] = i
		}
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
	if text, ok := key.AsName(); ok && m.index != nil {
		i, found := m.index[indexKey{key.kind, text}]
		if !found {
			return -1
		}
		if m.pairs[i].Key.Equal(key) {
			return i
		}
	}
	for i := range m.pairs {
		if m.pairs[i].Key.Equal(key) {
			return i
		}
	}
	return -1
}
