package silent

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/rpc"
)

// report puts together what was found.
func (x *inquiry) report() *Report {
	r := &Report{Time: x.status.Time}
	left := map[string]bool{}
	for _, a := range x.Asked {
		reason, detail := x.reason(a)
		if reason == "" {
			left[a.Node] = true
			if e := x.found[a.Node]; e != nil && e.unpassed {
				r.Unmeant = append(r.Unmeant, a.Node)
			}
			continue
		}
		if reason == Unknown {
			r.Unknown++
		}
		r.Nodes = append(r.Nodes, Node{Identity: a.Node, Reason: reason, Detail: detail})
	}
	slices.SortFunc(r.Nodes, func(a, b Node) int {
		return cmp.Or(strings.Compare(string(a.Reason), string(b.Reason)), strings.Compare(a.Detail, b.Detail), strings.Compare(a.Identity, b.Identity))
	})
	said := 0
	for _, a := range x.Asked {
		if a.Said && !left[a.Node] {
			said++
		}
	}
	r.Answered = len(x.Answered) + said
	r.Expected = len(x.Answered) + len(r.Nodes)
	for _, b := range x.status.Brokers {
		out := Broker{Addr: b.Addr, Error: b.Error, Asked: slices.Contains(x.Via, b.Addr)}
		for i := range x.status.Nodes {
			n := &x.status.Nodes[i]
			if slices.Contains(x.Expected, n.Identity) && !left[n.Identity] && slices.Contains(n.Over, b.Addr) {
				out.Nodes++
			}
		}
		if out.Nodes > 0 {
			out.Error = "" // it was slow
		}
		r.Brokers = append(r.Brokers, out)
	}
	if !slices.ContainsFunc(r.Nodes, func(n Node) bool { return n.Reason == Elsewhere }) {
		return r // where the rest of the fleet is explains nobody
	}
	for i, f := range x.status.Findings {
		if f.Kind == failover.Trap || f.Kind == failover.Split && f.Level == failover.Critical {
			r.Finding = &x.status.Findings[i]
			break
		}
	}
	return r
}

// reason judges one node. An empty reason means that it was not meant.
func (x *inquiry) reason(a Asked) (Reason, string) {
	e := x.found[a.Node]
	if e == nil {
		e = new(evidence)
	}
	if reason, detail := e.told(a); reason != "" {
		return reason, detail
	}
	if a.Said {
		return Refused, "it does not tell by which rule; its log does"
	}
	if e.unpassed {
		if a.Named {
			return FilteredOut, "it answers, and not with the filter"
		}
		return "", ""
	}
	if a.filtered() && !a.Matched && !a.Named && !e.matched {
		return "", ""
	}
	if reason, detail := e.late(a); reason != "" {
		return reason, detail
	}
	if local := a.Local.Reason; local != 0 && local < rpc.Expired {
		return Unknown, local.String() + ": " + a.Local.Detail
	}
	n := x.seen(a.Node)
	if n == nil || len(n.Over) == 0 {
		return x.nowhere(a, e)
	}
	asked := func(b string) bool { return slices.Contains(x.Via, b) }
	via := slices.ContainsFunc(n.Over, asked)
	where := strings.Join(n.Over, ", ")
	switch {
	case !via && slices.ContainsFunc(n.On, asked):
		return Unknown, "it is on " + strings.Join(n.On, ", ") + " and answers over " + where
	case !via:
		return Elsewhere, where
	case n.Deaf && e.again && len(e.heard) == 0 && !a.Directed:
		return Unsubscribed, where
	case e.fate != nil && e.fate.untold != "":
		return Unknown, "it answers, and does not tell what became of the request: " + e.fate.untold
	case e.fate != nil:
		return Unknown, "it answers, and " + e.fate.words()
	case a.Request != "":
		return Unknown, "it answers, and cannot tell what became of the request"
	}
	return Unknown, "it answers now, over " + where
}

// told is the reason that a node of ours gives itself.
func (e *evidence) told(a Asked) (Reason, string) {
	if e.fate == nil {
		return "", ""
	}
	since := e.fate.since.Round(time.Second / 10)
	switch e.fate.outcome {
	case "expired":
		return Expired, clockText(e.fate.age, a.TTL)
	case "filtered":
		return FilteredOut, "it says so"
	case "refused":
		return Refused, e.fate.detail
	case "running":
		return Running, fmt.Sprintf("for %s", since)
	case "waiting":
		return Running, fmt.Sprintf("it waits for its turn behind other requests, for %s", since)
	case "timed out":
		return GaveUp, fmt.Sprintf("the action took longer than the %s that its agent may", e.fate.detail)
	}
	return "", ""
}

// words says what is known of a request that is neither refused nor running.
func (f *fate) words() string {
	since := f.since.Round(time.Second / 10)
	switch f.outcome {
	case "answered":
		return fmt.Sprintf("says that it replied %s ago: the reply came too late, or was lost", since)
	case "unsent":
		return "could not send its reply: " + f.detail
	case "unwanted":
		return "was told not to reply"
	}
	return "never had the request, or no longer knows it"
}

// maxSkew is how far in the future nodes of ours take a question at most, unless they are told otherwise.
const maxSkew = time.Minute

// late is the reason that a node's clock gives. It is in whole seconds, so that one more proves nothing.
func (e *evidence) late(a Asked) (Reason, string) {
	switch {
	case a.TTL < 0:
		return Expired, clockText(0, a.TTL)
	case !e.clock:
	case e.skew > a.TTL+time.Second, e.ageless != "" && e.skew < -maxSkew-time.Second:
		return Expired, clockText(e.skew, a.TTL)
	}
	return "", ""
}

// clockText says how a clock is wrong.
func clockText(ahead, ttl time.Duration) string {
	word := "ahead of"
	if ahead < 0 {
		ahead, word = -ahead, "behind"
	}
	if ahead < 2*time.Second {
		return fmt.Sprintf("the request lives for %s", ttl)
	}
	return fmt.Sprintf("its clock is %s %s ours, and the request lives for %s", ahead.Round(time.Second), word, ttl)
}

// nowhere is the reason of a node that answers over no broker.
func (x *inquiry) nowhere(a Asked, e *evidence) (Reason, string) {
	if e.ageless != "" {
		return Unknown, "it answers now, over " + e.ageless
	}
	var blind, unlisted []string
	nameless := 0
	for _, b := range x.status.Brokers {
		s, listed := x.subscribers[b.Addr]
		nameless += s.Nameless
		switch {
		case slices.Contains(s.Names, a.Node):
			return Unknown, fmt.Sprintf("it is subscribed at %s and answers nothing: it hangs, or does not take what we sign", b.Addr)
		case listed:
		case b.Error != "":
			blind = append(blind, b.Addr)
		default:
			unlisted = append(unlisted, b.Addr)
		}
	}
	cannot := ""
	if len(blind) > 0 {
		cannot = strings.Join(blind, ", ") + " cannot be asked"
	}
	switch {
	case a.Named && !a.Known:
		return NeverSeen, cannot
	case cannot != "":
		return Unknown, "it answers over no broker, and " + cannot
	case len(unlisted) == 0 && nameless > 0:
		return Unknown, fmt.Sprintf("no broker has a subscription of it; connections without any, %d, may be its", nameless)
	case len(unlisted) == 0:
		return Unconnected, "no broker has a subscription of it"
	}
	return Unknown, "it answers over no broker: it is not connected, hangs, or does not take what we sign"
}
