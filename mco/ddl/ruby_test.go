package ddl

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/rubyjudge"
	"github.com/mco-go/mco-go/mco"
)

func startOriginal(t *testing.T) *rubyjudge.Judge {
	t.Helper()
	lab.Need(t, lab.Ruby)
	return rubyjudge.Start(t, "-W0", "--disable-did_you_mean", "--disable-error_highlight", "testdata/peer.rb")
}

// load returns what the original declares, as Ruby inspects it, or its error.
func load(t *testing.T, original *rubyjudge.Judge, kind Kind, side, name, text string) string {
	t.Helper()
	return string(rubyjudge.Ask[[]byte](t, original, []any{kind, side, name, []byte(text)})) // not all of it is UTF-8
}

// declared writes a DDL as the peer does.
func declared(d *DDL) string {
	return show(mco.List(mco.Hash(d.Meta), d.Entities(), mco.Hash(d.Requirements), d.Usage))
}

// TestFilesAsTheOriginal compares files written as the well-known agents write them, and our own, with what the original makes of them.
func TestFilesAsTheOriginal(t *testing.T) {
	o := startOriginal(t)
	var files []string
	for _, pattern := range []string{"testdata/agents/mcollective/*/*.ddl", "builtin/*/*.ddl"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		kind, name := Kind(filepath.Base(filepath.Dir(file))), strings.TrimSuffix(filepath.Base(file), ".ddl")
		if name == "helpdesk" {
			continue // reads a file; TestJSONWins
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for side, opts := range map[string][]Option{"client": nil, "server": {OnNode()}} {
			d, err := ParseRuby(kind, name, src, file, opts...)
			if err != nil {
				t.Error(err)
				continue
			}
			if got, want := declared(d), load(t, o, kind, side, name, string(src)); got != want {
				t.Errorf("%s on a %s:\n got %s\nwant %s", file, side, got, want)
			}
		}
	}
}

// TestRubyAsTheOriginal compares single lines of Ruby: each stands behind "usage" or runs as it is.
func TestRubyAsTheOriginal(t *testing.T) {
	o := startOriginal(t)
	for _, tt := range rubySnippets() {
		text := tt.ruby
		if !strings.Contains(text, "usage") && !strings.Contains(text, "\n") {
			text = "usage(" + tt.ruby + ")\n"
		}
		d, err := ParseRuby(Agent, "vec", []byte(text), "vec.ddl")
		if tt.refused {
			if _, ok := errors.AsType[*RefusedError](err); !ok {
				t.Errorf("%s\nis not refused: %v", text, err)
			}
			continue
		}
		got := ""
		if err == nil {
			got = declared(d)
		} else {
			got = err.Error()
		}
		want := load(t, o, Agent, "client", "vec", text)
		if _, failed := errors.AsType[*EvalError](err); failed {
			_, want, _ = strings.Cut(want, ": ")
		} else if _, syntax := errors.AsType[*SyntaxError](err); syntax {
			// Behind "syntax error," the words are those of Ruby's own parser.
			got, _, _ = strings.Cut(got, ", ")
			_, want, _ = strings.Cut(want, ": ")
			want, _, _ = strings.Cut(want, ", ")
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}
