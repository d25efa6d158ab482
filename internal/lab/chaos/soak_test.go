package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab/faults"
	"github.com/mco-go/mco-go/internal/lab/history"
)

// TestSoak injects faults that a seed draws, one after the other, under the load L1, for as long as MCO_LAB_SOAK says (make soak T=1h).
// Between two faults all must be well again.
func TestSoak(t *testing.T) {
	text := os.Getenv("MCO_LAB_SOAK")
	if text == "" {
		t.Skip("only by make soak")
	}
	lasts, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("MCO_LAB_SOAK: %v", err)
	}
	w := newWorld(t, plan{Brokers: 3, Ours: 20, Simulated: 200, Spread: 2800 * time.Millisecond, Failback: 20 * time.Second})
	w.load(t, 5)
	w.baseline(t)
	began := time.Since(w.begin)
	count := map[string]int{}
	end := time.Now().Add(lasts)
	for n := uint64(1); time.Now().Before(end) && !t.Failed(); n++ {
		f, stays := w.draw(n)
		w.step(t, "fault %d: %s at broker %d for %s", n, f.Name, f.Broker+1, stays)
		heal := w.inject.Make(f)
		count[f.Name]++
		w.until(time.Now().Add(stays))
		heal()
		w.back(t)
	}
	w.until(time.Now().Add(w.gathers()))
	w.settle(t, time.Minute)
	events := w.check(t)
	calls, whole, outside, broken := 0, 0, 0, 0
	excused := history.FaultsExplain(events, w.recovery())
	for _, e := range events {
		if e.What != history.Called || e.Call.Began < began {
			continue
		}
		if calls++; e.Call.Whole() {
			whole++
		}
		if !excused(e) {
			if outside++; !e.Call.Whole() {
				broken++
			}
		}
	}
	figures.add(t, figure{"F35", fmt.Sprintf("soak of %s, faults %v: calls outside of faults that every node answers", lasts, count), share(outside-broken, outside), "99.9 %", "", w.seed})
	figures.add(t, figure{"F35", "the same: all calls", share(whole, calls), "", "", w.seed})
	if broken*1000 > outside {
		t.Errorf("%s calls outside of faults are whole, want 99.9 %%", share(outside-broken, outside))
	}
}

// gathers is how long nodes take to come back to the broker that they prefer.
func (w *world) gathers() time.Duration { return 2*w.Failback + 3*w.Spread }

// draw makes fault n of the seed, and how long it stays.
func (w *world) draw(n uint64) (faults.Fault, time.Duration) {
	dice := rand.New(rand.NewPCG(w.seed, n))
	i := dice.IntN(len(w.brokers))
	b, machine := w.brokers[i], w.hosts[fmt.Sprint("broker", i+1)]
	stays := time.Duration(2+dice.IntN(28)) * time.Second
	all := []faults.Fault{
		faults.Kill(b, i), faults.Stop(b, i), faults.Freeze(b, i), faults.LinkDown(machine, i),
		faults.Drop(machine, i, faults.Both), faults.Drop(machine, i, faults.In), faults.Drop(machine, i, faults.Out),
		faults.BlackHole(machine, i, b.Port), faults.Loss(machine, i, 1+dice.IntN(20)),
		faults.CPU(func() int { return b.Process().PID() }, i, 10+dice.IntN(40)),
		faults.Flapping(machine, i, 2*time.Second, 3*time.Second, nil),
	}
	return all[dice.IntN(len(all))], stays
}
