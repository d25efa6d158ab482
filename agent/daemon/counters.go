package daemon

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/mco-go/mco-go/agent"
)

// counters are the numbers behind [agent.Statistics].
type counters struct {
	start                                             time.Time
	total, validated, unvalidated, passed, filtered   atomic.Uint64
	ttlExpired, replies                               atomic.Uint64
	undecodable, repeated, busy, panics, unanswerable atomic.Uint64
	limited, reasked                                  atomic.Uint64
}

// Statistics returns the daemon's counters and what it works on.
func (d *Daemon) Statistics() agent.Statistics {
	s := &d.stats
	out := agent.Statistics{
		Start: s.start, Total: s.total.Load(), Validated: s.validated.Load(), Unvalidated: s.unvalidated.Load(),
		Passed: s.passed.Load(), Filtered: s.filtered.Load(), TTLExpired: s.ttlExpired.Load(), Replies: s.replies.Load(),
		Undecodable: s.undecodable.Load(), Repeated: s.repeated.Load(), Busy: s.busy.Load(), Panics: s.panics.Load(),
		Unanswerable: s.unanswerable.Load(), Limited: s.limited.Load(), Reasked: s.reasked.Load(),
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for j := range d.running {
		out.Running = append(out.Running, j.name())
	}
	slices.Sort(out.Running)
	return out
}

// Busy tells whether any request is running.
func (d *Daemon) Busy() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.running) > 0
}
