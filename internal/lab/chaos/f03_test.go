package chaos

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
	"github.com/mco-go/mco-go/internal/lab/history"
)

// notice is when a silent broker must have been noticed: 1.5 heart-beats and 2 s.
func (w *world) notice() time.Duration { return w.HeartBeat*3/2 + 2*time.Second }

// A broker stops where it stands: connections stay open and nothing comes. Nodes notice by their heart-beats, go elsewhere, and are not
// on two brokers when it goes on.
func TestF03BrokerHalfOpen(t *testing.T) {
	tests := []struct {
		name   string
		plan   plan
		frozen time.Duration
		full   bool
	}{
		{"heart-beats of 5 s", plan{Brokers: 3, Ours: 10, Simulated: 50, HeartBeat: 5 * time.Second}, 15 * time.Second, false},
		{"heart-beats of 10 s", plan{Brokers: 3, Ours: 20, Originals: 4, Simulated: 200, HeartBeat: 10 * time.Second, Spread: 2800 * time.Millisecond}, time.Minute, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.full {
				lab.NeedFull(t)
			}
			w := newWorld(t, tt.plan)
			w.load(t, 5)
			w.baseline(t)
			frozen := time.Now()
			heal := w.inject.Make(faults.Freeze(w.brokers[0], 0))
			noticed := w.left(t, w.brokers[0], frozen)
			ours := w.answering(t, w.brokers[1], frozen, 20*time.Second)
			w.step(t, "noticed %s; moved %s", noticed, ours)
			w.until(frozen.Add(tt.frozen))
			heal()
			w.backBut(t, original)
			w.nowhereTwice(t)
			w.settle(t, 30*time.Second)
			events := w.check(t, func(terms *history.Terms) {
				if tt.plan.Originals > 0 {
					w.withoutOriginals(terms)
				}
			})
			lost := w.lost(events, frozen)
			noticed = append(noticed, lost...)
			ours = append(ours, w.moved(events, frozen)...)
			bound := short(w.notice())
			figures.add(t, figure{"F03", "broker frozen, noticed, " + tt.name, noticed.String(), "all within " + bound, "not in 300 s", w.seed})
			figures.add(t, figure{"F03", "broker frozen, Ready elsewhere, " + tt.name, ours.String(), "", "not in 300 s", w.seed})
			if want := tt.plan.Ours + tt.plan.Simulated; len(noticed) != want || noticed.at(100) > w.notice() {
				t.Errorf("noticed: %s, the last after %s, want %d nodes within %s", noticed, short(noticed.at(100)), want, bound)
			}
		})
	}
}

// until waits for a moment that the plan of a fault names.
func (w *world) until(at time.Time) { <-time.After(time.Until(at)) }

// original tells which nodes are the original's.
func original(node string) bool { return strings.HasPrefix(node, "ruby") }

// withoutOriginals judges our nodes alone: the original does not notice a frozen broker.
func (w *world) withoutOriginals(terms *history.Terms) {
	terms.Nodes = slices.DeleteFunc(slices.Clone(terms.Nodes), original)
	terms.Excuse = func(e history.Event) bool {
		return e.What == history.Called && !slices.ContainsFunc(e.Call.Missing(), func(n string) bool { return !original(n) })
	}
}

// left returns after how long each of our real nodes had no session with b any more.
func (w *world) left(t testing.TB, b *lab.Broker, since time.Time) (all times) {
	t.Helper()
	var mu sync.Mutex // guards all
	var wg sync.WaitGroup
	for _, n := range w.nodes {
		if !n.Go {
			continue
		}
		wg.Go(func() {
			err := lab.Sparingly(2*w.notice(), func() error {
				if slices.Contains(w.sessions(n), b) {
					return errors.New("it still has its session")
				}
				return nil
			})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("%s with %s: %v", n.Identity, b.Name, err)
				return
			}
			all = append(all, time.Since(since))
		})
	}
	wg.Wait()
	return all
}

// sessions are the brokers with which a real node has a connection.
func (w *world) sessions(n *lab.Node) (all []*lab.Broker) {
	for _, s := range lab.Sockets(n.PID()) {
		for _, b := range w.brokers {
			if s.Remote == b.Addr() && s.State == "ESTABLISHED" {
				all = append(all, b)
			}
		}
	}
	return all
}

// nowhereTwice fails when a node of ours has connections with two brokers.
func (w *world) nowhereTwice(t testing.TB) {
	t.Helper()
	for _, n := range w.nodes {
		if at := w.sessions(n); n.Go && len(at) != 1 {
			t.Errorf("%s has %d connections with brokers, want 1", n.Identity, len(at))
		}
	}
}

// answering is arrived for our nodes alone.
func (w *world) answering(t testing.TB, b *lab.Broker, since time.Time, limit time.Duration) (ours times) {
	t.Helper()
	var names []string
	for _, n := range w.nodes {
		if n.Go {
			names = append(names, n.Identity)
		}
	}
	at, err := b.ReadyTimes(names, "lab", limit)
	if err != nil {
		t.Error(err)
	}
	for _, when := range at {
		ours = append(ours, when.Sub(since))
	}
	return ours
}

// lost returns after how long each simulated node gave its session up.
func (w *world) lost(events []history.Event, since time.Time) (all times) {
	from := since.Sub(w.begin)
	seen := map[string]bool{}
	for _, e := range events {
		if e.What == history.Ended && e.At >= from && !seen[e.Who] {
			seen[e.Who] = true
			all = append(all, e.At-from)
		}
	}
	return all
}

// named fails unless each call of a time that was not whole names exactly those that are missing, with a reason each; it returns how many
// calls there were, and how many were not whole.
func (w *world) named(t testing.TB, events []history.Event, from, to time.Duration) (calls, partial int) {
	t.Helper()
	for _, e := range events {
		if e.What != history.Called || e.Call.Began < from || e.Call.Over > to {
			continue
		}
		calls++
		if e.Call.Whole() {
			continue
		}
		partial++
		var named []string
		for _, s := range e.Call.Silent {
			named = append(named, s.Node)
			if s.Reason == "" {
				t.Errorf("%s: no reason for %s", e.Call.Token, s.Node)
			}
		}
		slices.Sort(named)
		if missing := slices.Sorted(slices.Values(e.Call.Missing())); !slices.Equal(named, missing) {
			t.Errorf("%s: named %v, missing %v", e.Call.Token, named, missing)
		}
	}
	return calls, partial
}

func share(part, whole int) string {
	if whole == 0 {
		return "of none"
	}
	return fmt.Sprintf("%d of %d (%.1f %%)", part, whole, 100*float64(part)/float64(whole))
}
