package graph_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/graph"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

var update = flag.Bool("update", false, "write the pictures of docs/topologies anew")

// TestPictures draws every topology of the corpus, reads the picture as XML, and finds every machine in it. The pictures in the
// documentation are those of today.
func TestPictures(t *testing.T) {
	for _, run := range estates.Rendering(t) {
		if run.Software != nil {
			continue // the same picture
		}
		t.Run(run.Topology, func(t *testing.T) {
			e := run.Load(t)
			got := graph.SVG(e)
			text := textOf(t, got)
			for _, g := range e.Brokers {
				for _, m := range g.Members {
					if want := m.Address().String(); !strings.Contains(text, want) {
						t.Errorf("broker %s (%s) is not in the picture", m.Node.Name, want)
					}
				}
			}
			for _, b := range e.Balancers {
				if b.VIP.IsValid() && !strings.Contains(text, "VIP "+b.VIP.String()) {
					t.Errorf("no VIP %s in the picture", b.VIP)
				}
			}
			if again := graph.SVG(run.Load(t)); string(again) != string(got) {
				t.Error("a second picture of the same estate differs")
			}
			if os.Getenv("MCO_TESTDATA") == "" {
				compare(t, strings.TrimSuffix(run.Topology, ".yaml")+".svg", got)
			}
		})
	}
}

// compare holds the picture against that of the documentation.
func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join(lab.Root(), "docs", "topologies", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != string(got) {
		t.Errorf("docs/topologies/%s is not what is drawn today (%v); run make docs and look at it", name, err)
	}
}

// textOf returns all text of an XML document, which must be well formed.
func textOf(t *testing.T, doc []byte) string {
	t.Helper()
	var text strings.Builder
	for d := xml.NewDecoder(strings.NewReader(string(doc))); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return text.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := token.(xml.CharData); ok {
			text.Write(c)
		}
	}
}
