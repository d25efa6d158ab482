package chaos

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	hundred := make(times, 100)
	for i := range hundred {
		hundred[99-i] = time.Duration(i+1) * time.Second
	}
	for _, tt := range []struct {
		of      times
		percent int
		want    time.Duration
	}{
		{hundred, 50, 50 * time.Second}, {hundred, 99, 99 * time.Second}, {hundred, 100, 100 * time.Second}, {hundred, 0, time.Second},
		{hundred[99:], 50, time.Second}, {hundred[98:], 50, time.Second}, {hundred[98:], 51, 2 * time.Second},
	} {
		if got := tt.of.at(tt.percent); got != tt.want {
			t.Errorf("p%d of %d: %s, want %s", tt.percent, len(tt.of), got, tt.want)
		}
	}
}

func TestPage(t *testing.T) {
	var p page
	dir := filepath.Join(t.TempDir(), "figures")
	if err := p.write(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("a page without figures: %v, want none", err)
	}
	p.add(t, figure{"F03", "noticed", "9.0 s", "9.5 s", "not in 300 s", 7})
	p.add(t, figure{"F01", "moved", "1.0 s", "2.0 s", "", 0})
	if err := p.write(dir); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "failover-figures.md"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "| | What | Figure | Bound | Ruby | Seed |\n|---|---|---|---|---|---|\n" +
		"| F01 | moved | 1.0 s | 2.0 s |  |  |\n| F03 | noticed | 9.0 s | 9.5 s | not in 300 s | 7 |\n"
	if string(got) != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
