package mco_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/mco-go/mco-go/mco"
)

func TestArenaSlabsDoNotOverlap(t *testing.T) {
	var a mco.Arena
	var lists []mco.Value
	for n := range 100 {
		items := a.Values(n % 20)
		for i := range items {
			items[i] = mco.Int(int64(n))
		}
		lists = append(lists, a.List(items))
	}
	for n, l := range lists {
		items, _ := l.AsList()
		if len(items) != n%20 || cap(items) != n%20 {
			t.Fatalf("list %d: length %d, capacity %d, want %d", n, len(items), cap(items), n%20)
		}
		for _, v := range items {
			if got, _ := v.AsInt(); got != int64(n) {
				t.Fatalf("list %d holds %d", n, got)
			}
		}
	}
}

func TestArenaHashKeepsFirstPlaceAndLastValue(t *testing.T) {
	for _, size := range []int{2, 15, 16, 300} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			var a mco.Arena
			pairs := a.Pairs(2 * size)
			for i := range pairs {
				pairs[i] = mco.Pair{Key: mco.String(fmt.Sprint("k", i%size)), Value: mco.Int(int64(i))}
			}
			m, _ := a.Hash(pairs).AsMap()
			if m.Len() != size {
				t.Fatalf("%d pairs, want %d", m.Len(), size)
			}
			for i := range size {
				p := m.At(i)
				if name, _ := p.Key.AsString(); name != fmt.Sprint("k", i) {
					t.Errorf("place %d: key %s", i, name)
				}
				if got, _ := p.Value.AsInt(); got != int64(i+size) {
					t.Errorf("place %d: value %d, want %d", i, got, i+size)
				}
			}
		})
	}
}

// Keys of every kind must be found again in a map that is large enough to be indexed, and must not be taken for one another.
func TestLargeMapFindsKeysOfEveryKind(t *testing.T) {
	keys := []mco.Value{mco.Nil(), mco.Bool(true), mco.Bool(false), mco.Float(0), mco.Float(1.5), mco.Sym("a"), mco.String("a"),
		mco.Text("\xe9", mco.Binary), mco.EncodedText("\xe9", "ISO-8859-1"), mco.Re(mco.Regexp{Source: "a"}), mco.Opaque("a"),
		mco.Strings("a", "b"), mco.Strings("b", "a"), mco.Hash(nil),
		mco.Hash(mco.NewMap(mco.Pair{Key: mco.Sym("x"), Value: mco.Int(1)}, mco.Pair{Key: mco.Sym("y"), Value: mco.Int(2)}))}
	for n := range 1000 {
		keys = append(keys, mco.Int(int64(n)), mco.List(mco.Int(int64(n))))
	}
	m := new(mco.Map)
	for i, k := range keys {
		m.Set(k, mco.Int(int64(i)))
	}
	for i, k := range keys {
		v, ok := m.Get(k)
		if got, _ := v.AsInt(); !ok || got != int64(i) {
			t.Errorf("key %d (%s): found %v, %d", i, k.Kind(), ok, got)
		}
	}
	if _, ok := m.Get(mco.Float(math.Copysign(0, -1))); !ok {
		t.Error("-0.0 does not find 0.0")
	}
	swapped := mco.Hash(mco.NewMap(mco.Pair{Key: mco.Sym("y"), Value: mco.Int(2)}, mco.Pair{Key: mco.Sym("x"), Value: mco.Int(1)}))
	if _, ok := m.Get(swapped); !ok {
		t.Error("a hash as a key is not found in another order")
	}
	if _, ok := m.Get(mco.String("absent")); ok {
		t.Error("an absent key is found")
	}
	for range 3 { // NaN equals nothing, itself included
		m.Set(mco.Float(math.NaN()), mco.Nil())
	}
	if m.Len() != len(keys)+3 {
		t.Errorf("%d pairs, want %d", m.Len(), len(keys)+3)
	}
}
