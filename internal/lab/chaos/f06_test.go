package chaos

import (
	"fmt"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
)

// The next broker swallows every packet that would open a connection. Nodes give it 5 s, go to the one after it, and do not pester it.
func TestF06BlackHoleOnConnect(t *testing.T) {
	lab.NeedFull(t)
	w := newWorld(t, plan{Brokers: 3, Ours: 10, Simulated: 40, Failback: time.Minute})
	w.load(t, 5)
	second := w.hosts["broker2"]
	tried := attempts(t, second, w.brokers[1].Port, w.hosts["client"])
	hole := w.inject.Make(faults.BlackHole(second, 1, w.brokers[1].Port))
	killed := time.Now()
	revive := w.inject.Make(faults.Kill(w.brokers[0], 0))
	ours := w.answering(t, w.brokers[2], killed, 30*time.Second)
	w.step(t, "moved: %s", ours)
	w.baseline(t) // with what each one holds who looks for the way home
	// What is tried from now on is out of hope alone.
	before := len(tried())
	const watched = 90 * time.Second
	w.until(time.Now().Add(watched))
	tries := len(tried()) - before
	revive()
	hole()
	w.back(t)
	w.settle(t, 30*time.Second)
	events := w.check(t)
	ours = append(ours, w.moved(events, killed)...)
	bound := 5*time.Second + w.Spread + 2*time.Second
	figures.add(t, figure{"F06", "broker killed, the next one swallows SYNs, Ready at the third", ours.String(),
		"p99 " + short(bound) + " (5 s, spread, and as F01)", "", w.seed})
	each := float64(tries) / float64(len(w.names)) / watched.Minutes()
	figures.add(t, figure{"F06", "tries at the black hole by nodes that are Ready elsewhere", fmt.Sprintf("%.1f a minute and node", each), "2 (one in 30 s)", "", w.seed})
	if ours.at(99) > bound {
		t.Errorf("Ready at the third broker: %s, want p99 %s", ours, short(bound))
	}
	if each > 2 {
		t.Errorf("%.1f tries a minute and node at the black hole, want 2", each)
	}
}
