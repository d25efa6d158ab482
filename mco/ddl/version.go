package ddl

import (
	"cmp"
	"math/big"
	"strings"
)

// CompareVersions compares two versions as the original does (Util.versioncmp): -1, 0 or 1. Digits compare as numbers unless one of the
// two begins with a zero, other pieces as text without case; when all pieces that both have are equal, the whole texts decide.
func CompareVersions(a, b string) int {
	as, bs := versionPieces(a), versionPieces(b)
	for i := range min(len(as), len(bs)) {
		x, y := as[i], bs[i]
		switch {
		case x == y:
		case x == "-":
			return -1
		case y == "-":
			return 1
		case x == ".":
			return -1
		case y == ".":
			return 1
		case isDigit(x[0]) && isDigit(y[0]) && x[0] != '0' && y[0] != '0':
			n, _ := new(big.Int).SetString(x, 10)
			m, _ := new(big.Int).SetString(y, 10)
			return n.Cmp(m)
		default:
			return strings.Compare(strings.ToUpper(x), strings.ToUpper(y))
		}
	}
	return cmp.Compare(a, b)
}

// versionPieces cuts a version into runs of digits, runs of other characters, and single dots and dashes.
func versionPieces(s string) []string {
	var pieces []string
	class := func(c byte) int {
		switch {
		case c == '-' || c == '.':
			return 0
		case isDigit(c):
			return 1
		}
		return 2
	}
	for start := 0; start < len(s); {
		end := start + 1
		for end < len(s) && class(s[start]) != 0 && class(s[end]) == class(s[start]) {
			end++
		}
		pieces = append(pieces, s[start:end])
		start = end
	}
	return pieces
}
