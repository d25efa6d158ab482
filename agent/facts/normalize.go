package facts

import (
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
)

// normalize turns every key and every scalar into text, lists and hashes all the way down (facts/base.rb normalize_facts).
func normalize(v mco.Value) mco.Value {
	switch v.Kind() {
	case mco.KindList:
		items, _ := v.AsList()
		out := make([]mco.Value, len(items))
		for i, item := range items {
			out[i] = normalize(item)
		}
		return mco.List(out...)
	case mco.KindMap:
		m, _ := v.AsMap()
		return mco.Hash(normalizeMap(m))
	}
	return text(v)
}

func normalizeMap(m *mco.Map) *mco.Map {
	out := new(mco.Map)
	for k, v := range m.All() {
		out.Set(text(k), normalize(v))
	}
	return out
}

// text is Ruby's to_s with its label: what is made of numbers and symbols is US-ASCII.
func text(v mco.Value) mco.Value {
	if v.Kind() == mco.KindString {
		return v
	}
	s := inspect.Text(v)
	for i := range len(s) {
		if s[i] >= 0x80 {
			return mco.String(s)
		}
	}
	return mco.Text(s, mco.USASCII)
}
