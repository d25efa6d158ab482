package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/rpc"
)

// puppetSummary draws how the nodes are spread over numbers of resources and seconds (summary_command).
func (s *session) puppetSummary(a *agentClient) error {
	a.progress = false
	g, err := a.gather("last_run_summary", nil)
	if err != nil || g == nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Summary statistics for %d nodes:\n\n", len(g.replies))
	for _, line := range []struct{ label, output string }{
		{"Total resources", "total_resources"},
		{"Out Of Sync resources", "out_of_sync_resources"},
		{"Failed resources", "failed_resources"},
		{"Changed resources", "changed_resources"},
		{"Corrected resources", "corrected_resources"},
		{"Config Retrieval time (seconds)", "config_retrieval_time"},
		{"Total run-time (seconds)", "total_time"},
		{"Time since last run (seconds)", "since_lastrun"},
	} {
		fmt.Fprintf(&b, "%33s: %s\n", line.label, spread(numbers(g.replies, line.output)))
	}
	fmt.Fprintln(s.out, b.String())
	return g.exit()
}

// numbers returns one output of the nodes that told it.
func numbers(replies []rpc.Reply, output string) []float64 {
	var values []float64
	for _, r := range replies {
		v := r.Data.Field(output)
		n, isInt := v.AsInt()
		x, isFloat := v.AsFloat()
		switch {
		case r.Code != mco.OK:
		case isInt:
			values = append(values, float64(n))
		case isFloat:
			values = append(values, x)
		}
	}
	return values
}

// spread draws a histogram of 20 columns with least, mean and most behind it (sparkline_for_field).
func spread(values []float64) string {
	const columns = 20
	if len(values) == 0 {
		return ""
	}
	least, most, sum := slices.Min(values), slices.Max(values), 0.0
	counts := make([]int, columns)
	width := (most-least)/columns + 1
	for _, v := range values {
		sum += v
		if most > least {
			counts[int((v-least)/width)]++
		}
	}
	return fmt.Sprintf("%s  min: %-6s avg: %-6s max: %-6s", columnsOf(counts), short(least), short(sum/float64(len(values))), short(most))
}

// columnsOf draws counts; what is there at all is seen.
func columnsOf(counts []int) string {
	ticks := []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇"}
	most := slices.Max(counts)
	if most == slices.Min(counts) {
		return strings.Repeat(ticks[0], len(counts))
	}
	distance := float64(most) / float64(len(ticks)-1)
	var b strings.Builder
	for _, n := range counts {
		tick := int(math.Round(float64(n) / distance))
		if n > 0 {
			tick = max(tick, 1)
		}
		b.WriteString(ticks[tick])
	}
	return b.String()
}

// short writes a number with one decimal, in thousands or millions where it is large.
func short(x float64) string {
	switch {
	case x >= 1e6:
		return fmt.Sprintf("%.1fm", x/1e6)
	case x >= 1e3:
		return fmt.Sprintf("%.1fk", x/1e3)
	}
	return fmt.Sprintf("%.1f", x)
}

// puppetCount counts what Puppet's agents are doing (count_command).
func (s *session) puppetCount(a *agentClient) error {
	a.progress = false
	g, err := a.gather("status", nil)
	if err != nil || g == nil {
		return err
	}
	count := func(output string, want bool) int {
		n := 0
		for _, r := range g.replies {
			if is, ok := r.Data.Field(output).AsBool(); ok && is == want {
				n++
			}
		}
		return n
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Total Puppet nodes: %d\n\n", g.call.Stats.OK)
	for _, line := range []struct {
		label, output string
		want, last    bool
	}{
		{"Nodes currently enabled", "enabled", true, false},
		{"Nodes currently disabled", "enabled", false, true},
		{"Nodes currently doing puppet runs", "applying", true, false},
		{"Nodes currently stopped", "applying", false, true},
		{"Nodes with daemons started", "daemon_present", true, false},
		{"Nodes without daemons started", "daemon_present", false, false},
		{"Daemons started but idling", "idling", true, true},
	} {
		fmt.Fprintf(&b, "%33s: %d\n", line.label, count(line.output, line.want))
		if line.last {
			b.WriteByte('\n')
		}
	}
	if failed := g.call.Stats.Failed; failed > 0 {
		nodes := "nodes"
		if failed == 1 {
			nodes = "node"
		}
		b.WriteString(report.Paint(s.color, report.Red, fmt.Sprintf("Failed to retrieve status of %d %s", failed, nodes)) + "\n")
	}
	fmt.Fprint(s.out, b.String())
	return g.exit()
}
