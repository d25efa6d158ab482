// Package layout_test holds the house to its plan: who may import whom, and that each package says what it is for. There is no
// code in this folder; the root is where the plan is read.
package layout_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/mco-go/mco-go/"

type pkg struct {
	ImportPath, Name, Doc  string
	GoFiles, Imports, Deps []string
}

// packages lists the module once, without its tests.
func packages(t *testing.T) []pkg {
	t.Helper()
	// go test remembers results by what a test opened, and does not see what go list reads: walk where that looks.
	for _, folder := range []string{"mco", "agent", "plugins", "generators", "internal"} {
		err := filepath.WalkDir(folder, func(string, fs.DirEntry, error) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Name,Doc,GoFiles,Imports,Deps", "./...")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath += "/" // so that a folder is a prefix of itself
		all = append(all, p)
	}
}

// in tells whether path lies in one of the folders, which are named as from the root; "=" in front means that folder alone. A name
// with a dot in its first part is another module; "std:" in front means Go's standard library.
func in(path string, folders ...string) bool {
	path = strings.TrimSuffix(path, "/") + "/"
	return slices.ContainsFunc(folders, func(f string) bool {
		exact := strings.HasPrefix(f, "=")
		f = strings.TrimPrefix(f, "=") + "/"
		if std, ok := strings.CutPrefix(f, "std:"); ok {
			f = std
		} else if first, _, _ := strings.Cut(f, "/"); !strings.Contains(first, ".") {
			f = module + f
		}
		return path == f || !exact && strings.HasPrefix(path, f)
	})
}

func TestDependenciesPointOneWay(t *testing.T) {
	everything := []string{"mco", "agent", "plugins", "generators", "internal"}
	rules := []struct {
		name         string
		from, except []string
		notTo        []string
		direct       bool // judge what a package imports itself, not its whole closure
		because      string
	}{
		{"the bus", []string{"mco"}, []string{"mco/cmd"}, []string{"agent", "plugins"}, false,
			"the bus does not know who answers"},
		{"nodes", []string{"agent"}, nil, []string{"mco/rpc", "mco/cli", "generators"}, false,
			"a node answers; it neither asks nor configures itself"},
		{"generators", []string{"generators"}, nil, []string{"mco/connector", "agent"}, false,
			"they run where no broker and no daemon is"},
		{"sdk", []string{"plugins/sdk"}, nil, []string{"agent", "mco/security"}, false,
			"authors get the contract and nothing else"},
		{"laboratory", everything, []string{"internal/lab", "internal/rubyjudge"},
			[]string{"internal/lab", "internal/rubyjudge", "internal/vectors", "internal/manpage"}, false,
			"the laboratory does not ship"},
		{"words", []string{"=mco"}, nil, everything, false,
			"words have no dependencies"},
		{"weight of the programs", []string{"mco/cmd/mco", "agent/cmd/mcollectived"}, nil,
			[]string{"github.com/hashicorp/go-plugin", "google.golang.org/grpc", "github.com/prometheus"}, false,
			"a node at rest stays under 10 MB and a command starts in 4 ms"},
		{"weight of a node", []string{"agent"}, nil, []string{"std:net/http"}, false,
			"a node at rest stays under 10 MB (a command may serve a page: net/http costs its start 0.3 ms)"},
		{"rabbit-hole", everything, []string{"mco/management", "internal/lab"}, []string{"github.com/michaelklishin/rabbit-hole"}, true,
			"rabbit-hole knows neither deadlines nor bounds, and is guarded in one place"},
		{"go-stomp", everything, []string{"mco/connector/stomp", "mco/broker", "internal/lab"}, []string{"github.com/go-stomp/stomp"}, true,
			"go-stomp is a sharp tool, guarded in one place (the dev broker uses its frames)"},
		{"adapters", everything, []string{"mco/cmd", "agent/cmd", "plugins/cmd", "internal/lab"},
			[]string{"mco/connector/stomp", "mco/connector/loopback", "mco/security/psk", "mco/security/ssl", "mco/security/aes", "agent/builtin"}, true,
			"adapters meet only in a main"},
	}
	all := packages(t)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, p := range all {
				if !in(p.ImportPath, r.from...) || in(p.ImportPath, r.except...) {
					continue
				}
				needs := p.Deps
				if r.direct {
					needs = p.Imports
				}
				for _, dep := range needs {
					// An adapter may consist of several packages.
					itself := r.direct && (strings.HasPrefix(dep+"/", p.ImportPath) || strings.HasPrefix(p.ImportPath, dep+"/"))
					if in(dep, r.notTo...) && !itself {
						t.Errorf("%s needs %s: %s", p.ImportPath, dep, r.because)
					}
				}
			}
		})
	}
}

func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	for _, p := range packages(t) {
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command "
		}
		if len(p.GoFiles) > 0 && !strings.HasPrefix(p.Doc, want) {
			t.Errorf("%s: the package comment is %q, want one that begins with %q", strings.TrimSuffix(p.ImportPath, "/"), p.Doc, want)
		}
	}
}
