package chaos

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// figures is what the tests of one run measured.
var figures page

// page collects figures. It is safe for concurrent use.
type page struct {
	mu    sync.Mutex // guards the field below
	lines []figure
}

// figure is one line of the page.
type figure struct {
	ID    string // F01
	What  string
	Value string
	Bound string
	Ruby  string // the original's figure; empty: none was measured
	Seed  uint64 // 0: nothing is drawn
}

// add notes a figure, and logs it.
func (p *page) add(t testing.TB, f figure) {
	t.Helper()
	t.Logf("%s %s: %s (bound: %s)", f.ID, f.What, f.Value, f.Bound)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, f)
}

// write writes the page into a folder; empty: nowhere.
func (p *page) write(dir string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if dir == "" || len(p.lines) == 0 {
		return nil
	}
	slices.SortStableFunc(p.lines, func(a, b figure) int { return strings.Compare(a.ID, b.ID) })
	var b strings.Builder
	b.WriteString("| | What | Figure | Bound | Ruby | Seed |\n|---|---|---|---|---|---|\n")
	for _, f := range p.lines {
		seed := ""
		if f.Seed != 0 {
			seed = fmt.Sprint(f.Seed)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", f.ID, f.What, f.Value, f.Bound, f.Ruby, seed)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "failover-figures.md"), []byte(b.String()), 0o644)
}

// times are durations of many nodes.
type times []time.Duration

// at returns the time within which a share of the nodes was done, in percent.
func (d times) at(percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[max((len(sorted)*percent+99)/100, 1)-1]
}

func (d times) String() string {
	if len(d) == 0 {
		return "of no node"
	}
	return fmt.Sprintf("p50 %s, p99 %s, %d nodes", short(d.at(50)), short(d.at(99)), len(d))
}

func short(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
