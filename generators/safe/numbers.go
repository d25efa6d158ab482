package safe

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
)

func address(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == ':' || c == '.'
}

// IP parses an address: no zone, no leading zeros in IPv4, no IPv4 in IPv6's clothes.
func IP(s string) (netip.Addr, error) {
	k := kind{"an IP address", "", address, false}
	if f := k.letters(s); f != nil {
		return netip.Addr{}, f.unless(onlyWords(s))
	}
	if s == "" {
		return netip.Addr{}, k.invalid(s, "it is empty")
	}
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return netip.Addr{}, k.invalid(s, "%s", reason(err))
	case a.Is4In6():
		return netip.Addr{}, k.invalid(s, "an IPv4 address written as IPv6")
	}
	return a, nil
}

// Prefix parses an address with the length of its subnet's prefix, as 192.168.10.110/24. The address need not be the subnet's.
func Prefix(s string) (netip.Prefix, error) {
	k := kind{"an address with a prefix length", "ADDRESS/LENGTH", func(c byte) bool { return address(c) || c == '/' }, false}
	if f := k.letters(s); f != nil {
		return netip.Prefix{}, f.unless(onlyWords(strings.Replace(s, "/", "", 1)))
	}
	ip, length, ok := strings.Cut(s, "/")
	if !ok {
		return netip.Prefix{}, k.invalid(s, "the length is missing")
	}
	a, err := IP(ip)
	if err != nil {
		return netip.Prefix{}, err
	}
	n, err := strconv.Atoi(length)
	if err != nil || n > a.BitLen() || strconv.Itoa(n) != length {
		return netip.Prefix{}, k.invalid(s, "the length is not a number from 0 to %d", a.BitLen())
	}
	return netip.PrefixFrom(a, n), nil
}

// Netmask parses a mask as 255.255.255.0 or ffff:ffff:: and returns the length of the prefix it stands for. Its family must be the
// address's.
func Netmask(s string, ipv6 bool) (int, error) {
	k := kind{"a netmask", "", address, false}
	if f := k.letters(s); f != nil {
		return 0, f.unless(onlyWords(s))
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return 0, k.invalid(s, "%s", reason(err))
	}
	if a.Is6() != ipv6 {
		return 0, k.invalid(s, "not of the address's family")
	}
	bits, ended := 0, false
	for _, b := range a.AsSlice() {
		for bit := 7; bit >= 0; bit-- {
			switch set := b>>bit&1 == 1; {
			case set && ended:
				return 0, k.invalid(s, "its ones are not contiguous")
			case set:
				bits++
			default:
				ended = true
			}
		}
	}
	return bits, nil
}

// reason is what netip says of an address without the address, which it may quote raw.
func reason(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, "): "); i >= 0 {
		text = text[i+3:]
	} else if i := strings.LastIndex(text, "\": "); i >= 0 {
		text = text[i+3:]
	}
	if cut, _, ok := strings.Cut(text, " (at "); ok {
		text = cut
	}
	return text
}

// MAC parses six pairs of hexadecimal digits between colons and returns them in lower case.
func MAC(s string) (string, error) {
	k := kind{"a MAC address", "six pairs of hexadecimal digits between colons", func(c byte) bool { return c != '.' && address(c) }, false}
	if f := k.letters(s); f != nil {
		return "", f.unless(onlyWords(s))
	}
	if len(s) != 17 {
		return "", k.invalid(s, "%d characters, not 17", len(s))
	}
	for i := range len(s) {
		if (i%3 == 2) != (s[i] == ':') {
			return "", k.invalid(s, "character %d is out of place", i+1)
		}
	}
	return strings.ToLower(s), nil
}

// unless makes a refusal of letters one of form, if those letters are harmless: "lots" is no attack on a number.
func (f *Fault) unless(harmless bool) *Fault {
	if harmless {
		f.Class = Invalid
	}
	return f
}

// onlyWords tells that s holds nothing that means more than itself in any file.
func onlyWords(s string) bool {
	if strings.HasPrefix(s, "-") {
		return false
	}
	for i := range len(s) {
		if !word(s[i]) && s[i] != ':' {
			return false
		}
	}
	return true
}

// Count parses an integer from least to most. A fraction of zeros or an exponent is accepted where the number is whole all the same:
// facts pass through programs that know floats alone.
func Count(s string, least, most int64) (int64, error) {
	want := "a whole number from " + strconv.FormatInt(least, 10) + " to " + strconv.FormatInt(most, 10)
	k := kind{"a number", want, func(c byte) bool { return c >= '0' && c <= '9' || strings.IndexByte("-+.eE", c) >= 0 }, true}
	if f := k.letters(s); f != nil {
		return 0, f.unless(onlyWords(s))
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		f, err := strconv.ParseFloat(s, 64)
		switch {
		case s == "":
			return 0, k.invalid(s, "it is empty")
		case math.IsInf(f, 0) || math.Abs(f) >= 1<<63:
			return 0, k.invalid(s, "out of range")
		case err != nil || f != math.Trunc(f):
			return 0, k.invalid(s, "not whole")
		}
		n = int64(f)
	}
	if n < least || n > most {
		return 0, k.invalid(s, "out of range")
	}
	return n, nil
}
