package failover

import (
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/management"
)

// view is what the page shows of a snapshot.
type view struct {
	Looked   bool // false: nobody has looked yet
	Error    string
	State    string // the worst level, or "well"
	Summary  string
	Time     time.Time
	Findings []failover.Finding
	Brokers  []brokerRow
	Nodes    []nodeRow
	Clusters []clusterPart
}

type brokerRow struct {
	Number int
	failover.Broker
	Asked bool // a plain mco asks it
	Grade string
}

type nodeRow struct {
	Identity                           string
	Places                             []string // a word for each broker
	Since                              time.Time
	Age, Reconnects, HeartBeat, Policy string
	Grade                              string // the worst level of what was found about it
}

type clusterPart struct {
	failover.Managed
	Title   string
	Members []memberRow
	Line    string
}

type memberRow struct {
	Node, State   string
	Stomp, Leads  int
	Grade         string
	Connections   []management.Connection
	MoreConnected int
}

// maxConnections bounds the connections that the page lists of each member; status.json has all.
const maxConnections = 200

// pages parses the page's templates when they are first needed.
var pages = sync.OnceValues(func() (*template.Template, error) {
	return template.New("page").Funcs(template.FuncMap{
		"clock":  func(t time.Time) string { return t.Local().Format(time.DateTime) },
		"stamp":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"join":   func(names []string) string { return strings.Join(names, ", ") },
		"plural": func(n int, one string) string { return plural(n, one) },
	}).ParseFS(files, "page/*.html")
})

// render writes a template of the page.
func render(w io.Writer, name string, s snapshot) error {
	t, err := pages()
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(w, name, viewOf(s))
}

func viewOf(s snapshot) view {
	switch {
	case s.number == 0:
		return view{State: "none", Summary: "looking at the fleet ..."}
	case s.err != nil:
		return view{Looked: true, State: "critical", Summary: "the fleet cannot be looked at", Error: s.err.Error(), Time: s.at}
	}
	x := s.status
	v := view{Looked: true, State: "well", Time: x.Time, Findings: x.Findings}
	if len(x.Findings) > 0 {
		v.State = string(x.Findings[0].Level)
	}
	v.Summary = fmt.Sprintf("%d of %s answer", x.Answering(), plural(len(x.Nodes), "node"))
	grade := grades(x)
	for i, b := range x.Brokers {
		row := brokerRow{Number: i + 1, Broker: b, Asked: b.Addr == x.Client, Grade: grade["broker "+b.Addr]}
		v.Brokers = append(v.Brokers, row)
	}
	for _, n := range x.Nodes {
		row := nodeRow{Identity: n.Identity, Grade: grade["node "+n.Identity]}
		for _, b := range x.Brokers {
			row.Places = append(row.Places, cell(n, b))
		}
		row.Since, row.Age, row.Reconnects, row.HeartBeat, row.Policy = told(x, n)
		v.Nodes = append(v.Nodes, row)
	}
	for _, m := range x.Clusters() {
		v.Clusters = append(v.Clusters, clusterOf(m))
	}
	return v
}

// grades is the worst level of each broker and node that a finding names.
func grades(s *failover.Status) map[string]string {
	worst := map[string]string{}
	for _, f := range slices.Backward(s.Findings) { // the worst come first, and so stand last
		if f.Broker != "" && len(f.Nodes) == 0 {
			worst["broker "+f.Broker] = string(f.Level)
		}
		for _, n := range f.Nodes {
			worst["node "+n] = string(f.Level)
		}
	}
	return worst
}

func clusterOf(m failover.Managed) clusterPart {
	c := clusterPart{Managed: m, Title: m.Broker, Line: clusterLine(m)}
	if len(m.View.Members) > 1 {
		c.Title = m.View.Cluster
	}
	for _, x := range m.View.Members {
		row := memberRow{Node: x.Node, State: memberState(m.View, x), Stomp: m.View.At(x.Node), Leads: m.View.Queues.Leaders[x.Node]}
		if row.State != memberRuns {
			row.Grade = "critical"
		}
		for _, y := range m.View.Connections {
			if y.Node != x.Node {
				continue
			}
			if len(row.Connections) == maxConnections {
				row.MoreConnected++
				continue
			}
			row.Connections = append(row.Connections, y)
		}
		c.Members = append(c.Members, row)
	}
	return c
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
