package ddl

import (
	"errors"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/mco"
)

// greeter is a script with a few words: say takes texts, later keeps its block.
func greeter(t testing.TB) (s *Script, said *[]string, later func() (mco.Value, error)) {
	said = new([]string)
	var kept Block
	s = NewScript("x.rb", map[string]Word{
		"say": {Least: 1, Most: 2, Run: func(args []mco.Value, _ Block) (mco.Value, error) {
			for _, a := range args {
				*said = append(*said, text(a))
			}
			return mco.Nil(), nil
		}},
		"twice": {Block: true, Run: func(_ []mco.Value, b Block) (mco.Value, error) {
			for range 2 {
				if b == nil {
					break
				}
				if _, err := b(); err != nil {
					return mco.Nil(), err
				}
			}
			return mco.Nil(), nil
		}},
		"later": {Block: true, Run: func(_ []mco.Value, b Block) (mco.Value, error) {
			kept = b
			return mco.Nil(), nil
		}},
		"name": {Run: func([]mco.Value, Block) (mco.Value, error) { return mco.String("node1"), nil }},
	})
	return s, said, func() (mco.Value, error) { return kept() }
}

func TestScript(t *testing.T) {
	for _, tc := range []struct{ name, source, said, fails string }{
		{"words and Ruby", `%w[a b].each { |x| say x.upcase, name }`, "A node1 B node1", ""},
		{"a block, at once", "n = 1\ntwice do\n n = n + 1\n say n\nend", "2 3", ""},
		{"too many arguments", "say 1, 2, 3", "", "wrong number of arguments (given 3, expected 1..2)"},
		{"a block that nobody takes", "say(1) { 2 }", "", "say takes no block"},
		{"no word", "shout 1", "", "undefined local variable or method `shout'"},
		{"a word of DDLs", `metadata :name => "x"`, "", "undefined local variable or method `metadata'"},
		{"what Ruby has", "system 'id'", "", "x.rb:1: `system' is beyond"},
		{"for ever", "(1..99999).each { |x| (1..99999).each { |y| say y } }", "", "too "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, said, _ := greeter(t)
			_, err := s.Eval(tc.source)
			if tc.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tc.fails) {
					t.Errorf("%v, want %q", err, tc.fails)
				}
				return
			}
			if got := strings.Join(*said, " "); err != nil || got != tc.said {
				t.Errorf("%q, %v, want %q", got, err, tc.said)
			}
		})
	}
}

// A block that is kept sees the variables of its place, and has the steps of a whole file each time it is run.
func TestScriptKeepsBlocks(t *testing.T) {
	s, _, later := greeter(t)
	if _, err := s.Eval("x = [1, 2]\nlater { x.map { |n| n + 1 }.first + (1..20000).map { |i| i }.size }"); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		v, err := later()
		if n, _ := v.AsInt(); err != nil || n != 20002 {
			t.Fatalf("run %d: %v, %v", i, n, err)
		}
	}
	if _, err := s.Eval("later { (1..90000).map { |i| [i, i] } }"); err != nil {
		t.Fatal(err)
	}
	_, err := later()
	if _, ok := errors.AsType[*LimitError](err); !ok {
		t.Errorf("a block that makes too much: %v", err)
	}
	if v, err := s.Eval("[name, 1.5 * 2]"); err != nil || show(v) != `["node1", 3.0]` {
		t.Errorf("%s, %v", show(v), err)
	}
}

func FuzzScript(f *testing.F) {
	f.Add("twice { say name }\nlater do\n [name, %w[a b].join('-')]\nend")
	f.Add("say \"#{name}\" if name =~ /^n/\n")
	f.Fuzz(func(t *testing.T, source string) {
		s, _, later := greeter(t)
		_, _ = s.Eval(source)
		if _, err := s.Eval("later { name }"); err != nil {
			t.Fatal(err)
		}
		if _, err := later(); err != nil {
			t.Errorf("a block that names the node: %v", err)
		}
	})
}
