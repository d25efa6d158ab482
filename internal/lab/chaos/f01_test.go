package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
	"github.com/mco-go/mco-go/internal/lab/history"
)

// A broker is killed under load: its nodes are Ready at the next one within the bounds, and nothing is lost without a word.
func TestF01BrokerKilled(t *testing.T) {
	tests := []struct {
		name     string
		plan     plan
		full     bool
		p50, p99 time.Duration // 0: no bound
	}{
		{"24 nodes", plan{Brokers: 3, Ours: 20, Originals: 4, Spread: 300 * time.Millisecond}, false, 700 * time.Millisecond, 2 * time.Second},
		{"224 nodes", plan{Brokers: 3, Ours: 20, Originals: 4, Simulated: 200, Spread: 2800 * time.Millisecond}, true, 0, 5 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.full {
				lab.NeedFull(t)
			}
			w := newWorld(t, tt.plan)
			w.load(t, 5)
			w.baseline(t)
			killed := time.Now()
			heal := w.inject.Make(faults.Kill(w.brokers[0], 0))
			ours, originals := w.arrived(t, w.brokers[1], killed, 20*time.Second)
			w.step(t, "moved: ours %s; the original's %s", ours, originals)
			heal()
			w.back(t)
			w.step(t, "all is well again")
			w.settle(t, 30*time.Second)
			w.step(t, "settled")
			events := w.check(t)
			ours = append(ours, w.moved(events, killed)...)
			bound := "p99 " + short(tt.p99)
			if tt.p50 > 0 {
				bound = "p50 " + short(tt.p50) + ", " + bound
			}
			ruby := "1.35 s (one node, idle machine)"
			if len(originals) > 0 {
				ruby = originals.String()
			}
			figures.add(t, figure{"F01", "broker killed, Ready elsewhere, " + tt.name, ours.String(), bound, ruby, w.seed})
			if tt.p50 > 0 && ours.at(50) > tt.p50 || ours.at(99) > tt.p99 {
				t.Errorf("Ready at the next broker: %s, want %s", ours, bound)
			}
		})
	}
}

// arrived waits until the real nodes answer over b and returns after how long each did, ours and the original's.
func (w *world) arrived(t testing.TB, b *lab.Broker, since time.Time, limit time.Duration) (ours, originals times) {
	t.Helper()
	var names []string
	for _, n := range w.nodes {
		names = append(names, n.Identity)
	}
	at, err := b.ReadyTimes(names, "lab", limit)
	if err != nil {
		t.Error(err)
	}
	for _, n := range w.nodes {
		when, ok := at[n.Identity]
		switch {
		case !ok:
		case n.Go:
			ours = append(ours, when.Sub(since))
		default:
			originals = append(originals, when.Sub(since))
		}
	}
	return ours, originals
}

// moved returns after how long each simulated node that lost its session was Ready again.
func (w *world) moved(events []history.Event, since time.Time) (all times) {
	from := since.Sub(w.begin)
	lost := map[string]bool{}
	for _, e := range events {
		if e.At < from || !strings.HasPrefix(e.Who, "sim") {
			continue
		}
		switch {
		case e.What == history.Ended:
			lost[e.Who] = true
		case e.What == history.Stands && len(e.BrokersUp) > 0 && lost[e.Who]:
			all = append(all, e.At-from)
			delete(lost, e.Who)
		}
	}
	return all
}

// back waits until calls that began after everybody had to be well are whole.
func (w *world) back(t testing.TB) {
	t.Helper()
	w.backBut(t, func(string) bool { return false })
}

// backBut is back for a fleet of which some nodes, those that stay tells of, are not expected again.
func (w *world) backBut(t testing.TB, stays func(node string) bool) {
	t.Helper()
	by := history.Latest(w.events(t, "injector")) + w.recovery()
	lab.Wait(t, "calls after all is well", w.recovery()+30*time.Second, func() error {
		whole := 0
		for _, e := range w.events(t, "client") {
			if e.What == history.Called && e.Call.Began > by && e.Call.Error == "" && len(slices.DeleteFunc(e.Call.Missing(), stays)) == 0 {
				whole++
			}
		}
		if whole < 5 {
			return fmt.Errorf("%d are whole", whole)
		}
		return nil
	})
}
