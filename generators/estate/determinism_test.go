package estate_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// TestOrderOfInputsDoesNotMatter shuffles the files of facts and the keys of every map of the topology.
func TestOrderOfInputsDoesNotMatter(t *testing.T) {
	for topology, want := range estates.Expectations(t) {
		if want.Result != "renders" {
			continue
		}
		t.Run(topology, func(t *testing.T) {
			var all []string
			entries, err := os.ReadDir(estates.Corpus("facts", want.Facts))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				all = append(all, estates.Corpus("facts", want.Facts, e.Name()))
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(estates.Corpus("topology"))); err != nil {
				t.Fatal(err)
			}
			var doc yaml.Node
			estates.ReadYAML(t, filepath.Join(dir, topology), &doc)
			store := estates.Secrets(t, nil)
			shuffled := filepath.Join(dir, "shuffled.yaml")
			var first *estate.Estate
			for seed := range uint64(20) {
				random := rand.New(rand.NewPCG(seed, 0))
				if seed > 0 {
					random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
					shuffle(&doc, random)
				}
				estates.WriteYAML(t, shuffled, &doc)
				set, problems := facts.Read(all, nil, facts.DefaultLimits())
				if problems.Failed() {
					t.Fatal(problems)
				}
				e, problems := estate.Load(shuffled, estate.Options{Facts: set, Secrets: store})
				if e == nil {
					t.Fatalf("seed %d:\n%s", seed, show(problems))
				}
				for i := range e.Origins {
					if strings.HasPrefix(e.Origins[i].From, "topology ") {
						e.Origins[i].From = "" // lines move with their keys
					}
				}
				if first == nil {
					first = e
				} else if !reflect.DeepEqual(first, e) {
					t.Fatalf("seed %d makes another estate", seed)
				}
			}
		})
	}
}

// shuffle changes the order of every map's keys.
func shuffle(n *yaml.Node, random *rand.Rand) {
	if n.Kind == yaml.MappingNode {
		random.Shuffle(len(n.Content)/2, func(i, j int) {
			c := n.Content
			c[2*i], c[2*i+1], c[2*j], c[2*j+1] = c[2*j], c[2*j+1], c[2*i], c[2*i+1]
		})
	}
	for _, c := range n.Content {
		shuffle(c, random)
	}
}

// TestProblemsAreSortedAndStable: a broken topology gives the same problems whatever the order of maps in memory.
func TestProblemsAreSortedAndStable(t *testing.T) {
	topology := "version: 1\nestate: e\nbrokers:\n"
	for i := range 8 {
		topology += fmt.Sprintf("  g%d: {kind: cluster, nodes: [none%d, none%d], ram: [x], policies: [{name: p, pattern: \"^(\", definition: {a: 1, b: 2}}]}\n", i, i, i+1)
	}
	var first string
	for range 20 {
		_, problems := loadText(t, topology, estate.Options{})
		var lines []string
		for _, p := range problems {
			p.Where = filepath.Base(p.Where)
			lines = append(lines, p.Error())
		}
		text := strings.Join(lines, "\n")
		if first == "" {
			first = text
		}
		if text != first {
			t.Fatalf("got\n%s\nand\n%s", first, text)
		}
	}
	if n := strings.Count(first, "node.unknown"); n != 9 {
		t.Errorf("%d nodes are reported as unknown, want each of 9 once:\n%s", n, first)
	}
}

// TestTenThousandNodes bounds what an estate costs beyond the reading of facts.
func TestTenThousandNodes(t *testing.T) {
	var nodes strings.Builder
	nodes.WriteString("[")
	for i := range 10_000 {
		if i > 0 {
			nodes.WriteString(",")
		}
		fmt.Fprintf(&nodes, `{"certname":"n%d.example.test","environment":"p","timestamp":"2026-01-01T00:00:00Z","trusted":{},"facts":{"networking":{"hostname":"n%d","fqdn":"n%d.example.test","primary":"eth0","interfaces":{"eth0":{"bindings":[{"address":"10.%d.%d.7","netmask":"255.0.0.0"}]}}},"memory":{"system":{"total_bytes":8589934592}},"processors":{"count":2}}}`,
			i, i, i, i/250, i%250)
	}
	nodes.WriteString("]")
	path := filepath.Join(t.TempDir(), "inventory.json")
	if err := os.WriteFile(path, []byte(nodes.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	set := estates.Fleet(t, path)
	topology := `version: 1
estate: e
software: {rabbitmq: "3.10.8"}
brokers: {main: {kind: cluster, nodes: [n1, n2, n3]}}
collectives: {c: {servers: all, clients: [n9], via: main, pool: {order: rotate}, psk: {secret: mc_psk}, user: {name: mc, secret: mc_pass}}}
`
	var e *estate.Estate
	result := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			loaded, problems := loadText(b, topology, estate.Options{Facts: set, Secrets: estates.Secrets(b, nil)})
			if loaded == nil {
				b.Fatal(show(problems))
			}
			e = loaded
		}
	})
	if len(e.Nodes) != 10_000 || len(e.Collectives[0].Servers) != 10_000 {
		t.Fatalf("%d nodes, %d servers", len(e.Nodes), len(e.Collectives[0].Servers))
	}
	t.Logf("%v, %d MB", result.NsPerOp()/1_000_000, result.AllocedBytesPerOp()/megabyte)
	if result.NsPerOp() > 2_000_000_000 {
		t.Errorf("an estate of 10,000 nodes takes %d ms", result.NsPerOp()/1_000_000)
	}
}

const megabyte = 1_000_000
