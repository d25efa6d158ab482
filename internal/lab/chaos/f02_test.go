package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
	"github.com/mco-go/mco-go/internal/lab/history"
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
	home := time.Since(w.begin)
	w.until(time.Now().Add(20 * time.Second))
	w.settle(t, 30*time.Second)
	moves := w.moves(t)
	all := slices.Concat(slices.Collect(maps.Values(moves))...)
	var gone times
	for _, m := range all {
		gone = append(gone, m.To-m.From)
	}
	figures.add(t, figure{"F02", "on the way home: how long a node is at no broker", gone.String(), "p99 " + short(moveTime), "", w.seed})
	if len(gone) != 2*nodes || gone.at(99) > moveTime {
		t.Errorf("on the way home: %s, want %d times, p99 %s", gone, 2*nodes, short(moveTime))
	}
	w.check(t, func(terms *history.Terms) {
		terms.BackBy = home
		terms.Excuse = func(e history.Event) bool { return e.What == history.Called && moves.explain(e.Call) }
	})
}

// moveTime is how long a node may take from one broker to another while many others do.
const moveTime = 5 * time.Second

// moves are the times in which nodes were at no broker because they were on the way from one to another, by node.
type moves map[string][]history.Span

// moves reads when simulated nodes went from one broker to another without having lost the first.
func (w *world) moves(t testing.TB) moves {
	all := moves{}
	last := map[string]history.Event{} // of a node
	for _, e := range w.events(t, "simulated") {
		if e.What != history.Stands && e.What != history.Ended {
			continue
		}
		before, known := last[e.Who]
		if !known {
			before.What = history.Ended
		}
		last[e.Who] = e
		switch {
		case before.What == history.Ended:
			if e.What == history.Stands && len(e.BrokersUp) == 0 {
				last[e.Who] = before // it has lost its session, and says where that leaves it
			}
		case e.What == history.Stands && len(e.BrokersUp) > 0 && len(before.BrokersUp) == 0:
			all[e.Who] = append(all[e.Who], history.Span{From: before.At, To: e.At})
		case e.What == history.Stands && len(e.BrokersUp) > 0:
			all[e.Who] = append(all[e.Who], history.Span{From: e.At, To: e.At}) // too fast to be seen on the way
		}
	}
	return all
}

// explain tells whether all that a call missed were under way at some time of it, and not for too long.
func (m moves) explain(c *history.Call) bool {
	missing := c.Missing()
	for _, node := range missing {
		if !slices.ContainsFunc(m[node], func(s history.Span) bool { return s.To-s.From <= moveTime && s.Touches(c.Began, c.Over) }) {
			return false
		}
	}
	return len(missing) > 0
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
