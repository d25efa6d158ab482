package facts

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
)

// data is the folder of the facts to test with; MCO_TESTDATA may name another of the same layout.
func data(t testing.TB, path ...string) string {
	t.Helper()
	dir := os.Getenv("MCO_TESTDATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "testdata", "generators")
	}
	return filepath.Join(append([]string{dir, "facts"}, path...)...)
}

// read fails the test when there is a problem.
func read(t testing.TB, paths ...string) []*Node {
	t.Helper()
	set, problems := Read(paths, nil, DefaultLimits())
	for _, p := range problems {
		t.Errorf("%v", p)
	}
	return set.Nodes()
}

func dump(t testing.TB, n *Node) string {
	t.Helper()
	var b strings.Builder
	if err := Dump(&b, n); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func unmarshal(t testing.TB, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// What reading alone can find of the bad corpus. The rest needs to know what the node is for: then reading must find nothing wrong.
func TestBad(t *testing.T) {
	var expect map[string]struct {
		Class problem.Class
		Why   string
	}
	unmarshal(t, data(t, "bad", "expect.yaml"), &expect)
	if len(expect) == 0 {
		t.Fatal("no expectations")
	}
	later := 0
	for name, want := range expect {
		t.Run(name, func(t *testing.T) {
			set, problems := Read([]string{data(t, "bad", name)}, nil, DefaultLimits())
			for _, p := range problems {
				if line := p.Error(); strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
					t.Errorf("the message holds what it warns of: %q", line)
				}
			}
			if !problems.Failed() && left(want.Class, set.Nodes()) {
				later++
				return
			}
			if len(problems) == 0 {
				t.Fatalf("accepted, want %s: %s", want.Class, want.Why)
			}
			if p := problems[0]; p.Class != want.Class {
				t.Errorf("%v, want class %s: %s", p, want.Class, want.Why)
			}
		})
	}
	t.Logf("%d of %d are left to those who know what the node is for", later, len(expect))
}

// left tells that the node lacks what only some roles need.
func left(class problem.Class, nodes []*Node) bool {
	for _, n := range nodes {
		switch class {
		case factMissing:
			return n.Memory == 0 || len(n.Interfaces) == 0
		case safe.Invalid:
			return slices.ContainsFunc(n.Interfaces, func(i Interface) bool { return i.MACFault != nil })
		}
	}
	return false
}

func TestGoodButOdd(t *testing.T) {
	var names map[string]string
	unmarshal(t, data(t, "good-but-odd", "README.yaml"), &names)
	if len(names) == 0 {
		t.Fatal("no names")
	}
	for name, why := range names {
		t.Run(name, func(t *testing.T) {
			if nodes := read(t, data(t, "good-but-odd", name)); len(nodes) != 1 {
				t.Errorf("%d nodes: %s", len(nodes), why)
			}
		})
	}
}

// Every folder of good facts is read, and each form of one node's facts means the same.
func TestFolders(t *testing.T) {
	entries, err := os.ReadDir(data(t))
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string][]*Node{}
	for _, e := range entries {
		switch e.Name() {
		case "bad", "good-but-odd", "volatile", "wrapped", "puppetdb":
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			files, err := os.ReadDir(data(t, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			nodes := read(t, data(t, e.Name()))
			if len(nodes) != len(files) {
				t.Errorf("%d nodes in %d files", len(nodes), len(files))
			}
			for _, n := range nodes {
				if n.Processors == 0 || n.OS.Name == "" || n.OS.Major == "" || !n.Facter.Known() || len(n.Interfaces) == 0 {
					t.Errorf("incomplete: %s", dump(t, n))
				}
				if strings.HasPrefix(e.Name(), "debian12-") {
					forms[n.Identity] = append(forms[n.Identity], n)
				}
			}
		})
	}
	for identity, nodes := range forms {
		for _, n := range nodes[1:] {
			a, b := *nodes[0], *n
			// With the legacy facts come some that a site may select by, and the YAML was made on another machine.
			a.Custom, a.Memory, a.Processors = b.Custom, b.Memory, b.Processors
			if got, want := dump(t, &b), dump(t, &a); got != want {
				t.Errorf("%s: %s and %s differ:\n%s\n%s", identity, n.Source, nodes[0].Source, got, want)
			}
		}
	}
}
