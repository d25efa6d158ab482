package block_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestDiffNamesThePlace(t *testing.T) {
	want := []block.Statement{block.Section([]string{"listen", "front"}, block.Line("bind", "192.0.2.1:5672"), block.Section([]string{"peers"}))}
	rows := []struct {
		name string
		read []block.Statement
		says string
	}{
		{"equal", want, ""},
		{"nothing", nil, "listen: is not there"},
		{"another word", []block.Statement{block.Section([]string{"listen", "back"}, want[0].Block...)}, "listen: statement 1 reads back otherwise"},
		{"a word more in the block", []block.Statement{block.Section([]string{"listen", "front"}, block.Line("bind", "192.0.2.1:5672", "ssl"), want[0].Block[1])},
			"listen: bind: statement 1 reads back otherwise"},
		{"a block less", []block.Statement{block.Section([]string{"listen", "front"}, want[0].Block[0], block.Line("peers"))}, "listen: peers: a block is missing"},
		{"a statement more", append(want[:1:1], block.Line("listen", "x")), "statement 2: 1 more"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			err := block.Diff(want, r.read)
			if r.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), r.says) {
				t.Errorf("%v, want %q", err, r.says)
			}
		})
	}
}

func TestINI(t *testing.T) {
	tree := []block.Statement{
		block.Line("net.ipv4.ip_nonlocal_bind", "1"),
		block.Section([]string{"DEFAULT"}, block.Line("transport_url", "rabbit://a:b%23@[2001:db8::1]:5672/%2F"), block.Line("empty", "")),
		block.Section([]string{"oslo_messaging_rabbit"}),
	}
	f, err := block.INI("# first\n", " = ").File(target.File{}, tree)
	if err != nil {
		t.Fatal(err)
	}
	const want = "# first\nnet.ipv4.ip_nonlocal_bind = 1\n\n[DEFAULT]\ntransport_url = rabbit://a:b%23@[2001:db8::1]:5672/%2F\nempty = \n\n[oslo_messaging_rabbit]\n"
	if diff := cmp.Diff(want, string(f.Content)); diff != "" {
		t.Error(diff)
	}
	if err := f.Check(f.Content); err != nil {
		t.Error(err)
	}
	if err := f.Check(append(f.Content, "x = 1\n"...)); err == nil {
		t.Error("a line more went unnoticed")
	}
}

func TestINIRefuses(t *testing.T) {
	section := func(s ...block.Statement) []block.Statement {
		return []block.Statement{block.Section([]string{"s"}, s...)}
	}
	rows := []struct {
		name string
		tree []block.Statement
	}{
		{"a line in a value", section(block.Line("a", "b\nc = d"))},
		{"a blank at the end", section(block.Line("a", "b "))},
		{"a quoted value", section(block.Line("a", `"b"`))},
		{"a line that goes on", section(block.Line("a", `b\`))},
		{"a comment", section(block.Line("a", "b #c"))},
		{"a heading as a key", section(block.Line("[a]", "b"))},
		{"an equals sign in a key", section(block.Line("a=b", "c"))},
		{"three words", section(block.Line("a", "b", "c"))},
		{"a bracket in a heading", []block.Statement{block.Section([]string{"a]"})}},
		{"a key behind a section", append(section(), block.Line("a", "b"))},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if text, err := block.INI("", "=").Encode(r.tree); err == nil {
				t.Errorf("written: %q", text)
			}
		})
	}
}

func FuzzParseINI(f *testing.F) {
	f.Add("# c\n[a]\nb = c\n")
	f.Add("a=b\n[c]\n")
	f.Fuzz(func(t *testing.T, text string) {
		estates.Reread(t, block.INI("", "="), text)
	})
}

func TestLines(t *testing.T) {
	lines := block.Lines("# first\n", "-*/.")
	tree := []block.Statement{block.Line("*mangle"), block.Line("-A", "x", "192.0.2.1/32")}
	text, err := lines.Encode(tree)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("# first\n*mangle\n-A x 192.0.2.1/32\n", string(text)); diff != "" {
		t.Error(diff)
	}
	rows := []struct {
		name string
		line block.Statement
	}{
		{"a blank", block.Line("-A", "x y")},
		{"a line", block.Line("-A", "x\n-A")},
		{"nothing", block.Line("-A", "")},
		{"a comment", block.Line("#")},
		{"a semicolon", block.Line("a;b")},
		{"a block", block.Section([]string{"a"})},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if text, err := lines.Encode([]block.Statement{r.line}); err == nil {
				t.Errorf("written: %q", text)
			}
		})
	}
}

func FuzzParseLines(f *testing.F) {
	f.Add("*mangle\n# c\n-A x\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines := block.Lines("", "-*/.!#")
		tree, err := lines.Parse([]byte(text))
		if err != nil {
			return
		}
		written, err := lines.Encode(tree)
		if err != nil {
			t.Fatal(err)
		}
		again, err := lines.Parse(written)
		if err != nil {
			t.Fatalf("%q: %v", written, err)
		}
		if err := block.Diff(tree, again); err != nil {
			t.Fatalf("%q: %v", written, err)
		}
	})
}
