package rubyre

import (
	"cmp"
	"slices"
	"unicode"
)

// span is a range of characters, both ends included.
type span struct{ lo, hi rune }

// set is a set of characters: sorted spans that neither touch nor overlap.
type set []span

var (
	everything = set{{0, unicode.MaxRune}}
	asciiRange = set{{0, 0x7f}}
)

// normal sorts and joins any spans.
func normal(spans []span) set {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.lo, b.lo) })
	var out set
	for _, s := range spans {
		if last := len(out) - 1; last >= 0 && s.lo <= out[last].hi+1 {
			out[last].hi = max(out[last].hi, s.hi)
			continue
		}
		out = append(out, s)
	}
	return out
}

func single(r rune) set { return set{{r, r}} }

func (s set) union(others ...set) set { return normal(slices.Concat(append(others, s)...)) }

func (s set) not() set {
	var out set
	next := rune(0)
	for _, r := range s {
		if r.lo > next {
			out = append(out, span{next, r.lo - 1})
		}
		next = r.hi + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, span{next, unicode.MaxRune})
	}
	return out
}

func (s set) and(t set) set { return s.not().union(t.not()).not() }

func (s set) minus(t set) set { return s.and(t.not()) }

func (s set) has(r rune) bool {
	_, found := slices.BinarySearchFunc(s, r, func(s span, r rune) int {
		switch {
		case s.hi < r:
			return -1
		case s.lo > r:
			return 1
		}
		return 0
	})
	return found
}

// fold adds the other cases of the characters in a class, as Onigmo does: from ASCII to other letters and back ("k" and the Kelvin
// sign) only for characters in crosses, and nothing between U+0080 and U+00FF.
func (s set) fold(crosses set) set {
	out := slices.Clone([]span(s))
	for _, r := range s.and(cased()) {
		for c := r.lo; c <= r.hi; c++ {
			for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
				if s.has(f) || f >= 0x80 && f <= 0xff || (c < 0x80) != (f < 0x80) && !crosses.has(c) {
					continue
				}
				out = append(out, span{f, f})
			}
		}
	}
	return normal(out)
}

// cased holds every character that folds to another: letters with case, and a few marks and signs.
func cased() set {
	return fromTables(unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Uppercase, unicode.Other_Lowercase)
}

func fromTables(tables ...*unicode.RangeTable) set {
	var spans []span
	add := func(lo, hi, stride rune) {
		if stride == 1 {
			spans = append(spans, span{lo, hi})
			return
		}
		for r := lo; r <= hi; r += stride {
			spans = append(spans, span{r, r})
		}
	}
	for _, t := range tables {
		for _, r := range t.R16 {
			add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	return normal(spans)
}

// foldOne returns r and its other cases.
func foldOne(r rune) set {
	spans := []span{{r, r}}
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		spans = append(spans, span{f, f})
	}
	return normal(spans)
}
