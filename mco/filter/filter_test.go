package filter_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/filter"
	"github.com/mco-go/mco-go/mco/marshal"
)

// fixedNode is a node that is written down in a test.
type fixedNode struct {
	facts   *mco.Map
	classes []string
	data    func(plugin string, query mco.Value) (*mco.Map, error)
}

func (fixedNode) Identity() string    { return "web1.example.net" }
func (fixedNode) Agents() []string    { return []string{"discovery", "rpcutil"} }
func (n fixedNode) Facts() *mco.Map   { return n.facts }
func (n fixedNode) Classes() []string { return n.classes }
func (n fixedNode) Data(plugin string, query mco.Value) (*mco.Map, error) {
	if n.data == nil {
		return nil, filter.ErrNoData
	}
	return n.data(plugin, query)
}

func web() fixedNode {
	facts := new(mco.Map)
	for _, pair := range [][2]string{{"os", "Debian"}, {"cores", "8"}, {"version", "3.10"}} {
		facts.Set(mco.String(pair[0]), mco.String(pair[1]))
	}
	return fixedNode{facts: facts, classes: []string{"base", "role::web"}}
}

func TestAddWith(t *testing.T) {
	var f mco.Filter
	filter.AddWith(&f, " base os=Debian  /role/ cores>4 ")
	want := mco.Filter{Classes: []string{"base", "/role/"}, Facts: []mco.FactFilter{{Fact: "os", Operator: "==", Value: "Debian"}, {Fact: "cores", Operator: ">", Value: "4"}}}
	if d := cmp.Diff(want.Value().Equal(f.Value()), true); d != "" {
		t.Errorf("filter %+v, want %+v", f, want)
	}
}

func TestMatchRefusesWhatIsNoFilter(t *testing.T) {
	list := func(key string, entries ...mco.Value) mco.Value {
		return mco.Hash(mco.NewMap(mco.Pair{Key: mco.String(key), Value: mco.List(entries...)}))
	}
	deep := make([]mco.Value, 5000)
	for i := range deep {
		deep[i] = mco.Hash(mco.NewMap(mco.Pair{Key: mco.String("("), Value: mco.String("(")}))
	}
	for _, tt := range []struct {
		name   string
		filter mco.Value
	}{
		{"a number", mco.Int(5)},
		{"nil", mco.Nil()},
		{"a part that is a string", mco.Hash(mco.NewMap(mco.Pair{Key: mco.String("cf_class"), Value: mco.String("base")}))},
		{"a class that is a hash", list("cf_class", mco.Hash(nil))},
		{"a fact that is a string", list("fact", mco.String("os"))},
		{"a broken pattern", list("cf_class", mco.String("/(/"))},
		{"a compound filter that is a string", list("compound", mco.String("os=Debian"))},
		{"a compound filter of numbers", list("compound", mco.List(mco.Int(1)))},
		{"an endless compound filter", list("compound", mco.List(deep...))},
		{"a compound filter without an operator", list("compound", mco.List(statement("base"), statement("base")))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if ok, err := filter.Match(tt.filter, web()); ok || err == nil {
				t.Errorf("Match = %v, %v; want an error", ok, err)
			}
		})
	}
}

// A filter that would keep a node busy is dropped.
func TestMatchIsBounded(t *testing.T) {
	many := func(n int, class string) mco.Value {
		return mco.Filter{Classes: slices.Repeat([]string{class}, n)}.Value()
	}
	query, err := filter.ParseCompound("base or disk('/').used>79"+strings.Repeat(" or disk('/').used>79", 100), false)
	if err != nil {
		t.Fatal(err)
	}
	slow := web()
	slow.classes = slices.Repeat([]string{strings.Repeat("a", 40) + "!"}, 1000)
	slow.data = func(string, mco.Value) (*mco.Map, error) { return new(mco.Map), nil }
	for _, tt := range []struct {
		name   string
		filter mco.Value
	}{
		{"patterns", many(2000, "/b*/")},
		{"slow pattern", many(1, "/^(?=(a|aa)+$)/")},
		{"slow list of patterns", many(1000, "/(?=x)|^(a|b|ab)*?c/")},
		{"queries", mco.Filter{Compound: []mco.Value{query}}.Value()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begin := time.Now()
			ok, err := filter.Match(tt.filter, slow)
			if ok || err == nil {
				t.Errorf("Match = %v, %v; want an error", ok, err)
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func statement(text string) mco.Value {
	return mco.Hash(mco.NewMap(mco.Pair{Key: mco.String("statement"), Value: mco.String(text)}))
}

// An error of a data plugin drops the message; one that is not there makes the filter false, whatever else it says.
func TestDataQueries(t *testing.T) {
	broken := errors.New("disk on fire")
	n := web()
	n.data = func(plugin string, query mco.Value) (*mco.Map, error) {
		switch plugin {
		case "broken":
			return nil, broken
		case "disk":
			m := new(mco.Map)
			m.SetSymbol("used", mco.Int(80))
			m.SetSymbol("name", query)
			return m, nil
		}
		return nil, fmt.Errorf("plugin %s: %w", plugin, filter.ErrNoData)
	}
	for _, tt := range []struct {
		text string
		want bool
		err  error
	}{
		{"disk('/').used>79", true, nil},
		{"disk('/').used>80.5", false, nil},
		{"disk('/').used!=0x50", false, nil},
		{"disk('/').name=/^.$/", true, nil},
		{"disk('/').name!=/^.$/", false, nil},
		{"disk('/').name>a", false, nil},
		{"disk('/').missing!=1", false, nil},
		{"!nosuch('x').y=1", false, nil},
		{"base or nosuch('x').y=1", false, nil},
		{"base or broken('x').y=1", false, broken},
	} {
		t.Run(tt.text, func(t *testing.T) {
			stack, err := filter.ParseCompound(tt.text, false)
			if err != nil {
				t.Fatal(err)
			}
			got, err := filter.Match(mco.Filter{Compound: []mco.Value{stack}}.Value(), n)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("Match = %v, %v; want %v, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestParseErrorsAreMarkedInRed(t *testing.T) {
	_, err := filter.ParseCompound("base and", true)
	if err == nil || !strings.Contains(err.Error(), "\x1b[31m") {
		t.Errorf("error %q has no red in it", err)
	}
	if _, err := filter.ParseCompound(strings.Repeat("a", 100_000), false); err == nil {
		t.Error("a filter of 100,000 bytes is taken")
	}
}

func FuzzParseFact(f *testing.F) {
	for _, s := range []string{"os=Debian", "a=>1", "a =< 2", "x=/y/", "a=b>c", "=", "x\ny=z", "\xff=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := filter.ParseFact(text)
		if err == nil && (got.Fact == "" || got.Value == "" || got.Operator == "") {
			t.Errorf("%q: %+v", text, got)
		}
	})
}

// What the client accepts, a node must be able to evaluate, or the client's own check must have refused it.
func FuzzParseCompound(f *testing.F) {
	for _, s := range []string{"base and os=Debian", "!(a or b)", "fact('os').value=/x/", "a))", "(a)(b)", "a=", "not not a", "/re/ and b", "= /x/ b", `a="b c"`, "f('", "fact(\"a\").b!=3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		stack, err := filter.ParseCompound(text, false)
		if err != nil {
			return
		}
		checked, _, err := filter.CheckCompound(stack, func(string) (filter.DataDDL, error) { return anyDDL{}, nil })
		if err != nil {
			return
		}
		if _, err := filter.Match(mco.Filter{Compound: []mco.Value{checked}}.Value(), web()); err != nil && strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%q passes the client's check and no node can read it: %v", text, err)
		}
	})
}

// anyDDL takes every query.
type anyDDL struct{}

func (anyDDL) Timeout() (float64, bool)           { return 1, true }
func (anyDDL) ConvertQuery(v mco.Value) mco.Value { return v }
func (anyDDL) ValidateQuery(mco.Value) error      { return nil }
func (anyDDL) HasOutput(string) bool              { return true }

// Whatever decodes may reach Match: it must not panic.
func FuzzMatch(f *testing.F) {
	for _, v := range []mco.Value{mco.Filter{}.Value(), mco.Filter{Facts: []mco.FactFilter{{Fact: "os", Operator: "=~", Value: "/b/"}}, Classes: []string{"/r/"}}.Value()} {
		b, err := marshal.Encode(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		v, err := marshal.Decode(b, marshal.DefaultLimits())
		if err != nil {
			return
		}
		_, _ = filter.Match(v, web()) // only a panic is wrong
	})
}

func BenchmarkMatch(b *testing.B) {
	for name, f := range map[string]mco.Filter{
		"agent alone":       {Agents: []string{"rpcutil"}},
		"facts and class":   {Agents: []string{"rpcutil"}, Facts: []mco.FactFilter{{Fact: "os", Operator: "==", Value: "Debian"}, {Fact: "cores", Operator: ">", Value: "4"}}, Classes: []string{"base"}},
		"pattern of a fact": {Agents: []string{"rpcutil"}, Facts: []mco.FactFilter{{Fact: "os", Operator: "=~", Value: "/^Deb/"}}},
	} {
		b.Run(name, func(b *testing.B) {
			value, n := f.Value(), web()
			b.ReportAllocs()
			for b.Loop() {
				if ok, err := filter.Match(value, n); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}
