package chaos

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
	"github.com/mco-go/mco-go/internal/lab/history"
)

// turn is how often a broker is killed or frozen.
const turn = 20 * time.Second

// Nodes and a client with a session on every broker lose nothing, whichever broker dies or freezes, as long as one is well: each request
// is answered by each node, and executed once.
func TestEveryBrokerAtOnceLosesNothing(t *testing.T) {
	w, lasts := everywhere(t)
	w.load(t, 5, "plugin.mco.client.all_brokers = 1")
	w.baseline(t)
	began := time.Since(w.begin)
	dice := rand.New(rand.NewPCG(w.seed, 1))
	heals := make([]func(), len(w.brokers)) // of the brokers that are away
	faulty := 0
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		next := time.Now().Add(turn)
		victim := dice.IntN(len(w.brokers))
		kill := dice.IntN(2) == 0
		stays := time.Duration(5+dice.IntN(12)) * time.Second
		if heal := heals[victim]; heal != nil {
			heal()
			heals[victim] = nil
		}
		w.wellElsewhere(t, victim)
		f := faults.Freeze(w.brokers[victim], victim)
		if kill {
			f = faults.Kill(w.brokers[victim], victim)
		}
		heals[victim] = w.inject.Make(f)
		faulty++
		w.step(t, "%s of broker %d", f.Name, victim+1)
		if dice.IntN(3) > 0 { // else it stays away until its next turn
			w.until(time.Now().Add(stays))
			heals[victim]()
			heals[victim] = nil
		}
		w.until(next)
	}
	for _, heal := range heals {
		if heal != nil {
			heal()
		}
	}
	ended := time.Since(w.begin)
	w.back(t)
	w.settle(t, 30*time.Second)
	events := w.check(t, func(terms *history.Terms) {
		terms.Cause = func(e history.Event) bool { return e.What != history.Called } // nothing excuses a call that misses a node
	})
	calls, partial := w.named(t, events, began, ended)
	figures.add(t, figure{"", fmt.Sprintf("a session on every broker, %d nodes, %d faults of a broker in %s: calls that miss a node", len(w.names), faulty, lasts),
		share(partial, calls), "0", "", w.seed})
	if partial > 0 || calls < int(lasts.Seconds())*4 {
		t.Errorf("calls that miss a node: %s", share(partial, calls))
	}
}

// everywhere is a fleet on three brokers at once, and how long it is disturbed.
func everywhere(t *testing.T) (*world, time.Duration) {
	t.Helper()
	if lab.Full() {
		return newWorld(t, plan{Brokers: 3, Ours: 20, Simulated: 100, All: true, Spread: 1500 * time.Millisecond}), 5 * time.Minute
	}
	return newWorld(t, plan{Brokers: 3, Ours: 4, Simulated: 8, All: true}), turn
}

// wellElsewhere waits until every node is Ready at a broker other than the victim.
func (w *world) wellElsewhere(t testing.TB, victim int) {
	t.Helper()
	lab.Wait(t, "a broker that may be left alone", time.Minute, func() error {
		for i, b := range w.brokers {
			if i == victim {
				continue
			}
			if _, err := b.ReadyTimes(w.names, "lab", 10*time.Second); err == nil {
				return nil
			}
		}
		return fmt.Errorf("the nodes are not all Ready at one broker besides %d", victim+1)
	})
}
