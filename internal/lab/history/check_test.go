package history_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab/history"
)

const second = time.Second

// sound is a history that breaks no promise: a broker dies, a call misses a node and names it, all is well again.
func sound() []history.Event {
	at := func(n int) time.Duration { return time.Duration(n) * second }
	node := func(n int, who string, what history.Kind, id string) history.Event {
		return history.Event{At: at(n), From: history.Daemon, Who: who, What: what, ID: id, Broker: -1}
	}
	call := func(c history.Call) history.Event {
		return history.Event{At: c.Over, From: history.Client, Who: "client", What: history.Called, Broker: -1, Call: &c}
	}
	held := func(n int, what history.Kind, goroutines int) history.Event {
		return history.Event{At: at(n), From: history.Daemon, Who: "one", What: what, Broker: -1,
			Held: &history.Held{Goroutines: goroutines, FDs: 12, RSS: 12 << 20}}
	}
	return []history.Event{
		held(1, history.Baseline, 9),
		{At: at(10), From: history.Injector, Who: "kill", What: history.Injected, Broker: 0},
		{At: at(10), From: history.Daemon, Who: "two", What: history.Ended, Broker: 0},
		node(11, "one", history.Audited, "r1"), node(11, "one", history.Ran, "r1"),
		call(history.Call{ID: "r1", Client: "client", Token: "t1", Began: at(11), Over: at(13), Asked: []string{"one", "two"},
			Answers: []history.Answer{{Node: "one", At: at(12), Token: "t1", By: "one"}}, Silent: []history.Silence{{Node: "two", Reason: "no reply"}}}),
		{At: at(20), From: history.Injector, Who: "kill", What: history.Healed, Broker: 0},
		node(41, "one", history.Audited, "r2"), node(41, "one", history.Ran, "r2"),
		node(41, "two", history.Audited, "r2"), node(41, "two", history.Ran, "r2"),
		call(history.Call{ID: "r2", Client: "client", Token: "t2", Began: at(41), Over: at(42), Asked: []string{"one", "two"},
			Answers: []history.Answer{{Node: "two", At: at(42), Token: "t2", By: "two"}, {Node: "one", At: at(42), Token: "t2", By: "one"}}}),
		held(60, history.Remaining, 9),
	}
}

func terms() history.Terms {
	return history.Terms{Nodes: []string{"one", "two"}, BackBy: 40 * second, Aftermath: 5 * second, Slack: history.DefaultSlack}
}

// A checker that finds nothing proves nothing: each promise is broken once, and that promise alone is named.
func TestCheck(t *testing.T) {
	tests := []struct {
		name string
		harm func(events []history.Event, t *history.Terms) []history.Event
		want string // the one finding's beginning; empty: none
	}{
		{"sound", nil, ""},
		{"a request runs twice", func(e []history.Event, _ *history.Terms) []history.Event { return append(e, e[3], e[4]) }, "I1, at most once: one ran r1 2 times"},
		{"twice in a log alone", func(e []history.Event, t *history.Terms) []history.Event {
			t.Mute = func(n string) bool { return n == "two" }
			e = slices.Delete(e, 10, 11)
			return append(e, e[9])
		}, "I1, at most once: two ran r2 2 times"},
		{"runs before it is audited", func(e []history.Event, _ *history.Terms) []history.Event {
			e[3], e[4] = e[4], e[3]
			e[4].At += second / 2
			return e
		}, "I2, audited first:"},
		{"audited after its reply", func(e []history.Event, t *history.Terms) []history.Event {
			t.Mute = func(string) bool { return true }
			e = slices.DeleteFunc(e, func(e history.Event) bool { return e.What == history.Ran })
			e[3].At = 13 * second
			return e
		}, "I2, audited first: t1: one replied at 12s and wrote it down at 13s"},
		{"replies without running", func(e []history.Event, t *history.Terms) []history.Event { return slices.Delete(e, 4, 5) },
			"I2, who replies has run: t1: one replied and did not run r1"},
		{"another request's reply", func(e []history.Event, _ *history.Terms) []history.Event { e[5].Call.Answers[0].Token = "t0"; return e },
			"I3, replies are to this request: t1: one gave back t0"},
		{"another node's reply", func(e []history.Event, _ *history.Terms) []history.Event { e[5].Call.Answers[0].By = "two"; return e },
			"I3, replies are to this request: t1: one gave back t1 of two"},
		{"two replies", func(e []history.Event, _ *history.Terms) []history.Event {
			e[11].Call.Answers = append(e[11].Call.Answers, e[11].Call.Answers[0])
			return e
		}, "I3, one reply a node: t2: two of two"},
		{"a stranger is not told", func(e []history.Event, t *history.Terms) []history.Event {
			e[5].Call.Answers[0].Unexpected = true
			return e
		}, "I3, replies are to this request: t1: reply of one, unexpected true"},
		{"nothing is said of a node", func(e []history.Event, _ *history.Terms) []history.Event { e[5].Call.Silent = nil; return e },
			"I4, replied or named: t1: nothing is said of two"},
		{"silent and replied", func(e []history.Event, _ *history.Terms) []history.Event {
			e[5].Call.Silent = append(e[5].Call.Silent, history.Silence{Node: "one", Reason: "no reply"})
			return e
		}, "I4, replied or named: t1: one is named as silent"},
		{"not back in time", func(e []history.Event, _ *history.Terms) []history.Event {
			k := e[11].Call
			k.Answers, k.Silent = k.Answers[1:], []history.Silence{{Node: "two", Reason: "no reply"}}
			e[6].At = 38 * second // the fault explains the silence, not that it lasts
			return e
		}, "I5, all come back:"},
		{"nobody asked after the faults", func(e []history.Event, _ *history.Terms) []history.Event { return slices.Delete(e, 11, 12) }, "I5, all come back:"},
		{"goroutines are left", func(e []history.Event, _ *history.Terms) []history.Event { e[12].Held.Goroutines = 12; return e }, "I6, nothing is left: one holds"},
		{"descriptors are left", func(e []history.Event, _ *history.Terms) []history.Event { e[12].Held.FDs = 15; return e }, "I6, nothing is left: one holds"},
		{"a child is left", func(e []history.Event, _ *history.Terms) []history.Event { e[12].Held.Children = 1; return e }, "I6, nothing is left: one holds"},
		{"memory is left", func(e []history.Event, _ *history.Terms) []history.Event { e[12].Held.RSS = 30 << 20; return e }, "I6, nothing is left: one holds"},
		{"nobody looked again", func(e []history.Event, _ *history.Terms) []history.Event { return e[:12] }, "I6, nothing is left: one was not looked at again"},
		{"a queue is left", func(e []history.Event, _ *history.Terms) []history.Event {
			return append(e, history.Event{At: 70 * second, From: history.Broker, Who: "rabbitmq", What: history.Orphan, Detail: "stomp-subscription-x"})
		}, "I9, no queue is left:"},
		{"a connection ends without a fault", func(e []history.Event, _ *history.Terms) []history.Event {
			return append(e, history.Event{At: 50 * second, From: history.Daemon, Who: "two", What: history.Ended, Broker: 0})
		}, "I10, every outage has a cause:"},
		{"a call is not whole with an excuse", func(e []history.Event, t *history.Terms) []history.Event {
			e[1].At, e[2].At = 14*second, 14*second
			t.Excuse = func(e history.Event) bool { return e.What == history.Called }
			return e
		}, ""},
		{"a connection ends at another broker", func(e []history.Event, _ *history.Terms) []history.Event {
			return append(e, history.Event{At: 15 * second, From: history.Daemon, Who: "two", What: history.Ended, Broker: 1})
		}, "I10, every outage has a cause:"},
		{"a call is not whole without a fault", func(e []history.Event, t *history.Terms) []history.Event {
			t.BackBy = 0
			e[1].At = 14 * second
			e[2].At = 14 * second
			return e
		},
			"I10, every outage has a cause: t1 from 11s to 13s: no reply of [two]"},
		{"an error that never may be", func(e []history.Event, _ *history.Terms) []history.Event {
			return append(e, history.Event{At: 50 * second, Who: "two", What: history.Broken, Broker: -1})
		}, "no errors:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events, terms := sound(), terms()
			if tt.harm != nil {
				events = tt.harm(events, &terms)
			}
			var found []string
			for _, f := range history.Check(events, terms) {
				found = append(found, f.String())
			}
			switch {
			case tt.want == "" && len(found) > 0:
				t.Errorf("found %q, want nothing", found)
			case tt.want != "" && (len(found) == 0 || slices.ContainsFunc(found, func(f string) bool { return promise(f) != promise(tt.want) })):
				t.Errorf("found %q, want %q alone", found, tt.want)
			case tt.want != "" && !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, tt.want) }):
				t.Errorf("found %q, want %q", found, tt.want)
			}
		})
	}
}

// promise is the part of a finding before what was found.
func promise(finding string) string {
	p, _, _ := strings.Cut(finding, ":")
	return p
}

func TestFaultsWithoutAnEndLastToTheEnd(t *testing.T) {
	events := []history.Event{
		{At: second, Who: "freeze", What: history.Injected, Broker: 1}, {At: 2 * second, Who: "freeze", What: history.Injected, Broker: 2},
		{At: 3 * second, Who: "freeze", What: history.Healed, Broker: 1}, {At: 9 * second, Who: "one", What: history.Up, Broker: -1},
	}
	want := []history.Fault{
		{Name: "freeze", Broker: 1, Span: history.Span{From: second, To: 3 * second}},
		{Name: "freeze", Broker: 2, Span: history.Span{From: 2 * second, To: 9*second + 1}},
	}
	if got := history.Faults(events); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
