package simulation

import (
	"slices"
	"time"

	"github.com/mco-go/mco-go/internal/lab/history"
)

// allComeBack: who could have a broker all the time has it after a while, and who is on every broker has each.
func (c *checker) allComeBack() {
	for _, p := range c.peers() {
		for b := range c.brokers {
			well := c.wellSpans(p.name, b)
			missing := history.Gaps(c.alive[p.name], c.ready[place{p.name, b}])
			limit := c.backAgain()
			if !p.all {
				// On any will do; it may try all others before.
				if missing = history.Gaps(c.alive[p.name], c.readyAnywhere(p.name)); c.randomize {
					continue // where it goes next is left to chance
				}
				limit += time.Duration(c.brokers) * (5*time.Second + c.longestWait())
			}
			for _, m := range missing {
				for _, w := range well {
					if both := min(m.To, w.To) - max(m.From, w.From); both > limit {
						c.wrong("all come back", "%s is not Ready from %s to %s, and %s was well for %s of it", p.name, m.From, m.To, brokerName(b), both)
					}
				}
			}
		}
		// With all of them well, chance cannot be wrong either. It may be moving home just then.
		last := c.healed + c.backAgain()
		moved := last + 2*time.Second + c.subscribing + time.Second
		if c.end > moved && !slices.ContainsFunc(c.readyAnywhere(p.name), func(s history.Span) bool { return s.From <= moved && s.To > last }) {
			c.wrong("all come back", "%s is not Ready at %s, all was well at %s", p.name, last, c.healed)
		}
	}
}

// wellSpans are the times in which nothing is wrong with a broker or the way to it.
func (c *checker) wellSpans(peer string, b int) []history.Span {
	var bad []history.Span
	for _, f := range c.faults {
		if !f.weather() && f.touches(peer, b) {
			bad = append(bad, history.Span{From: f.at, To: f.until + 1})
		}
	}
	return history.Gaps([]history.Span{{From: 0, To: c.end}}, bad)
}

func (c *checker) readyAnywhere(peer string) (all []history.Span) {
	for b := range c.brokers {
		all = append(all, c.ready[place{peer, b}]...)
	}
	return all
}

// allGather: when all has been well for long enough, who prefers the first member is there, and nobody is in two places.
func (c *checker) allGather() {
	at := c.settled()
	for _, p := range c.peers() {
		var where []int
		for b := range c.brokers {
			if history.Cover(c.ready[place{p.name, b}], at, at) {
				where = append(where, b)
			}
		}
		switch {
		case p.all && len(where) != c.brokers:
			c.wrong("a group is everywhere", "%s is Ready at %v only", p.name, where)
		case !p.all && len(where) != 1:
			c.wrong("a session is in one place", "%s is Ready at %v", p.name, where)
		case !p.all && c.failback > 0 && !c.randomize && where[0] != 0:
			c.wrong("the fleet gathers", "%s is at %s at %s, all was well at %s", p.name, brokerName(where[0]), at, c.healed)
		}
	}
}

// leastWait is what a session waits at least when every member of its pool has failed.
const leastWait = 500 * time.Millisecond

// attempts is what one session has tried.
type attempts struct {
	generation int
	links      int
	ready      bool // on its newest link
	failures   int  // in a row
	since      time.Duration
	failed     bool // the last thing that happened was a failure
}

// waitsAreBounded: nobody hammers at brokers that are away, and nobody forgets to try.
func (c *checker) waitsAreBounded() {
	sessions := map[place]*attempts{}
	for _, e := range c.events {
		members, key := c.brokers, place{e.Who, 0}
		if i := slices.IndexFunc(c.peers(), func(p peerPlan) bool { return p.name == e.Who }); i >= 0 && c.peers()[i].all {
			members, key.broker = 1, max(e.Broker, 0)
		}
		a := sessions[key]
		if a == nil || e.What == history.Dialled && a.generation != e.Generation {
			a = &attempts{generation: e.Generation}
			sessions[key] = a
		}
		switch e.What {
		case history.Dialled:
			if a.links == 0 && a.failed {
				wait := e.At - a.since
				if wait > max(c.longestWait(), c.spread) {
					c.wrong("waits are bounded", "%s, %s after the last failure", e, wait)
				}
				if a.failures >= members && wait < leastWait {
					c.wrong("nobody hammers", "%s, %s after failure %d with %d members", e, wait, a.failures, members)
				}
			}
			if a.links == 0 {
				a.failed = false
			}
		case history.Linked:
			a.links++
			a.ready, a.failed = false, false
		case history.Refused:
			if a.links == 0 && !e.Ourselves {
				a.failures++
				a.since, a.failed = e.At, true
			}
		case history.Ended:
			if e.Generation != a.generation {
				continue // of the process before
			}
			if a.links--; a.links > 0 || e.Ourselves {
				continue
			}
			a.failures++
			if a.ready {
				a.failures = 0
			}
			a.since, a.failed = e.At, true
		case history.Stands:
			for b := range c.brokers {
				at := place{e.Who, 0}
				if members == 1 {
					at.broker = b
				}
				if s := sessions[at]; s != nil && slices.Contains(e.BrokersUp, b) {
					s.ready, s.failures = true, 0
				}
			}
		}
	}
}
