package estate_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/lab/estates"
)

func mistakes(t *testing.T) []change {
	t.Helper()
	var rows []change
	estates.ReadYAML(t, filepath.Join("testdata", "mistakes.yaml"), &rows)
	if len(rows) == 0 {
		t.Fatal("there are no mistakes")
	}
	return rows
}

func TestMistakesAreSeen(t *testing.T) {
	if os.Getenv("MCO_TESTDATA") != "" {
		t.Skip("the mistakes are changes to the project's own topologies")
	}
	expect := estates.Expectations(t)
	for _, row := range mistakes(t) {
		t.Run(row.Name, func(t *testing.T) {
			problems := row.load(t, expect)
			if !has(problems, row.Class, row.Warning) {
				t.Errorf("want %s (warning: %v), got\n%s", row.Class, row.Warning, show(problems))
			}
			if row.Warning && problems.Failed() {
				t.Errorf("refused:\n%s", show(problems))
			}
		})
	}
}

// TestEveryMistakeIsExplained holds the document to the two tables.
func TestEveryMistakeIsExplained(t *testing.T) {
	if os.Getenv("MCO_TESTDATA") != "" {
		t.Skip("the document is about the project's own tables")
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "mistakes.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if name, ok := strings.CutPrefix(strings.TrimSpace(cells[min(1, len(cells)-1)]), "`"); ok && len(cells) > 3 {
			documented[strings.TrimSuffix(name, "`")] = strings.Trim(strings.TrimSpace(cells[3]), "`")
		}
	}
	var bad []change
	estates.ReadYAML(t, estates.Corpus("topology", "bad.yaml"), &bad)
	rows := slices.Concat(bad, mistakes(t))
	for _, row := range rows {
		want := row.Class
		if row.Warning {
			want += " (warning)"
		}
		if got := strings.ReplaceAll(documented[row.Name], "`", ""); got != want {
			t.Errorf("%s is documented as %q, want %q", row.Name, got, want)
		}
		delete(documented, row.Name)
	}
	for name := range documented {
		t.Errorf("the document tells of %s, which no table has", name)
	}
}
