package marshal_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/rubyjudge"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/marshal"
)

// rounds is how many values each comparison with Ruby is made of.
const rounds = 5000

// TestRubyReadsWhatWeWrite sends random values to Ruby and compares what it read. Ruby must also write the same bytes again, except
// where it joins what we keep apart: equal string keys of several hashes become one object in Ruby.
func TestRubyReadsWhatWeWrite(t *testing.T) {
	ruby := rubyjudge.Start(t, "testdata/peer.rb")
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	exact := 0
	for i := range rounds {
		v := randomValue(r, 0)
		payload, err := marshal.Encode(v)
		if err != nil {
			t.Fatalf("seed %d, value %d: Encode: %v", seed, i, err)
		}
		answer := rubyjudge.Ask[judged](t, ruby, []any{"canon", payload})
		read, again := answer.Canon, answer.Marshal
		if want := canon(v); read != want {
			t.Fatalf("seed %d, value %d: Ruby read\n%s\nwe wrote\n%s\nas %x", seed, i, read, want, payload)
		}
		if string(again) == string(payload) {
			exact++
		} else if !repeatsStringKey(v, map[string]bool{}) {
			at := 0
			for at < min(len(again), len(payload)) && again[at] == payload[at] {
				at++
			}
			t.Fatalf("seed %d, value %d: from offset %d Ruby writes\n%q\nwe write\n%q", seed, i, at, again[at:], payload[at:])
		}
		back, err := marshal.Decode(again, marshal.DefaultLimits())
		if err != nil || canon(back) != read {
			t.Fatalf("seed %d, value %d: Decode of %x = %s, %v, want %s", seed, i, again, canon(back), err, read)
		}
	}
	t.Logf("seed %d: %d values, %d written again as the same bytes", seed, rounds, exact)
}

// TestWeReadWhatRubyWrites decodes random values of Ruby's, with objects in several places and hashes with defaults.
func TestWeReadWhatRubyWrites(t *testing.T) {
	ruby := rubyjudge.Start(t, "testdata/peer.rb")
	seed := time.Now().UnixNano() % 1e12
	linked := 0
	for i := range rounds {
		answer := rubyjudge.Ask[judged](t, ruby, []any{"random", seed + int64(i)})
		want, payload := answer.Canon, answer.Marshal
		got, err := marshal.Decode(payload, marshal.Limits{Elements: 10_000_000})
		if err != nil {
			t.Fatalf("seed %d: Decode(%x): %v", seed+int64(i), payload, err)
		}
		if canon(got) != want {
			t.Fatalf("seed %d: Decode(%x) =\n%s\nwant\n%s", seed+int64(i), payload, canon(got), want)
		}
		if strings.Contains(string(payload), "@") {
			linked++
		}
	}
	t.Logf("first seed %d: %d values, %d perhaps with links", seed, rounds, linked)
}

// judged is the judge's answer: a value in the notation of canon and as Ruby writes it.
type judged struct {
	Canon   string
	Marshal []byte
}

// canon is the notation of testdata/peer.rb.
func canon(v mco.Value) string {
	var b strings.Builder
	writeCanon(&b, v)
	return b.String()
}

func writeCanon(b *strings.Builder, v mco.Value) {
	switch v.Kind() {
	case mco.KindNil:
		b.WriteString("n")
	case mco.KindBool:
		if yes, _ := v.AsBool(); yes {
			b.WriteString("t")
		} else {
			b.WriteString("f")
		}
	case mco.KindInt, mco.KindBigInt:
		n, _ := v.AsBigInt()
		fmt.Fprintf(b, "i%s;", n)
	case mco.KindFloat:
		if f, _ := v.AsFloat(); f != f {
			b.WriteString("dnan;")
		} else {
			fmt.Fprintf(b, "d%016x;", math.Float64bits(f))
		}
	case mco.KindString:
		s, _ := v.AsString()
		fmt.Fprintf(b, "s%s:%x;", v.EncodingName(), s)
	case mco.KindSymbol:
		s, _ := v.AsSymbol()
		fmt.Fprintf(b, "y%x;", string(s))
	case mco.KindRegexp:
		re, _ := v.AsRegexp()
		fmt.Fprintf(b, "r%d:%x;", re.Options, re.Source)
	case mco.KindList:
		items, _ := v.AsList()
		b.WriteString("[")
		for _, item := range items {
			writeCanon(b, item)
		}
		b.WriteString("]")
	case mco.KindMap:
		m, _ := v.AsMap()
		b.WriteString("{")
		for k, item := range m.All() {
			writeCanon(b, k)
			writeCanon(b, item)
		}
		b.WriteString("}")
	default:
		fmt.Fprintf(b, "<%s>", v.Kind())
	}
}

// repeatsStringKey tells whether two hashes in v have an equal string key.
func repeatsStringKey(v mco.Value, seen map[string]bool) bool {
	if items, ok := v.AsList(); ok {
		for _, item := range items {
			if repeatsStringKey(item, seen) {
				return true
			}
		}
	}
	if m, ok := v.AsMap(); ok {
		for k, item := range m.All() {
			if _, ok := k.AsString(); ok {
				if seen[canon(k)] {
					return true
				}
				seen[canon(k)] = true
			}
			if repeatsStringKey(k, seen) || repeatsStringKey(item, seen) {
				return true
			}
		}
	}
	return false
}

// randomValue makes a plain value. Keys of hashes are often equal to values elsewhere, and floats often equal to one another.
func randomValue(r *rand.Rand, depth int) mco.Value {
	kinds := 11
	if depth > 4 {
		kinds = 8
	}
	switch r.IntN(kinds) {
	case 0:
		return [...]mco.Value{mco.Nil(), mco.Bool(true), mco.Bool(false)}[r.IntN(3)]
	case 1, 2:
		return randomInteger(r)
	case 3:
		return mco.Float(randomFloat(r))
	case 4, 5:
		return randomString(r)
	case 6:
		return mco.Sym(mco.Symbol(randomSymbol(r)))
	case 7:
		sources := [...]string{"a+", `^x\d$`, "ü", `\u00fc`, `gr\u{fc}n`, `\u0041`, `\\u00fc`, "a/b"}
		return mco.Re(mco.Regexp{Source: sources[r.IntN(len(sources))], Options: r.IntN(8)})
	case 8, 9:
		items := make([]mco.Value, r.IntN(6))
		for i := range items {
			items[i] = randomValue(r, depth+1)
		}
		return mco.List(items...)
	}
	m := new(mco.Map)
	for range r.IntN(25) {
		k := randomValue(r, depth+1)
		switch r.IntN(12) {
		case 0, 1, 2, 3, 4:
			k = randomString(r)
		case 5, 6, 7, 8, 9:
			k = mco.Sym(mco.Symbol(randomSymbol(r)))
		}
		m.Set(k, randomValue(r, depth+1))
	}
	return mco.Hash(m)
}

func randomInteger(r *rand.Rand) mco.Value {
	bits := [...]uint{3, 8, 16, 29, 30, 31, 33, 62, 63, 64, 65, 200, 4000}[r.IntN(13)]
	n := new(big.Int).Lsh(big.NewInt(1), bits)
	n.Add(n, big.NewInt(r.Int64N(1<<min(bits, 40))-1))
	if r.IntN(2) == 0 {
		n.Neg(n)
	}
	return mco.BigInt(n)
}

func randomFloat(r *rand.Rand) float64 {
	switch r.IntN(4) {
	case 0:
		odd := [...]float64{0, math.Copysign(0, -1), 1, 100, 1e100, 5e-324, math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN(), 1e-5, 1e15,
			1e16, 1.7272337110188893e-77, 1e-77, 1.15e77, 1.16e77}
		return odd[r.IntN(len(odd))]
	case 1:
		return float64(r.IntN(1000)) / 4
	case 2:
		return float64(r.Int64N(1<<53)) * math.Pow(10, float64(r.IntN(40)-20))
	}
	return math.Float64frombits(r.Uint64())
}

func randomString(r *rand.Rand) mco.Value {
	var b strings.Builder
	for range r.IntN(12) {
		b.WriteString([...]string{"a", "@", "\n", "0", "ü", "✓", " "}[r.IntN(7)])
	}
	if r.IntN(8) == 0 {
		b.WriteByte(200)
	}
	s := b.String()
	switch r.IntN(12) {
	case 0:
		return mco.Text(s, mco.Binary)
	case 1:
		return mco.Text(s, mco.USASCII)
	case 2:
		return mco.EncodedText(s, "ISO-8859-1")
	case 3:
		return mco.EncodedText(s, "Shift_JIS")
	}
	if v := mco.String(s); v.Encoding() == mco.UTF8 {
		return v
	}
	return mco.EncodedText(s, "UTF-8")
}

func randomSymbol(r *rand.Rand) string {
	names := [...]string{"a", "b", "c", "statuscode", "statusmsg", "E", "encoding", "grün", "a b", "", "ok?", "@x"}
	if r.IntN(3) == 0 {
		return fmt.Sprint("s", r.IntN(300))
	}
	return names[r.IntN(len(names))]
}
