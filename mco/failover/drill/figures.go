package drill

import (
	"math"
	"slices"
)

// Figures sum up how long nodes took. They are of those that arrived.
type Figures struct {
	Expected int     `json:"expected"` // nodes that should have arrived
	Arrived  int     `json:"arrived"`
	P50      float64 `json:"p50"`
	P99      float64 `json:"p99"`
	Max      float64 `json:"max"`
}

// figures sums up times; those that are missing did not arrive.
func figures(expected int, times []float64) Figures {
	f := Figures{Expected: expected, Arrived: len(times)}
	if len(times) == 0 {
		return f
	}
	times = slices.Sorted(slices.Values(times))
	f.P50, f.P99, f.Max = percentile(times, 50), percentile(times, 99), times[len(times)-1]
	return f
}

// percentile is the smallest of the sorted times that p percent of them do not exceed (nearest rank): a time that some node took, and no
// mean of two.
func percentile(sorted []float64, p float64) float64 {
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}
