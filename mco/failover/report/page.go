package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco/failover/drill"
)

//go:embed page.html
var source string

// page is what the template is filled with.
type page struct {
	*drill.Result
	Title   string
	When    string
	How     string
	Good    bool
	Brokers []broker
	Slow    []drill.Node
	Rows    []row
	Ticks   []tick
	Marks   []mark
	Counts  []count
	Stays   []string
}

// broker is one of the pool, with the class of its colour.
type broker struct{ Addr, Class string }

// count is how many nodes had an outcome.
type count struct {
	Outcome drill.Outcome
	Text    string
	Nodes   int
}

// row is one node's timeline.
type row struct {
	drill.Node
	Bars []bar
	Says string // for those who do not see the picture
}

// bar is a span of a timeline, in percent of its width and in points of its height.
type bar struct {
	Class, X, Width string
	Y, Height       int
	Says            string
}

// tick is a place on the axis, mark one of a drill's moments.
type (
	tick struct{ X, Text string }
	mark struct {
		Class, X, Name string
		At             float64
	}
)

// Measures of the picture.
const (
	rowHeight = 18
	colours   = 6 // of brokers in the style sheet
	slowest   = 10
)

// HTML writes the page.
func HTML(w io.Writer, r *drill.Result) error {
	t, err := template.New("drill").Funcs(template.FuncMap{"ms": ms}).Parse(source)
	if err != nil {
		return err
	}
	return t.Execute(w, newPage(r))
}

func newPage(r *drill.Result) *page {
	p := &page{Result: r, Title: "Drill: " + r.Broker, When: r.Time.Local().Format(time.RFC1123Z), How: how(r), Good: r.Within && r.Restored && r.Trouble == ""}
	for i, addr := range r.Pool {
		p.Brokers = append(p.Brokers, broker{addr, class(i)})
	}
	all := r.Slowest()
	for _, n := range all {
		if n.Outcome != drill.Kept && len(p.Slow) < slowest {
			p.Slow = append(p.Slow, n)
		}
	}
	s := scale{r: r, end: end(r)}
	for _, n := range slices.Concat(all, others(r, all)) {
		p.Rows = append(p.Rows, s.row(n))
	}
	p.Ticks, p.Marks, p.Counts, p.Stays = s.ticks(), s.marks(), counts(r), r.Stay()
	return p
}

func class(i int) string { return fmt.Sprintf("b%d", i%colours) }

// others are the nodes that the drill was not about.
func others(r *drill.Result, about []drill.Node) (rest []drill.Node) {
	seen := map[string]bool{}
	for _, n := range about {
		seen[n.Identity] = true
	}
	for _, n := range r.Nodes {
		if !seen[n.Identity] {
			rest = append(rest, n)
		}
	}
	return rest
}

func how(r *drill.Result) string {
	switch {
	case r.Fault == drill.Connections:
		return "its connections were closed, and it went on"
	case r.Fault == drill.Firewall:
		return "every packet from and to it was dropped: its connections fell silent"
	case r.Closed:
		return "it was stopped, and its connections were closed"
	}
	return "it was stopped, and its connections fell silent"
}

func counts(r *drill.Result) (all []count) {
	for _, c := range []count{
		{Outcome: drill.Moved, Text: "came to another broker"},
		{Outcome: drill.Kept, Text: "had a session with another broker all the time"},
		{Outcome: drill.Lost, Text: "came to no other broker"},
		{Outcome: drill.Untouched, Text: "were not reached by the fault"},
		{Outcome: drill.Unmeasured, Text: "had not arrived when the drill was interrupted"},
		{Outcome: drill.Bystander, Text: "were on another broker before"},
		{Outcome: drill.Silent, Text: "answered over no broker before either"},
	} {
		if c.Nodes = r.Of(c.Outcome); c.Nodes > 0 {
			all = append(all, c)
		}
	}
	return all
}

// scale draws moments.
type scale struct {
	r   *drill.Result
	end float64
}

// end is the last moment of the picture.
func end(r *drill.Result) float64 {
	last := 0.001
	for _, m := range []*float64{r.Marks.Fault, r.Marks.Gone, r.Marks.Restore, r.Marks.Restored, r.Marks.End} {
		if m != nil {
			last = max(last, *m)
		}
	}
	return last
}

func (s scale) x(at float64) string {
	return fmt.Sprintf("%.3f%%", 100*min(max(at/s.end, 0), 1))
}

func (s scale) bar(class string, from, to float64, y, height int, says string) bar {
	return bar{class, s.x(from), s.x(max(to-from, 0)), y, height, fmt.Sprintf("%s, %.3f s to %.3f s", says, from, to)}
}

// row draws a node. Sessions with several brokers at once share its height.
func (s scale) row(n drill.Node) row {
	w := row{Node: n, Says: fmt.Sprintf("%s %s", n.Identity, n.Outcome)}
	lanes := lanes(n.Spans)
	for _, x := range n.Spans {
		lane := slices.Index(lanes, x.Broker)
		y, height := 0, rowHeight
		if len(lanes) > 1 {
			height = rowHeight / len(lanes)
			y = lane * height
		}
		w.Bars = append(w.Bars, s.bar(class(slices.Index(s.r.Pool, x.Broker)), x.From, x.To, y, height, x.Broker))
	}
	gone := s.r.Marks.Gone
	switch {
	case gone == nil:
	case n.Outcome == drill.Moved:
		w.Bars = append(w.Bars, s.bar("out", *gone, *gone+*n.Away, 0, rowHeight, "on no broker"))
		w.Says += fmt.Sprintf(" after %.3f s", *n.Away)
	case n.Outcome == drill.Lost && s.r.Marks.Restore != nil:
		w.Bars = append(w.Bars, s.bar("out", *gone, *s.r.Marks.Restore, 0, rowHeight, "on no broker"))
	}
	return w
}

// lanes are the brokers of a node's spans where two of them overlap for longer than a node needs to change; else none.
func lanes(spans []drill.Span) (brokers []string) {
	const change = 1.0
	overlap := false
	for i, a := range spans {
		for _, b := range spans[i+1:] {
			overlap = overlap || a.Broker != b.Broker && min(a.To, b.To)-max(a.From, b.From) > change
		}
		if !slices.Contains(brokers, a.Broker) {
			brokers = append(brokers, a.Broker)
		}
	}
	if !overlap {
		return nil
	}
	slices.Sort(brokers)
	return brokers
}

// ticks are round places, some eight of them.
func (s scale) ticks() (all []tick) {
	step := math.Pow(10, math.Floor(math.Log10(s.end/8)))
	for _, f := range []float64{1, 2, 5, 10} {
		if s.end/(step*f) <= 10 {
			step *= f
			break
		}
	}
	for i := 0; float64(i)*step < s.end*0.97; i++ {
		all = append(all, tick{s.x(float64(i) * step), fmt.Sprintf("%g s", math.Round(float64(i)*step*1000)/1000)})
	}
	return all
}

func (s scale) marks() (all []mark) {
	add := func(class, name string, at *float64) {
		if at != nil {
			all = append(all, mark{class, s.x(*at), name, *at})
		}
	}
	m := s.r.Marks
	add("begin", "the fault began to be made", m.Fault)
	add("gone", s.r.Broker+" was gone", m.Gone)
	if m.Gone != nil && s.r.Bound > 0 && *m.Gone+s.r.Bound <= s.end {
		add("bound", "the bound", new(*m.Gone+s.r.Bound))
	}
	add("restore", "it began to be given back", m.Restore)
	add("back", s.r.Broker+" took sessions again", m.Restored)
	return all
}
