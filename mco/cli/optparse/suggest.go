package optparse

import (
	"slices"
	"strings"
)

// hint is what Ruby's did_you_mean adds to the text of an option that does not exist.
func (p *parser) hint(key string) string {
	var names []string
	for _, n := range p.own {
		if !n.opt.Hidden {
			names = append(names, n.text)
		}
	}
	names = append(names, "help", "*-completion-bash", "*-completion-zsh", "version", "")
	picked := correct(names, key)
	var alike []string
	for _, n := range names {
		if slices.Contains(picked, n) && !slices.Contains(alike, n) {
			alike = append(alike, n)
		}
	}
	if len(alike) == 0 {
		return ""
	}
	return "\nDid you mean?  " + strings.Join(alike, "\n               ")
}

// correct is DidYouMean::SpellChecker#correct: close by Jaro-Winkler, then by few typing mistakes.
func correct(dictionary []string, input string) []string {
	typed := strings.ReplaceAll(strings.ToLower(input), "@", "")
	least := 0.77
	if len(typed) > 3 {
		least = 0.834
	}
	type scored struct {
		word  string
		score float64
	}
	var words []scored
	for _, w := range dictionary {
		if s := jaroWinkler(w, typed); s >= least && w != input {
			words = append(words, scored{w, s})
		}
	}
	slices.SortStableFunc(words, func(a, b scored) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	var picked []string
	for _, w := range words {
		if levenshtein(w.word, typed) <= (len(typed)+3)/4 {
			picked = append(picked, w.word)
		}
	}
	if len(picked) > 0 {
		return picked
	}
	for _, w := range words {
		if levenshtein(w.word, typed) < min(len(w.word), len(typed)) {
			return []string{w.word}
		}
	}
	return nil
}

func jaroWinkler(a, b string) float64 {
	d := jaro(a, b)
	if d <= 0.7 {
		return d
	}
	prefix := 0
	for prefix < min(len(a), len(b), 4) && a[prefix] == b[prefix] {
		prefix++
	}
	return d + float64(prefix)*0.1*(1-d)
}

func jaro(a, b string) float64 {
	if len(a) > len(b) {
		a, b = b, a
	}
	reach := max(0, len(b)/2-1)
	inA, inB := make([]bool, len(a)), make([]bool, len(b))
	m := 0.0
	for i := range len(a) {
		for j := max(0, i-reach); j <= i+reach && j < len(b); j++ {
			if !inB[j] && a[i] == b[j] {
				inA[i], inB[j] = true, true
				m++
				break
			}
		}
	}
	if m == 0 {
		return 0
	}
	moved, k := 0, 0
	for i := range len(a) {
		if !inA[i] {
			continue
		}
		for !inB[k] {
			k++
		}
		if a[i] != b[k] {
			moved++
		}
		k++
	}
	t := float64(moved / 2)
	return (m/float64(len(a)) + m/float64(len(b)) + (m-t)/m) / 3
}

func levenshtein(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := i
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j+1]+1, row[j]+1, corner+cost)
			corner, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
