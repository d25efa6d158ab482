package secret

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Rule is a kind of place that holds a secret, which decides what the secret may be.
type Rule uint8

// The places of secrets.
const (
	CfgLine    Rule = iota // a value of server.cfg and client.cfg, whose format knows no quotes
	VRRPPass               // auth_pass of keepalived.conf, in quotes; VRRP itself cuts after 8 bytes
	Cookie                 // Erlang's cookie
	StatsPass              // stats auth of haproxy.cfg, in quotes with escapes
	DRBDShared             // shared-secret of a DRBD resource, in quotes
	ClusterKey             // Corosync's authkey, whose bytes are the file
	Password               // a broker's, which is hashed or percent-encoded
)

type terms struct {
	target      string
	least, most int
	fits        func(string) bool
	want        string
}

func (r Rule) terms() terms {
	switch r {
	case CfgLine:
		return terms{"server.cfg and client.cfg", 1, 4096, func(s string) bool { return printable(s) && strings.TrimSpace(s) == s },
			"printable ASCII without blanks at its ends"}
	case VRRPPass:
		return terms{"keepalived.conf", 1, 8, quotable, "printable ASCII without quotes and backslash"}
	case Cookie:
		return terms{"the Erlang cookie", 20, 255, cookie, "letters, digits, _, @, . and -"}
	case StatsPass:
		return terms{"haproxy.cfg", 1, 256, printable, "printable ASCII"}
	case DRBDShared:
		return terms{"the DRBD resource", 1, 63, quotable, "printable ASCII without quotes and backslash"}
	case ClusterKey:
		return terms{"Corosync's authkey", 128, 4096, func(string) bool { return true }, "any"}
	}
	return terms{"the broker", 1, 4096, text, "UTF-8 without control characters"}
}

// Fits returns nil if the place can hold v, else an error that names the place and what it takes, and shows nothing of v.
func (v Value) Fits(r Rule) error {
	t := r.terms()
	if len(v.bytes) < t.least || len(v.bytes) > t.most || !t.fits(v.bytes) {
		return fmt.Errorf("%s cannot hold it: %d to %d bytes of %s", t.target, t.least, t.most, t.want)
	}
	return nil
}

func every(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

func printable(s string) bool {
	return every(s, func(c byte) bool { return c >= ' ' && c <= '~' })
}

func quotable(s string) bool { return printable(s) && !strings.ContainsAny(s, `"'\`) }

func text(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c >= 0x7f && c < 0xa0 })
}

func cookie(s string) bool {
	return every(s, func(c byte) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_@.-", c) >= 0
	})
}
