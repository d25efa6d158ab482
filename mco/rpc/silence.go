package rpc

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
)

// Reason is why a node that was asked is not among those that replied, as far as the client can tell.
type Reason uint8

// The reasons, the most certain ones first.
const (
	NotSent      Reason = iota + 1 // the request to it could not be published
	BadSignature                   // a reply in its name failed verification
	Undecodable                    // a reply in its name could not be decoded
	Interrupted                    // the caller stopped waiting
	Disconnected                   // this client lost its broker while it waited: the reply may have been lost with it
	Dropped                        // this client did not keep up and dropped messages
	Expired                        // its clock runs ahead by more than the request's life: it takes the request for expired
	NeverSeen                      // it was named, not discovered, and nothing was ever heard from it
	NoReply                        // it answered discovery and then sent no reply in time
)

// String returns the reason in few words.
func (r Reason) String() string {
	switch r {
	case NotSent:
		return "request not published"
	case BadSignature:
		return "reply with an invalid signature"
	case Undecodable:
		return "undecodable reply"
	case Interrupted:
		return "interrupted"
	case Disconnected:
		return "connection lost"
	case Dropped:
		return "replies dropped here"
	case Expired:
		return "request expired"
	case NeverSeen:
		return "not seen on this broker"
	case NoReply:
		return "no reply in time"
	}
	return "unknown"
}

// Silence is one node that did not reply, and why.
type Silence struct {
	Node   string
	Reason Reason
	Detail string // for people: the evidence
}

// evidence is all that a finished request knows about why nodes may be silent.
type evidence struct {
	unsent      map[string]error // nodes that the request could not be published to
	unsentAll   error            // the broadcast could not be published
	troubles    map[string]trouble
	earlier     map[string]trouble // the same from discovery
	interrupted bool
	before      connector.Status // when the request was published
	after       connector.Status // when the wait ended
	skew        map[string]time.Duration
	ttl         time.Duration
	listed      bool // the nodes were given, not discovered
	timeout     time.Duration
}

// explain returns the best reason for one silent node.
func (e *evidence) explain(node string) Silence {
	s := Silence{Node: node}
	err := e.unsentAll
	if one, ok := e.unsent[node]; ok {
		err = one
	}
	lost := e.after.State != connector.Ready || !e.after.Since.Equal(e.before.Since) || e.after.Broker != e.before.Broker
	dropped := e.after.Dropped - e.before.Dropped
	switch {
	case err != nil:
		s.Reason, s.Detail = NotSent, err.Error()
	case e.troubles[node].reason != 0:
		s.Reason, s.Detail = e.troubles[node].reason, e.troubles[node].detail
	case e.earlier[node].reason != 0:
		s.Reason, s.Detail = e.earlier[node].reason, "in discovery: "+e.earlier[node].detail
	case e.interrupted:
		s.Reason, s.Detail = Interrupted, "the wait was ended before a reply came"
	case lost:
		s.Reason, s.Detail = Disconnected, lostText(e.before, e.after)
	case dropped > 0:
		s.Reason, s.Detail = Dropped, fmt.Sprintf("%d messages were dropped because they came faster than they were read", dropped)
	case e.skew[node] > e.ttl:
		s.Reason = Expired
		s.Detail = fmt.Sprintf("its clock is %s ahead of ours, requests live for %s", e.skew[node].Round(time.Second), e.ttl)
	case e.listed:
		s.Reason, s.Detail = NeverSeen, fmt.Sprintf("nothing heard within %s: not on this broker, not running, or the name is wrong", e.timeout)
	default:
		s.Reason, s.Detail = NoReply, fmt.Sprintf("it was discovered and did not reply within %s", e.timeout)
	}
	return s
}

func lostText(before, after connector.Status) string {
	text := "lost " + cmp.Or(before.Broker, "the broker")
	switch {
	case after.State != connector.Ready && after.LastErr != nil:
		text += ": " + after.LastErr.Error()
	case after.State != connector.Ready:
		text += ", the session is " + after.State.String()
	case after.Broker != before.Broker:
		text += ", went on with " + after.Broker
	default:
		text += " and came back"
	}
	return text
}

// broken lists the senders of undecodable messages that explain no silent node, by name.
func broken(troubles map[string]trouble, silent []Silence) []Silence {
	told := make(map[string]bool, len(silent))
	for _, s := range silent {
		told[s.Node] = true
	}
	var out []Silence
	for node, t := range troubles {
		if !told[node] {
			out = append(out, Silence{node, t.reason, t.detail})
		}
	}
	slices.SortFunc(out, func(a, b Silence) int { return cmp.Compare(a.Node, b.Node) })
	return out
}
