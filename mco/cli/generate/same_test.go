package generate

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mco-go/mco-go/internal/lab/estates"
)

// TestSameInputSameTree renders an estate 200 times from its facts in another order, its topology with shuffled keys, another locale,
// time zone and umask, and facts that changed where facts change by themselves. There is one tree.
func TestSameInputSameTree(t *testing.T) {
	const rounds = 200
	run, topology := selfContained(t)
	files, err := filepath.Glob(estates.Corpus("facts", run.Facts, "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("facts: %v, %v", files, err)
	}
	secret := secrets(t)
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	trees := map[string]int{}
	for round := range rounds {
		t.Setenv("LC_ALL", []string{"C", "de_DE.UTF-8", "tr_TR.UTF-8"}[r.IntN(3)])
		t.Setenv("TZ", []string{"UTC", "Asia/Kathmandu", "America/St_Johns"}[r.IntN(3)])
		shuffle(r, topology)
		path := filepath.Join(dir, "topology.yaml")
		write(t, path, topology)
		args := []string{"render", "--all", "--topology", path, "--secrets", secret}
		r.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		for i, f := range files {
			if r.IntN(4) == 0 {
				f = aged(t, r, f, filepath.Join(dir, fmt.Sprintf("facts%d.yaml", i)))
			}
			args = append(args, "--facts", f)
		}
		out := filepath.Join(t.TempDir(), "out")
		if got := generate(t, "", append(args, "--out", out)...); got.code != 0 {
			t.Fatalf("round %d: exit %d\n%s", round, got.code, got.stderr)
		}
		trees[hash(t, out)]++
	}
	if len(trees) != 1 {
		t.Errorf("%d trees: %v", len(trees), trees)
	}
}

// selfContained returns a run of the corpus that includes no other file, and its topology.
func selfContained(t *testing.T) (estates.Run, *yaml.Node) {
	t.Helper()
	for _, run := range estates.Rendering(t) {
		var keys map[string]any
		var topology yaml.Node
		read(t, estates.Corpus("topology", run.Topology), &keys)
		read(t, estates.Corpus("topology", run.Topology), &topology)
		if keys["include"] == nil && keys["balancers"] != nil {
			return run, &topology
		}
	}
	t.Fatal("every topology includes another")
	return estates.Run{}, nil
}

// shuffle puts the keys of every map in another order.
func shuffle(r *rand.Rand, n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		pairs := len(n.Content) / 2
		r.Shuffle(pairs, func(i, j int) {
			for k := range 2 {
				n.Content[2*i+k], n.Content[2*j+k] = n.Content[2*j+k], n.Content[2*i+k]
			}
		})
	}
	for _, c := range n.Content {
		shuffle(r, c)
	}
}

// aged copies a file of flat or structured facts with other values of those that change while a machine runs.
func aged(t *testing.T, r *rand.Rand, from, to string) string {
	t.Helper()
	var facts map[string]any
	read(t, from, &facts)
	facts["uptime"] = fmt.Sprintf("%d days", r.IntN(100))
	facts["uptime_seconds"] = r.IntN(1 << 20)
	facts["memoryfree"] = fmt.Sprintf("%d.00 GB", r.IntN(4))
	facts["swapfree_mb"] = fmt.Sprint(r.IntN(4000))
	facts["load_averages"] = map[string]any{"1m": r.Float64()}
	write(t, to, facts)
	return to
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(content, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, value any) {
	t.Helper()
	content, err := yaml.Marshal(value)
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
