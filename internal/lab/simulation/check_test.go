package simulation

import (
	"fmt"
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rpc"
)

// check reads a history and names each promise that was broken.
func check(s *schedule, h *history) []string {
	c := &checker{schedule: s, history: h, ready: map[place][]span{}, alive: map[string][]span{}}
	for _, e := range h.events {
		c.end = max(c.end, e.at)
	}
	c.collect()
	for _, one := range []func(){
		c.noErrors, c.atMostOnce, c.inTime, c.readyIsProven, c.silenceIsNoticed, c.causesAreKnown,
		c.allComeBack, c.allGather, c.waitsAreBounded, c.calls, c.nothingIsLeft,
	} {
		one()
	}
	return c.found
}

type checker struct {
	*schedule
	*history
	end   time.Duration
	ready map[place][]span
	alive map[string][]span // nodes, while they run
	runs  map[work]int
	found []string
}

// place is where a peer meets a broker.
type place struct {
	peer   string
	broker int
}

// work is a request on a node.
type work struct{ node, id string }

// span is a time from its first moment to before its last.
type span struct{ from, to time.Duration }

// cover tells whether one of the spans holds all of the time from from to to.
func cover(spans []span, from, to time.Duration) bool {
	return slices.ContainsFunc(spans, func(s span) bool { return s.from < from && to < s.to })
}

func (c *checker) wrong(promise, format string, args ...any) {
	c.found = append(c.found, promise+": "+fmt.Sprintf(format, args...))
}

// peers are all that connect.
func (c *checker) peers() []peerPlan { return slices.Concat(c.schedule.nodes, c.schedule.clients) }

// collect makes spans of events.
func (c *checker) collect() {
	c.runs = map[work]int{}
	since := map[place]time.Duration{}
	started := map[string]time.Duration{}
	stop := func(p place, at time.Duration) {
		if from, ok := since[p]; ok {
			c.ready[p] = append(c.ready[p], span{from, at})
			delete(since, p)
		}
	}
	for _, e := range c.events {
		switch e.what {
		case ran:
			c.runs[work{e.who, e.id}]++
		case up:
			started[e.who] = e.at
		case down:
			c.alive[e.who] = append(c.alive[e.who], span{started[e.who], e.at})
			for b := range c.brokers {
				stop(place{e.who, b}, e.at)
			}
		case ended:
			stop(place{e.who, e.broker}, e.at)
		case stands:
			for b := range c.brokers {
				p := place{e.who, b}
				if !slices.Contains(e.brokersUp, b) {
					stop(p, e.at)
				} else if _, ok := since[p]; !ok {
					since[p] = e.at
				}
			}
		}
	}
	for p := range since {
		stop(p, c.end+1)
	}
	for _, p := range c.schedule.clients {
		c.alive[p.name] = []span{{-1, c.end + 1}}
	}
}

// disturbed tells whether something can disturb a peer at a broker at that time.
func (c *checker) disturbed(peer string, broker int, from, to time.Duration, weather bool) bool {
	return slices.ContainsFunc(c.faults, func(f fault) bool {
		return (weather || !f.weather()) && f.touches(peer, broker) && f.during(from, to)
	})
}

func (c *checker) noErrors() {
	for _, e := range c.events {
		if e.what == broken {
			c.wrong("no errors", "%s", e)
		}
	}
}

// atMostOnce: a node runs a request once, and says so before.
func (c *checker) atMostOnce() {
	written := map[work]int{}
	for _, e := range c.events {
		switch w := (work{e.who, e.id}); e.what {
		case audited:
			written[w]++
		case ran:
			if written[w]--; written[w] < 0 {
				c.wrong("audited first", "%s", e)
			}
		}
	}
	for w, n := range c.runs {
		if n > 1 {
			c.wrong("at most once", "%s ran %s %d times", w.node, w.id, n)
		}
	}
}

// inTime: nothing runs when its life is over. Ages are counted in whole seconds.
func (c *checker) inTime() {
	for _, e := range c.events {
		if e.what == ran && e.at >= e.expires+time.Second {
			c.wrong("nothing runs late", "%s, its life ended at %s", e, e.expires)
		}
	}
}

// readyIsProven: who calls himself Ready is reached.
func (c *checker) readyIsProven() {
	for _, e := range c.events {
		if e.what == early {
			c.wrong("Ready means subscribed", "%s", e)
		}
	}
}

// silenceIsNoticed: nobody believes in a broker from which nothing comes for longer than heart-beats allow.
func (c *checker) silenceIsNoticed() {
	for _, f := range c.faults {
		by := f.at + heartBeats
		if f.what != freeze && f.what != cutWay || by >= f.until {
			continue
		}
		for _, p := range c.peers() {
			if f.touches(p.name, f.broker) && cover(c.ready[place{p.name, f.broker}], f.at, by) {
				c.wrong("silence is noticed", "%s is still Ready at %s, %s after %s", p.name, brokerName(f.broker), heartBeats, f)
			}
		}
	}
}

// causesAreKnown: no connection is lost or refused without a fault.
func (c *checker) causesAreKnown() {
	for _, e := range c.events {
		if (e.what == ended || e.what == refused) && !e.ourselves && !c.disturbed(e.who, e.broker, e.at-5*time.Second, e.at, false) {
			c.wrong("every outage has a cause", "%s", e)
		}
	}
}

// nothingIsLeft: sessions that ended have no links.
func (c *checker) nothingIsLeft() {
	for _, what := range c.left {
		c.wrong("nothing is left", "%s", what)
	}
}

// calls judges what the callers saw.
func (c *checker) calls() {
	if len(c.history.calls) != len(c.asks) {
		c.wrong("every call ends", "%d of %d did", len(c.history.calls), len(c.asks))
	}
	for _, k := range c.history.calls {
		c.answers(k)
		c.silent(k)
		c.reached(k)
	}
}

// answers: each reply answers this request, comes from who ran it, and once.
func (c *checker) answers(k call) {
	seen := map[string]bool{}
	for _, a := range k.answers {
		id := k.stats.RequestID
		switch {
		case seen[a.node]:
			c.wrong("one reply a node", "%s: two of %s", k.token, a.node)
		case a.code != mco.OK:
			c.wrong("nothing fails", "%s: %s answered with code %d", k.token, a.node, a.code)
		case a.token != k.token || a.by != a.node:
			c.wrong("replies are to this request", "%s: %s gave back %s of %s", k.token, a.node, a.token, a.by)
		case c.runs[work{a.node, id}] == 0:
			c.wrong("who replies has run", "%s: %s replied and did not run %s", k.token, a.node, id)
		case a.unexpected == slices.Contains(k.stats.Discovered, a.node):
			c.wrong("strangers are named", "%s: reply of %s, unexpected %v", k.token, a.node, a.unexpected)
		}
		seen[a.node] = true
	}
	if k.noAnswer || k.err != nil {
		return
	}
	// Who was asked has replied or is named.
	named := map[string]bool{}
	for _, s := range k.stats.Silent {
		if named[s.Node] || seen[s.Node] || !slices.Contains(k.stats.Discovered, s.Node) {
			c.wrong("replied or named", "%s: %s is named as silent", k.token, s.Node)
		}
		named[s.Node] = true
	}
	for _, n := range k.stats.Discovered {
		if !seen[n] && !named[n] {
			c.wrong("replied or named", "%s: nothing is said of %s", k.token, n)
		}
	}
	for _, n := range k.nodes {
		if !slices.Contains(k.stats.Discovered, n) {
			c.wrong("replied or named", "%s: %s was not asked", k.token, n)
		}
	}
}

// silent: the reason that a silent node is given is true.
func (c *checker) silent(k call) {
	waited := k.began + k.stats.TotalTime // at least
	for _, s := range k.stats.Silent {
		isTrue := false
		switch s.Reason {
		case rpc.NotSent:
			isTrue = c.runs[work{s.Node, k.stats.RequestID}] == 0
		case rpc.Interrupted:
			isTrue = k.giveUp > 0 && k.over >= k.began+k.giveUp
		case rpc.Disconnected:
			isTrue = c.movedDuring(k.client, k.began, k.over)
		case rpc.NeverSeen:
			isTrue = len(k.nodes) > 0
		case rpc.NoReply:
			isTrue = len(k.nodes) == 0
		case 0: // unknown
			isTrue = true
		}
		if !isTrue {
			c.wrong("reasons are true", "%s: %s is silent because %q (%s)", k.token, s.Node, s.Reason, s.Detail)
		}
		for _, e := range c.events {
			if e.what == received && e.who == k.client && e.id == k.stats.RequestID && e.node == s.Node && e.at < waited {
				c.wrong("replies are handed over", "%s: %s is silent, and its reply came at %s", k.token, s.Node, e.at)
			}
		}
	}
}

// movedDuring tells whether a peer's place changed.
func (c *checker) movedDuring(peer string, from, to time.Duration) bool {
	return slices.ContainsFunc(c.events, func(e event) bool {
		return e.who == peer && (e.what == stands || e.what == ended) && from <= e.at && e.at <= to
	}) || !slices.ContainsFunc(c.everywhere(), func(b int) bool { return cover(c.ready[place{peer, b}], from, to) })
}

func (c *checker) everywhere() (all []int) {
	for b := range c.brokers {
		all = append(all, b)
	}
	return all
}

// reached: who was on a broker with the client all the time, with nothing to disturb either, was asked and has replied, whatever happened
// at the other brokers meanwhile.
func (c *checker) reached(k call) {
	until := k.over
	if k.noAnswer {
		until += time.Second // it is on its way
	}
	undisturbed := func(p peerPlan, b int) bool {
		return cover(c.ready[place{p.name, b}], k.began, until) && !c.disturbed(p.name, b, k.began, until, true)
	}
	asker := c.schedule.clients[slices.IndexFunc(c.schedule.clients, func(p peerPlan) bool { return p.name == k.client })]
	nominal := 16*time.Second + time.Duration(1+len(k.nodes))*(k.timeout+2*time.Second)
	for _, b := range c.everywhere() {
		if !undisturbed(asker, b) {
			continue
		}
		if k.over-k.began > nominal {
			c.wrong("calls are bounded", "%s took %s, at most %s are right", k.token, k.over-k.began, nominal)
		}
		if k.giveUp > 0 {
			continue
		}
		if k.err != nil {
			c.wrong("calls without faults succeed", "%s: %v", k.token, k.err)
		}
		for _, n := range c.schedule.nodes {
			if !undisturbed(n, b) || len(k.nodes) > 0 && !slices.Contains(k.nodes, n.name) {
				continue
			}
			if k.noAnswer {
				if c.runs[work{n.name, k.stats.RequestID}] == 0 {
					c.wrong("who is Ready is reached", "%s: %s did not run it", k.token, n.name)
				}
				continue
			}
			if c.work(n.name, k.token)+50*time.Millisecond > min(k.timeout, agentTimeout) {
				continue // it does not answer in time
			}
			if !slices.ContainsFunc(k.answers, func(a answer) bool { return a.node == n.name }) {
				c.wrong("who is Ready is reached", "%s: no reply of %s at %s", k.token, n.name, brokerName(b))
			}
		}
	}
}
