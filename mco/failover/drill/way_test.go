package drill

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/mco/failover"
)

const (
	mq1 = "mq1:1"
	mq2 = "mq2:1"
	mq3 = "mq3:1"
)

// ours is a node of ours before a drill.
func ours(name, mode string, failback float64, on ...string) failover.Node {
	n := failover.Node{Identity: name, On: on, Over: on, Told: &failover.Told{Brokers: on, Mode: mode, Failback: failback, Pool: []string{mq1, mq2, mq3}}}
	for _, b := range on {
		n.Told.Sessions = append(n.Told.Sessions, failover.Session{Broker: b, State: failover.Ready, HeartBeatInterval: 4})
	}
	return n
}

func theirs(name string, over ...string) failover.Node {
	n := failover.Node{Identity: name, Over: over}
	if len(over) == 1 {
		n.On = over
	}
	return n
}

// stage is a fleet, of which tests say what was heard.
type stage struct {
	t   *testing.T
	run *run
	res *Result
}

// newStage has mq1 gone at 1 s, after 0.5 s of taking it away, and back at 5 s.
func newStage(t *testing.T, fault Kind, nodes ...failover.Node) *stage {
	t.Helper()
	status := &failover.Status{Brokers: []failover.Broker{{Addr: mq1}, {Addr: mq2}, {Addr: mq3}}, Nodes: nodes}
	plan, err := NewPlan(status, 1)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{Options: Options{Plan: plan}, ways: map[string]*way{}, fault: 500 * time.Millisecond, gone: time.Second, back: 5 * time.Second}
	r.rec = newRecord(time.Now().Add(-20*time.Second), len(nodes)) // it is 20 s now
	for i := range nodes {
		if w := newWay(plan, &nodes[i]); w != nil {
			w.same = fault == Connections
			r.ways[nodes[i].Identity] = w
		}
	}
	res := &Result{Broker: mq1, Pool: []string{mq1, mq2, mq3}, Fault: fault, Closed: true, Asked: 0.25, Wait: 60, Restored: true,
		Marks: Marks{Fault: new(0.5), Gone: new(1.0), Restore: new(4.0), Restored: new(5.0), End: new(20.0)}}
	return &stage{t, r, res}
}

// over has a node answer over a broker in the rhythm of the questions.
func (s *stage) over(node, broker string, from, to float64) *stage {
	r := s.run.rec
	for at := from; at <= to; at += r.every.Seconds() {
		r.answered(node, broker, r.start.Add(time.Duration(at*float64(time.Second))), 0)
	}
	return s
}

// tells has a node tell at a moment since when it is on brokers.
func (s *stage) tells(node string, at float64, sessions ...session) *stage {
	r := s.run.rec
	now := r.start.Add(time.Duration(at * float64(time.Second)))
	told := &failover.Told{Mode: "failover"}
	for _, x := range sessions {
		told.Sessions = append(told.Sessions, failover.Session{Broker: x.broker, State: failover.Ready, Since: r.start.Add(x.since), Reconnects: x.reconnects})
	}
	r.tells(node, told, now)
	return s
}

func since(broker string, at float64) session {
	return session{broker: broker, since: time.Duration(at * float64(time.Second))}
}

// line is a node of the result in a few words.
func (s *stage) lines() string {
	s.run.evaluate(s.res)
	var b strings.Builder
	show := func(f *float64) string {
		if f == nil {
			return "-"
		}
		return fmt.Sprint(*f)
	}
	for _, n := range s.res.Nodes {
		fmt.Fprintf(&b, "%s %s %s away %s back %s exact %v returns %v", n.Identity, n.Outcome, n.To, show(n.Away), show(n.Back), n.Exact, n.Returns)
		for _, x := range n.Spans {
			fmt.Fprintf(&b, " %s[%g,%g]", x.Broker[:3], x.From, x.To)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestWays(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault Kind
		node  failover.Node
		heard func(*stage)
		want  string
	}{
		{"ours moves and comes back", Command, ours("n", "failover", 3, mq1),
			func(s *stage) {
				s.over("n", mq1, 0, 0.9).over("n", mq2, 1.7, 9).tells("n", 1.8, since(mq2, 1.583)).over("n", mq1, 9.2, 20).tells("n", 9.5, since(mq1, 9.125))
			},
			"n moved mq2:1 away 0.583 back 4.125 exact true returns true mq1[0,1] mq2[1.583,8.95] mq1[9.125,20]\n"},
		{"ours was faster than our own session", Command, ours("n", "failover", 0, mq1),
			func(s *stage) { s.over("n", mq1, 0, 0.6).over("n", mq2, 0.9, 20).tells("n", 1.1, since(mq2, 0.8)) },
			"n moved mq2:1 away 0 back - exact true returns false mq1[0,1] mq2[1,20]\n"},
		{"ours tells of the session that it had before", Command, ours("n", "failover", 0, mq1),
			func(s *stage) { s.over("n", mq1, 0, 0.9).tells("n", 1.2, since(mq1, -50)) },
			"n lost  away - back - exact false returns false mq1[0,1]\n"},
		{"ours does not tell", Command, ours("n", "failover", 0, mq1),
			func(s *stage) { s.over("n", mq2, 2, 20).run.rec.asked["n"] = unanswered },
			"n moved mq2:1 away 1 back - exact false returns false mq2[2,20]\n"},
		{"ours moves on before it is asked", Command, ours("n", "failover", 0, mq1),
			func(s *stage) { s.over("n", mq2, 2, 3).over("n", mq3, 6, 20).tells("n", 6.5, since(mq3, 5.9)) },
			"n moved mq2:1 away 1 back - exact false returns false mq2[2,3] mq3[6,20]\n"},
		{"ours does not come back", Command, ours("n", "failover", 3, mq1),
			func(s *stage) { s.over("n", mq2, 1.75, 20).tells("n", 2, since(mq2, 1.5)) },
			"n moved mq2:1 away 0.5 back - exact true returns true mq2[1.5,20]\n"},
		{"ours on all", Command, ours("n", "all", 0, mq1, mq2),
			func(s *stage) {
				s.over("n", mq1, 0, 0.9).over("n", mq2, 0, 20).over("n", mq1, 5.5, 20).tells("n", 5.75, since(mq2, -50), since(mq1, 5.25))
			},
			"n kept mq2:1 away - back 0.25 exact true returns true mq1[0,1] mq2[0,20] mq1[5.25,20]\n"},
		{"ours by its own names of brokers", Command, ours("n", "failover", 0, mq1),
			func(s *stage) { s.over("n", mq1, 0, 0.9).over("n", mq2, 1.75, 20).tells("n", 2, since("vip2:1", 1.5)) },
			"n moved mq2:1 away 0.5 back - exact true returns false mq1[0,1] mq2[1.5,20]\n"},
		{"connections closed, the same broker again", Connections, ours("n", "failover", 3, mq1),
			func(s *stage) { s.over("n", mq1, 0, 20).tells("n", 2, since(mq1, 1.25)) },
			"n moved mq1:1 away 0.25 back - exact true returns false mq1[0,20]\n"},
		{"theirs moves", Command, theirs("n", mq1),
			func(s *stage) { s.over("n", mq1, 0, 0.9).over("n", mq2, 2.5, 20) },
			"n moved mq2:1 away 1.5 back - exact false returns false mq1[0,1] mq2[2.5,20]\n"},
		{"theirs is lost", Command, theirs("n", mq1),
			func(s *stage) { s.over("n", mq1, 0, 0.9).over("n", mq1, 6, 20) },
			"n lost  away - back - exact false returns false mq1[0,1] mq1[6,20]\n"},
		{"theirs is not reached by the fault", Command, theirs("n", mq1),
			func(s *stage) { s.over("n", mq1, 0, 20) },
			"n untouched  away - back - exact false returns false mq1[0,20]\n"},
		{"behind linked brokers, with a leap", Command, theirs("n", mq1, mq2),
			func(s *stage) { s.over("n", mq1, 0, 0.9).over("n", mq2, 0, 0.9).over("n", mq2, 3, 20) },
			"n moved mq2:1 away 2 back - exact false returns false mq1[0,1] mq2[0,0.75] mq2[3,20]\n"},
		{"behind linked brokers, without", Command, theirs("n", mq1, mq2),
			func(s *stage) { s.over("n", mq2, 0, 20) },
			"n kept mq2:1 away - back - exact false returns false mq2[0,20]\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStage(t, tc.fault, tc.node)
			tc.heard(s)
			if diff := cmp.Diff(tc.want, s.lines()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A fleet's figures, its judgement and its words.
func TestSum(t *testing.T) {
	s := newStage(t, Command, ours("a", "failover", 3, mq1), theirs("b", mq1), theirs("c", mq2), failover.Node{Identity: "d"})
	s.over("a", mq2, 2, 20).tells("a", 2.2, since(mq2, 1.6)).over("a", mq1, 9, 20).tells("a", 9.2, since(mq1, 8.8)).over("b", mq2, 4, 20).over("c", mq2, 0, 20)
	s.res.Bound = 2.5
	got := s.lines()
	if s.res.Away != (Figures{2, 2, 0.6, 3, 3}) || s.res.Back != (Figures{1, 1, 3.8, 3.8, 3.8}) || s.res.Within {
		t.Errorf("%+v %+v %v\n%s", s.res.Away, s.res.Back, s.res.Within, got)
	}
	if s.res.Of(Bystander) != 1 || s.res.Of(Silent) != 1 || !slices.Equal(s.res.Stay(), []string{"b"}) || s.res.Slowest()[0].Identity != "b" {
		t.Errorf("%s", got)
	}
	if v := s.res.Verdict(); v != "1 of 2 nodes took longer than the bound of 2.5 s" {
		t.Error(v)
	}
	for what, want := range map[string]func(*Result){
		"no node was without a broker for longer than the bound of 5 s": func(r *Result) { r.Bound = 5 },
		"every node came to another broker":                             func(r *Result) { r.Bound = 0 },
		"interrupted; what was taken away is back":                      func(r *Result) { r.Bound, r.Interrupted = 0, true },
		"not restored: the broker may still be away":                    func(r *Result) { r.Bound, r.Restored = 0, false },
	} {
		r := *s.res
		want(&r)
		if r.sum(); r.Verdict() != what || r.Within != (!r.Interrupted) {
			t.Errorf("%q, within %v, want %q", r.Verdict(), r.Within, what)
		}
	}
}

func TestReasons(t *testing.T) {
	slow := newStage(t, Firewall, ours("a", "failover", 3, mq1), theirs("b", mq1), ours("c", "failover", 0, mq1))
	slow.run.Plan.Status.Brokers[1].Error = "refused"
	slow.run.Plan.Others = []string{mq3}
	slow.res.Closed = false
	slow.over("a", mq3, 8, 20).tells("a", 8.2, since(mq3, 7.5)).over("b", mq3, 3, 20)
	slow.lines()
	got := map[string]string{}
	for _, n := range slow.res.Nodes {
		got[n.Identity] = n.Reason
	}
	want := map[string]string{
		"a": "nothing closed its connection: with heart-beats every 4 s it notices silence after 4 to 8 s; before mq3:1 come mq2:1 in its pool, which cannot be reached; " +
			"it did not come back, though it goes back when mq1:1 has answered for 3 s",
		"b": "the original's: it waits as its reconnect delays say, and was found by asking every 0.25 s; it stays until it loses its broker",
		"c": "it answered over no broker for the 60 s that it was waited for",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFigures(t *testing.T) {
	hundred := make([]float64, 200)
	for i := range hundred {
		hundred[i] = float64(200 - i)
	}
	for _, tc := range []struct {
		name     string
		expected int
		times    []float64
		want     Figures
	}{
		{"nobody", 3, nil, Figures{Expected: 3}},
		{"one", 1, []float64{2}, Figures{1, 1, 2, 2, 2}},
		{"two", 2, []float64{3, 1}, Figures{2, 2, 1, 3, 3}},
		{"three of four", 4, []float64{3, 1, 2}, Figures{4, 3, 2, 3, 3}},
		{"two hundred", 200, hundred, Figures{200, 200, 100, 198, 200}},
	} {
		if got := figures(tc.expected, tc.times); got != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
	}
}

func TestPlan(t *testing.T) {
	alone := ours("alone", "failover", 0, mq1)
	alone.Told.Pool = []string{mq1, "mq9:1"}
	status := &failover.Status{Client: mq1, Brokers: []failover.Broker{{Addr: mq1}, {Addr: mq2}, {Addr: "mq9:1", Error: "refused"}, {Addr: "mq2:2"}}, Nodes: []failover.Node{
		alone, ours("all", "all", 0, mq1, mq2), theirs("b", mq1), ours("back", "failover", 3, mq1), theirs("linked", mq1, mq2), ours("other", "failover", 3, mq2)}}
	p, err := NewPlan(status, 1)
	if err != nil {
		t.Fatal(err)
	}
	p.Status = nil
	want := &Plan{Broker: mq1, Number: 1, On: []string{"alone", "all", "b", "back"}, Maybe: []string{"linked"}, Others: []string{mq2, "mq2:2"}, Alone: []string{"alone"},
		Return: []string{"all", "back"}, Stay: []string{"alone", "b", "linked"}}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
	for name, number := range map[string]int{"": 1, "2": 2, "mq2:2": 4, "mq1": 1, "mq2": 0, "5": 0, "mq7": 0, "0": 0} {
		if got, err := Member(status, name); got != number || (err == nil) != (number > 0) {
			t.Errorf("%q is member %d, %v, want %d", name, got, err, number)
		}
	}
	for says, change := range map[string]func(*failover.Status){
		"is away already": func(s *failover.Status) { s.Brokers[0].Error = "refused" },
		"no other broker": func(s *failover.Status) { s.Brokers[1].Error, s.Brokers[3].Error = "refused", "refused" },
		"no node is on":   func(s *failover.Status) { s.Nodes = nil },
	} {
		s := *status
		s.Brokers = slices.Clone(status.Brokers)
		change(&s)
		if _, err := NewPlan(&s, 1); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}
