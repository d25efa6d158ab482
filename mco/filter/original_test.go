package filter_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/rubyjudge"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/filter"
	"github.com/mco-go/mco-go/mco/inspect"
)

var update = flag.Bool("update", false, "ask the original for the answers in testdata/original.json again")

// question is put to the original and to us: a comparison of a fact, a class, the text of a fact expression, the comparison of a data
// plugin's output, or the text of a compound filter. The rest is the original's answer.
type question struct {
	Kind     string  `json:"kind"`
	Text     string  `json:"text"`
	Fact     string  `json:"fact,omitempty"`
	Operator string  `json:"operator"`
	Left     string  `json:"left,omitempty"` // in Ruby
	Params   *string `json:"params,omitempty"`
	Regexp   bool    `json:"regexp,omitempty"`

	Match  *bool  `json:"match,omitempty"`
	Result string `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
	Class  string `json:"class,omitempty"`
}

// The node that the questions are about.
var (
	factTexts = []string{"Debian", "8", "08", "010", "100", "12.5", "3.10", "3.9", "10-20", "-5", "", " 8 ", "1e3", "0x1f", "/var/www", "line1\nline2", "5\nabc",
		"abc\n5", "9999999999999999999999", "1.0", "1.00", "1a2", "1_000", "grün", "a", "B", "true", "12", "1é2", "٣", "/a", "a/", "//", "0", "00", "1.", ".5",
		"5.5.5", "1.5e3", "1 5", "1\n5", "12\n", "1.5\n"}
	classLines = []string{"base", "role::web", "profile::nginx", "a b", "and", "x"}
	outputsOf  = map[string]mco.Value{"nil": mco.Nil(), "true": mco.Bool(true), "false": mco.Bool(false), "5": mco.Int(5), "0": mco.Int(0), "-3": mco.Int(-3),
		"1.5": mco.Float(1.5), "5.0": mco.Float(5), "1e20": mco.Float(1e20), `"abc"`: mco.String("abc"), `"5"`: mco.String("5"), `""`: mco.String(""),
		`"true"`: mco.String("true"), `"a\nb"`: mco.String("a\nb"), `"grün"`: mco.String("grün")}
)

// questions returns n of each kind, the same each time.
func questions(n int) []question {
	rng := rand.New(rand.NewPCG(2125, 5))
	pick := func(s ...string) string { return s[rng.IntN(len(s))] }
	var out []question
	for range n {
		q := question{Kind: "fact", Fact: fmt.Sprint("f", rng.IntN(len(factTexts))), Operator: pick("==", "!=", "<", ">", "<=", ">=", "=~", "=", "=~"), Text: pick(factTexts...)}
		if q.Operator == "=~" || rng.IntN(8) == 0 {
			q.Text = pick("/", "/a/", "/^$/", "/D.b/", "/5/", "Deb|8", "/a/b/", "/(/", "[", "/x\ny/", "/a/\nb", "b\n/a/", "^a", "a$", "//a//", "/^5$/", `/\d+/`, `/\h$/`)
		}
		if rng.IntN(20) == 0 {
			q.Fact = pick("list", "none")
		}
		out = append(out, q,
			question{Kind: "class", Text: pick("/", "", "a", "^", "base") + pick("ba", "role", "web", ".", "/", `\/`, "a b", "x\n/") + pick("", "/", "$", "se", "::web", "$/", "|x/")},
			question{Kind: "parse", Text: pieces(rng)}, question{Kind: "compound", Text: pieces(rng)}, question{Kind: "compound", Text: expression(rng, 3)}, outputQuestion(rng))
	}
	return out
}

// pieces puts words of the languages together in any order.
func pieces(rng *rand.Rand) string {
	words := []string{"a", "b", "f0", "os", "=", "<", ">", "!", "~", "=>", "=<", "<=", ">=", "!=", "==", "=~", "/", "/re/", " ", "  ", "\t", "\n", "'", `"`, "x y", "8", `\`,
		"é", "(", ")", "and", "or", "not", "and ", " or ", "not ", " not(", "base", "role::web", "f0=Debian", "f1=8", "f1<9", "f0=/Deb/", "f('x').y=1", `f("x").y!=/z/`,
		"fact('a','b').c >= 3", "f().x=1", "f('x')=1", ".v", "('", "')", ",", "f0 = Debian", "f0='Debian'", "base)", "(base", "/role/ ", "( ", " )", "!base", "a.b", "!("}
	var b strings.Builder
	for range 1 + rng.IntN(8) {
		b.WriteString(words[rng.IntN(len(words))])
	}
	return b.String()
}

// expression is a compound filter that parses.
func expression(rng *rand.Rand, depth int) string {
	if depth == 0 || rng.IntN(3) == 0 {
		parts := []string{"base", "nope", "role::web", "/role/ ", "f0=Debian", "f0 = Debian", "f1>7", "f3 <= 9", "list=7", "f0=/^D/", "f0='Debian'", `f0="De bian"`, "!base",
			"not nope", "! base", "not  base", "none=1", "f2=08", "f2>7"}
		return parts[rng.IntN(len(parts))]
	}
	left := expression(rng, depth-1)
	switch rng.IntN(4) {
	case 0:
		return "(" + left + ")"
	case 1:
		return []string{"!", "not "}[rng.IntN(2)] + "(" + left + ")"
	case 2:
		return left + []string{" and ", " and  ", " and("}[rng.IntN(3)] + expression(rng, depth-1)
	}
	return left + []string{" or ", "  or "}[rng.IntN(2)] + expression(rng, depth-1)
}

func outputQuestion(rng *rand.Rand) question {
	pick := func(s ...string) string { return s[rng.IntN(len(s))] }
	lefts := []string{"nil", "true", "false", "5", "0", "-3", "1.5", "5.0", "1e20", `"abc"`, `"5"`, `""`, `"true"`, `"a\nb"`, `"grün"`}
	q := question{Kind: "call", Left: pick(lefts...), Operator: pick("==", "!=", "<", ">", "<=", ">=", "=~", "!=~", "=", " == ", "", "x", "=>", "!", "y="),
		Text: pick("5", "5.0", " 5 ", "abc", "true", "false", " true", "TRUE", "", "0x5", "05", "08", "1_0", "1.5", "1e0", "a", "^a", "grün", "nil", "-3", "1e400", "(", "5.", ".5")}
	if rng.IntN(5) == 0 {
		q.Regexp, q.Text = true, pick("a", "^b", "5", "ab.", "(?i)ABC", "x")
	}
	if rng.IntN(8) == 0 {
		q.Params = new(pick("x", "`x`", "a`"))
	}
	return q
}

func originalAnswers(t *testing.T) []question {
	t.Helper()
	file := filepath.Join("testdata", "original.json")
	if *update {
		lab.Need(t, lab.Ruby)
		facts := map[string]any{"list": []string{"alpha", "7", "10"}}
		for i, v := range factTexts {
			facts[fmt.Sprint("f", i)] = v
		}
		node, err := json.Marshal(map[string]any{"facts": facts, "classes": classLines})
		if err != nil {
			t.Fatal(err)
		}
		rubyjudge.Record(t, file, questions(700), "-W0", "-E", "UTF-8:UTF-8", "-rtempfile", filepath.Join("testdata", "original.rb"), string(node))
	}
	return rubyjudge.Recorded[question](t, file)
}

func TestAnswersAsTheOriginal(t *testing.T) {
	facts := new(mco.Map)
	for i, v := range factTexts {
		facts.Set(mco.String(fmt.Sprint("f", i)), mco.String(v))
	}
	facts.Set(mco.String("list"), mco.Strings("alpha", "7", "10"))
	n := fixedNode{facts: facts, classes: classLines}
	all := originalAnswers(t)
	for _, q := range all {
		f := mco.Filter{Classes: []string{q.Text}}
		switch q.Kind {
		case "fact":
			f = mco.Filter{Facts: []mco.FactFilter{{Fact: q.Fact, Operator: q.Operator, Value: q.Text}}}
		case "parse":
			got, err := filter.ParseFact(q.Text)
			if text := inspect.Inspect(factHash(got)); err == nil && text != q.Result || err != nil && err.Error() != q.Error {
				t.Errorf("fact %q: %s, %v, want %s%s", q.Text, text, err, q.Result, q.Error)
			}
			continue
		case "call":
			n.data = func(string, mco.Value) (*mco.Map, error) {
				return mco.NewMap(mco.Pair{Key: mco.Sym("out"), Value: outputsOf[q.Left]}), nil
			}
			f = mco.Filter{Compound: []mco.Value{callStack(q)}}
		case "compound":
			stack, err := filter.ParseCompound(q.Text, false)
			if err != nil {
				// Where the original stumbles over its own code, ours says what is wrong.
				if q.Class == "RuntimeError" && err.Error() != q.Error || q.Error == "" {
					t.Errorf("compound %q: %v, want %s%s", q.Text, err, q.Result, q.Error)
				}
				continue
			}
			if got := inspect.Inspect(stack); got != q.Result {
				t.Errorf("compound %q: %s, want %s%s", q.Text, got, q.Result, q.Error)
			}
			if q.Match == nil && q.Error == "" {
				continue
			}
			f = mco.Filter{Compound: []mco.Value{stack}}
		}
		got, err := filter.Match(f.Value(), n)
		if want := q.Match != nil && *q.Match; got != want || (err != nil) != (q.Error != "") {
			raw, _ := json.Marshal(q)
			t.Errorf("%s: %v, %v", raw, got, err)
		}
	}
	t.Logf("%d answers", len(all))
}

func factHash(f mco.FactFilter) mco.Value {
	return mco.Hash(mco.NewMap(mco.Pair{Key: mco.Sym("fact"), Value: mco.String(f.Fact)}, mco.Pair{Key: mco.Sym("value"), Value: mco.String(f.Value)},
		mco.Pair{Key: mco.Sym("operator"), Value: mco.String(f.Operator)}))
}

func callStack(q question) mco.Value {
	right, params := mco.String(q.Text), mco.Nil()
	if q.Regexp {
		right = mco.Re(mco.Regexp{Source: q.Text})
	}
	if q.Params != nil {
		params = mco.String(*q.Params)
	}
	call := mco.NewMap(mco.Pair{Key: mco.String("r_compare"), Value: right}, mco.Pair{Key: mco.String("operator"), Value: mco.String(q.Operator)},
		mco.Pair{Key: mco.String("value"), Value: mco.String("out")}, mco.Pair{Key: mco.String("name"), Value: mco.String("probe")},
		mco.Pair{Key: mco.String("params"), Value: params})
	return mco.List(mco.Hash(mco.NewMap(mco.Pair{Key: mco.String("fstatement"), Value: mco.Hash(call)})))
}
