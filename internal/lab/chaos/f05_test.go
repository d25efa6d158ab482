package chaos

import (
	"net/netip"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
)

// The network between a broker and its nodes swallows packets, both ways or only what the nodes send. Nodes go to the next broker, and no
// request that was executed is without a reply or a named reason.
func TestF05Partition(t *testing.T) {
	lab.NeedFull(t)
	for _, way := range []faults.Way{faults.Both, faults.In} {
		t.Run(way.String(), func(t *testing.T) {
			w := newWorld(t, plan{Brokers: 3, Ours: 10, Simulated: 100, Spread: 1500 * time.Millisecond})
			w.load(t, 5)
			w.baseline(t)
			var peers []netip.Addr
			for _, name := range []string{"ours", "simulated", "client"} {
				peers = append(peers, w.hosts[name].Address)
			}
			cut := time.Now()
			heal := w.inject.Make(faults.Drop(w.hosts["broker1"], 0, way, peers...))
			noticed := w.left(t, w.brokers[0], cut)
			ours := w.answering(t, w.brokers[1], cut, 30*time.Second)
			w.step(t, "noticed %s; moved %s", noticed, ours)
			w.until(cut.Add(30 * time.Second))
			heal()
			w.back(t)
			w.nowhereTwice(t)
			w.settle(t, 30*time.Second)
			events := w.check(t)
			noticed = append(noticed, w.lost(events, cut)...)
			ours = append(ours, w.moved(events, cut)...)
			calls, partial := w.named(t, events, cut.Sub(w.begin)-10*time.Second, time.Hour)
			figures.add(t, figure{"F05", "packets dropped " + way.String() + " at the broker, noticed", noticed.String(), "all within " + short(w.notice()), "", w.seed})
			figures.add(t, figure{"F05", "the same, Ready elsewhere", ours.String(), "", "", w.seed})
			figures.add(t, figure{"F05", "the same, calls that miss nodes, each named", share(partial, calls), "each named with a reason", "", w.seed})
			if noticed.at(100) > w.notice() {
				t.Errorf("noticed: %s, the last after %s, want all within %s", noticed, short(noticed.at(100)), short(w.notice()))
			}
		})
	}
}
