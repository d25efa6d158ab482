package systems

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// figures is what the tests of one run measured.
var figures page

func TestMain(m *testing.M) {
	code := m.Run()
	if err := figures.write(os.Getenv("MCO_LAB_REPORT")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// line is a system's line on the page of figures.
type line struct{ row, system, done, bound, measured string }

type page struct {
	mu    sync.Mutex // guards the field below
	lines []line
}

// add prints a line and keeps it for the page.
func (p *page) add(t testing.TB, l line) {
	t.Helper()
	t.Logf("%s, %s: %s; bound: %s; measured: %s", l.row, l.system, l.done, l.bound, l.measured)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, l)
}

// write puts the page into the folder; without one, or without lines, there is none.
func (p *page) write(folder string) error {
	if folder == "" || len(p.lines) == 0 {
		return nil
	}
	slices.SortFunc(p.lines, func(a, b line) int { return cmp.Compare(a.row+a.system, b.row+b.system) })
	var out strings.Builder
	out.WriteString("## Systems, brought up from generated files and failed over\n\n| row | system | what was done | bound | measured |\n|---|---|---|---|---|\n")
	for _, l := range p.lines {
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", l.row, l.system, l.done, l.bound, l.measured)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "systems.md"), []byte(out.String()), 0o644)
}

// load resolves a topology of testdata, for the software of the laboratory and with facts of the corpus: files, or folders of them.
func load(t testing.TB, topology string, facts ...string) *estate.Estate {
	t.Helper()
	for i, f := range facts {
		facts[i] = estates.Corpus("facts", f)
	}
	o := estate.Options{Facts: estates.Fleet(t, facts...), Software: estates.Laboratory(t), Secrets: estates.Secrets(t, nil)}
	e, problems := estate.Load(filepath.Join("testdata", topology), o)
	if problems.Failed() {
		t.Fatal(problems)
	}
	return e
}

// within fails the test when something took longer than it may, and returns both in words.
func within(t testing.TB, what string, took, bound time.Duration) string {
	t.Helper()
	if took > bound {
		t.Errorf("%s: %v, may take %v", what, took, bound)
	}
	return fmt.Sprintf("%s %.1f s", what, took.Seconds())
}
