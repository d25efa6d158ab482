package simulation

import (
	"fmt"
	"slices"
	"time"

	"github.com/mco-go/mco-go/internal/lab/history"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rpc"
)

// check reads a history and names each promise that was broken.
func check(s *schedule, h *record) []string {
	c := &checker{schedule: s, record: h, ready: map[place][]history.Span{}, alive: map[string][]history.Span{}}
	for _, e := range h.events {
		c.end = max(c.end, e.At)
	}
	c.collect()
	for _, one := range []func(){
		c.everyRun, c.inTime, c.readyIsProven, c.silenceIsNoticed,
		c.allComeBack, c.allGather, c.waitsAreBounded, c.calls, c.nothingIsLeft,
	} {
		one()
	}
	return c.found
}

type checker struct {
	*schedule
	*record
	end   time.Duration
	ready map[place][]history.Span
	alive map[string][]history.Span // nodes, while they run
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
			c.ready[p] = append(c.ready[p], history.Span{From: from, To: at})
			delete(since, p)
		}
	}
	for _, e := range c.events {
		switch e.What {
		case history.Ran:
			c.runs[work{e.Who, e.ID}]++
		case history.Up:
			started[e.Who] = e.At
		case history.Down:
			c.alive[e.Who] = append(c.alive[e.Who], history.Span{From: started[e.Who], To: e.At})
			for b := range c.brokers {
				stop(place{e.Who, b}, e.At)
			}
		case history.Ended:
			stop(place{e.Who, e.Broker}, e.At)
		case history.Stands:
			for b := range c.brokers {
				p := place{e.Who, b}
				if !slices.Contains(e.BrokersUp, b) {
					stop(p, e.At)
				} else if _, ok := since[p]; !ok {
					since[p] = e.At
				}
			}
		}
	}
	for p := range since {
		stop(p, c.end+1)
	}
	for _, p := range c.schedule.clients {
		c.alive[p.name] = []history.Span{{From: -1, To: c.end + 1}}
	}
}

// disturbed tells whether something can disturb a peer at a broker at that time.
func (c *checker) disturbed(peer string, broker int, from, to time.Duration, weather bool) bool {
	return slices.ContainsFunc(c.faults, func(f fault) bool {
		return (weather || !f.weather()) && f.touches(peer, broker) && f.during(from, to)
	})
}

// everyRun: what is promised of every run, simulated or not.
func (c *checker) everyRun() {
	events := slices.Clone(c.events)
	for _, k := range c.record.calls {
		told := k.told()
		events = append(events, history.Event{At: k.over, From: history.Client, Who: k.client, What: history.Called, Broker: -1, Call: &told})
	}
	found := history.Check(events, history.Terms{Cause: func(e history.Event) bool {
		return e.What == history.Called || c.disturbed(e.Who, e.Broker, e.At-5*time.Second, e.At, false) // calls are judged below
	}})
	for _, f := range found {
		c.wrong(f.Text, "%s", f.What)
	}
}

// inTime: nothing runs when its life is over. Ages are counted in whole seconds.
func (c *checker) inTime() {
	for _, e := range c.events {
		if e.What == history.Ran && e.At >= e.Expires+time.Second {
			c.wrong("nothing runs late", "%s, its life ended at %s", e, e.Expires)
		}
	}
}

// readyIsProven: who calls himself Ready is reached.
func (c *checker) readyIsProven() {
	for _, e := range c.events {
		if e.What == history.Early {
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
			if f.touches(p.name, f.broker) && history.Cover(c.ready[place{p.name, f.broker}], f.at, by) {
				c.wrong("silence is noticed", "%s is still Ready at %s, %s after %s", p.name, brokerName(f.broker), heartBeats, f)
			}
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
	if len(c.record.calls) != len(c.asks) {
		c.wrong("every call ends", "%d of %d did", len(c.record.calls), len(c.asks))
	}
	for _, k := range c.record.calls {
		c.answers(k)
		c.silent(k)
		c.reached(k)
	}
}

// answers: nobody fails, and who was named is asked.
func (c *checker) answers(k call) {
	for _, a := range k.answers {
		if a.Code != int(mco.OK) {
			c.wrong("nothing fails", "%s: %s answered with code %d", k.token, a.Node, a.Code)
		}
	}
	if k.noAnswer || k.err != nil {
		return
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
			if e.What == history.Received && e.Who == k.client && e.ID == k.stats.RequestID && e.Node == s.Node && e.At < waited {
				c.wrong("replies are handed over", "%s: %s is silent, and its reply came at %s", k.token, s.Node, e.At)
			}
		}
	}
}

// movedDuring tells whether a peer's place changed.
func (c *checker) movedDuring(peer string, from, to time.Duration) bool {
	return slices.ContainsFunc(c.events, func(e history.Event) bool {
		return e.Who == peer && (e.What == history.Stands || e.What == history.Ended) && from <= e.At && e.At <= to
	}) || !slices.ContainsFunc(c.everywhere(), func(b int) bool { return history.Cover(c.ready[place{peer, b}], from, to) })
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
		return history.Cover(c.ready[place{p.name, b}], k.began, until) && !c.disturbed(p.name, b, k.began, until, true)
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
			if !slices.ContainsFunc(k.answers, func(a history.Answer) bool { return a.Node == n.name }) {
				c.wrong("who is Ready is reached", "%s: no reply of %s at %s", k.token, n.name, brokerName(b))
			}
		}
	}
}
