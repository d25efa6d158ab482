package corpus

import "math/rand/v2"

// dice decides.
type dice struct{ *rand.Rand }

// chance is true in so many of a hundred cases.
func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

// between returns a number from least to most.
func (d dice) between(least, most int) int { return least + d.IntN(most-least+1) }

// pick returns one of the values.
func pick[T any](d dice, values ...T) T { return values[d.IntN(len(values))] }

// some returns n of the values, fewer if there are no more, in their order.
func some[T any](d dice, n int, values []T) []T {
	var chosen []T
	for i, v := range values {
		if d.IntN(len(values)-i) < n-len(chosen) {
			chosen = append(chosen, v)
		}
	}
	return chosen
}

// sometimes sets a key in so many of a hundred cases.
func (d dice) sometimes(percent int, in tree, key string, value any) {
	if d.chance(percent) {
		in[key] = value
	}
}
