package ddl

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/mco"
)

// peer is the original, loading DDLs for comparison.
type peer struct {
	in  *bufio.Writer
	out *bufio.Reader
}

func startOriginal(t *testing.T) *peer {
	t.Helper()
	ruby, err := exec.LookPath("ruby")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the comparison with the original needs ruby and mcollective-common")
		}
		t.Skip("NOT COMPARED with the original: no ruby on PATH")
	}
	cmd := exec.CommandContext(t.Context(), ruby, "-W0", "--disable-did_you_mean", "--disable-error_highlight", "testdata/peer.rb")
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "LANG=C.UTF-8")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Errorf("the original: %v", err)
		}
	})
	return &peer{bufio.NewWriter(in), bufio.NewReader(out)}
}

// load returns what the original declares, as Ruby inspects it, or its error.
func (o *peer) load(t *testing.T, kind Kind, side, name, text string) string {
	t.Helper()
	fmt.Fprintf(o.in, "%s %s %s %x\n", kind, side, name, text)
	if err := o.in.Flush(); err != nil {
		t.Fatal(err)
	}
	line, err := o.out.ReadString('\n')
	if err != nil {
		t.Fatalf("ask the original about %q: %v", text, err)
	}
	answer, err := hex.DecodeString(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
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
			if got, want := declared(d), o.load(t, kind, side, name, string(src)); got != want {
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
		want := o.load(t, Agent, "client", "vec", text)
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
