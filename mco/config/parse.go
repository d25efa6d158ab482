package config

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// NumberError is a text that Ruby's Integer() or Float() refuses, with Ruby's own words for it.
type NumberError struct {
	Type string // Integer or Float
	Text string
}

// Error gives Ruby's text.
func (e *NumberError) Error() string {
	return fmt.Sprintf("invalid value for %s(): %s", e.Type, strconv.Quote(e.Text))
}

// BoolError is a text that is no boolean, with the original's words for it.
type BoolError struct{ Text string }

// Error gives the original's text.
func (e *BoolError) Error() string {
	return "Cannot convert string value '" + e.Text + "' into a boolean."
}

// ParseInt reads a number as Ruby's Integer() does: blanks around it, a sign, _ between digits, 0x, 0b, 0o, 0d, and a leading 0 for
// octal. What does not fit int64 is refused; Ruby would make a big number of it, for which no setting has a use.
func ParseInt(text string) (int64, error) {
	bad := &NumberError{Type: "Integer", Text: text}
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
		return 0, bad
	}
	n, ok := new(big.Int).SetString(sign+digits, base)
	if !ok || !n.IsInt64() {
		return 0, bad
	}
	return n.Int64(), nil
}

// ParseFloat reads a number as Ruby's Float() does: blanks around it, a sign, _ between digits, a point with a digit behind it, an
// exponent, hexadecimal whole numbers and hexadecimal fractions with a p exponent. Infinity and NaN cannot be written; what is too
// large becomes infinite.
func ParseFloat(text string) (float64, error) {
	bad := &NumberError{Type: "Float", Text: text}
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

// ParseBool reads a boolean as the original's Util.str_to_bool does.
func ParseBool(text string) (bool, error) {
	clean := strings.Trim(text, stripped)
	switch strings.ToLower(clean) {
	case "1", "yes", "true", "y", "t":
		return true, nil
	case "0", "no", "false", "n", "f":
		return false, nil
	}
	return false, &BoolError{Text: clean}
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

// parseSeconds reads whole seconds.
func parseSeconds(text string) (time.Duration, error) {
	n, err := ParseInt(text)
	if err != nil {
		return 0, err
	}
	if limit := int64(1<<63-1) / int64(time.Second); n > limit || n < -limit {
		return 0, &NumberError{Type: "Integer", Text: text}
	}
	return time.Duration(n) * time.Second, nil
}
