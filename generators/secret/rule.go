package secret

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Rule is what a kind of file can hold of a secret.
type Rule struct {
	Target   string // for messages
	min, max int
	allowed  func(c byte) bool
	outer    bool // blanks at the ends are lost
	what     string
}

// The rules of the files that hold secrets.
var (
	// CfgLine is server.cfg and client.cfg: their format knows no quotes.
	CfgLine = Rule{Target: "server.cfg and client.cfg", min: 1, max: 4096, allowed: printable, outer: true,
		what: "printable ASCII without blanks at its ends"}
	// VRRPPass is auth_pass of keepalived.conf, in quotes. VRRP itself cuts after 8 bytes.
	VRRPPass = Rule{Target: "keepalived.conf", min: 1, max: 8, allowed: plainQuoted, what: "1 to 8 bytes of printable ASCII without quotes or backslash"}
	// Cookie is Erlang's.
	Cookie = Rule{Target: ".erlang.cookie", min: 20, max: 255, allowed: cookie, what: "20 to 255 of letters, digits, _, @, . and -"}
	// StatsPass is stats auth of haproxy.cfg, in quotes with escapes.
	StatsPass = Rule{Target: "haproxy.cfg", min: 1, max: 256, allowed: printable, what: "1 to 256 bytes of printable ASCII"}
	// DRBDShared is shared-secret of a DRBD resource, in quotes.
	DRBDShared = Rule{Target: "the DRBD resource", min: 1, max: 64, allowed: plainQuoted, what: "1 to 64 bytes of printable ASCII without quotes or backslash"}
	// URIPart is user info of a URI, percent-encoded, and a broker's password, which is hashed.
	URIPart = Rule{Target: "definitions.json", min: 1, max: 4096, what: "1 to 4096 bytes of UTF-8 without control characters"}
)

// Fits returns nil if v can be written as r says, else an error that names the rule and shows nothing of v.
func (v Value) Fits(r Rule) error {
	s := v.bytes
	fits := len(s) >= r.min && len(s) <= r.max
	if r.allowed == nil {
		fits = fits && utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c >= 0x7f && c < 0xa0 })
	} else {
		for i := range len(s) {
			fits = fits && r.allowed(s[i])
		}
	}
	if r.outer && strings.TrimSpace(s) != s {
		fits = false
	}
	if !fits {
		return errors.New(r.Target + " cannot hold it: " + r.what)
	}
	return nil
}

func printable(c byte) bool { return c >= ' ' && c <= '~' }

func plainQuoted(c byte) bool { return printable(c) && c != '"' && c != '\'' && c != '\\' }

func cookie(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_@.-", c) >= 0
}
