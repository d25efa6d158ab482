package discovery

import (
	"math"
	"strconv"
	"strings"
)

// ParseBatch reads the size of a batch: a number of nodes, or a percentage of those found that is not 0.
func ParseBatch(text string) (size int, percent bool, err error) {
	digits, percent := strings.CutSuffix(text, "%")
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil || percent && n == 0 {
		return 0, false, textError("batch_size must be an integer or match a percentage string (e.g. '24%'")
	}
	return int(n), percent, nil
}

// BatchSize returns how many nodes a batch has where so many were found. A percentage rounds up, by the original's floating point: 50 %
// of 110 are 56.
func BatchSize(size int, percent bool, nodes int) int {
	if !percent {
		return size
	}
	return int(min(math.Ceil(float64(nodes)/100*float64(size)), math.MaxInt32))
}
