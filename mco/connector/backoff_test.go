package connector

import (
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/vectors"
)

func TestJitter(t *testing.T) {
	const never, always = 0.0, 0.999999
	tests := []struct {
		name      string
		b         BackOff
		failures  int
		previous  time.Duration
		tried     bool
		spread    time.Duration
		low, high time.Duration
	}{
		{"ours, first round", BackOff{}, 0, 0, false, time.Second, 0, 10 * time.Millisecond},
		{"ours, all failed", BackOff{}, 2, 0, true, time.Second, 500 * time.Millisecond, 500 * time.Millisecond},
		{"ours, again", BackOff{}, 3, time.Second, true, time.Second, 500 * time.Millisecond, 3 * time.Second},
		{"ours, at the cap", BackOff{}, 9, 4 * time.Second, true, time.Second, 500 * time.Millisecond, 5 * time.Second},
		{"ours, a large fleet", BackOff{}, 9, 60 * time.Second, true, 20 * time.Second, 500 * time.Millisecond, 40 * time.Second},
		{"series", BackOff{Series: true, Initial: time.Second, Multiplier: 3, Max: 20 * time.Second}, 1, 0, false, time.Second, 1500 * time.Millisecond, 3 * time.Second},
		{"series, capped", BackOff{Series: true, Initial: time.Second, Multiplier: 3, Max: 20 * time.Second}, 70, 0, true, 0, 10 * time.Second, 20 * time.Second},
		{"series, constant", BackOff{Series: true, Constant: true, Initial: 200 * time.Millisecond, Multiplier: 3, Max: 20 * time.Second}, 70, 0, true, 0, 100 * time.Millisecond, 200 * time.Millisecond},
		{"series of zero is no busy loop", BackOff{Series: true, Multiplier: 2, Max: time.Second}, 5, 0, true, 0, 5 * time.Millisecond, 10 * time.Millisecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			low := test.b.wait(test.failures, test.previous, test.tried, test.spread, never)
			high := test.b.wait(test.failures, test.previous, test.tried, test.spread, always)
			if low != test.low || high > test.high || test.high-high > time.Millisecond {
				t.Errorf("waits %s to %s, want %s to %s", low, high, test.low, test.high)
			}
		})
	}
}

// The original's delays are the longest that ours may be, and the series is the same.
func TestVectorsBackOff(t *testing.T) {
	type series struct {
		Initial, Multiplier, Max string
		Suggestions              []float64
	}
	file := vectors.Load[struct {
		ConnectorBackoff []series `json:"connector_backoff"`
	}](t, "connector.json")
	done := 0
	for _, c := range file.ConnectorBackoff {
		b := BackOff{Series: true, Initial: seconds(t, c.Initial), Multiplier: int(seconds(t, c.Multiplier) / time.Second), Max: seconds(t, c.Max)}
		ok := len(c.Suggestions) > 0
		for n, want := range c.Suggestions {
			limit := time.Duration(want*1e9 + 0.5)
			if got := b.Nominal(n); got != limit {
				t.Errorf("initial %s, x %s, max %s: delay %d is %s, want %s", c.Initial, c.Multiplier, c.Max, n, got, limit)
				ok = false
			}
			for _, random := range []float64{0, 0.5, 0.999} {
				if got := b.wait(n, 0, true, 0, random); got > limit || got < limit/2 {
					t.Errorf("delay %d with jitter is %s, want %s to %s", n, got, limit/2, limit)
					ok = false
				}
			}
		}
		if ok {
			done++
		}
	}
	vectors.Count(t, "connector.json", "connector_backoff", done, len(file.ConnectorBackoff))
}

func seconds(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text + "s")
	if err != nil {
		t.Fatal(err)
	}
	return d
}
