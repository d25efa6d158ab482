package chaos

import (
	"fmt"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
	"github.com/mco-go/mco-go/internal/lab/history"
)

// The next broker has a tenth of a processor and takes its time to subscribe. No node calls itself Ready before it can be reached: one
// broadcast behind the last Ready reaches everybody.
func TestF12BrokerSlowToSubscribe(t *testing.T) {
	lab.NeedFull(t)
	w := newWorld(t, plan{Brokers: 2, Simulated: 200, Spread: 2500 * time.Millisecond})
	second := w.brokers[1]
	slow := w.inject.Make(faults.CPU(func() int { return second.Process().PID() }, 1, 10))
	killed := time.Now()
	revive := w.inject.Make(faults.Kill(w.brokers[0], 0))
	lab.Wait(t, "all to call themselves Ready at the slow broker", 5*time.Minute, func() error { return w.standsAt(t, 1) })
	took := time.Since(killed)
	w.step(t, "all call themselves Ready")
	reached, err := second.Reached(w.names, "lab", time.Minute)
	if err != nil {
		t.Error(err)
	}
	slow()
	revive()
	figures.add(t, figure{"F12", "broker with a tenth of a processor: 200 nodes Ready after", short(took), "", "", w.seed})
	figures.add(t, figure{"F12", "the same, reached by one broadcast right after the last Ready", share(len(reached), len(w.names)), "100 %", "15.8 % (5,000 nodes that believe without a receipt)", w.seed})
	for _, f := range history.Check(w.finish(t), history.Terms{Slack: history.DefaultSlack, Aftermath: w.recovery(),
		Audits: func(string) bool { return false }}) {
		t.Errorf("SEED=%d: %s", w.seed, f)
	}
}

// standsAt returns an error that names the simulated nodes which do not call themselves Ready at a broker.
func (w *world) standsAt(t testing.TB, broker int) error {
	t.Helper()
	at := map[string][]int{}
	for _, e := range w.events(t, "simulated") {
		if e.What == history.Stands {
			at[e.Who] = e.BrokersUp
		}
	}
	var missing []string
	for _, n := range w.names {
		if up := at[n]; len(up) != 1 || up[0] != broker {
			missing = append(missing, n)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%d of %d are not: %v", len(missing), len(w.names), missing)
	}
	return nil
}
