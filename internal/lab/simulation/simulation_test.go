package simulation

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
)

// seeds returns how many seeds are run: SEEDS, or what CI has time for.
func seeds(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("SEEDS")
	if text == "" {
		return defaultSeeds
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n == 0 {
		t.Fatalf("SEEDS=%s is no number of seeds", text)
	}
	return n
}

// try runs a seed and returns which promises were broken.
func try(t *testing.T, seed uint64, d defences) (s *schedule, h *record, found []string) {
	s = draw(seed)
	defer func() {
		if p := recover(); p != nil { // synctest's words for goroutines that are left, or that wait for each other
			found = append(found, fmt.Sprint("nothing is left: ", p))
		}
	}()
	h = run(t, s, d)
	return s, h, check(s, h)
}

// enough is after how many failing seeds a test ends.
const enough = 5

func TestSeeds(t *testing.T) {
	if text := os.Getenv("SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		one(t, seed)
		return
	}
	last := seeds(t)
	var next, failed atomic.Uint64
	for i := range runtime.GOMAXPROCS(0) {
		t.Run(fmt.Sprint("worker", i+1), func(t *testing.T) {
			t.Parallel()
			for seed := next.Add(1); seed <= last && failed.Load() < enough; seed = next.Add(1) {
				if _, _, found := try(t, seed, allDefences); len(found) > 0 {
					failed.Add(1)
					for _, f := range found {
						t.Errorf("SEED=%d: %s", seed, f)
					}
				}
			}
		})
	}
}

// one runs a seed and tells all about it.
func one(t *testing.T, seed uint64) {
	s, h, found := try(t, seed, allDefences)
	t.Logf("%d brokers, nodes %+v, clients %+v, randomize %v, failback %s, spread %s, subscribing %s, duplicates %.0f %%, settled %s",
		s.brokers, s.nodes, s.clients, s.randomize, s.failback, s.spread, s.subscribing, 100*s.duplicates, s.settled())
	for _, f := range s.faults {
		t.Log(f)
	}
	if h != nil {
		t.Logf("history:\n%s", h)
	}
	for _, f := range found {
		t.Errorf("SEED=%d: %s", seed, f)
	}
}
