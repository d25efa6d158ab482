// Package spelling finds the name that somebody meant who typed another.
package spelling

// Nearest returns the name that was probably meant by typed, or "" if none is near: at most a third of the letters, and at least one,
// may be wrong, missing, too much or swapped with their neighbour.
func Nearest(typed string, names []string) string {
	best, least := "", max(1, len(typed)/3)+1
	for _, n := range names {
		if d := mistakes(typed, n, least); d < least {
			best, least = n, d
		}
	}
	return best
}

// mistakes is the optimal string alignment distance, or limit if it is not below.
func mistakes(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit || len(a) > 64 {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], limit)
}
