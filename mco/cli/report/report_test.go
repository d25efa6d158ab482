package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/rpc"
)

func TestClean(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "grün ✓ 😀\tx\n", "grün ✓ 😀\tx\n"},
		{"colour and title", "\x1b[31mred\x1b]0;title\a", `\e[31mred\e]0;title\x07`},
		{"carriage returns", "over\rwritten\r\nkept", `over\rwritten` + "\r\nkept"},
		{"8-bit escape", "\u009b31m", `\u009B31m`},
		{"raw 8-bit escape", "a\x9b31m", `a\x9B31m`},
		{"reordered text", "abc\u202edef\u2066", `abc\u202Edef\u2066`},
		{"delete and NUL", "\x7f\x00", `\x7F\x00`},
		{"replacement character", "\ufffd\x1b", "\ufffd" + `\e`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := report.Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// Whatever a node sends, on a terminal nothing of it is obeyed; into a pipe it goes unchanged, as the original's does.
func TestTerminalShowsControlCharacters(t *testing.T) {
	const evil = "a\x1b[2Jb"
	action := vec(t).Action("echo")
	data := mco.NewMap(mco.Pair{Key: mco.Sym("msg"), Value: mco.String(evil)}, mco.Pair{Key: mco.Sym(evil), Value: mco.Strings("\u009b\u202e")})
	replies := []rpc.Reply{{Sender: evil, Message: evil, Data: mco.Hash(data)}, {Sender: evil, Code: 5, Message: evil}}
	for name, p := range map[string]report.Printer{"blocks": {}, "verbose": {Verbose: true}, "JSON": {JSON: true}} {
		t.Run(name, func(t *testing.T) {
			for _, terminal := range []bool{true, false} {
				var out bytes.Buffer
				p.Out, p.Terminal = &out, terminal
				if err := p.Results(replies, action); err != nil {
					t.Fatal(err)
				}
				st := rpc.Stats{NoResponse: []string{evil}}
				if err := p.Stats(&st, report.DefaultCaption, nil); err != nil {
					t.Fatal(err)
				}
				obeyed := strings.ContainsAny(out.String(), "\x1b\u009b\u202e")
				if terminal && obeyed || !terminal && !obeyed {
					t.Errorf("terminal %v: %q", terminal, out.String())
				}
			}
		})
	}
}

func TestResults(t *testing.T) {
	action := vec(t).Action("echo")
	mixed := mco.Hash(mco.NewMap(mco.Pair{Key: mco.String("zeta"), Value: mco.Int(1)}, mco.Pair{Key: mco.Sym("msg"), Value: mco.String("a\n\nb\n\n")},
		mco.Pair{Key: mco.Sym("at"), Value: mco.Opaque("Time")}))
	tests := []struct {
		name string
		in   rpc.Reply
		want string
	}{
		{"keys of both kinds, lines, an object", rpc.Reply{Sender: "n", Message: "OK", Data: mixed},
			"n" + strings.Repeat(" ", 40) + "\n        at: (Time)\n   Message: a\n            \n            b\n      zeta: 1\n\n"},
		{"a code beyond the table", rpc.Reply{Sender: "n", Code: 127, Message: "no such command"},
			"n" + strings.Repeat(" ", 40) + "Unknown Request Status\n   no such command\n\n"},
		{"a negative code", rpc.Reply{Sender: "n", Code: -1, Message: "odd"}, "n" + strings.Repeat(" ", 40) + "Unknown Request Status\n   odd\n\n"},
		{"data that is no hash", rpc.Reply{Sender: "n", Message: "OK", Data: mco.Strings("a")}, "n" + strings.Repeat(" ", 40) + "\n\n\t[\"a\"]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p report.Printer
			got, err := p.ResultText([]rpc.Reply{tt.in}, action)
			if err != nil || got != tt.want {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestResultsStandBetweenEmptyLines(t *testing.T) {
	var out bytes.Buffer
	p := report.Printer{Out: &out}
	if err := p.Results(nil, nil); err != nil || out.String() != "\n\n" {
		t.Errorf("%q, %v, want two newlines", out.String(), err)
	}
	out.Reset()
	p.JSON = true
	if err := p.Results(nil, nil); err != nil || out.String() != "[]\n" {
		t.Errorf("%q, %v, want an empty list", out.String(), err)
	}
	out.Reset()
	if err := p.Stats(new(rpc.Stats), report.DefaultCaption, nil); err != nil || out.Len() > 0 {
		t.Errorf("statistics beside JSON: %q, %v", out.String(), err)
	}
}

// The original's wrapping does not end for a word longer than the screen behind an indent; ours must, and must lose no word.
func TestAlignEnds(t *testing.T) {
	long := strings.Repeat("x", 60)
	for _, text := range []string{"  " + long, long, " " + long + "\n\n" + long + " a", "a " + long + " b", strings.Repeat(" ", 100), "\n\n", ""} {
		for columns := range 50 {
			got := report.Align(text, columns, 5)
			if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(text), " ") {
				t.Errorf("Align(%q, %d) = %q", text, columns, got)
			}
		}
	}
}

func FuzzAlign(f *testing.F) {
	f.Add("a line that is definitely longer than twenty characters\n\n  indented", 25, 5)
	f.Fuzz(func(t *testing.T, text string, columns, preamble int) {
		if columns < 0 || columns > 200 || preamble < 0 || preamble > 20 || len(text) > 2000 {
			return
		}
		got := report.Align(text, columns, preamble)
		if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(string([]rune(text))), " ") && got != text {
			t.Errorf("Align(%q, %d, %d) = %q: words are lost", text, columns, preamble, got)
		}
	})
}

func TestProgressOfNothing(t *testing.T) {
	p := report.Progress{Size: report.ProgressSize(30)}
	if got := p.Line(0, 0); got != "\r * [ ========> ] 0 / 0" {
		t.Errorf("%q", got)
	}
	for columns, want := range map[int]int{0: 0, 22: 0, 23: 1, 80: 58, 200: 60} {
		if got := report.ProgressSize(columns); got != want {
			t.Errorf("%d columns: size %d, want %d", columns, got, want)
		}
	}
}
