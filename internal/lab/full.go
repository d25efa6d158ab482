package lab

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Full tells whether tests that take long, or many machines, are wanted (make lab FULL=1).
func Full() bool { return os.Getenv("MCO_LAB_FULL") == "1" }

// NeedFull leaves a test that takes minutes, or many machines, to make lab FULL=1.
func NeedFull(t testing.TB) {
	t.Helper()
	if !Full() {
		t.Skip("only with FULL=1")
	}
}

// Seed returns the number that a run draws all chances from: SEED, or one that is drawn here. A failed run tells how it is repeated.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64N(1e9)
	if text := os.Getenv("SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("SEED=%s is no number", text)
		}
	}
	t.Logf("SEED=%d repeats this run", seed)
	return seed
}
