package report

import (
	"maps"
	"math"
	"slices"
	"strings"
)

// Spark draws how many answers came in each 50 ms, one character for each, from times in milliseconds (application/ping.rb).
func Spark(times []float64) string {
	if len(times) == 0 {
		return ""
	}
	const bucket = 50
	ticks := []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇"}
	counts := map[int]int{}
	for _, t := range times {
		counts[int(t+bucket-math.Mod(t, bucket))]++
	}
	keys := slices.Sorted(maps.Keys(counts))
	first, last := keys[0], keys[len(keys)-1]
	for i := range (last - first) / bucket {
		counts[first+i*bucket] += 0
	}
	most := 0
	for _, n := range counts {
		most = max(most, n)
	}
	distance := float64(most) / float64(len(ticks)-1)
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		b.WriteString(ticks[int(math.Round(float64(counts[key])/distance))])
	}
	return b.String()
}
