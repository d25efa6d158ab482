package estate_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func has(problems problem.List, class string, warning bool) bool {
	return slices.ContainsFunc(problems, func(p problem.Problem) bool { return string(p.Class) == class && p.Warning == warning })
}

func show(problems problem.List) string {
	var lines []string
	for _, p := range problems {
		lines = append(lines, "\t"+p.Error())
	}
	return strings.Join(lines, "\n")
}

func TestTopologiesComeOutAsExpected(t *testing.T) {
	today := estates.Laboratory(t)
	for name, want := range estates.Expectations(t) {
		for _, run := range []struct {
			name     string
			software map[string]string
		}{{"as written", nil}, {"today", today}} {
			t.Run(name+"/"+run.name, func(t *testing.T) {
				got, problems := estate.Load(estates.Corpus("topology", name), estate.Options{
					Facts: estates.Fleet(t, estates.Corpus("facts", want.Facts)), Secrets: estates.Secrets(t, nil), Software: run.software})
				if (want.Result == "renders") != (got != nil) {
					t.Fatalf("estate: %v, want it to be %s\n%s", got != nil, want.Result, show(problems))
				}
				if want.Class != "" && !has(problems, want.Class, false) {
					t.Errorf("no %s among\n%s", want.Class, show(problems))
				}
				if want.Warning != "" && !has(problems, want.Warning, true) {
					t.Errorf("no warning %s among\n%s", want.Warning, show(problems))
				}
			})
		}
	}
}

type change struct {
	Name, Base, Class string
	Set               map[string]any
	AddBalancer       map[string]any    `yaml:"add_balancer"`
	Secret            map[string]string `yaml:"secret"`
	Warning           bool
	DropFact          map[string]string `yaml:"drop_fact"`
}

func TestBadTopologiesAreRefused(t *testing.T) {
	expect := estates.Expectations(t)
	var rows []change
	estates.ReadYAML(t, estates.Corpus("topology", "bad.yaml"), &rows)
	if len(rows) == 0 {
		t.Fatal("the corpus has no bad topologies")
	}
	for _, row := range rows {
		t.Run(row.Name, func(t *testing.T) {
			problems := row.load(t, expect)
			if !problems.Failed() || !has(problems, row.Class, false) {
				t.Errorf("want %s, got\n%s", row.Class, show(problems))
			}
			for _, p := range problems {
				if !p.Warning && string(p.Class) != row.Class {
					t.Logf("also: %s", p.Error())
				}
			}
		})
	}
}

// load applies the change to its base and returns what is wrong.
func (c change) load(t *testing.T, expect map[string]estates.Expectation) problem.List {
	t.Helper()
	if c.Base == "" {
		c.Base = "seed001.fixed.yaml"
	}
	topology := make(map[string]any)
	estates.ReadYAML(t, estates.Corpus("topology", c.Base), &topology)
	for path, value := range c.Set {
		put(topology, strings.Split(path, "."), value)
	}
	for name, b := range c.AddBalancer {
		put(topology, []string{"balancers", name}, b)
	}
	dir := estates.Corpus("facts", expect[c.Base].Facts)
	if len(c.DropFact) > 0 {
		dir = without(t, dir, c.DropFact)
	}
	set, problems := facts.Read([]string{dir}, nil, facts.DefaultLimits())
	beside := t.TempDir() // with all that may be included
	if err := os.CopyFS(beside, os.DirFS(estates.Corpus("topology"))); err != nil {
		t.Fatal(err)
	}
	_, more := estate.Load(estates.WriteYAML(t, filepath.Join(beside, "changed.yaml"), topology), estate.Options{Facts: set, Secrets: estates.Secrets(t, c.Secret)})
	return append(problems, more...)
}

func put(in map[string]any, path []string, value any) {
	for _, key := range path[:len(path)-1] {
		next, ok := in[key].(map[string]any)
		if !ok {
			next = make(map[string]any)
			in[key] = next
		}
		in = next
	}
	in[path[len(path)-1]] = value
}

// without copies a folder of facts and leaves out one fact of some nodes.
func without(t *testing.T, dir string, drop map[string]string) string {
	t.Helper()
	to := t.TempDir()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		node := strings.TrimSuffix(strings.TrimSuffix(e.Name(), ".json"), ".yaml")
		if name, ok := drop[node]; ok {
			all := make(map[string]any)
			if err := yaml.Unmarshal(data, &all); err != nil {
				t.Fatal(err)
			}
			if !remove(all, strings.Split(name, ".")) {
				t.Fatalf("%s has no fact %s", e.Name(), name)
			}
			if data, err = json.Marshal(all); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(to, e.Name()), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func remove(from map[string]any, path []string) bool {
	if len(path) == 1 {
		_, ok := from[path[0]]
		delete(from, path[0])
		return ok
	}
	next, ok := from[path[0]].(map[string]any)
	return ok && remove(next, path[1:])
}
