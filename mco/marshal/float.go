package marshal

import (
	"math"
	"strconv"
)

// appendFloat appends the text that Ruby's writer gives a float: the fewest digits that read back the same, with a point or an
// exponent only where needed (marshal.c, w_float).
func appendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	case f != f:
		return append(dst, "nan"...)
	case f == 0:
		if math.Signbit(f) {
			dst = append(dst, '-')
		}
		return append(dst, '0')
	}
	// d.ddde±xx
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'e', -1, 64)
	if text[0] == '-' {
		dst = append(dst, '-')
		text = text[1:]
	}
	var digits [20]byte
	n, i := 0, 0
	for ; text[i] != 'e'; i++ {
		if text[i] != '.' {
			digits[n] = text[i]
			n++
		}
	}
	exp, _ := strconv.Atoi(string(text[i+1:]))
	point := exp + 1 // value = 0.DIGITS * 10^point
	switch {
	case point < -3 || point > n:
		dst = append(dst, digits[0])
		if n > 1 {
			dst = append(dst, '.')
			dst = append(dst, digits[1:n]...)
		}
		dst = append(dst, 'e')
		return strconv.AppendInt(dst, int64(point-1), 10)
	case point > 0:
		dst = append(dst, digits[:point]...)
		if point < n {
			dst = append(dst, '.')
			dst = append(dst, digits[point:n]...)
		}
		return dst
	}
	dst = append(dst, '0', '.')
	for range -point {
		dst = append(dst, '0')
	}
	return append(dst, digits[:n]...)
}
