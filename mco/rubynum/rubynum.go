// Package rubynum reads numbers from text as Ruby's Integer() and Float() do: cfg files, command lines and filters of the original all
// go through them, leading-zero octal, underscores and hexadecimal included. Source of the facts: Ruby's object.c and util.c.
package rubynum

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// blanks may stand around a number.
const blanks = " \t\n\v\f\r"

// Error is a text that Ruby's Integer() or Float() refuses, with Ruby's own words for it.
type Error struct {
	Type string // Integer or Float
	Text string
}

// Error gives Ruby's text.
func (e *Error) Error() string {
	return fmt.Sprintf("invalid value for %s(): %s", e.Type, strconv.Quote(e.Text))
}

// maxDigits bounds the text of an integer: turning it into a number takes time that grows with its square.
const maxDigits = 4096

// Integer reads a number as Ruby's Integer() does: blanks around it, a sign, _ between digits, 0x, 0b, 0o, 0d, and a leading 0 for
// octal. The error is an [*Error]; a text of more than 4,096 bytes is refused with it too.
func Integer(text string) (*big.Int, error) {
	bad := &Error{Type: "Integer", Text: text}
	if len(text) > maxDigits {
		bad.Text = text[:32] + "..."
		return nil, bad
	}
	s, sign := cutSign(strings.Trim(text, blanks))
	base := 10
	if len(s) > 1 && s[0] == '0' {
		switch s[1] | 0x20 {
		case 'x':
			base, s = 16, s[2:]
		case 'b':
			base, s = 2, s[2:]
		case 'o':
			base, s = 8, s[2:]
		case 'd':
			s = s[2:]
		default:
			base = 8
		}
	}
	digits, ok := joinDigits(s, base)
	if !ok {
		return nil, bad
	}
	n, ok := new(big.Int).SetString(sign+digits, base)
	if !ok {
		return nil, bad
	}
	return n, nil
}

// Int64 is Integer for places that have no use for more than 64 bits; a larger number is refused.
func Int64(text string) (int64, error) {
	n, err := Integer(text)
	if err != nil {
		return 0, err
	}
	if !n.IsInt64() {
		return 0, &Error{Type: "Integer", Text: text}
	}
	return n.Int64(), nil
}

// Float reads a number as Ruby's Float() does: blanks around it, a sign, _ between digits, a point with a digit behind it, an
// exponent, hexadecimal whole numbers and hexadecimal fractions with a p exponent. Infinity and NaN cannot be written; what is too
// large becomes infinite.
func Float(text string) (float64, error) {
	bad := &Error{Type: "Float", Text: text}
	s, sign := cutSign(strings.Trim(text, blanks))
	base, marks := 10, "eE"
	if len(s) > 1 && s[0] == '0' && s[1]|0x20 == 'x' {
		base, marks, s = 16, "pP", s[2:]
	}
	mantissa, exponent, hasExponent := s, "", false
	if i := strings.IndexAny(s, marks); i >= 0 {
		mantissa, exponent, hasExponent = s[:i], s[i+1:], true
	}
	whole, fraction, hasFraction := strings.Cut(mantissa, ".")
	ok := base == 10 || hasExponent == hasFraction || !hasFraction // 0x1.8 needs its exponent
	if whole != "" || base == 16 {
		var digits bool
		whole, digits = joinDigits(whole, base)
		ok = ok && digits
	} else {
		ok = ok && hasFraction
	}
	if hasFraction {
		var digits bool
		fraction, digits = joinDigits(fraction, base)
		ok = ok && digits
	}
	power, powerSign := cutSign(exponent)
	if hasExponent {
		var digits bool
		power, digits = joinDigits(power, 10)
		ok = ok && digits
	}
	if !ok {
		return 0, bad
	}
	plain := sign + whole + "." + fraction
	switch {
	case base == 16 && hasExponent:
		plain = sign + "0x" + whole + "." + fraction + "p" + powerSign + power
	case base == 16:
		plain = sign + "0x" + whole + "p0"
	case hasExponent:
		plain += "e" + powerSign + power
	}
	f, err := strconv.ParseFloat(plain, 64)
	if err != nil && f == 0 { // a range error gives an infinity, which Ruby takes too
		return 0, bad
	}
	return f, nil
}

func cutSign(s string) (rest, sign string) {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return s[1:], s[:1]
	}
	return s, ""
}

// joinDigits takes the _ out of digits of base; ok is false where there is no digit, a foreign one, or an _ that is not between two.
func joinDigits(s string, base int) (digits string, ok bool) {
	var b strings.Builder
	between := false
	for i := range len(s) {
		if s[i] == '_' {
			if !between {
				return "", false
			}
			between = false
			continue
		}
		if digitValue(s[i]) >= base {
			return "", false
		}
		between = true
		b.WriteByte(s[i])
	}
	return b.String(), between
}

func digitValue(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b|0x20 >= 'a' && b|0x20 <= 'f':
		return int(b|0x20-'a') + 10
	}
	return 99
}
