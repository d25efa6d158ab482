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

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/graph"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

var update = flag.Bool("update", false, "write the pictures of docs/topologies anew")

// TestPictures draws the estates of the documentation and of the corpus, reads each picture as XML, and finds every machine in it.
func TestPictures(t *testing.T) {
	for _, run := range estates.Rendering(t) {
		if run.Software == nil { // with other software it is the same picture
			t.Run(run.Topology, func(t *testing.T) { picture(t, run.Load) })
		}
	}
	for _, file := range estates.Documented(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			got := picture(t, func(t testing.TB) *estate.Estate { return estates.LoadDocumented(t, file, nil) })
			path := strings.TrimSuffix(file, ".yaml") + ".svg"
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if read(t, path) != string(got) {
				t.Errorf("%s is not what is drawn today; run make docs and look at it", path)
			}
			if page := strings.TrimSuffix(file, ".yaml") + ".md"; !strings.Contains(read(t, page), "```yaml\n"+read(t, file)+"```\n") {
				t.Errorf("%s does not show %s as it is", page, file)
			}
		})
	}
}

// picture draws an estate twice and looks at the result.
func picture(t *testing.T, load func(testing.TB) *estate.Estate) []byte {
	t.Helper()
	e := load(t)
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
	if again := graph.SVG(load(t)); string(again) != string(got) {
		t.Error("a second picture of the same estate differs")
	}
	return got
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
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
