package simulation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rpc"
)

// What a history tells of.
const (
	dialled  = "dialled"  // a peer tries a broker
	refused  = "refused"  // and could not have a link
	linked   = "linked"   // and has one
	ended    = "ended"    // a link is over
	stands   = "stands"   // a peer's sessions changed: detail names the brokers at which it is Ready
	early    = "early"    // a peer calls itself Ready before its broker has finished its subscriptions
	up       = "up"       // a node was started
	down     = "down"     // a node has ended
	audited  = "audited"  // a request is about to run
	ran      = "ran"      // a request runs
	received = "received" // a reply reached its client's queue
	broken   = "broken"   // something returned an error that never may
)

// event is one line of a history.
type event struct {
	at         time.Duration // since the start
	who, what  string
	id         string // of a request
	broker     int    // -1: none
	detail     string
	brokersUp  []int // stands: where it is Ready
	expires    time.Duration
	node       string // received: who replied
	ourselves  bool   // ended, refused: by its owner
	generation int    // of a node's process
}

func (e event) String() string {
	s := fmt.Sprintf("%14s %-8s %-9s", e.at, e.who, e.what)
	for _, part := range []string{e.id, e.node, e.detail} {
		if part != "" {
			s += " " + part
		}
	}
	if e.broker >= 0 {
		s += " " + brokerName(e.broker)
	}
	if e.what == stands {
		s += fmt.Sprint(" ready at ", e.brokersUp)
	}
	return s
}

// answer is a reply as its caller got it.
type answer struct {
	at         time.Duration
	node       string
	code       mco.StatusCode
	token      string // given back by the node
	by         string // who the node says it is
	unexpected bool
}

// call is a request as its caller saw it.
type call struct {
	ask
	began, over time.Duration
	answers     []answer
	stats       rpc.Stats
	err         error
}

// history is what happened in a run. It is safe for concurrent use.
type history struct {
	begin time.Time

	mu     sync.Mutex // guards the fields below
	events []event
	calls  []call
	left   []string // what was left when all had ended
}

func (h *history) now() time.Duration { return time.Since(h.begin) }

func (h *history) add(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e.at = h.now()
	h.events = append(h.events, e)
}

func (h *history) called(c call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, c)
}

// order puts what happened at the same moment into one order, so that two runs of a seed have equal histories. Of states that a peer
// went through in one moment the last is kept.
func (h *history) order() {
	last := map[string]int{} // index into kept
	kept := h.events[:0]
	for _, e := range h.events {
		if i, ok := last[e.who]; ok && e.what == stands && kept[i].at == e.at {
			kept[i] = e
			continue
		}
		if e.what == stands {
			last[e.who] = len(kept)
		}
		kept = append(kept, e)
	}
	h.events = kept
	slices.SortStableFunc(h.events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.who, b.who), cmp.Compare(a.String(), b.String()))
	})
	slices.SortFunc(h.calls, func(a, b call) int { return cmp.Compare(a.at, b.at) })
}

// String is the history as a text, events first.
func (h *history) String() string {
	var b strings.Builder
	for _, e := range h.events {
		fmt.Fprintln(&b, e)
	}
	for _, c := range h.calls {
		fmt.Fprintf(&b, "%s of %s, %s to %s, asked %v, ttl %s, timeout %s:", c.token, c.client, c.began, c.over, c.stats.Discovered, c.ttl, c.timeout)
		for _, a := range c.answers {
			fmt.Fprintf(&b, " %s(%d at %s)", a.node, a.code, a.at)
		}
		for _, s := range c.stats.Silent {
			fmt.Fprintf(&b, " %s(%s)", s.Node, s.Reason)
		}
		if c.err != nil {
			fmt.Fprintf(&b, " error %s", c.err)
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}
