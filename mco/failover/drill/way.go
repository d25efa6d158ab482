package drill

import (
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco/failover"
)

// moments are those of a drill that ways are measured from. 0: not yet.
type moments struct{ fault, gone, back time.Duration }

// way is the way of a node that is on the broker, or may be, as far as it was followed.
type way struct {
	broker  string
	pool    []string // of the client
	other   string   // another broker with which it has a session from the beginning
	ours    bool     // it tells where it stands
	linked  bool     // it answers over brokers that it is not on
	unknown bool     // nobody knows where it is
	returns bool
	same    bool // a new session with the same broker counts

	outcome Outcome // empty: on its way
	to      string
	away    time.Duration
	exact   bool
	homeAt  *time.Duration
}

// newWay returns nil for a node that has nothing to do with the broker.
func newWay(p *Plan, n *failover.Node) *way {
	on, maybe := slices.Contains(p.On, n.Identity), slices.Contains(p.Maybe, n.Identity)
	if !on && !maybe {
		return nil
	}
	w := &way{broker: p.Broker, ours: told(n), unknown: maybe, returns: slices.Contains(p.Return, n.Identity), linked: len(n.Over) > len(n.On)}
	for _, b := range p.Status.Brokers {
		w.pool = append(w.pool, b.Addr)
	}
	for _, b := range n.On {
		if b != p.Broker && slices.Contains(p.Others, b) {
			w.other = b
		}
	}
	return w
}

// arrived tells whether the node is reachable again, home whether it has come back, where it comes back at all.
func (w *way) arrived() bool { return w.outcome != "" }

func (w *way) home() bool { return !w.returns || w.outcome == "" || w.homeAt != nil }

// unanswered is how often a node of ours is asked in vain before asking has to do.
const unanswered = 4

// follow takes in what was heard. The record is held.
func (w *way) follow(r *record, name string, m moments) {
	if m.gone > 0 && w.outcome == "" {
		w.leave(r, name, m)
	}
	if m.back > 0 && w.returns && w.homeAt == nil && w.outcome != "" {
		w.comeBack(r, name, m)
	}
}

func (w *way) elsewhere(broker string) bool { return broker != w.broker }

// leave finds the moment at which the node was ready on another broker.
func (w *way) leave(r *record, name string, m moments) {
	heard, over, ok := r.first(name, m.fault, w.elsewhere)
	switch {
	case w.unknown:
		w.leap(r, name, m)
	case w.other != "":
		if _, over, ok := r.first(name, m.gone, w.elsewhere); ok {
			w.outcome, w.to = Kept, over
		}
	case w.ours:
		if s, found := fresh(r.told[name], m.fault, func(b string) bool { return w.same || b != w.broker }); found {
			w.moved(s.since, s.broker, m, true)
			if !slices.Contains(w.pool, w.to) && ok {
				w.to = over // its own name for it
			}
			if !w.linked && ok && heard < s.since-r.every { // it moved on before it could be asked
				w.moved(heard, over, m, false)
			}
		} else if ok && !w.linked && r.asked[name] >= unanswered && !newer(r.told[name], m.fault) {
			w.moved(heard, over, m, false)
		}
	case ok:
		w.moved(heard, over, m, false)
	}
}

func (w *way) moved(at time.Duration, to string, m moments, exact bool) {
	w.outcome, w.to, w.away, w.exact = Moved, to, max(at-m.gone, 0), exact
	w.returns = w.returns && to != w.broker
}

// leap finds the time without an answer of a node that answers over several linked brokers. Without one it was not touched, as far as it
// can be known.
func (w *way) leap(r *record, name string, m moments) {
	const long = 5 * time.Second
	last := m.gone
	for {
		at, over, ok := r.first(name, last+1, w.elsewhere)
		switch {
		case ok && at-last > r.gap():
			w.moved(at, over, m, false)
			return
		case ok:
			last, w.to = at, over
		case r.now()-m.gone > long+r.gap() && r.now()-last <= r.gap():
			w.outcome = Kept
			return
		default:
			return
		}
	}
}

// comeBack finds the moment at which the node was ready on the broker again.
func (w *way) comeBack(r *record, name string, m moments) {
	heard, _, ok := r.first(name, m.back, func(b string) bool { return b == w.broker })
	if !ok {
		return
	}
	mine := func(b string) bool { return b == w.broker || !slices.Contains(w.pool, b) }
	if s, found := fresh(r.told[name], m.gone, mine); found {
		w.homeAt = new(max(s.since-m.back, 0))
		w.exact = w.exact || w.outcome == Kept
	} else if !w.linked && r.asked[name] >= unanswered && !newer(r.told[name], m.back) {
		w.homeAt, w.exact = new(max(heard-m.back, 0)), false
	}
}

// fresh is the first session that began after a moment, with a broker that matches.
func fresh(tellings []telling, after time.Duration, match func(string) bool) (found session, ok bool) {
	for _, t := range tellings {
		for _, s := range t.sessions {
			if s.since > after && match(s.broker) && (!ok || s.since < found.since) {
				found, ok = s, true
			}
		}
	}
	return found, ok
}

// newer tells whether a node told anything after a moment.
func newer(tellings []telling, after time.Duration) bool {
	return len(tellings) > 0 && tellings[len(tellings)-1].at > after
}

// due names the nodes of ours that should tell where they stand: those that answer over a broker that they were not on.
func (r *run) due(broker string) (names []string) {
	r.mu.Lock()
	phase, m := r.phase, moments{r.fault, r.gone, r.back}
	r.mu.Unlock()
	r.rec.mu.Lock()
	defer r.rec.mu.Unlock()
	for name, w := range r.ways {
		from, want := m.fault, false
		switch phase {
		case Away:
			want = w.outcome == "" && w.other == "" && m.gone > 0 && (broker != w.broker || w.same)
		case Returning:
			from, want = m.back, w.returns && w.outcome != "" && w.homeAt == nil && broker == w.broker
		}
		if !w.ours || !want {
			continue
		}
		if _, _, ok := r.rec.first(name, from, func(b string) bool { return b == broker }); ok {
			r.rec.asked[name]++
			names = append(names, name)
		}
	}
	return names
}
