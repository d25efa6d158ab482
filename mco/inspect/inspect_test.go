package inspect_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/rubyjudge"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/marshal"
)

func pair(k, v mco.Value) mco.Pair { return mco.Pair{Key: k, Value: v} }

func TestInspect(t *testing.T) {
	tests := []struct {
		name string
		in   mco.Value
		want string
	}{
		{"audit line", mco.Hash(mco.NewMap(pair(mco.Sym("fact"), mco.String("os")), pair(mco.Sym("process_results"), mco.Bool(true)))),
			`{:fact=>"os", :process_results=>true}`},
		{"nested", mco.List(mco.Int(1), mco.Nil(), mco.List(), mco.Hash(nil)), `[1, nil, [], {}]`},
		{"interpolation", mco.String("#{a} #$b #@c # d #"), `"\#{a} \#$b \#@c # d #"`},
		{"controls", mco.String("\x00\a\b\t\n\v\f\r\x1b\x7f\""), `"\u0000\a\b\t\n\v\f\r\e\u007F\""`},
		{"binary", mco.Text("a\x00\xff", mco.Binary), `"a\x00\xFF"`},
		{"invalid UTF-8", mco.EncodedText("ü\xff", "UTF-8"), `"ü\xFF"`},
		{"UTF-16", mco.EncodedText("h\x00\xe9\x00=\xd8\x00\xde", "UTF-16LE"), `"h\u00E9\u{1F600}"`},
		{"odd symbol", mco.Sym("a b"), `:"a b"`},
		{"operator", mco.Sym("=="), `:==`},
		{"question", mco.Sym("ok?"), `:ok?`},
		{"wide symbol", mco.Sym("grün"), `:grün`},
		{"regexp", mco.Re(mco.Regexp{Source: `a/b\/c`, Options: 7}), `/a\/b\/c/mix`},
		{"float", mco.Float(100), `100.0`},
		{"large float", mco.Float(1e15), `1.0e+15`},
		{"large float with a fraction", mco.Float(2063467756681425.2), `2063467756681425.2`},
		{"small float", mco.Float(0.00012), `0.00012`},
		{"smaller float", mco.Float(1.5e-7), `1.5e-07`},
		{"opaque", mco.List(mco.Opaque("Time")), `[(Time)]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := inspect.Inspect(tt.in); got != tt.want {
				t.Errorf("Inspect = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	tests := []struct {
		in   mco.Value
		want string
	}{
		{mco.Nil(), ""}, {mco.Bool(true), "true"}, {mco.Int(-4), "-4"}, {mco.Sym("a b"), "a b"}, {mco.String("a\n\xff"), "a\n\xff"},
		{mco.Re(mco.Regexp{Source: "a/b", Options: 1}), `(?i-mx:a\/b)`}, {mco.Strings("a"), `["a"]`}, {mco.Float(math.NaN()), "NaN"},
		{mco.Opaque("Range"), "(Range)"},
	}
	for _, tt := range tests {
		if got := inspect.Text(tt.in); got != tt.want {
			t.Errorf("Text(%s) = %q, want %q", tt.in.Kind(), got, tt.want)
		}
	}
}

// What Ruby's json library would refuse is replaced: one odd value must not hide the answers of a fleet.
func TestJSONReplaces(t *testing.T) {
	v := mco.List(mco.Text("a\xff", mco.Binary), mco.Float(math.Inf(-1)), mco.Opaque("Time"))
	got, err := inspect.JSON(v)
	if want := "[\"a\ufffd\",null,\"(Time)\"]"; err != nil || string(got) != want {
		t.Errorf("JSON = %s, %v, want %s", got, err, want)
	}
}

// TestAgreesWithRuby compares all texts of random values with Ruby's.
func TestAgreesWithRuby(t *testing.T) {
	ruby := rubyjudge.Start(t, "testdata/peer.rb")
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	const rounds = 5000
	json := 0
	for i := range rounds {
		v := random(r, 0)
		payload, err := marshal.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		want := rubyjudge.Ask[[][]byte](t, ruby, payload)
		generated, _ := inspect.JSON(v)
		prettily, _ := inspect.JSONPretty(v)
		got := []string{inspect.Inspect(v), inspect.Text(v), inspect.Pretty(v, inspect.DefaultWidth), string(generated), string(prettily)}
		for j, what := range []string{"inspect", "to_s", "pretty_inspect", "JSON.generate", "JSON.pretty_generate"} {
			if want[j] == nil { // Ruby raises
				continue
			}
			if got[j] != string(want[j]) {
				t.Fatalf("seed %d, value %d: %s is\n%s\nRuby's is\n%s", seed, i, what, got[j], want[j])
			}
			if j == 3 {
				json++
			}
		}
	}
	t.Logf("seed %d: %d values, %d of them in JSON", seed, rounds, json)
}

func random(r *rand.Rand, depth int) mco.Value {
	switch r.IntN(max(9, 13-2*depth)) {
	case 0:
		return [...]mco.Value{mco.Nil(), mco.Bool(true), mco.Bool(false)}[r.IntN(3)]
	case 1:
		n := new(big.Int).Lsh(big.NewInt(int64(r.IntN(1000)-500)), uint(r.IntN(100)))
		return mco.BigInt(n)
	case 2:
		if r.IntN(2) == 0 {
			return mco.Float(math.Float64frombits(r.Uint64()))
		}
		return mco.Float(float64(r.Int64N(1<<50)) * math.Pow(10, float64(r.IntN(40)-30)))
	case 3, 4, 5, 6:
		return text(r)
	case 7:
		names := []string{"a", "a?", "a=", "A!", "@a", "@@b", "$c", "$1", "$10", "$01", "$-w", "$~", "[]", "[]=", "<=>", "&&", "", "a b", "1a", "@", "grün",
			"a?=", "!", "nil", "E", "\u2028", "x\ny", "$-", "$_", "$-1", "-", "$", "@1", "$ü", "@ü", "ü="}
		return mco.Sym(mco.Symbol(names[r.IntN(len(names))]))
	case 8:
		sources := []string{"a+", "a/b", `a\/b`, `^x\d$`, "ü", "a\tb\x01", "[/]", `\\/`, ""}
		return mco.Re(mco.Regexp{Source: sources[r.IntN(len(sources))], Options: r.IntN(8)})
	case 9, 10:
		items := make([]mco.Value, r.IntN(12))
		for i := range items {
			items[i] = random(r, depth+1)
		}
		return mco.List(items...)
	}
	m := new(mco.Map)
	for range r.IntN(8) {
		m.Set(random(r, depth+1), random(r, depth+1))
	}
	return mco.Hash(m)
}

func text(r *rand.Rand) mco.Value {
	var b strings.Builder
	parts := []string{"a", "word ", "\n", "#{", "#$", "#", "\"", "\\", "ü", "✓", "😀", "\x00", "\x7f", "\u0085", "\u00ad", "\u2028", "\t", "\x1b[31m", "/"}
	for range r.IntN(20) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	if r.IntN(10) == 0 {
		b.WriteRune(rune(r.IntN(0x500))) // beyond, tables of Unicode differ
	}
	if r.IntN(10) == 0 {
		b.WriteByte(0xe9)
	}
	switch s := b.String(); r.IntN(12) {
	case 0:
		return mco.Text(s, mco.Binary)
	case 1:
		return mco.Text(s, mco.USASCII)
	case 2:
		return mco.EncodedText(s, "ISO-8859-1")
	case 3:
		return mco.EncodedText(s[:len(s)&^1], "UTF-16LE") // Ruby reads behind the end of an odd one
	default:
		if v := mco.String(s); v.Encoding() == mco.UTF8 {
			return v
		}
		return mco.EncodedText(s, "UTF-8")
	}
}
