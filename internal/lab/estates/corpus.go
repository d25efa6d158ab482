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

type expected struct {
	Today      map[string]string
	Topologies map[string]Expectation
}

func expectations(t testing.TB) (e expected) {
	t.Helper()
	readYAML(t, Corpus("topology", "expect.yaml"), &e)
	return e
}

// References returns the references whose file names match one of the patterns. There are none in a corpus that stands in for ours.
func References(t testing.TB, patterns ...string) []Reference {
	t.Helper()
	var all []Reference
	if os.Getenv("MCO_TESTDATA") != "" {
		return nil
	}
	readYAML(t, Corpus("reference", "map.yaml"), &all)
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
	values := make(map[string]string)
	readYAML(t, Corpus("topology", "secrets.example.yaml"), &values)
	data, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "secrets.yaml")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	store, problems := secret.Open(secret.Sources{File: file})
	if problems.Failed() {
		t.Fatal(problems)
	}
	set, problems := facts.Read([]string{Corpus("facts", r.Facts)}, nil, facts.DefaultLimits())
	if problems.Failed() {
		t.Fatal(problems)
	}
	e, problems := estate.Load(Corpus("topology", r.Topology), estate.Options{Facts: set, Software: r.Software, Secrets: store})
	if problems.Failed() {
		t.Fatal(problems)
	}
	for _, g := range e.Brokers {
		g.Classic = g.Classic && r.Format != "conf"
	}
	return e
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

func readYAML(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
