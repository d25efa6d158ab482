package estates

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/internal/lab"
)

// Run is one topology with what it is loaded with.
type Run struct {
	Topology string            // file in the folder topology
	Facts    string            // folder below facts
	Software map[string]string // versions over the topology's
	Format   string            // conf: whatever the topology says, no group is classic
}

// Reference is a file that is known to be right, and the run and the node that must give one like it.
type Reference struct {
	Run     `yaml:",inline"`
	File    string
	Node    string
	Release string   // of OpenStack
	Differs []string // settings that may differ
}

// Corpus is a path in the folder of facts, topologies and references; another of the same layout may stand in for it.
func Corpus(elem ...string) string {
	root := os.Getenv("MCO_TESTDATA")
	if root == "" {
		root = filepath.Join(lab.Root(), "testdata", "generators")
	}
	return filepath.Join(append([]string{root}, elem...)...)
}

// Rendering returns a run for each topology that must render: as it stands, and with the software of the laboratory.
func Rendering(t testing.TB) []Run {
	t.Helper()
	expect := expectations(t)
	var runs []Run
	for _, name := range slices.Sorted(maps.Keys(expect.Topologies)) {
		if x := expect.Topologies[name]; x.Result == "renders" {
			runs = append(runs, Run{Topology: name, Facts: x.Facts}, Run{Topology: name, Facts: x.Facts, Software: expect.Today})
		}
	}
	if len(runs) == 0 {
		t.Fatal("no topology renders")
	}
	return runs
}

// Expectation is what a topology must give.
type Expectation struct{ Facts, Result, Class, Warning string }

// Expectations returns what each topology of the corpus must give. bad.yaml, a list of changes to others, is none.
func Expectations(t testing.TB) map[string]Expectation {
	t.Helper()
	all := expectations(t).Topologies
	delete(all, "bad.yaml")
	return all
}

// Laboratory is the software that the topologies of the corpus are tried with beside their own.
func Laboratory(t testing.TB) map[string]string {
	t.Helper()
	return expectations(t).Today
}

type expected struct {
	Today      map[string]string
	Topologies map[string]Expectation
}

func expectations(t testing.TB) (e expected) {
	t.Helper()
	ReadYAML(t, Corpus("topology", "expect.yaml"), &e)
	if len(e.Topologies) == 0 {
		t.Fatal("the corpus expects nothing")
	}
	return e
}

// References returns the references whose file names match one of the patterns. There are none in a corpus that stands in for ours.
func References(t testing.TB, patterns ...string) []Reference {
	t.Helper()
	var all []Reference
	if os.Getenv("MCO_TESTDATA") != "" {
		return nil
	}
	ReadYAML(t, Corpus("reference", "map.yaml"), &all)
	all = slices.DeleteFunc(all, func(r Reference) bool {
		return !slices.ContainsFunc(patterns, func(p string) bool {
			match, _ := filepath.Match(p, filepath.Base(r.File))
			return match
		})
	})
	if len(all) == 0 {
		t.Fatalf("no reference is called %v", patterns)
	}
	return all
}

// Content is the reference's file.
func (r Reference) Content(t testing.TB) []byte {
	t.Helper()
	content, err := os.ReadFile(Corpus("reference", r.File))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Named tells a run from others in the names of tests.
func (r Run) Named() string {
	if r.Software == nil {
		return r.Topology
	}
	return r.Topology + " with other software"
}

// Load resolves the run's estate with the corpus's example secrets; it must have no problem that is more than a warning.
func (r Run) Load(t testing.TB) *estate.Estate {
	t.Helper()
	o := estate.Options{Facts: Fleet(t, Corpus("facts", r.Facts)), Software: r.Software, Secrets: Secrets(t, nil)}
	e, problems := estate.Load(Corpus("topology", r.Topology), o)
	if problems.Failed() {
		t.Fatal(problems)
	}
	for _, g := range e.Brokers {
		g.Classic = g.Classic && r.Format != "conf"
	}
	return e
}

// Secrets are the corpus's example values, with changes.
func Secrets(t testing.TB, changes map[string]string) *secret.Store {
	t.Helper()
	values := make(map[string]string)
	ReadYAML(t, Corpus("topology", "secrets.example.yaml"), &values)
	maps.Copy(values, changes)
	store, problems := secret.Open(secret.Sources{File: WriteYAML(t, filepath.Join(t.TempDir(), "secrets.yaml"), values)})
	if problems.Failed() {
		t.Fatal(problems)
	}
	return store
}

// Fleet reads files and folders of facts, in which nothing may be wrong.
func Fleet(t testing.TB, paths ...string) *facts.Set {
	t.Helper()
	set, problems := facts.Read(paths, nil, facts.DefaultLimits())
	if problems.Failed() {
		t.Fatal(problems)
	}
	return set
}

// Node returns the node of that name.
func Node(t testing.TB, e *estate.Estate, name string) *estate.Node {
	t.Helper()
	for _, n := range e.Nodes {
		if n.Name == name {
			return n
		}
	}
	t.Fatalf("the estate has no node %s", name)
	return nil
}

// CompareSettings reports the settings in which a file differs from its reference and which the reference does not name as differing, and
// the names that excuse nothing. Settings are told apart by a path of words with dots between; a difference is named by some of them.
func (r Reference) CompareSettings(t testing.TB, got map[string]string, want map[string]string) {
	t.Helper()
	used := make(map[string]bool)
	keys := maps.Clone(got)
	maps.Copy(keys, want)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		g, in := got[key]
		w, known := want[key]
		if in == known && g == w {
			continue
		}
		named := false
		for _, word := range r.Differs {
			if strings.Contains("."+key+".", "."+word+".") {
				used[word], named = true, true
			}
		}
		switch {
		case named:
		case !in:
			t.Errorf("%s = %s is missing", key, w)
		case !known:
			t.Errorf("%s = %s should not be there", key, g)
		default:
			t.Errorf("%s = %s, want %s", key, g, w)
		}
	}
	for _, word := range r.Differs {
		if !used[word] {
			t.Errorf("%s does not differ", word)
		}
	}
}

// ReadYAML reads a file.
func ReadYAML(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// WriteYAML writes a file that only its owner can read, and returns path.
func WriteYAML(t testing.TB, path string, v any) string {
	t.Helper()
	data, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
