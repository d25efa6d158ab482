package bench

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// series is what one contender showed over its rounds, in the unit that its table names.
type series []float64

func (s series) median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// String gives the median and the spread.
func (s series) String() string {
	return fmt.Sprintf("%s (%s to %s)", short(s.median()), short(slices.Min(s)), short(slices.Max(s)))
}

func short(f float64) string {
	switch {
	case f >= 100:
		return strconv.FormatFloat(f, 'f', 0, 64)
	case f >= 10:
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'f', 2, 64)
}

// measure is one figure of one round: the wall time and the processor seconds that it cost.
type measure struct{ wall, cpu float64 }

// abba runs two contenders in the order A B B A until each has at least rounds figures: a drift of the machine then meets both alike.
func abba(b *testing.B, rounds int, first, second func() measure) (wallA, wallB, cpuA, cpuB series) {
	b.Helper()
	take := func(f func() measure, wall, cpu *series) {
		m := f()
		*wall, *cpu = append(*wall, m.wall), append(*cpu, m.cpu)
	}
	for len(wallA) < rounds {
		take(first, &wallA, &cpuA)
		take(second, &wallB, &cpuB)
		take(second, &wallB, &cpuB)
		take(first, &wallA, &cpuA)
	}
	return wallA, wallB, cpuA, cpuB
}

// table collects the rows of one section and prints it as Markdown, on the screen and into the report.
type table struct {
	title, note string
	head        []string
	rows        [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "## %s\n\n", t.title)
	if t.note != "" {
		fmt.Fprintf(&out, "%s\n\n", t.note)
	}
	fmt.Fprintf(&out, "| %s |\n|%s\n", strings.Join(t.head, " | "), strings.Repeat("---|", len(t.head)))
	for _, r := range t.rows {
		fmt.Fprintf(&out, "| %s |\n", strings.Join(r, " | "))
	}
	return out.String()
}

// print shows the table and, where MCO_BENCH_REPORT names a file, appends it there.
func (t *table) print(b *testing.B) {
	b.Helper()
	fmt.Printf("\n%s\n", t)
	path := os.Getenv("MCO_BENCH_REPORT")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "\n%s", t); err != nil {
		b.Fatal(err)
	}
}

// processSeconds returns the processor time that a running process has used, its waited-for children included.
func processSeconds(b testing.TB, pid int) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	// The name in parentheses may hold blanks: fields are counted behind it (proc(5), utime is field 14).
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	var ticks float64
	for _, f := range fields[11:15] {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	const ticksPerSecond = 100 // USER_HZ, the same on every Linux machine that Go runs on
	return ticks / ticksPerSecond
}

// residentKiB returns the resident memory of a running process.
func residentKiB(b testing.TB, pid int) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatalf("process %d shows no resident memory", pid)
	return 0
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
