package drill

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco/failover"
)

// evaluate fills the result with what was measured.
func (r *run) evaluate(res *Result) {
	r.rec.mu.Lock()
	defer r.rec.mu.Unlock()
	m := moments{r.fault, r.gone, r.back}
	end := time.Duration(*res.Marks.End * float64(time.Second))
	for i := range r.Plan.Status.Nodes {
		n := &r.Plan.Status.Nodes[i]
		out := Node{Identity: n.Identity, Ours: told(n), Outcome: Bystander, Spans: []Span{}}
		if w := r.ways[n.Identity]; w != nil {
			w.follow(r.rec, n.Identity, m)
			w.settle(r.rec, n.Identity, m, res)
			out.Outcome, out.Exact, out.Returns = w.outcome, w.exact, w.returns
			switch w.outcome {
			case Moved:
				out.To, out.Away = w.to, new(seconds(w.away))
			case Kept:
				out.To = w.to
			default:
				out.Returns = false
			}
			if w.homeAt != nil {
				out.Back = new(seconds(*w.homeAt))
			}
			out.Spans = spans(r.rec, n.Identity, w, m, end)
		} else {
			out.Spans = spans(r.rec, n.Identity, nil, m, end)
			if len(out.Spans) == 0 {
				out.Outcome = Silent
			}
		}
		res.Nodes = append(res.Nodes, out)
	}
	res.sum()
	for i := range res.Nodes {
		res.Nodes[i].Reason = reason(res, r.Plan, &res.Nodes[i], node(r.Plan.Status, res.Nodes[i].Identity))
	}
}

func node(s *failover.Status, name string) *failover.Node {
	i, _ := slices.BinarySearchFunc(s.Nodes, name, func(n failover.Node, name string) int { return strings.Compare(n.Identity, name) })
	return &s.Nodes[i]
}

// settle judges a node that did not arrive.
func (w *way) settle(r *record, name string, m moments, res *Result) {
	if w.outcome != "" {
		return
	}
	until := time.Duration(*res.Marks.Restore * float64(time.Second))
	at, _, ok := r.first(name, m.gone+r.gap(), func(b string) bool { return b == w.broker })
	switch {
	case res.Interrupted && w.other != "":
		w.outcome, w.to = Kept, w.other
	case res.Interrupted:
		w.outcome = Unmeasured
	case ok && (at <= until || res.Fault == Connections):
		w.outcome = Untouched
	default:
		w.outcome = Lost
	}
}

// sum sums up the nodes, and judges the drill.
func (r *Result) sum() {
	var away, back []float64
	leaving, returning := 0, 0
	r.Within = !r.Interrupted
	for _, n := range r.Nodes {
		switch n.Outcome {
		case Moved:
			leaving++
			away = append(away, *n.Away)
			r.Within = r.Within && (r.Bound == 0 || *n.Away <= r.Bound)
		case Lost, Unmeasured:
			leaving++
			r.Within = false
		case Untouched:
			r.Within = false
		}
		if n.Returns {
			returning++
			if n.Back != nil {
				back = append(back, *n.Back)
			} else {
				r.Within = false
			}
		}
	}
	r.Away, r.Back = figures(leaving, away), figures(returning, back)
}

// spans draws where a node was. Answers that are no further apart than the rhythm allows are one span; its ends are moved to the moments
// that are known better.
func spans(r *record, name string, w *way, m moments, end time.Duration) []Span {
	all := []Span{}
	near := func(a, b time.Duration) bool { return (a - b).Abs() <= r.gap() }
	for _, broker := range slices.Sorted(maps.Keys(r.answers[name])) {
		var from, to time.Duration
		open := false
		flush := func() {
			if !open {
				return
			}
			if near(from, 0) {
				from = 0
			}
			if near(to, end) {
				to = end
			}
			if w != nil && broker == w.broker && !w.same && from < m.gone && near(to, m.gone) {
				to = m.gone
			}
			if w != nil && broker == w.to && w.outcome == Moved && near(from, m.gone+w.away) {
				from = m.gone + w.away
			}
			if w != nil && w.homeAt != nil && broker == w.broker && m.back > 0 && near(from, m.back+*w.homeAt) {
				from = m.back + *w.homeAt
			}
			if to >= from {
				all = append(all, Span{broker, seconds(from), seconds(to)})
			}
		}
		for _, at := range r.answers[name][broker] {
			if !open || at-to > r.gap() {
				flush()
				from, open = at, true
			}
			to = at
		}
		flush()
	}
	slices.SortStableFunc(all, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	return all
}
