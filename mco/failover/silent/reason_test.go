package silent

import (
	"regexp"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/management"
	"github.com/mco-go/mco-go/mco/rpc"
)

// What proves which reason, and what proves none.
func TestReason(t *testing.T) {
	web := mco.Filter{Classes: []string{"web"}}
	on := func(over ...string) *failover.Node { return &failover.Node{Identity: "n", Over: over, On: over} }
	told := func(on string, over ...string) *failover.Node {
		return &failover.Node{Identity: "n", Over: over, On: []string{on}, Told: new(failover.Told)}
	}
	deaf := &failover.Node{Identity: "n", Over: []string{"b1"}, On: []string{"b1"}, Deaf: true}
	here := evidence{again: true, heard: []string{"b1"}}
	with := func(outcome, detail string) evidence {
		e := here
		e.fate = &fate{outcome: outcome, detail: detail, since: 3 * time.Second, age: time.Hour}
		return e
	}
	all := map[string]management.Subscribers{"b1": {}, "b2": {}}
	call := Asked{Known: true, Matched: true, Request: "1", Directed: true, TTL: time.Minute}
	ping := Asked{Known: true, Matched: true, TTL: time.Minute}
	for _, tc := range []struct {
		name        string
		asked       Asked
		node        *failover.Node
		evidence    evidence
		subscribers map[string]management.Subscribers
		down        string // why b2 cannot be asked
		reason      Reason
		detail      string
	}{
		{name: "elsewhere", asked: ping, node: on("b2"), reason: Elsewhere, detail: "b2"},
		{name: "on the broker that was asked, and answers over another", asked: ping, node: told("b1", "b2"), reason: Unknown, detail: "it is on b1 and answers over b2"},
		{name: "over both", asked: ping, node: on("b1", "b2"), evidence: here, reason: Unknown, detail: "it answers now, over b1, b2"},
		{name: "deaf", asked: ping, node: deaf, evidence: evidence{again: true}, reason: Unsubscribed, detail: "b1"},
		{name: "deaf, and asked by its name", asked: call, node: deaf, evidence: evidence{again: true}, reason: Unknown, detail: "it answers, and cannot tell.*"},
		{name: "deaf once, and it hears now", asked: ping, node: deaf, evidence: here, reason: Unknown, detail: "it answers now.*"},
		{name: "deaf, and not asked again", asked: ping, node: deaf, reason: Unknown, detail: "it answers now.*"},
		{name: "left out by the filter", asked: Asked{Filter: web, Matched: true}, node: on("b1"), evidence: evidence{again: true, unpassed: true}},
		{name: "left out by the filter, and named", asked: Asked{Filter: web, Named: true}, node: on("b1"), evidence: evidence{again: true, unpassed: true},
			reason: FilteredOut, detail: "it answers, and not with the filter"},
		{name: "nobody knows whether the filter means it", asked: Asked{Filter: web}},
		{name: "the filter means it, there", asked: Asked{Filter: web}, node: on("b2"), evidence: evidence{matched: true}, reason: Elsewhere, detail: "b2"},
		{name: "says that the filter leaves it out", asked: call, node: on("b1"), evidence: with("filtered", ""), reason: FilteredOut, detail: "it says so"},
		{name: "says by which rule", asked: call, node: on("b1"), evidence: with("refused", "x line 3"), reason: Refused, detail: "x line 3"},
		{name: "refused, by whatever rule", asked: Asked{Said: true}, node: on("b1"), evidence: here, reason: Refused, detail: "it does not tell.*"},
		{name: "says that it came late", asked: call, node: on("b1"), evidence: with("expired", ""), reason: Expired, detail: "its clock is 1h0m0s ahead of ours.*"},
		{name: "runs", asked: call, node: on("b1"), evidence: with("running", ""), reason: Running, detail: "for 3s"},
		{name: "runs, and moved", asked: call, node: on("b2"), evidence: with("running", ""), reason: Running, detail: "for 3s"},
		{name: "waits", asked: call, node: on("b1"), evidence: with("waiting", ""), reason: Running, detail: "it waits for its turn.*3s"},
		{name: "gave up", asked: call, node: on("b1"), evidence: with("timed out", "10s"), reason: GaveUp, detail: ".*longer than the 10s.*"},
		{name: "replied", asked: call, node: on("b1"), evidence: with("answered", ""), reason: Unknown, detail: ".*replied 3s ago.*"},
		{name: "could not reply", asked: call, node: on("b1"), evidence: with("unsent", "lost"), reason: Unknown, detail: ".*could not send its reply: lost"},
		{name: "was told not to reply", asked: call, node: on("b1"), evidence: with("unwanted", ""), reason: Unknown, detail: ".*told not to reply"},
		{name: "never had it", asked: call, node: on("b1"), evidence: with("unknown", ""), reason: Unknown, detail: ".*never had the request.*"},
		{name: "a word of a later version", asked: call, node: on("b1"), evidence: with("dreaming", ""), reason: Unknown, detail: ".*never had the request.*"},
		{name: "does not tell", asked: call, node: on("b1"), evidence: evidence{fate: &fate{untold: "no"}}, reason: Unknown, detail: ".*does not tell.*: no"},
		{name: "a clock that is ahead", asked: ping, evidence: evidence{ageless: "b1", clock: true, skew: 90 * time.Second}, reason: Expired, detail: "its clock is 1m30s ahead of ours.*"},
		{name: "a clock that is behind", asked: ping, evidence: evidence{ageless: "b1", clock: true, skew: -90 * time.Second}, reason: Expired, detail: "its clock is 1m30s behind ours.*"},
		{name: "a clock that is ahead by what a request lives", asked: ping, node: on("b1"), evidence: evidence{clock: true, skew: time.Minute}, reason: Unknown, detail: "it answers now.*"},
		{name: "a clock that is behind, and was taken", asked: ping, node: on("b1"), evidence: evidence{clock: true, skew: -time.Hour}, reason: Unknown, detail: "it answers now.*"},
		{name: "a request that nobody can run in time", asked: Asked{TTL: -time.Second}, node: on("b1"), reason: Expired, detail: "the request lives for -1s"},
		{name: "came back meanwhile", asked: ping, evidence: evidence{ageless: "b1", clock: true}, reason: Unknown, detail: "it answers now, over b1"},
		{name: "what the client saw itself", asked: Asked{Local: rpc.Silence{Reason: rpc.BadSignature, Detail: "x"}}, node: on("b1"), reason: Unknown, detail: "reply with an invalid signature: x"},
		{name: "nowhere", asked: ping, reason: Unknown, detail: "it answers over no broker: .*"},
		{name: "nowhere that can be asked", asked: ping, down: "refused", reason: Unknown, detail: "it answers over no broker, and b2 cannot be asked"},
		{name: "no broker has it", asked: ping, subscribers: all, reason: Unconnected, detail: "no broker has a subscription of it"},
		{name: "no broker has it, and the one that is down tells", asked: ping, subscribers: all, down: "refused", reason: Unconnected, detail: "no broker has a subscription of it"},
		{name: "one broker does not tell", asked: ping, subscribers: map[string]management.Subscribers{"b1": {}}, reason: Unknown, detail: "it answers over no broker: .*"},
		{name: "a session of nobody", asked: ping, subscribers: map[string]management.Subscribers{"b1": {Nameless: 1}, "b2": {}}, reason: Unknown, detail: ".* may be its"},
		{name: "it hangs", asked: ping, subscribers: map[string]management.Subscribers{"b1": {}, "b2": {Names: []string{"n"}}}, reason: Unknown, detail: "it is subscribed at b2 and answers nothing.*"},
		{name: "never seen", asked: Asked{Named: true}, reason: NeverSeen},
		{name: "never seen, and not everybody can be asked", asked: Asked{Named: true}, down: "refused", reason: NeverSeen, detail: "b2 cannot be asked"},
		{name: "never seen here, and subscribed there", asked: Asked{Named: true}, subscribers: map[string]management.Subscribers{"b1": {Names: []string{"n"}}}, reason: Unknown, detail: "it is subscribed at b1.*"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.asked.Node = "n"
			s := &failover.Status{Brokers: []failover.Broker{{Addr: "b1"}, {Addr: "b2", Error: tc.down}}}
			if tc.node != nil {
				s.Nodes = []failover.Node{*tc.node}
			}
			x := &inquiry{Options: Options{Via: []string{"b1"}, Asked: []Asked{tc.asked}}, status: s, subscribers: tc.subscribers,
				found: map[string]*evidence{"n": &tc.evidence}}
			reason, detail := x.reason(tc.asked)
			if reason != tc.reason || !regexp.MustCompile("^("+tc.detail+")$").MatchString(detail) {
				t.Errorf("%s (%s), want %s (%s)", reason, detail, tc.reason, tc.detail)
			}
			r := x.report()
			if reason == "" && (len(r.Nodes) != 0 || (len(r.Unmeant) == 1) != tc.evidence.unpassed) || reason != "" && (len(r.Nodes) != 1 || (r.Unknown == 1) != (reason == Unknown)) {
				t.Errorf("reported as %+v", r)
			}
		})
	}
}

// What a node sends is believed as far as its types are right, and a terminal sees no more than text.
func TestWhatNodesSend(t *testing.T) {
	m := mco.SymbolMap(4)
	m.SetSymbol("detail", mco.String("x\x1b[2J\n"+string(make([]byte, 2*maxDetail))))
	m.SetSymbol("age", mco.String("1"))
	m.SetSymbol("seconds", mco.Float(1e300))
	m.SetSymbol("right", mco.Float(-1.5))
	v := mco.Hash(m)
	if got := text(v, "detail"); len(got) > maxDetail+3 || got[:6] != "x?[2J?" {
		t.Errorf("%q", got)
	}
	if got := text(v, "nosuch"); got != "" {
		t.Errorf("%q", got)
	}
	for key, want := range map[string]time.Duration{"age": 0, "seconds": 0, "right": -1500 * time.Millisecond, "nosuch": 0} {
		if got := span(v, key); got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
}
