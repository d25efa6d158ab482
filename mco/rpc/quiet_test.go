package rpc

import (
	"testing"
	"time"
)

func TestQuietUntil(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name string
		seen Seen
		want time.Duration
	}{
		{"nobody yet", Seen{}, 4000 * ms},
		{"nobody of three that are known", Seen{Known: 3, Missing: 3}, 4000 * ms},
		{"three nodes at once", Seen{Count: 3, First: 10 * ms, Last: 15 * ms, Gap: 4 * ms}, 415 * ms},
		{"one far away", Seen{Count: 1, First: 350 * ms, Last: 350 * ms}, 1050 * ms},
		{"a stream that stalled", Seen{Count: 900, First: 50 * ms, Last: 700 * ms, Gap: 250 * ms}, 1700 * ms},
		{"2,000 nodes on one broker", Seen{Count: 2000, First: 400 * ms, Last: 1600 * ms, Gap: 20 * ms}, 2400 * ms},
		{"5,000 nodes, the first after 3.8 s", Seen{Count: 10, First: 3800 * ms, Last: 3900 * ms, Gap: 20 * ms}, 6900 * ms},
		{"one of three known is missing", Seen{Count: 2, First: 10 * ms, Last: 15 * ms, Known: 3, Missing: 1}, 2000 * ms},
		{"one of many known is missing late", Seen{Count: 1999, First: 400 * ms, Last: 1600 * ms, Known: 2000, Missing: 1}, 2400 * ms},
		{"all three known are there", Seen{Count: 3, First: 10 * ms, Last: 15 * ms, Known: 3}, 165 * ms},
		{"all 2,000 known are there", Seen{Count: 2000, First: 400 * ms, Last: 1600 * ms, Gap: 20 * ms, Known: 2000}, 1800 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := DefaultQuiet().Until(tt.seen); got != tt.want {
				t.Errorf("Until(%+v) = %v, want %v", tt.seen, got, tt.want)
			}
		})
	}
}

func TestSeenAdd(t *testing.T) {
	var s Seen
	for _, at := range []time.Duration{30, 40, 90, 85, 95} { // the fourth was stamped late
		s.Add(at)
	}
	if want := (Seen{Count: 5, First: 30, Last: 95, Gap: 50}); s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
}

func BenchmarkQuietUntil(b *testing.B) {
	q, s := DefaultQuiet(), Seen{Count: 2000, First: 400, Last: 1600, Gap: 20}
	b.ReportAllocs()
	for b.Loop() {
		q.Until(s)
	}
}
