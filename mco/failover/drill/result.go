package drill

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco/failover"
)

// Result is what a drill measured. Durations are seconds; moments are seconds after Time, so that nobody's clock matters.
type Result struct {
	Time   time.Time `json:"time"`   // when the first question was asked, before anything was done
	Broker string    `json:"broker"` // the one that was taken away
	Pool   []string  `json:"pool"`   // all of the client's pool, in its order
	Fault  Kind      `json:"fault"`
	By     string    `json:"by"`     // what made the fault, without its text: it may hold secrets
	Closed bool      `json:"closed"` // connections were closed; false: they fell silent, and their owners had to notice
	Asked  float64   `json:"asked"`  // seconds between two questions: what is not told by a node itself is no more exact
	Marks  Marks     `json:"marks"`
	Wait   float64   `json:"wait"`  // how long nodes were waited for
	Bound  float64   `json:"bound"` // 0: none

	Away  Figures `json:"away"` // from the loss of the broker to ready on another one
	Back  Figures `json:"back"` // from the broker's return to ready on it again
	Nodes []Node  `json:"nodes"`

	Interrupted bool   `json:"interrupted,omitempty"`
	Restored    bool   `json:"restored"`
	Trouble     string `json:"trouble,omitempty"` // what went wrong with the fault or its end
	Within      bool   `json:"within"`            // no node was lost, nor untouched, nor beyond the bound
}

// Marks are the moments of a drill. A mark that was not reached is null.
type Marks struct {
	Fault    *float64 `json:"fault"`    // it began to be made
	Gone     *float64 `json:"gone"`     // the broker was gone: the zero of Away
	Restore  *float64 `json:"restore"`  // it began to be given back
	Restored *float64 `json:"restored"` // it took sessions again: the zero of Back
	End      *float64 `json:"end"`
}

// Outcome is what the fault did to a node.
type Outcome string

// The outcomes.
const (
	Moved      Outcome = "moved"      // it came to another broker
	Kept       Outcome = "kept"       // it had a session with another one all the time
	Lost       Outcome = "lost"       // it was on no broker until the end of the wait
	Untouched  Outcome = "untouched"  // it kept its session with the broker: the fault did not reach it
	Unmeasured Outcome = "unmeasured" // the drill was interrupted before it arrived
	Bystander  Outcome = "bystander"  // it was on another broker from the beginning
	Silent     Outcome = "silent"     // nothing was heard of it before the fault either
)

// Node is one node's way.
type Node struct {
	Identity string   `json:"identity"`
	Ours     bool     `json:"ours"` // it tells itself; false: it was found by asking
	Outcome  Outcome  `json:"outcome"`
	To       string   `json:"to,omitempty"`      // the broker that it moved to
	Away     *float64 `json:"away"`              // null where it did not move
	Returns  bool     `json:"returns,omitempty"` // it should come back by itself
	Back     *float64 `json:"back"`              // null where it did not come back
	Exact    bool     `json:"exact"`             // Away and Back are the node's own word, to the millisecond
	Reason   string   `json:"reason,omitempty"`  // what is known of why it took so long
	Spans    []Span   `json:"spans"`             // where it was when, in order; gaps are times without an answer
}

// Span is a time over which a node answered over a broker. Spans of linked brokers, or of sessions with several, overlap.
type Span struct {
	Broker string  `json:"broker"`
	From   float64 `json:"from"`
	To     float64 `json:"to"`
}

// seconds are those of a result, whole milliseconds.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }

// Stay names the nodes that are still on another broker than before at the end, and were not expected to return.
func (r *Result) Stay() (names []string) {
	for _, n := range r.Nodes {
		if n.Outcome == Moved && !n.Returns {
			names = append(names, n.Identity)
		}
	}
	return names
}

// Of counts the nodes of an outcome.
func (r *Result) Of(o Outcome) (count int) {
	for _, n := range r.Nodes {
		if n.Outcome == o {
			count++
		}
	}
	return count
}

// told tells whether a node told where it stands before the fault.
func told(n *failover.Node) bool { return n.Told != nil }

// Slowest are the nodes that the drill was about, those without a broker first, then by their time.
func (r *Result) Slowest() []Node {
	rank := func(n Node) int {
		return slices.Index([]Outcome{Lost, Unmeasured, Untouched, Moved, Kept}, n.Outcome)
	}
	nodes := slices.DeleteFunc(slices.Clone(r.Nodes), func(n Node) bool { return rank(n) < 0 })
	at := func(s *float64) float64 {
		if s == nil {
			return 0
		}
		return *s
	}
	slices.SortStableFunc(nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(at(b.Away), at(a.Away)), cmp.Compare(at(b.Back), at(a.Back)))
	})
	return nodes
}

// Verdict says how the drill went, in one sentence.
func (r *Result) Verdict() string {
	var wrong []string
	count := func(n int, what string) {
		if n > 0 {
			wrong = append(wrong, fmt.Sprintf("%d of %d nodes %s", n, len(r.Slowest()), what))
		}
	}
	slow := 0
	for _, n := range r.Nodes {
		if n.Away != nil && r.Bound > 0 && *n.Away > r.Bound {
			slow++
		}
	}
	count(r.Of(Lost), "came to no other broker")
	count(slow, fmt.Sprintf("took longer than the bound of %g s", r.Bound))
	count(r.Of(Untouched), "kept their session: the fault did not reach them")
	if !r.Interrupted {
		count(r.Back.Expected-r.Back.Arrived, "did not come back, though they should")
	}
	switch {
	case !r.Restored:
		wrong = append([]string{"not restored: the broker may still be away"}, wrong...)
	case r.Interrupted:
		wrong = append([]string{"interrupted; what was taken away is back"}, wrong...)
	case r.Trouble != "":
		wrong = append([]string{r.Trouble}, wrong...)
	}
	if len(wrong) > 0 {
		return strings.Join(wrong, "; ")
	}
	if r.Bound > 0 {
		return fmt.Sprintf("no node was without a broker for longer than the bound of %g s", r.Bound)
	}
	return "every node came to another broker"
}
