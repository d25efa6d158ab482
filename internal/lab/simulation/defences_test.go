package simulation

import (
	"strings"
	"testing"
)

// A checker that cannot fail proves nothing: without a defence it must name the promise that the defence keeps.
func TestCheckerNoticesMissingDefences(t *testing.T) {
	tests := []struct {
		name    string
		without func(*defences)
		promise string
	}{
		{"heart-beats", func(d *defences) { d.heartBeats = false }, "silence is noticed"},
		{"receipt behind subscriptions", func(d *defences) { d.receipts = false }, "Ready means subscribed"},
		{"memory of requests", func(d *defences) { d.memory = false }, "at most once"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := allDefences
			tt.without(&d)
			for seed := uint64(1); seed <= 100; seed++ {
				_, _, found := try(t, seed, d)
				for _, f := range found {
					if strings.HasPrefix(f, tt.promise+":") {
						t.Logf("SEED=%d: %s", seed, f)
						return
					}
				}
			}
			t.Errorf("no seed of 100 breaks the promise that %s", tt.promise)
		})
	}
}

// A seed repeats its run, to the nanosecond. Calls of one client that wait for the same broker go on in the same moment, in any order:
// seeds in which calls of a client overlap are left out here, and may differ.
func TestSeedsRepeat(t *testing.T) {
	compared := 0
	for seed := uint64(1); seed <= 100; seed++ {
		_, first, _ := try(t, seed, allDefences)
		if overlap(first.calls) {
			continue
		}
		compared++
		_, second, _ := try(t, seed, allDefences)
		a, b := strings.Split(first.String(), "\n"), strings.Split(second.String(), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Errorf("SEED=%d: line %d is\n%s\nand then\n%s", seed, i, a[i], b[i])
				break
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d seeds were compared", compared)
	}
}

// overlap tells whether a client made two calls at the same time.
func overlap(calls []call) bool {
	for i, a := range calls {
		for _, b := range calls[:i] {
			if a.client == b.client && a.began <= b.over && b.began <= a.over {
				return true
			}
		}
	}
	return false
}
