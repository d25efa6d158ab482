package chaos

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
	"github.com/mco-go/mco-go/internal/lab/history"
)

// A broker is there and takes nobody: nodes that are sent away by another one say why, once for each try, and go back. When none takes
// them they try ever more seldom. A broker that is short of memory reads nothing: who publishes is told in time, and sessions outlive it.
func TestF13BrokerRefuses(t *testing.T) {
	w := newWorld(t, plan{Brokers: 2, Ours: 4})
	w.load(t, 5)
	w.baseline(t)
	away := w.brokers[1]
	w.refused(t, faults.BadPassword(away, 1), "Access refused", 5*time.Second)
	w.refused(t, faults.NoVHost(away, 1), "Virtual host", 5*time.Second)
	// The broker itself does not get over it; 5 s for the word that does not come, and as above.
	w.refused(t, faults.FDs(func() int { return away.Process().PID() }, 1, 16), "did not answer CONNECT in 5s", 10*time.Second)
	w.inject.Make(faults.Stop(away, 1))()
	if _, err := away.Control("await_startup"); err != nil { // it takes sessions before its users can be changed
		t.Fatal(err)
	}
	w.refusedEverywhere(t)
	w.alarm(t)
	w.back(t)
	w.settle(t, 30*time.Second)
	w.check(t)
}

// refused makes the second broker refuse everybody, and the first one throw everybody out once.
func (w *world) refused(t *testing.T, f faults.Fault, says string, bound time.Duration) {
	t.Helper()
	home, away := w.brokers[0], w.brokers[1]
	heal := w.inject.Make(f)
	w.until(time.Now().Add(6 * time.Second)) // who was thrown out just before waits longer
	said := w.logged()
	w.inject.Make(faults.Expel(home, 0))()
	back := w.answering(t, home, time.Now(), 30*time.Second)
	w.step(t, "%s: back %s", f.Name, back)
	for _, n := range w.nodes {
		failed := failures(strings.TrimPrefix(n.DaemonLog(), said[n.Identity]), away)
		if len(failed) != 1 || !strings.Contains(failed[0], says) {
			t.Errorf("%s, %s: %d failures, want one with %q: %q", f.Name, n.Identity, len(failed), says, failed)
		}
	}
	if len(back) != len(w.nodes) || back.at(100) > bound {
		t.Errorf("%s: back: %s, want %d nodes within %s", f.Name, back, len(w.nodes), bound)
	}
	figures.add(t, figure{"F13", "next broker refuses (" + f.Name + "): tried once, reason named, Ready at another", back.String(), "all within " + short(bound), "", w.seed})
	heal()
}

// logged returns what each real node has logged so far.
func (w *world) logged() map[string]string {
	said := make(map[string]string)
	for _, n := range w.nodes {
		said[n.Identity] = n.DaemonLog()
	}
	return said
}

// failures are the lines of a log that tell of failed attempts at the broker.
func failures(log string, b *lab.Broker) (failed []string) {
	for line := range strings.Lines(log) {
		if strings.Contains(line, b.Addr()+" failed on attempt") {
			failed = append(failed, strings.TrimSpace(line))
		}
	}
	return failed
}

// refusedEverywhere has all brokers refuse everybody for a while.
func (w *world) refusedEverywhere(t *testing.T) {
	t.Helper()
	const lasts, most = 10 * time.Second, 15 // 0.01 s, doubled each time, is 10 s after ten tries
	said := w.logged()
	away := w.inject.Make(faults.BadPassword(w.brokers[1], 1))
	home := w.inject.Make(faults.BadPassword(w.brokers[0], 0))
	w.until(time.Now().Add(lasts))
	tries := 0
	for _, n := range w.nodes {
		log := strings.TrimPrefix(n.DaemonLog(), said[n.Identity])
		tries = max(tries, len(failures(log, w.brokers[0]))+len(failures(log, w.brokers[1])))
	}
	home()
	ready := w.answering(t, w.brokers[0], time.Now(), 40*time.Second)
	away()
	w.step(t, "refused everywhere: %d tries; Ready again %s", tries, ready)
	figures.add(t, figure{"F13", "every broker refuses for 10 s: tries of a node", fmt.Sprint(tries), fmt.Sprintf("%d", most), "", w.seed})
	if tries > most || tries == 0 {
		t.Errorf("a node tried %d times in %v, want %d at most", tries, lasts, most)
	}
}

// alarm has the broker where everybody is read nothing for longer than silence is borne.
func (w *world) alarm(t *testing.T) {
	t.Helper()
	w.calls(t, "whole calls before the alarm", time.Minute, history.Call.Whole, 5)
	said := w.logged()
	heal := w.inject.Make(faults.MemoryAlarm(w.brokers[0], 0))
	began := time.Now()
	w.until(began.Add(2 * w.notice()))
	heal()
	healed := time.Now()
	w.calls(t, "a whole call after the alarm", 20*time.Second, history.Call.Whole, 1)
	again := time.Since(healed)
	for _, n := range w.nodes {
		if log := strings.TrimPrefix(n.DaemonLog(), said[n.Identity]); strings.Contains(log, "Unexpected error") {
			t.Errorf("%s lost its session in the alarm: %s", n.Identity, log)
		}
	}
	var longest time.Duration
	blocked := 0
	for _, e := range w.events(t, "client") {
		if e.What != history.Called || e.Call.Began < began.Sub(w.begin) || e.Call.Began > healed.Sub(w.begin) {
			continue
		}
		longest = max(longest, e.Call.Over-e.Call.Began)
		if !e.Call.Whole() {
			blocked++
			if e.Call.Error == "" && len(e.Call.Silent) == 0 {
				t.Errorf("%s was told nothing", e.Call.Token)
			}
		}
	}
	const bound = 11 * time.Second // a call's own limit, and one second
	figures.add(t, figure{"F13", fmt.Sprintf("memory alarm: the longest of %d calls that it held up; sessions outlive it", blocked), short(longest), short(bound), "", w.seed})
	figures.add(t, figure{"F13", "memory alarm over: a whole call after", short(again), short(10 * time.Second), "", w.seed})
	if longest > bound || blocked == 0 || again > 10*time.Second {
		t.Errorf("%d calls were held up, the longest %v; a whole one %v after", blocked, longest, again)
	}
}
