package history

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Promise is what every run must keep.
type Promise struct{ ID, Text string }

// The promises, with the names under which docs and tests speak of them.
var (
	AtMostOnce      = Promise{"I1", "at most once"}
	AuditedFirst    = Promise{"I2", "audited first"}
	RepliersRan     = Promise{"I2", "who replies has run"}
	OneReply        = Promise{"I3", "one reply a node"}
	ThisRequest     = Promise{"I3", "replies are to this request"}
	RepliedOrNamed  = Promise{"I4", "replied or named"}
	ReachedAgain    = Promise{"I5", "all come back"}
	NothingIsHeld   = Promise{"I6", "nothing is left"}
	NoOrphans       = Promise{"I9", "no queue is left"}
	CausesAreKnown  = Promise{"I10", "every outage has a cause"}
	NothingIsBroken = Promise{"", "no errors"}
)

// Finding is a promise that was not kept.
type Finding struct {
	Promise
	What string
}

func (f Finding) String() string {
	if f.ID == "" {
		return f.Text + ": " + f.What
	}
	return f.ID + ", " + f.Text + ": " + f.What
}

// Terms are what the checker cannot read in the events.
type Terms struct {
	// Runs tells whether the history has the executions of a node. Nil: of every node.
	Runs func(node string) bool
	// Audits tells whether the history has a node's audit log. Nil: of every node.
	Audits func(node string) bool
	// Mute: a node's executions are its audit lines; it writes no events of its own. Nil: no node is mute.
	Mute func(node string) bool
	// AuditClock is how coarse the times of audit lines are.
	AuditClock time.Duration
	// Cause tells whether a fault explains what the event tells, or a call that was not whole. Nil: the events Injected and Healed, with
	// Aftermath behind each, do.
	Cause func(Event) bool
	// Excuse explains outages besides what Cause does. Nil: nothing else does.
	Excuse func(Event) bool
	// Aftermath is how long after it is over a fault explains an outage.
	Aftermath time.Duration
	// Nodes are all that calls must reach from BackBy on: those that begin then, and one at least. BackBy 0: this is not judged.
	Nodes  []string
	BackBy time.Duration
	// Slack is what a process may hold more than before.
	Slack Held
}

// DefaultSlack is what a daemon may hold more when all is over, in its process; RSS is a tenth, or this, by which the
// heap of a Go program moves while it warms up.
var DefaultSlack = Held{Goroutines: 2, FDs: 2, Children: 0, RSS: 8 << 20}

// work is a request on a node.
type work struct{ node, id string }

type checker struct {
	Terms
	events []Event
	calls  []Call
	runs   map[work]int
	audits map[work]time.Duration // the first line
	found  []Finding
}

// Check reads a history and names each promise that was broken, in the order of the promises.
func Check(events []Event, t Terms) []Finding {
	c := &checker{Terms: t, events: slices.Clone(events), runs: map[work]int{}, audits: map[work]time.Duration{}}
	slices.SortStableFunc(c.events, func(a, b Event) int { return int(a.At - b.At) })
	for _, e := range c.events {
		if e.What == Called {
			c.calls = append(c.calls, *e.Call)
		}
	}
	for _, one := range []func(){c.noErrors, c.atMostOnce, c.answers, c.causes, c.reachedAgain, c.held, c.orphans} {
		one()
	}
	return c.found
}

func (c *checker) wrong(p Promise, format string, args ...any) {
	c.found = append(c.found, Finding{p, fmt.Sprintf(format, args...)})
}

func (c *checker) noErrors() {
	for _, e := range c.events {
		if e.What == Broken {
			c.wrong(NothingIsBroken, "%s", e)
		}
	}
}

// known tells what a predicate says of a node; nil is yes.
func known(p func(string) bool, node string) bool { return p == nil || p(node) }

// atMostOnce: a node runs a request once, and says so before.
func (c *checker) atMostOnce() {
	pending := map[work]int{}
	for _, e := range c.events {
		switch w := (work{e.Who, e.ID}); e.What {
		case Audited:
			if _, ok := c.audits[w]; !ok {
				c.audits[w] = e.At
			}
			pending[w]++
			if c.Mute != nil && c.Mute(e.Who) {
				c.runs[w]++
			}
		case Ran:
			c.runs[w]++
			if !known(c.Audits, e.Who) {
				continue
			}
			if pending[w]--; pending[w] < 0 {
				c.wrong(AuditedFirst, "%s", e)
			}
		}
	}
	for _, w := range sortedWork(c.runs) {
		if n := c.runs[w]; n > 1 {
			c.wrong(AtMostOnce, "%s ran %s %d times", w.node, w.id, n)
		}
	}
}

func sortedWork(m map[work]int) []work {
	var all []work
	for w := range m {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b work) int { return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.id, b.id)) })
	return all
}
