package facts

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fleet returns the facts of many nodes: those of one machine with other names and addresses.
func fleet(tb testing.TB, file string, nodes int) []string {
	tb.Helper()
	b, err := os.ReadFile(data(tb, file))
	if err != nil {
		tb.Fatal(err)
	}
	all := make([]string, nodes)
	for i := range all {
		all[i] = strings.NewReplacer("ha1", fmt.Sprintf("n%05d", i), "192.168.233.103", fmt.Sprintf("192.168.%d.%d", i/250, 1+i%250),
			"192.168.233.0", fmt.Sprintf("192.168.%d.0", i/250)).Replace(string(b))
	}
	return all
}

func BenchmarkDirectory(b *testing.B) {
	for _, form := range []string{"debian12-facter4/ha1.json", "debian12-facter4-legacy/ha1.json", "debian12-facter4-yaml/ha1.yaml"} {
		b.Run(filepath.Dir(form), func(b *testing.B) {
			const nodes = 2000
			dir := b.TempDir()
			var size int64
			for i, text := range fleet(b, form, nodes) {
				size += int64(len(text))
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), []byte(text), 0o600); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				if set, problems := Read([]string{dir}, nil, DefaultLimits()); len(problems) > 0 || len(set.Nodes()) != nodes {
					b.Fatalf("%d nodes, %v", len(set.Nodes()), problems)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*nodes), "ns/node")
		})
	}
}

func BenchmarkInventory(b *testing.B) {
	const nodes = 10_000
	var text strings.Builder
	text.WriteString("[\n")
	for i, facts := range fleet(b, "debian12-facter4/ha1.json", nodes) {
		if i > 0 {
			text.WriteString(",\n")
		}
		fmt.Fprintf(&text, `{"certname":"n%05d.mq.example.test","timestamp":"2026-11-20T19:58:00.113Z","environment":"production","facts":%s,"trusted":{}}`, i, facts)
	}
	text.WriteString("]\n")
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if set, problems := Read([]string{Stdin}, strings.NewReader(text.String()), DefaultLimits()); len(problems) > 0 || len(set.Nodes()) != nodes {
			b.Fatalf("%d nodes, %v", len(set.Nodes()), problems)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*nodes), "ns/node")
}
