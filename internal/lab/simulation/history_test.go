package simulation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mco-go/mco-go/internal/lab/history"
	"github.com/mco-go/mco-go/mco/rpc"
)

// call is a request as its caller saw it.
type call struct {
	ask
	began, over time.Duration
	answers     []history.Answer
	stats       rpc.Stats
	err         error
}

// told is the call as the checker of all runs reads it.
func (c call) told() history.Call {
	k := history.Call{ID: c.stats.RequestID, Client: c.client, Token: c.token, Began: c.began, Over: c.over, Asked: c.stats.Discovered,
		Answers: c.answers, NoAnswer: c.noAnswer}
	for _, s := range c.stats.Silent {
		k.Silent = append(k.Silent, history.Silence{Node: s.Node, Reason: s.Reason.String()})
	}
	if c.err != nil {
		k.Error = c.err.Error()
	}
	return k
}

// record is what happened in a run. It is safe for concurrent use.
type record struct {
	begin time.Time

	mu     sync.Mutex // guards the fields below
	events []history.Event
	calls  []call
	left   []string // what was left when all had ended
}

func (h *record) now() time.Duration { return time.Since(h.begin) }

func (h *record) add(e history.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e.At = h.now()
	h.events = append(h.events, e)
}

func (h *record) called(c call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, c)
}

// order puts what happened at the same moment into one order, so that two runs of a seed have equal histories. Of states that a peer
// went through in one moment the last is kept.
func (h *record) order() {
	last := map[string]int{} // index into kept
	kept := h.events[:0]
	for _, e := range h.events {
		if i, ok := last[e.Who]; ok && e.What == history.Stands && kept[i].At == e.At {
			kept[i] = e
			continue
		}
		if e.What == history.Stands {
			last[e.Who] = len(kept)
		}
		kept = append(kept, e)
	}
	h.events = kept
	slices.SortStableFunc(h.events, func(a, b history.Event) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Who, b.Who), cmp.Compare(a.String(), b.String()))
	})
	slices.SortFunc(h.calls, func(a, b call) int { return cmp.Compare(a.at, b.at) })
}

// String is the history as a text, events first.
func (h *record) String() string {
	var b strings.Builder
	for _, e := range h.events {
		fmt.Fprintln(&b, e)
	}
	for _, c := range h.calls {
		fmt.Fprintf(&b, "%s of %s, %s to %s, asked %v, ttl %s, timeout %s:", c.token, c.client, c.began, c.over, c.stats.Discovered, c.ttl, c.timeout)
		for _, a := range c.answers {
			fmt.Fprintf(&b, " %s(%d at %s)", a.Node, a.Code, a.At)
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
