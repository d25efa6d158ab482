package rubyre

import (
	"strings"
	"unicode"
)

// Sets that \w, \d, \s and \h stand for: ASCII alone, as long as no (?u) says otherwise.
var (
	wordSet  = set{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	digitSet = set{{'0', '9'}}
	spaceSet = set{{'\t', '\r'}, {' ', ' '}}
	hexSet   = set{{'0', '9'}, {'A', 'F'}, {'a', 'f'}}
)

// posix returns the set of a POSIX class such as "alpha", which covers Unicode; false when there is none of that name.
func posix(name string) (set, bool) {
	alphabetic := func() set { return fromTables(unicode.L, unicode.Nl, unicode.Other_Alphabetic) }
	graph := func() set {
		return fromTables(unicode.White_Space, unicode.Cc, unicode.Cs, unicode.Cn).not()
	}
	switch name {
	case "alnum":
		return alphabetic().union(fromTables(unicode.Nd)), true
	case "alpha":
		return alphabetic(), true
	case "ascii":
		return asciiRange, true
	case "blank":
		return fromTables(unicode.Zs).union(single('\t')), true
	case "cntrl":
		return fromTables(unicode.Cc), true
	case "digit":
		return fromTables(unicode.Nd), true
	case "graph":
		return graph(), true
	case "lower":
		return fromTables(unicode.Ll, unicode.Other_Lowercase), true
	case "print":
		return graph().union(fromTables(unicode.Zs)), true
	case "punct":
		// These nine are symbols in Unicode and punctuation in POSIX.
		return fromTables(unicode.P).union(set{{'$', '$'}, {'+', '+'}, {'<', '>'}, {'^', '^'}, {'`', '`'}, {'|', '|'}, {'~', '~'}}), true
	case "space":
		return fromTables(unicode.White_Space), true
	case "upper":
		return fromTables(unicode.Lu, unicode.Other_Uppercase), true
	case "xdigit":
		return hexSet, true
	case "word":
		return alphabetic().union(fromTables(unicode.M, unicode.Nd, unicode.Pc)), true
	}
	return nil, false
}

// property returns the set of \p{name}: POSIX names, general categories by short or long name, scripts, and the properties that the
// Unicode database lists. Case, blanks, "-" and "_" in names mean nothing.
func property(name string) (set, bool) {
	key := squash(name)
	switch key {
	case "punct":
		return fromTables(unicode.P), true
	case "xposixpunct":
		return posix("punct")
	case "math":
		return fromTables(unicode.Sm, unicode.Other_Math), true
	case "ahex":
		return hexSet, true
	case "any":
		return everything, true
	case "assigned":
		return fromTables(unicode.Cn).not(), true
	case "alphabetic":
		return posix("alpha")
	case "lowercase":
		return posix("lower")
	case "uppercase":
		return posix("upper")
	}
	if s, ok := posix(key); ok {
		return s, true
	}
	for alias, short := range unicode.CategoryAliases {
		if squash(alias) == key {
			key = squash(short)
			break
		}
	}
	for _, tables := range []map[string]*unicode.RangeTable{unicode.Categories, unicode.Scripts, unicode.Properties} {
		for n, t := range tables {
			if squash(n) == key {
				return fromTables(t), true
			}
		}
	}
	return nil, false
}

func squash(name string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '_' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}
