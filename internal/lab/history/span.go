package history

import (
	"slices"
	"time"
)

// Span is a time from its first moment to before its last.
type Span struct{ From, To time.Duration }

// Touches tells whether the span and the time from from to to have a moment in common.
func (s Span) Touches(from, to time.Duration) bool { return s.From <= to && from <= s.To }

// Cover tells whether one of the spans holds all of the time from from to to.
func Cover(spans []Span, from, to time.Duration) bool {
	return slices.ContainsFunc(spans, func(s Span) bool { return s.From < from && to < s.To })
}

// Gaps returns what of the spans whole is in none of the spans parts.
func Gaps(whole, parts []Span) []Span {
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b Span) int { return int(a.From - b.From) })
	var out []Span
	for _, w := range whole {
		at := w.From
		for _, p := range parts {
			if p.To <= at || p.From >= w.To {
				continue
			}
			if p.From > at {
				out = append(out, Span{at, p.From})
			}
			at = p.To
		}
		if at < w.To {
			out = append(out, Span{at, w.To})
		}
	}
	return out
}

// Faults returns when each fault was there: from Injected to Healed of the same name (Who) and broker, or to the end.
func Faults(events []Event) []Fault {
	type key struct {
		name   string
		broker int
	}
	var faults []Fault
	open := map[key]int{}
	var end time.Duration
	for _, e := range events {
		end = max(end, e.At)
		k := key{e.Who, e.Broker}
		switch e.What {
		case Injected:
			open[k] = len(faults)
			faults = append(faults, Fault{Name: e.Who, Broker: e.Broker, Span: Span{From: e.At, To: -1}})
		case Healed:
			if i, ok := open[k]; ok {
				faults[i].To = e.At
				delete(open, k)
			}
		}
	}
	for _, i := range open {
		faults[i].To = end + 1
	}
	return faults
}

// Fault is a fault and when it was there.
type Fault struct {
	Name   string
	Broker int
	Span
}
