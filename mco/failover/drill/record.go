package drill

import (
	"slices"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco/failover"
)

// record is what was heard during a drill. Moments are counted from its start.
type record struct {
	start time.Time
	every time.Duration // between two questions

	mu      sync.Mutex                            // guards the fields below
	answers map[string]map[string][]time.Duration // node, broker: when it was certainly reachable
	told    map[string][]telling
	asked   map[string]int           // how often a node was asked to tell in this phase
	down    map[string]time.Duration // when our own session with a broker was lost last
	up      map[string]bool          // a broker has taken us in
}

// telling is what a node told of its sessions.
type telling struct {
	at       time.Duration
	mode     string
	sessions []session
}

// session is a session that a node is ready in.
type session struct {
	broker     string
	since      time.Duration
	reconnects int64
}

// Bounds of the rhythm of questions: every node costs its client and each broker an answer.
const (
	leastEvery = 250 * time.Millisecond
	mostEvery  = 5 * time.Second
	costOfNode = 2 * time.Millisecond
)

func newRecord(start time.Time, nodes int) *record {
	return &record{start: start, every: min(max(time.Duration(nodes)*costOfNode, leastEvery), mostEvery),
		answers: map[string]map[string][]time.Duration{}, told: map[string][]telling{}, asked: map[string]int{},
		down: map[string]time.Duration{}, up: map[string]bool{}}
}

// gap is a time without an answer that is none of the rhythm's.
func (r *record) gap() time.Duration { return 3 * r.every }

// answered notes an answer that came at a moment, a time after its question was sent. The node was reachable when the broker had the
// question; one that was long in coming may have been sent long after it was asked.
func (r *record) answered(node, broker string, at time.Time, took time.Duration) {
	moment := at.Sub(r.start) - min(took, r.every)
	r.mu.Lock()
	defer r.mu.Unlock()
	over := r.answers[node]
	if over == nil {
		over = map[string][]time.Duration{}
		r.answers[node] = over
	}
	i, _ := slices.BinarySearch(over[broker], moment)
	over[broker] = slices.Insert(over[broker], i, moment)
}

// tells notes what a node told at now.
func (r *record) tells(node string, t *failover.Told, now time.Time) {
	x := readTelling(t, now.Sub(r.start), now)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told[node] = append(r.told[node], x)
}

func readTelling(t *failover.Told, at time.Duration, now time.Time) telling {
	x := telling{at: at, mode: t.Mode}
	for _, s := range t.Sessions {
		if s.State == failover.Ready && !s.Since.IsZero() {
			x.sessions = append(x.sessions, session{s.Broker, at - now.Sub(s.Since), s.Reconnects})
		}
	}
	return x
}

// connected notes that a broker took us in, lost that it does not have us any more.
func (r *record) connected(broker string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up[broker] = true
}

func (r *record) lost(broker string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.up[broker] {
		r.up[broker], r.down[broker] = false, at.Sub(r.start)
	}
}

// now is the present moment.
func (r *record) now() time.Duration { return time.Since(r.start) }

// first is the first moment from one on at which a node was reachable over one of the brokers that match. mu is held.
func (r *record) first(node string, from time.Duration, match func(broker string) bool) (at time.Duration, broker string, ok bool) {
	for b, moments := range r.answers[node] {
		if !match(b) {
			continue
		}
		i, _ := slices.BinarySearch(moments, from)
		if i < len(moments) && (!ok || moments[i] < at) {
			at, broker, ok = moments[i], b, true
		}
	}
	return at, broker, ok
}
