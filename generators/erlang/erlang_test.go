package erlang

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/lab"
)

func TestInline(t *testing.T) {
	rows := []struct {
		term Term
		want string // empty: refused
	}{
		{Atom("rabbit"), "rabbit"},
		{Atom("rabbit@bhz76"), "rabbit@bhz76"},
		{Atom("rabbit@mq-1.example.net"), "'rabbit@mq-1.example.net'"},
		{Atom("end"), "'end'"},
		{Atom("Upper"), "'Upper'"},
		{Atom(""), "''"},
		{Atom("it's"), `'it\'s'`},
		{Atom("a\nb"), ""},
		{Atom(strings.Repeat("a", 256)), ""},
		{Int(-5), "-5"},
		{Float(0.4), "0.4"},
		{Float(1), "1.0"},
		{Float(1e21), "1.0e+21"},
		{Float(math.Inf(1)), ""},
		{String(`say "hi"\` + "\n"), `"say \"hi\"\\\n"`},
		{String("ä"), ""},
		{String("a\x00"), ""},
		{String("a\r"), ""},
		{Binary("guest"), `<<"guest">>`},
		{Binary(`a"b`), `<<"a\"b">>`},
		{Binary("ä😀"), `<<"\x{e4}\x{1f600}"/utf8>>`},
		{Binary("\xff"), ""},
		{Binary("a\x7f"), ""},
		{Binary("a\u0085"), ""},
		{List{}, "[]"},
		{List{Int(1), Tuple{Atom("a"), List{String("b")}}}, `[1, {a, ["b"]}]`},
		{Tuple{}, "{}"},
	}
	for _, r := range rows {
		t.Run(r.want, func(t *testing.T) {
			got, err := Inline(r.term)
			if got != r.want || (err != nil) != (r.want == "") {
				t.Fatalf("%#v: got %q, %v", r.term, got, err)
			}
			if err == nil {
				back, err := Parse([]byte(got + "."))
				if err != nil || len(back) != 1 || !Equal(back[0], r.term) {
					t.Errorf("read back %#v, %v", back, err)
				}
			}
		})
	}
}

func TestWrite(t *testing.T) {
	got, err := Write("Managed", List{
		Pair("rabbit", List{Pair("loopback_users", List{Binary("guest")}), Pair("heartbeat", Int(60))}),
		Pair("empty", List{}),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `%% Managed
[
  {rabbit, [
    {loopback_users, [<<"guest">>]},
    {heartbeat, 60}
  ]},
  {empty, []}
].
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := Write("two\nlines", List{}); err == nil {
		t.Error("a remark of two lines was taken")
	}
}

func TestParseRefuses(t *testing.T) {
	rows := map[string]string{
		"variable": "X.", "function": "fun() -> ok end.", "map": "#{a => 1}.", "improper list": "[a|b].", "no stop": "[a]", "open list": "[a", "open text": `"a`,
		"comma at the end": "[a,].", "two terms without a stop": "a b.", "reserved word": "end.", "based number": "16#ff.", "character": "$a.",
		"number out of range": "99999999999999999999.", "wide binary without utf8": `<<"ä">>.`, "bad character": `"\x{110000}".`, "lone surrogate": `"\x{d800}".`,
		"not UTF-8": "\"\xff\".", "reference": "a.b.", "escape": `"\q".`,
	}
	for name, text := range rows {
		t.Run(name, func(t *testing.T) {
			terms, err := Parse([]byte(text))
			if _, ok := errors.AsType[*SyntaxError](err); !ok {
				t.Errorf("%s: got %#v, %v", text, terms, err)
			}
		})
	}
	for name, text := range map[string]string{
		"deep": strings.Repeat("[", maxDepth+2), "many": "[" + strings.Repeat("a,", maxTerms) + "a].", "long": strings.Repeat(" ", maxBytes+1),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse([]byte(text)); !errors.Is(err, ErrLimit) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestParse(t *testing.T) {
	got, err := Parse([]byte("%% remark\n[a, 'B c',-1,2.5,1.0e-3, \"x\\ty\", <<\"b\">>,<<>>, {}] . % more\nb.\n"))
	want := []Term{List{Atom("a"), Atom("B c"), Int(-1), Float(2.5), Float(1e-3), String("x\ty"), Binary("b"), Binary(""), Tuple{}}, Atom("b")}
	if err != nil || len(got) != 2 || !Equal(got[0], want[0]) || !Equal(got[1], want[1]) {
		t.Errorf("got %#v, %v", got, err)
	}
}

// Erlang reads what we write, and we read what Erlang writes, as the same terms.
func TestAgainstErlang(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	random := rand.New(rand.NewPCG(1, 2))
	var all List
	for range 2000 {
		all = append(all, someTerm(random, 0))
	}
	text, err := Write("terms", all)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "erl", "+pc", "unicode", "-noinput", "-boot", "start_clean", "-eval", `
		{ok, [L]} = file:consult(os:getenv("IN")),
		ok = file:write_file(os:getenv("OUT"), unicode:characters_to_binary(io_lib:format("~tp.~n", [L]))),
		halt(0).`)
	cmd.Env = append(os.Environ(), "IN="+in, "OUT="+out, "ERL_CRASH_DUMP=/dev/null", "LC_ALL=C.UTF-8")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\n%s", err, said, text)
	}
	theirs, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Parse(theirs)
	if err != nil {
		t.Fatalf("%v: %s", err, theirs)
	}
	if len(back) != 1 || !Equal(back[0], all) {
		t.Error("Erlang has other terms")
	}
}

// someTerm returns a term that Erlang prints in the form it was read: no text that is empty or could be a list of numbers.
func someTerm(random *rand.Rand, depth int) Term {
	const ascii = `abcXYZ019 _@-.,:;#$%&'"\{}[]()<>|/!?*+=~^` + "`"
	word := func(alphabet string) string {
		runes := []rune(alphabet)
		text := "x"
		for range random.IntN(8) {
			text += string(runes[random.IntN(len(runes))])
		}
		return text
	}
	switch kind := random.IntN(8); {
	case kind == 0 && depth < 4:
		list := List{Atom("head")}
		for range random.IntN(4) {
			list = append(list, someTerm(random, depth+1))
		}
		return list
	case kind == 1 && depth < 4:
		tuple := Tuple{}
		for range random.IntN(4) {
			tuple = append(tuple, someTerm(random, depth+1))
		}
		return tuple
	case kind == 2:
		return Int(random.Int64() - 1<<62)
	case kind == 3:
		return Float(random.NormFloat64() * math.Pow(10, float64(random.IntN(40)-20)))
	case kind == 4:
		return String(word(ascii + "\n"))
	case kind == 5:
		return Binary(word(ascii + "\näß€😀"))
	}
	return Atom(word(ascii))
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"[{rabbit, [{tcp_listeners, [{\"::1\", 5672}]}]}].", "%% x\n['A', -1.5e3, <<\"\\x{e4}\"/utf8>>].\n", "[a,b].", "{}."} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		terms, err := Parse(text)
		if err != nil {
			return
		}
		for _, term := range terms {
			written, err := Write("x", term)
			if err != nil {
				continue // a control character or a wide one in an atom or a string
			}
			back, err := Parse(written)
			if err != nil || len(back) != 1 || !Equal(back[0], term) {
				t.Errorf("%#v became %s: %#v, %v", term, written, back, err)
			}
		}
	})
}

func TestEqual(t *testing.T) {
	if !Equal(List(nil), List{}) || Equal(List{}, Tuple{}) || Equal(Int(1), Float(1)) || Equal(Atom("a"), String("a")) || !reflect.DeepEqual(Bool(true), Atom("true")) {
		t.Error("terms are told apart wrongly")
	}
	if !Equal(String(""), List{}) {
		t.Error("an empty text is an empty list in Erlang")
	}
}
