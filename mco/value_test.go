package mco_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/mco-go/mco-go/mco"
)

func TestZeroValueIsNil(t *testing.T) {
	var v mco.Value
	if !v.IsNil() || v.Kind() != mco.KindNil || !v.Equal(mco.Nil()) {
		t.Errorf("zero Value is %v, want nil", v.Kind())
	}
}

func TestEqual(t *testing.T) {
	huge := func() *big.Int { return new(big.Int).Lsh(big.NewInt(1), 80) }
	hash := func(k mco.Value, v mco.Value) mco.Value { return mco.Hash(mco.NewMap(mco.Pair{Key: k, Value: v})) }
	tests := []struct {
		name string
		a, b mco.Value
		want bool
	}{
		{"ascii text under two labels", mco.Text("web", mco.UTF8), mco.Text("web", mco.Binary), true},
		{"other text under two labels", mco.Text("gr\xc3\xbcn", mco.UTF8), mco.Text("gr\xc3\xbcn", mco.Binary), false},
		{"two named encodings", mco.EncodedText("\x82", "Shift_JIS"), mco.EncodedText("\x82", "EUC-JP"), false},
		{"symbol and string", mco.Sym("a"), mco.String("a"), false},
		{"integer and float", mco.Int(1), mco.Float(1), false},
		{"nan", mco.Float(math.NaN()), mco.Float(math.NaN()), false},
		{"big integers", mco.BigInt(huge()), mco.BigInt(huge()), true},
		{"a big integer that fits is small", mco.BigInt(big.NewInt(7)), mco.Int(7), true},
		{"regexp options", mco.Re(mco.Regexp{Source: "a"}), mco.Re(mco.Regexp{Source: "a", Options: 1}), false},
		{"lists by length", mco.Strings("a"), mco.Strings("a", "b"), false},
		{"hashes in another order",
			mco.Hash(mco.NewMap(mco.Pair{Key: mco.Int(1), Value: mco.Nil()}, mco.Pair{Key: mco.Int(2), Value: mco.Nil()})),
			mco.Hash(mco.NewMap(mco.Pair{Key: mco.Int(2), Value: mco.Nil()}, mco.Pair{Key: mco.Int(1), Value: mco.Nil()})), true},
		{"hashes by key kind", hash(mco.Sym("a"), mco.Int(1)), hash(mco.String("a"), mco.Int(1)), false},
		{"hashes by value", hash(mco.Sym("a"), mco.Int(1)), hash(mco.Sym("a"), mco.Int(2)), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.a.Equal(tt.b); got != tt.want {
				t.Errorf("Equal = %v, want %v", got, tt.want)
			}
			if got := tt.b.Equal(tt.a); got != tt.want {
				t.Errorf("Equal the other way = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestStringLabelsInvalidUTF8AsBinary(t *testing.T) {
	if got := mco.String("caf\xe9").EncodingName(); got != "ASCII-8BIT" {
		t.Errorf("label of invalid UTF-8 is %s, want ASCII-8BIT", got)
	}
	if got := mco.String("café").EncodingName(); got != "UTF-8" {
		t.Errorf("label of UTF-8 is %s, want UTF-8", got)
	}
}

func TestFieldPrefersTheSymbol(t *testing.T) {
	both := mco.Hash(mco.NewMap(
		mco.Pair{Key: mco.String("agent"), Value: mco.Int(1)},
		mco.Pair{Key: mco.Sym("agent"), Value: mco.Int(2)}))
	if got, _ := both.Field("agent").AsInt(); got != 2 {
		t.Errorf("Field = %d, want the symbol's 2", got)
	}
	fromJSON := mco.Hash(mco.NewMap(mco.Pair{Key: mco.String("agent"), Value: mco.Int(1)}))
	if got, _ := fromJSON.Field("agent").AsInt(); got != 1 {
		t.Errorf("Field = %d, want the string's 1", got)
	}
	if !mco.Int(3).Field("agent").IsNil() {
		t.Error("a field of an integer is not nil")
	}
}

// A map changes from a walk to an index as it grows: the order and the look-ups must not notice.
func TestMapGrowsPastItsIndex(t *testing.T) {
	var m mco.Map
	for i := range 100 {
		m.SetSymbol(mco.Symbol(fmt.Sprint("k", i)), mco.Int(int64(i)))
		m.Set(mco.Int(int64(i)), mco.Int(int64(-i)))
	}
	m.SetSymbol("k3", mco.String("again"))
	if m.Len() != 200 {
		t.Fatalf("Len = %d, want 200", m.Len())
	}
	if got := m.At(6); !got.Key.Equal(mco.Sym("k3")) || !got.Value.Equal(mco.String("again")) {
		t.Errorf("a key that is set again must keep its place: position 6 holds %v", got)
	}
	for i := range 100 {
		if got, ok := m.Get(mco.Int(int64(i))); !ok || !got.Equal(mco.Int(int64(-i))) {
			t.Fatalf("integer key %d: %v, %v", i, got, ok)
		}
	}
	if _, ok := m.Get(mco.String("k3")); ok {
		t.Error("a string key found a symbol's value")
	}
	// Ruby keeps two strings apart whose bytes agree and whose labels do not.
	m.Set(mco.Text("\xc3\xbc", mco.UTF8), mco.Int(1))
	m.Set(mco.Text("\xc3\xbc", mco.Binary), mco.Int(2))
	for enc, want := range map[mco.Encoding]int64{mco.UTF8: 1, mco.Binary: 2} {
		v, _ := m.Get(mco.Text("\xc3\xbc", enc))
		if got, _ := v.AsInt(); got != want {
			t.Errorf("label %v: %d, want %d", enc, got, want)
		}
	}
}

func TestNilMapIsEmpty(t *testing.T) {
	m, ok := mco.Hash(nil).AsMap()
	if !ok || m.Len() != 0 {
		t.Errorf("Hash(nil) holds %d pairs, is a map: %v", m.Len(), ok)
	}
}

func TestFilterValueHasAllFiveLists(t *testing.T) {
	m, _ := mco.Filter{}.Value().AsMap()
	for i, want := range []string{"fact", "cf_class", "agent", "identity", "compound"} {
		got := m.At(i)
		if list, ok := got.Value.AsList(); !got.Key.Equal(mco.String(want)) || !ok || len(list) != 0 {
			t.Errorf("position %d: %v, want an empty %q", i, got, want)
		}
	}
	if m.Len() != 5 {
		t.Errorf("%d keys, want 5", m.Len())
	}
	f := mco.Filter{Facts: []mco.FactFilter{{Fact: "os", Operator: mco.FactEqual, Value: "Debian"}}, Collective: "eu"}
	if f.Empty() {
		t.Error("a filter with a fact is empty")
	}
	if got, _ := f.Value().Field("collective").AsString(); got != "eu" {
		t.Errorf("collective %q, want eu", got)
	}
	facts, _ := f.Value().Field("fact").AsList()
	if got, _ := facts[0].Field("operator").AsString(); got != "==" {
		t.Errorf("operator %q, want ==", got)
	}
}

func TestVersionLeadsWithTheOriginals(t *testing.T) {
	if v := mco.Version(); len(v) < 12 || v[:10] != "2.12.5+go." {
		t.Errorf("Version = %q, want 2.12.5+go.…", v)
	}
}
