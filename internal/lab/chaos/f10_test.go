package chaos

import (
	"fmt"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
	"github.com/mco-go/mco-go/internal/lab/history"
)

// Packets are lost on their way to the nodes' machine. Requests and replies come through, and no session is given up for it.
func TestF10Loss(t *testing.T) {
	lab.NeedFull(t)
	const lasts = time.Minute
	w := newWorld(t, plan{Brokers: 2, Ours: 10, Simulated: 20})
	w.load(t, 2)
	for _, percent := range []int{1, 5, 20} {
		heal := w.inject.Make(faults.Loss(w.hosts["ours"], -1, percent))
		other := w.inject.Make(faults.Loss(w.hosts["simulated"], -1, percent))
		from := time.Since(w.begin)
		w.until(time.Now().Add(lasts))
		to := time.Since(w.begin)
		w.until(time.Now().Add(10 * time.Second)) // calls of this time are over
		heal()
		other()
		var calls, whole, lost int
		for _, e := range w.events(t, "client") {
			if e.What == history.Called && e.Call.Began >= from && e.Call.Began < to {
				if calls++; e.Call.Whole() {
					whole++
				}
			}
		}
		for _, e := range w.events(t, "simulated") {
			if e.What == history.Ended && e.At >= from && e.At < to {
				lost++
			}
		}
		rate := float64(lost) / float64(w.Simulated) / lasts.Minutes()
		what := fmt.Sprintf("%d %% of packets lost: ", percent)
		bound := "all"
		if percent > 5 {
			bound = ""
		}
		figures.add(t, figure{"F10", what + "calls that every node answers within 10 s", share(whole, calls), bound, "", w.seed})
		figures.add(t, figure{"F10", what + "sessions given up", fmt.Sprintf("%.2f a minute and node", rate), "1", "", w.seed})
		if percent <= 5 && whole != calls {
			t.Errorf("%s%s calls are whole, want all", what, share(whole, calls))
		}
		if rate > 1 {
			t.Errorf("%s%.2f sessions a minute and node were given up, want at most 1", what, rate)
		}
	}
	w.back(t)
	w.check(t)
}

// The nodes' machine sends 64 kbit/s. Everybody still answers a request in 5 s.
func TestF10SlowLink(t *testing.T) {
	lab.NeedFull(t)
	w := newWorld(t, plan{Brokers: 2, Ours: 5})
	w.load(t, 1)
	heal := w.inject.Make(faults.Rate(w.hosts["ours"], -1, 64))
	from := time.Since(w.begin)
	w.until(time.Now().Add(45 * time.Second))
	to := time.Since(w.begin)
	w.until(time.Now().Add(10 * time.Second))
	heal()
	w.back(t)
	events := w.check(t)
	var calls, whole int
	for _, e := range events {
		if e.What == history.Called && e.Call.Began >= from && e.Call.Began < to {
			if calls++; e.Call.Whole() {
				whole++
			}
		}
	}
	figures.add(t, figure{"F10", "64 kbit/s, 5 nodes, a request a second: calls that every node answers within 10 s", share(whole, calls), "all", "", w.seed})
	if whole != calls {
		t.Errorf("%s calls are whole, want all", share(whole, calls))
	}
}
