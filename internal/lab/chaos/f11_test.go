package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
	"github.com/mco-go/mco-go/internal/lab/history"
)

// The way to the first broker is slow by 300 ms, 200 more or less: all goes on. Then it turns a byte in 100,000 into another: nothing that
// was spoiled is executed, connections that it breaks are given up for the next broker's.
func TestF11SlowAndSpoiledBytes(t *testing.T) {
	lab.NeedFull(t)
	w := newWorldBehind(t, plan{Brokers: 2, Ours: 10, Simulated: 20, Failback: 5 * time.Second})
	w.load(t, 2, "plugin.mco.pool.failback = 5") // as the nodes: else it stays where they are not
	dice := &spoiler{dice: rand.New(rand.NewPCG(w.seed, 0))}

	slow := w.inject.Make(faults.Proxy(w.proxy, lab.Fault{Name: "delay", Delay: dice.delay}, 0))
	from := time.Since(w.begin)
	w.until(time.Now().Add(30 * time.Second))
	to := time.Since(w.begin)
	w.until(time.Now().Add(10 * time.Second))
	slow()
	spoiled := time.Since(w.begin)
	corrupt := w.inject.Make(faults.Proxy(w.proxy, lab.Fault{Name: "corruption", Change: dice.spoil}, 0))
	w.until(time.Now().Add(45 * time.Second))
	lab.Wait(t, "a connection that spoiled bytes broke", 4*time.Minute, func() error {
		if !slices.ContainsFunc(w.events(t, "simulated"), func(e history.Event) bool { return e.What == history.Ended && e.At > spoiled }) {
			return fmt.Errorf("%d bytes are spoiled, none of them where it hurts", dice.count())
		}
		return nil
	})
	corrupt()
	healed := time.Since(w.begin)
	w.back(t)
	events := w.check(t, func(terms *history.Terms) {
		// A sender's name is not signed: a byte of it that is turned makes the reply a stranger's, of whom the history knows nothing.
		fleet := func(node string) bool { return slices.Contains(w.names, node) }
		audits := terms.Audits
		terms.Runs = fleet
		terms.Audits = func(node string) bool { return fleet(node) && audits(node) }
	})
	var calls, whole, lost, wrong int
	for _, e := range events {
		if e.What == history.Called {
			for _, a := range e.Call.Answers {
				if a.Code == 0 && a.Token != e.Call.Token {
					wrong++
				}
			}
		}
		switch {
		case e.What == history.Called && e.Call.Began >= from && e.Call.Began < to:
			if calls++; e.Call.Whole() {
				whole++
			}
		case e.What == history.Ended && e.At > spoiled && e.At < healed:
			lost++
		}
	}
	figures.add(t, figure{"F11", "300 ms ± 200 each way: calls that every node answers within 10 s", share(whole, calls), "all", "", w.seed})
	figures.add(t, figure{"F11", fmt.Sprintf("%d bytes spoiled: connections given up; replies to what was not asked", dice.count()), fmt.Sprintf("%d; %d", lost, wrong), "more than 0; 0", "", w.seed})
	if whole != calls {
		t.Errorf("%s calls are whole under the delay, want all", share(whole, calls))
	}
	if wrong > 0 {
		t.Errorf("%d replies are to what was not asked", wrong)
	}
}

// spoiler is what a bad line does to bytes. It is safe for concurrent use.
type spoiler struct {
	mu      sync.Mutex // guards the fields below
	dice    *rand.Rand
	spoiled int
}

func (s *spoiler) draw(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dice.IntN(n)
}

func (s *spoiler) delay() time.Duration {
	return 100*time.Millisecond + time.Duration(s.draw(400))*time.Millisecond
}

// spoil changes a byte in 100,000.
func (s *spoiler) spoil(_ bool, chunk []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range chunk {
		if s.dice.IntN(100_000) == 0 {
			chunk[i] ^= byte(1 + s.dice.IntN(255))
			s.spoiled++
		}
	}
	return chunk
}

func (s *spoiler) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spoiled
}
