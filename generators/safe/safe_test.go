package safe

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mco-go/mco-go/generators/problem"
)

func class(err error) problem.Class {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Class
	}
	return ""
}

func TestTypes(t *testing.T) {
	types := map[string]func(string) error{
		"hostname": Hostname,
		"ifname":   Ifname,
		"token":    Token,
		"text":     func(s string) error { return Text(s, `"#`) },
		"ip":       func(s string) error { _, err := IP(s); return err },
		"prefix":   func(s string) error { _, err := Prefix(s); return err },
		"netmask":  func(s string) error { _, err := Netmask(s, strings.Contains(s, ":")); return err },
		"mac":      func(s string) error { _, err := MAC(s); return err },
		"count":    func(s string) error { _, err := Count(s, 1, 1<<40); return err },
		"plain":    func(s string) error { return Plain("a fact", s) },
	}
	tests := []struct {
		typ, in string
		want    problem.Class // empty: accepted
		what    string        // part of the message
	}{
		{"hostname", "ha1", "", ""},
		{"hostname", "HA-1.mq.example.test", "", ""},
		{"hostname", "with_underscore.test", "", ""},
		{"hostname", "10.0.0.1", "", ""},
		{"hostname", strings.Repeat("a", 63), "", ""},
		{"hostname", strings.Repeat("a.", 126) + "a", "", ""},
		{"hostname", strings.Repeat("a", 64), Invalid, "64 bytes"},
		{"hostname", strings.Repeat("a.", 127), Invalid, "254 bytes"},
		{"hostname", "", Invalid, "empty"},
		{"hostname", ".mq.example.test", Invalid, "dot"},
		{"hostname", "ha1.", Invalid, "dot"},
		{"hostname", "ha1..test", Invalid, "label is empty"},
		{"hostname", "ha1-", Invalid, "dash"},
		{"hostname", "a.-b", Invalid, "dash"},
		{"hostname", "-config", Unsafe, "option"},
		{"hostname", "ha1\nserver evil", Unsafe, "control character U+000A"},
		{"hostname", "ha1 # x", Unsafe, "blank"},
		{"hostname", "ha1\x00", Unsafe, "U+0000"},
		{"hostname", "ha1\u0085", Unsafe, "line separator U+0085"},
		{"hostname", "ha1\u2028x", Unsafe, "line separator U+2028"},
		{"hostname", "ha1\u202ex", Unsafe, "bidirectional control U+202E"},
		{"hostname", "ha1\u200bx", Unsafe, "without width U+200B"},
		{"hostname", "ha1\ufeff", Unsafe, "without width U+FEFF"},
		{"hostname", "h\u04301", Unsafe, "letter outside ASCII U+0430"},
		{"hostname", "ha\xff", Unsafe, "not UTF-8"},
		{"hostname", "../../etc/cron.d/x", Unsafe, "'/'"},
		{"hostname", "ha1{", Unsafe, "'{'"},
		{"hostname", "ha1:5672", Unsafe, "':'"},
		{"ifname", "vlan.101", "", ""},
		{"ifname", "eth0:1", Unsafe, "':'"},
		{"ifname", "averyveryverylongname0", Invalid, "22 bytes"},
		{"ifname", "..", Invalid, "directory"},
		{"ifname", "", Invalid, "empty"},
		{"ifname", "eth 0", Unsafe, "blank"},
		{"token", "mc_rabbitmq", "", ""},
		{"token", strings.Repeat("x", 65), Invalid, "65 bytes"},
		{"token", "", Invalid, "empty"},
		{"token", "a b", Unsafe, "blank"},
		{"token", "-a", Unsafe, "option"},
		{"text", "- a list's item", "", ""},
		{"text", "", "", ""},
		{"text", `with "quotes"`, Unsafe, `'"'`},
		{"text", "tab\t", Unsafe, "U+0009"},
		{"ip", "192.168.233.10", "", ""},
		{"ip", "2001:DB8::0a", "", ""},
		{"ip", "192.168.233.010", Invalid, "leading zero"},
		{"ip", "192.168.233.999", Invalid, "255"},
		{"ip", "192.168.233", Invalid, ""},
		{"ip", "0x7f000001", Invalid, "'x'"},
		{"ip", "::ffff:10.0.0.1", Invalid, "IPv4 address written as IPv6"},
		{"ip", "::ffff:a00:1", Invalid, "IPv4 address written as IPv6"},
		{"ip", "fe80::1%eth0", Unsafe, "'%'"},
		{"ip", "10.0.0.1/24", Unsafe, "'/'"},
		{"ip", "", Invalid, "empty"},
		{"prefix", "192.168.10.110/24", "", ""},
		{"prefix", "2001:db8::1/64", "", ""},
		{"prefix", "192.168.10.110/33", Invalid, "0 to 32"},
		{"prefix", "192.168.10.110/024", Invalid, "0 to 32"},
		{"prefix", "192.168.10.110", Invalid, "missing"},
		{"prefix", "10.0.0.0/8/8", Invalid, "0 to 32"},
		{"netmask", "255.255.255.0", "", ""},
		{"netmask", "ffff:ffff::", "", ""},
		{"netmask", "255.0.255.0", Invalid, "contiguous"},
		{"netmask", "255.255.255", Invalid, ""},
		{"netmask", "ffff::1", Invalid, "contiguous"},
		{"mac", "52:54:00:E2:A4:EE", "", ""},
		{"mac", "02:00:5e:00:3d:zz", Invalid, "'z'"},
		{"mac", "02:00:5e:00:3d", Invalid, "14 characters"},
		{"mac", "02005e003dfa12345", Invalid, "out of place"},
		{"mac", "02-00-5e-00-3d-fa", Invalid, "'-'"},
		{"mac", "02:00:5e:00:3d:fa\n", Unsafe, "U+000A"},
		{"count", "4123168604", "", ""},
		{"count", "4123168604.0", "", ""},
		{"count", "4.0e9", "", ""},
		{"count", "1.5", Invalid, "not whole"},
		{"count", "1e+300", Invalid, "out of range"},
		{"count", "-1", Invalid, "out of range"},
		{"count", "0", Invalid, "out of range"},
		{"count", "lots", Invalid, "'l'"},
		{"count", "1e", Invalid, "not whole"},
		{"count", "", Invalid, "empty"},
		{"count", "12 34", Unsafe, "blank"},
		{"plain", "mq::lb role", "", ""},
		{"plain", "esc\x1b[2J", Unsafe, "U+001B"},
		{"plain", "a\u200fb", Unsafe, "bidirectional"},
	}
	for _, tt := range tests {
		t.Run(tt.typ+"/"+strconv.QuoteToASCII(tt.in), func(t *testing.T) {
			err := types[tt.typ](tt.in)
			if class(err) != tt.want {
				t.Fatalf("%s %q: %v, want class %q", tt.typ, tt.in, err, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), tt.what) {
				t.Errorf("%s %q: %q does not say %q", tt.typ, tt.in, err, tt.what)
			}
		})
	}
}

func TestValues(t *testing.T) {
	if m, err := MAC("52:54:00:E2:A4:EE"); m != "52:54:00:e2:a4:ee" || err != nil {
		t.Errorf("MAC: %q, %v", m, err)
	}
	if p, err := Prefix("192.168.10.110/24"); p != netip.MustParsePrefix("192.168.10.110/24") || err != nil {
		t.Errorf("Prefix: %v, %v", p, err)
	}
	for mask, want := range map[string]int{"0.0.0.0": 0, "255.255.252.0": 22, "255.255.255.255": 32, "ffff:ffff:ffff:ffff::": 64, "::": 0} {
		if n, err := Netmask(mask, strings.Contains(mask, ":")); n != want || err != nil {
			t.Errorf("Netmask(%s): %d, %v, want %d", mask, n, err, want)
		}
	}
	if _, err := Netmask("255.255.255.0", true); class(err) != Invalid {
		t.Errorf("an IPv4 mask for IPv6: %v", err)
	}
	if n, err := Count("4.0e9", 1, 1<<40); n != 4_000_000_000 || err != nil {
		t.Errorf("Count: %d, %v", n, err)
	}
}

// Every length has one mask.
func TestNetmaskOfEveryLength(t *testing.T) {
	for _, all := range []netip.Addr{netip.MustParseAddr("255.255.255.255"), netip.MustParseAddr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")} {
		for bits := range all.BitLen() + 1 {
			mask := netip.PrefixFrom(all, bits).Masked().Addr().String()
			if n, err := Netmask(mask, all.Is6()); n != bits || err != nil {
				t.Errorf("Netmask(%s): %d, %v, want %d", mask, n, err, bits)
			}
		}
	}
}

// The message of a refusal goes to a terminal: it is printable ASCII whatever the value was.
func FuzzRefusals(f *testing.F) {
	for _, s := range []string{"ha1", "ha1\n", "h\u0430", "-x", "192.168.1.1", "\u202e", "\xff", "255.0.255.0", "02:00:5e:00:3d:fa", "1e300"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		_, ip := IP(s)
		_, prefix := Prefix(s)
		_, mask := Netmask(s, false)
		_, mac := MAC(s)
		_, count := Count(s, -5, 5)
		for name, err := range map[string]error{"hostname": Hostname(s), "ifname": Ifname(s), "token": Token(s), "text": Text(s, "#"),
			"ip": ip, "prefix": prefix, "netmask": mask, "mac": mac, "count": count} {
			if err == nil {
				// What any type accepts holds no character that means more than itself somewhere.
				if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }); i >= 0 {
					t.Errorf("%s accepts %q", name, s)
				}
				if name != "text" && strings.ContainsAny(s, " \"'#$`\\{}();<>|&!@~*?[]=,%") {
					t.Errorf("%s accepts %q", name, s)
				}
				continue
			}
			p := Problem(err, "", "")
			text := p.Error()
			if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("%s: the message holds what it warns of: %q", name, text)
			}
			if p.Class != Unsafe && p.Class != Invalid {
				t.Errorf("%s: class %q", name, p.Class)
			}
		}
	})
}
