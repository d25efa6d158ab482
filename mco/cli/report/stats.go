package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/rpc"
)

// DefaultCaption stands over the verbose statistics of commands that give none.
const DefaultCaption = "rpc stats"

// Stats prints the statistics of a call, and who did not answer; nothing with -j. summary is nil where nothing is summarised; its
// results are asked for here, once.
func (p *Printer) Stats(st *rpc.Stats, caption string, summary *ddl.Summary) error {
	if p.JSON {
		return nil
	}
	return p.write(p.StatsText(st, caption, summary))
}

// StatsText returns the block that Stats prints (rpc/stats.rb, report).
func (p *Printer) StatsText(st *rpc.Stats, caption string, summary *ddl.Summary) string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	discovered := len(st.Discovered)
	aggregates, results := p.summaries(summary)
	if p.Verbose && results == 0 {
		aggregates = "" // the original shows failures alone only in the short form
	}
	add("%s", aggregates)
	color := Green
	if p.Verbose {
		color = Reset
	}
	if st.Responses < discovered {
		color = Red
	}
	number := func(c Color, n int) string { return p.paint(c, fmt.Sprint(n)) }
	if p.Verbose {
		add("%s", p.paint(Yellow, "---- "+caption+" ----"))
		add("           Nodes: %s / %s", number(color, discovered), number(color, st.Responses))
		add("     Pass / Fail: %s / %s", number(Reset, st.OK), number(Reset, st.Failed))
		add("      Start Time: %s", st.Start.Format("2006-01-02 15:04:05 -0700"))
		add("  Discovery Time: %.2fms", milliseconds(st.DiscoveryTime))
		add("      Agent Time: %.2fms", milliseconds(st.AgentTime))
		add("      Total Time: %.2fms", milliseconds(st.TotalTime))
	} else {
		add("Finished processing %s / %s hosts in %.2f ms", number(color, st.Responses), number(color, discovered), milliseconds(st.AgentTime))
	}
	add("")
	for _, list := range []struct {
		title string
		names []string
	}{{"No response from:", st.NoResponse}, {"Unexpected response from:", st.Unexpected}} {
		if len(list.names) > 0 {
			add("")
			add("%s\n\n%s", p.paint(Red, list.title), p.rows(list.names))
		}
	}
	add("")
	return strings.Join(lines, "\n")
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Columns returns how wide columns of names are and how many go into a row of 90 characters (util.rb, field_size and field_number).
func Columns(names []string, narrowest int) (width, perRow int) {
	width = narrowest
	for _, n := range names {
		width = max(width, utf8.RuneCountInString(n))
	}
	return width, max(1, 90/max(width, 1))
}

// rows returns names, sorted, in columns; the last row is padded.
func (p *Printer) rows(names []string) string {
	names = slices.Sorted(slices.Values(names))
	for i := range names {
		names[i] = p.show(names[i])
	}
	width, perRow := Columns(names, 30)
	return Rows(names, "   ", width, perRow)
}

// Rows lays names out in rows of so many columns; the last row is filled up with blanks.
func Rows(names []string, indent string, width, perRow int) string {
	var b strings.Builder
	for row := range slices.Chunk(names, perRow) {
		b.WriteString(indent)
		for i := range perRow {
			name := ""
			if i < len(row) {
				name = row[i]
			}
			fmt.Fprintf(&b, " %-*s", width, name)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// summaries returns the blocks of all aggregate functions, those that failed last, and how many did not fail (text_for_aggregates).
func (p *Printer) summaries(summary *ddl.Summary) (text string, results int) {
	if summary == nil {
		return "", 0
	}
	var b strings.Builder
	block := func(label, text string) {
		b.WriteString(p.paint(Bold, "Summary of "+label+":") + "\n\n" + text + "\n\n")
	}
	for _, r := range summary.Results() {
		results++
		if r.Text == "" {
			block(r.Label, p.paint(Yellow, "     No aggregate summary could be computed"))
			continue
		}
		lines := strings.TrimRight(p.show(r.Text), "\n")
		block(r.Label, "   "+strings.ReplaceAll(lines, "\n", "\n   "))
	}
	for _, f := range summary.Failures {
		block(inspect.Text(f.Output), p.paint(Yellow, "     Could not compute summary - "+f.Why))
	}
	return b.String(), results
}
