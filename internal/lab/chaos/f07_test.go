package chaos

import (
	"fmt"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
	"github.com/mco-go/mco-go/internal/lab/history"
)

// The cable of the nodes' machine is pulled and plugged in, again and again. A flap costs a node at most one connection, nothing
// piles up, and all are Ready soon after the last one.
func TestF07FlappingLink(t *testing.T) {
	lab.NeedFull(t)
	const flaps, down, up = 100, 2 * time.Second, 3 * time.Second
	w := newWorld(t, plan{Brokers: 2, Simulated: 50})
	w.load(t, 1)
	w.baseline(t)
	began := time.Since(w.begin)
	flapped := make(chan int, flaps)
	heal := w.inject.Make(faults.Flapping(w.hosts["simulated"], -1, down, up, func(n int) {
		select {
		case flapped <- n:
		default:
		}
	}))
	for n := 0; n < flaps; n = <-flapped {
	}
	heal()
	last := time.Since(w.begin)
	w.back(t)
	w.settle(t, 30*time.Second)
	events := w.check(t)
	lost := map[string]int{}
	stands := map[string]bool{}
	var late times
	for _, n := range w.names {
		stands[n] = true
	}
	for _, e := range events {
		switch {
		case e.At < began:
		case e.What == history.Ended:
			lost[e.Who]++
		case e.What == history.Stands:
			ready := len(e.BrokersUp) > 0
			if ready && !stands[e.Who] && e.At > last {
				late = append(late, e.At-last)
			}
			stands[e.Who] = ready
		}
	}
	most := 0
	for _, n := range lost {
		most = max(most, n)
	}
	figures.add(t, figure{"F07", fmt.Sprintf("link down 2 s, up 3 s, %d times: connections that a node lost", flaps), fmt.Sprintf("at most %d", most), fmt.Sprint(flaps), "", w.seed})
	value := "all were Ready"
	if len(late) > 0 {
		value = late.String()
	}
	figures.add(t, figure{"F07", "the same, Ready after the last up", value, "5 s", "", w.seed})
	if most > flaps {
		t.Errorf("a node lost %d connections in %d flaps", most, flaps)
	}
	if len(late) > 0 && late.at(100) > 5*time.Second {
		t.Errorf("Ready %s after the last up, want 5 s", late)
	}
}
