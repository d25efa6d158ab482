package rubynum

import (
	"math"
	"testing"
)

// The right-hand sides were asked of Ruby 3.1's Integer() and Float(); no entry means that it refuses.
func TestNumbersAsRubyReadsThem(t *testing.T) {
	ints := map[string]int64{"0_7": 7, "0d10": 10, "0D10": 10, "0X1F": 31, "0B1": 1, "0O7": 7, "00": 0, "0": 0, "-0": 0, " 5 ": 5, "\t5\v": 5, "+5": 5, "-0x1f": -31}
	for _, s := range []string{"0_7", "0d10", "0D10", "0X1F", "0B1", "0O7", "00", "0", "-0", " 5 ", "\t5\v", "+5", "-0x1f", "0x_1f", "0b", "1__0", "1_", "_1",
		"+-5", "0x-5", "0x+5", "08", "0_8", "0o8", "0b2", "-", "+", "1e3", "0xg", "0x", "- 5", "5 5", "5\x00", "５", "", "9999999999999999999"} {
		want, ok := ints[s]
		if got, err := Int64(s); got != want || (err == nil) != ok {
			t.Errorf("Int64(%q) = %d, %v; want %d, taken %t", s, got, err, want, ok)
		}
	}
	floats := map[string]float64{"1": 1, "1.5": 1.5, ".5": 0.5, "1e+3": 1000, "1e-3": 0.001, "1_0.5": 10.5, "1.5_5": 1.55, "0x1f": 31, "0x1.8p1": 3, "+1": 1,
		"1e4_0": 1e40, "1e400": math.Inf(1), "010": 10, "0_1": 1, "1E5": 1e5, "0X1P3": 8, "-.5": -0.5, ".5e1": 5, " 1 ": 1, "\n1\n": 1}
	for _, s := range []string{"1", "1.5", ".5", "1e+3", "1e-3", "1_0.5", "1.5_5", "0x1f", "0x1.8p1", "+1", "1e4_0", "1e400", "010", "0_1", "1E5", "0X1P3", "-.5",
		".5e1", " 1 ", "\n1\n", "5.", "1.e3", "1e", "1_.5", "1._5", "1__0", "_1", "1_", "0x1.8", "0x1p", "0x.8", "0x", "0x_1", "inf", "nan", "Infinity", "--1",
		"1e_4", "0b1", "1e5.", "1.5e", "0xp1", "0x1.p1", "1d", "1f", "e5", ".", "1 1", "1\x00", ""} {
		want, ok := floats[s]
		if got, err := Float(s); got != want || (err == nil) != ok {
			t.Errorf("Float(%q) = %g, %v; want %g, taken %t", s, got, err, want, ok)
		}
	}
}

func FuzzNumbers(f *testing.F) {
	f.Add("0x1f")
	f.Add("1_0.5e-3")
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := Int64(s); err == nil && n < 0 && len(s) < 2 {
			t.Fatalf("Int64(%q) = %d", s, n)
		}
		if g, err := Float(s); err == nil && math.IsNaN(g) {
			t.Fatalf("Float(%q) is no number", s)
		}
	})
}
