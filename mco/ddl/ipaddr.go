package ddl

import (
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
)

// ipFamily returns 4 or 6 for what Ruby's IPAddr.new takes for an address, 0 for anything else: an address, in brackets or with a zone
// when it is of version 6, perhaps with the length of a prefix or a mask behind a slash.
func ipFamily(s string) int {
	family, _ := ipParse(s)
	return family
}

func ipParse(s string) (family int, addr netip.Addr) {
	prefix, mask, masked := strings.Cut(s, "/")
	must6 := false
	if strings.HasPrefix(prefix, "[") && strings.HasSuffix(prefix, "]") && len(prefix) > 1 {
		prefix, must6 = prefix[1:len(prefix)-1], true
	}
	if at := strings.LastIndexByte(prefix, '%'); at >= 0 && isZone(prefix[at+1:]) {
		prefix, must6 = prefix[:at], true
	}
	if strings.Contains(prefix, "%") {
		return 0, netip.Addr{}
	}
	addr, err := netip.ParseAddr(prefix)
	if err != nil || addr.Is4() && must6 {
		return 0, netip.Addr{}
	}
	family = 6
	if addr.Is4() {
		family = 4
	}
	if masked && !maskFits(mask, family) {
		return 0, netip.Addr{}
	}
	return family, addr
}

func isZone(s string) bool {
	for i := range len(s) {
		if !isWord(s[i]) || s[i] >= 0x80 {
			return false
		}
	}
	return s != ""
}

func maskFits(mask string, family int) bool {
	most := 32
	if family == 6 {
		most = 128
	}
	if n, err := strconv.Atoi(mask); err == nil && isDigit(mask[0]) {
		return n <= most && (mask == "0" || mask[0] != '0')
	}
	maskFamily, addr := ipParse(mask)
	if maskFamily != family {
		return false
	}
	rest := false
	for _, b := range addr.AsSlice() {
		n := bits.LeadingZeros8(^b)
		if rest && b != 0 || n < 8 && b<<n != 0 {
			return false
		}
		rest = rest || n < 8
	}
	return true
}
