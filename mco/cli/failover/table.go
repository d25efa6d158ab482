package failover

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/management"
)

// table is a look as people read it: the brokers, brokers by nodes, and the findings; these before the nodes where only the top may be
// seen.
func table(s *failover.Status, color, findingsFirst bool) string {
	var head, rows, found strings.Builder
	fmt.Fprintf(&head, "%s, %d of %d nodes answer\n\n", s.Time.Local().Format(time.DateTime), s.Answering(), len(s.Nodes))
	brokers(&head, s)
	clusters(&head, s)
	nodes(&rows, s)
	for _, f := range s.Findings {
		findings(&found, f, color)
	}
	if len(s.Findings) == 0 {
		found.WriteString(report.Paint(color, report.Green, "all is well") + "\n")
	}
	parts := []string{strings.Map(plain, head.String()), strings.Map(plain, rows.String()), found.String()}
	if findingsFirst {
		parts[1], parts[2] = parts[2], parts[1]
	}
	return strings.Join(parts, "\n")
}

func columns(b *strings.Builder) *tabwriter.Writer { return tabwriter.NewWriter(b, 0, 8, 2, ' ', 0) }

func brokers(b *strings.Builder, s *failover.Status) {
	w := columns(b)
	fmt.Fprintln(w, "\tBROKER\tON IT\tOVER IT\t")
	for i, x := range s.Brokers {
		state := ""
		switch {
		case x.Error != "":
			state = "cannot be asked"
		case x.Addr == s.Client:
			state = "a plain mco asks this one"
		}
		fmt.Fprintf(w, "%d\t%s\t%d\t%d\t%s\n", i+1, x.Addr, x.Nodes, x.Over, state)
	}
	trim(w, b)
}

// clusters is what the brokers tell of themselves, where a management API was asked.
func clusters(b *strings.Builder, s *failover.Status) {
	all := s.Clusters()
	if len(all) == 0 {
		return
	}
	var t strings.Builder
	w := columns(&t)
	fmt.Fprintln(w, "\tRABBITMQ\tSTATE\tSTOMP\tLEADS\t")
	var lines []string
	for _, m := range all {
		number := 1 + slices.IndexFunc(s.Brokers, func(b failover.Broker) bool { return b.Addr == m.Broker })
		for _, x := range m.View.Members {
			fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%d\n", number, x.Node, memberState(m.View, x), m.View.At(x.Node), m.View.Queues.Leaders[x.Node])
		}
		lines = append(lines, clusterLine(m))
	}
	trim(w, &t)
	fmt.Fprintf(b, "\n%s%s\n", t.String(), strings.Join(lines, "\n"))
}

// memberRuns is the state of a member that has no trouble.
const memberRuns = "runs"

func memberState(v *management.View, m management.Member) string {
	var words []string
	for _, a := range v.Alarms {
		if a.Node == m.Node {
			words = append(words, "no "+a.Resource)
		}
	}
	switch {
	case !m.Running:
		words = append(words, "does not run")
	case len(m.Partitions) > 0:
		words = append(words, "parted from "+strings.Join(m.Partitions, ", "))
	case len(words) == 0:
		words = []string{memberRuns}
	}
	return strings.Join(words, ", ")
}

// clusterLine counts what is not of one member alone.
func clusterLine(m failover.Managed) string {
	q := m.View.Queues
	lacking, down := 0, 0
	for _, x := range q.Replicated {
		if len(x.Lacking()) > 0 {
			lacking++
		}
	}
	for _, l := range m.View.Links {
		if !l.Up() {
			down++
		}
	}
	return fmt.Sprintf("%s: RabbitMQ %s; %d of %d consuming connections away from their leader; %d queues with copies, %d not whole; %d links, %d down",
		m.Broker, m.View.Version, len(q.Away), q.Consumers, len(q.Replicated), lacking, len(m.View.Links), down)
}

func nodes(b *strings.Builder, s *failover.Status) {
	w := columns(b)
	fmt.Fprint(w, "NODE\t")
	for i := range s.Brokers {
		fmt.Fprintf(w, "%d\t", i+1)
	}
	fmt.Fprintln(w, "SINCE\tRECONNECTS\tHEART-BEAT\tPOOL")
	for _, n := range s.Nodes {
		fmt.Fprintf(w, "%s\t", n.Identity)
		for _, x := range s.Brokers {
			fmt.Fprintf(w, "%s\t", cell(n, x))
		}
		at, age, reconnects, beat, pool := told(s, n)
		since := "-"
		if !at.IsZero() {
			since = fmt.Sprintf("%s (%s)", at.Local().Format(time.DateTime), age)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", since, reconnects, beat, pool)
	}
	trim(w, b)
}

// told puts what a node tells of its place into words; at is zero where it does not tell since when it is there.
func told(s *failover.Status, n failover.Node) (at time.Time, age, reconnects, beat, pool string) {
	age, reconnects, beat, pool = "-", "-", "-", "found by asking"
	switch t := n.Told; {
	case len(n.Over) == 0:
		pool = "no answer"
	case t != nil:
		if at = t.Since; !at.IsZero() {
			age = s.Time.Sub(at).Round(time.Second).String()
		}
		reconnects, beat, pool = fmt.Sprint(t.Reconnects), heartBeat(t), poolOf(t)
	}
	return at, age, reconnects, beat, pool
}

// trim ends a table, without blanks at the ends of its lines.
func trim(w *tabwriter.Writer, b *strings.Builder) {
	_ = w.Flush() // a builder takes everything
	lines := strings.Split(b.String(), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	b.Reset()
	b.WriteString(strings.Join(lines, "\n"))
}

func cell(n failover.Node, b failover.Broker) string {
	switch {
	case slices.Contains(n.On, b.Addr):
		return "on"
	case slices.Contains(n.Over, b.Addr):
		return "via"
	case b.Error != "":
		return "?"
	}
	return "-"
}

// heartBeat is the oldest sign of life of a node's sessions.
func heartBeat(t *failover.Told) string {
	age, interval := -1.0, 0.0
	for _, s := range t.Sessions {
		if s.HeartBeatAge != nil && *s.HeartBeatAge > age {
			age, interval = *s.HeartBeatAge, s.HeartBeatInterval
		}
	}
	switch {
	case age < 0:
		return "-"
	case interval <= 0:
		return fmt.Sprintf("%.1f s, none asked for", age)
	}
	return fmt.Sprintf("%.1f s of %g s", age, interval)
}

func poolOf(t *failover.Told) string {
	switch {
	case t.Mode == "all":
		return "all at once"
	case t.Randomize:
		return "any"
	case t.Failback > 0:
		return fmt.Sprintf("in order, back after %g s", t.Failback)
	}
	return "in order, stays"
}

func findings(b *strings.Builder, f failover.Finding, color bool) {
	paint := map[failover.Level]report.Color{failover.Note: report.Cyan, failover.Warning: report.Yellow, failover.Critical: report.Red}[f.Level]
	where := f.Broker
	switch {
	case where != "":
	case len(f.Nodes) == 1:
		where = f.Nodes[0]
	case len(f.Nodes) > 1:
		where = fmt.Sprintf("%d nodes", len(f.Nodes))
	}
	if where != "" {
		where += ": "
	}
	fmt.Fprintf(b, "%s %s\n", report.Paint(color, paint, fmt.Sprintf("%-8s", f.Level)), strings.Map(plain, where+f.Text))
	if len(f.Nodes) > 1 {
		fmt.Fprintf(b, "%9s%s\n", "", strings.Map(plain, strings.Join(f.Nodes, ", ")))
	}
	if f.Mend != "" {
		fmt.Fprintf(b, "%9s-> %s\n", "", f.Mend)
	}
}
