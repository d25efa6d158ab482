package history

import (
	"slices"
	"time"
)

// answers: each reply answers its request, comes from who ran it, and once; whoever was asked has replied or is named.
func (c *checker) answers() {
	for _, k := range c.calls {
		seen := map[string]bool{}
		for _, a := range k.Answers {
			w := work{a.Node, k.ID}
			at, audited := c.audits[w]
			switch {
			case seen[a.Node]:
				c.wrong(OneReply, "%s: two of %s", k.name(), a.Node)
			case k.Token != "" && a.Code == 0 && (a.Token != k.Token || a.By != "" && a.By != a.Node):
				c.wrong(ThisRequest, "%s: %s gave back %s of %s", k.name(), a.Node, a.Token, a.By)
			case a.Unexpected == slices.Contains(k.Asked, a.Node):
				c.wrong(ThisRequest, "%s: reply of %s, unexpected %v", k.name(), a.Node, a.Unexpected)
			case known(c.Runs, a.Node) && c.runs[w] == 0:
				c.wrong(RepliersRan, "%s: %s replied and did not run %s", k.name(), a.Node, k.ID)
			case known(c.Audits, a.Node) && !audited:
				c.wrong(AuditedFirst, "%s: %s replied and wrote nothing down", k.name(), a.Node)
			case known(c.Audits, a.Node) && at > a.At+c.AuditClock:
				c.wrong(AuditedFirst, "%s: %s replied at %s and wrote it down at %s", k.name(), a.Node, a.At, at)
			}
			seen[a.Node] = true
		}
		if !k.NoAnswer && k.Error == "" {
			c.named(k, seen)
		}
	}
}

func (k Call) name() string {
	if k.Token != "" {
		return k.Token
	}
	return k.ID
}

// named: who was asked has replied, or is named with a reason, and not both.
func (c *checker) named(k Call, replied map[string]bool) {
	named := map[string]bool{}
	for _, s := range k.Silent {
		if named[s.Node] || replied[s.Node] || !slices.Contains(k.Asked, s.Node) {
			c.wrong(RepliedOrNamed, "%s: %s is named as silent", k.name(), s.Node)
		}
		named[s.Node] = true
	}
	for _, n := range k.Asked {
		if !replied[n] && !named[n] {
			c.wrong(RepliedOrNamed, "%s: nothing is said of %s", k.name(), n)
		}
	}
}

// causes: no connection is lost or refused, and no call is less than whole, without a fault.
func (c *checker) causes() {
	cause := c.Cause
	if cause == nil {
		cause = FaultsExplain(c.events, c.Aftermath)
	}
	for _, e := range c.events {
		outage := (e.What == Ended || e.What == Refused) && !e.Ourselves || e.What == Called && !e.Call.NoAnswer && !e.Call.Whole()
		if !outage || cause(e) || c.Excuse != nil && c.Excuse(e) {
			continue
		}
		if e.What == Called {
			c.wrong(CausesAreKnown, "%s from %s to %s: no reply of %v %s", e.Call.name(), e.Call.Began, e.Call.Over, e.Call.Missing(), e.Call.Error)
			continue
		}
		c.wrong(CausesAreKnown, "%s", e)
	}
}

// FaultsExplain returns the cause that the injector's log tells: a fault that was there, or had been until aftermath before.
func FaultsExplain(events []Event, aftermath time.Duration) func(Event) bool {
	faults := Faults(events)
	return func(e Event) bool {
		from := e.At
		if e.What == Called {
			from = e.Call.Began
		}
		return slices.ContainsFunc(faults, func(f Fault) bool {
			return Span{f.From, f.To + aftermath}.Touches(from, e.At) && (e.Broker < 0 || f.Broker < 0 || e.Broker == f.Broker)
		})
	}
}

// reachedAgain: what begins when the faults are long over reaches everybody, and something does.
func (c *checker) reachedAgain() {
	if c.BackBy == 0 {
		return
	}
	reached := map[string]bool{}
	for _, k := range c.calls {
		if k.Began < c.BackBy || k.NoAnswer {
			continue
		}
		for _, a := range k.Answers {
			reached[a.Node] = true
		}
		for _, n := range k.Missing() {
			if slices.Contains(c.Nodes, n) {
				c.wrong(ReachedAgain, "%s is not reached by %s at %s, all had to be well at %s", n, k.name(), k.Began, c.BackBy)
			}
		}
	}
	for _, n := range c.Nodes {
		if !reached[n] {
			c.wrong(ReachedAgain, "%s replied to nothing after %s", n, c.BackBy)
		}
	}
}

// held: a process holds no more than before.
func (c *checker) held() {
	before := map[string]Held{}
	after := map[string]Held{}
	var order []string
	for _, e := range c.events {
		switch e.What {
		case Baseline:
			before[e.Who] = *e.Held
			order = append(order, e.Who)
		case Remaining: // the last counts: things may settle
			after[e.Who] = *e.Held
		}
	}
	for _, who := range order {
		b := before[who]
		a, ok := after[who]
		if !ok {
			c.wrong(NothingIsHeld, "%s was not looked at again", who)
			continue
		}
		if !a.Within(b, c.Slack) {
			c.wrong(NothingIsHeld, "%s holds %+v, before %+v", who, a, b)
		}
	}
}

// kept is what one of many daemons in a process may have come to keep while it works, in bytes: its last 256 replies, and what became of
// 512 requests.
const kept = 512 << 10

// Within tells whether h is no more than before was and the slack allows. What is not known is not judged.
func (h Held) Within(before, slack Held) bool {
	memory := before.RSS + max(before.RSS/10, slack.RSS) + int64(h.Daemons)*kept
	return (before.Goroutines == 0 || h.Goroutines <= before.Goroutines+slack.Goroutines) && h.FDs <= before.FDs+slack.FDs &&
		h.Children <= before.Children+slack.Children && h.RSS <= memory
}

func (c *checker) orphans() {
	for _, e := range c.events {
		if e.What == Orphan {
			c.wrong(NoOrphans, "%s", e)
		}
	}
}

// Latest is when the last fault was over.
func Latest(events []Event) (healed time.Duration) {
	for _, f := range Faults(events) {
		healed = max(healed, f.To)
	}
	return healed
}
