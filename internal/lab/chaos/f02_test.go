package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
)

// Two thousand nodes lose their broker, which comes back after a while, and they return to it. No broker is rushed: what one of this size
// takes is 80 sessions a second, and the nodes' spread is as long as it needs for all of them.
func TestF02LargeFleet(t *testing.T) {
	lab.NeedFull(t)
	const (
		nodes      = 2000
		acceptRate = 80
		most       = 3 * acceptRate / 10 // in 100 ms
		tries      = 15                  // of a node, while the broker is away
	)
	w := newWorld(t, plan{Brokers: 3, Simulated: nodes, Spread: nodes * time.Second / acceptRate, Failback: time.Minute})
	w.load(t, 1, "plugin.mco.client.all_brokers = 1") // wherever the nodes are
	w.baseline(t)
	var tried []func() []time.Time
	for i, b := range w.brokers {
		tried = append(tried, attempts(t, w.hosts[fmt.Sprint("broker", i+1)], b.Port, w.hosts["client"]))
	}
	bound := 13*w.Spread/10 + 5*time.Second
	for _, away := range []time.Duration{20 * time.Second, 2 * time.Minute} {
		killed := time.Now()
		revive := w.inject.Make(faults.Kill(w.brokers[0], 0))
		w.until(killed.Add(away))
		revive()
		back := time.Now()
		w.stand(t, 0, 5*time.Minute)
		w.step(t, "home again")
		ours := w.moved(w.events(t, "simulated"), killed)
		what := fmt.Sprintf("broker of %d nodes killed, back after %s: ", nodes, away)
		figures.add(t, figure{"F02", what + "Ready elsewhere", ours.String(), "p99 " + short(bound), "all in one 100 ms (simulated)", w.seed})
		if len(ours) != nodes || ours.at(99) > bound {
			t.Errorf("Ready elsewhere: %s, want %d nodes, p99 %s", ours, nodes, short(bound))
		}
		worst, all, second := 0, 0, 0
		for i := range tried {
			at := slices.DeleteFunc(tried[i](), killed.After)
			worst, all = max(worst, rush(at, 100*time.Millisecond)), all+len(at)
			if i == 1 {
				second = len(at)
			}
		}
		each := float64(all) / nodes
		figures.add(t, figure{"F02", what + "tries at one broker in the worst 100 ms; of a node in all; at the second broker, which refused none", fmt.Sprintf("%d; %.1f; %d", worst, each, second),
			fmt.Sprintf("%d; %d; %d", most, tries, nodes), "", w.seed})
		if worst > most || each > tries {
			t.Errorf("%d tries in 100 ms, want at most %d; %.1f of each node, want at most %d", worst, most, each, tries)
		}
		w.step(t, "home %s after the broker", short(time.Since(back)))
	}
	w.settle(t, 30*time.Second)
	w.check(t)
}

// stand waits until every simulated node has a session with one broker, and none with another.
func (w *world) stand(t testing.TB, broker int, limit time.Duration) {
	t.Helper()
	err := lab.Sparingly(limit, func() error {
		for i, b := range w.brokers {
			out := w.hosts[fmt.Sprint("broker", i+1)].Run(t, "ss", "-Htn", "state", "established", "sport", "=", fmt.Sprint(":", b.Port), "dst", w.hosts["simulated"].Address.String())
			want := 0
			if i == broker {
				want = w.Simulated
			}
			if n := strings.Count(out, "\n"); n != want {
				return fmt.Errorf("%d sessions at broker %d, want %d", n, i+1, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
