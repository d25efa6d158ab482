package acceptance

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
	"github.com/mco-go/mco-go/internal/lab/site"
)

// boot runs what the unit of the host's LVS part starts, as systemd would.
func boot(t *testing.T, h *lab.Host) {
	t.Helper()
	unit, err := os.ReadFile(filepath.Join(h.Folder, "/etc/systemd/system/mco-lvs.service"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(unit)) {
		command, ok := strings.CutPrefix(strings.TrimSpace(line), "ExecStart=")
		if !ok {
			continue
		}
		words := strings.Fields(strings.ReplaceAll(command, " /etc/mco/", " "+h.Folder+"/etc/mco/"))
		if program, may := strings.CutPrefix(words[0], "-"); may {
			h.Try(t, append([]string{program}, words[1:]...)...)
			continue
		}
		h.Run(t, words...)
	}
}

// A director marks what comes from clients and not what another director sent on; loading the marks again changes nothing.
func TestMarksTellClientsFromDirectors(t *testing.T) {
	t.Parallel()
	lab.Need(t, lab.NetFilter)
	vip := netip.MustParsePrefix("192.0.2.120/24")
	debian, centOS := facts.OS{Family: "Debian", Name: "Debian", Major: "12"}, facts.OS{Family: "RedHat", Name: "CentOS", Major: "7"}
	rows := []struct {
		name      string
		os        facts.OS
		directors int
		rules     []string // how to see them all
	}{
		{"nftables, three directors", debian, 3, []string{"nft", "list", "ruleset"}},
		{"iptables, three directors", centOS, 3, []string{"iptables", "-t", "mangle", "-S"}},
		{"iptables, two directors", centOS, 2, []string{"iptables", "-t", "mangle", "-S"}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			e := estates.Full()
			b := e.Balancers[1]
			b.Members = b.Members[:r.directors]
			for _, m := range b.Members {
				m.Node.Facts.OS = r.os
			}
			s := site.New(t, e, "mq1", "mq2", "mq3")
			client(t, s)
			one := s.Hosts["mq1"]
			boot(t, one)
			before := one.Run(t, r.rules...)
			boot(t, one)
			if after := one.Run(t, r.rules...); after != before {
				t.Errorf("loaded once:\n%s\nloaded twice:\n%s", before, after)
			}
			one.Run(t, "ip", "address", "add", vip.String(), "dev", "eth0")
			marked := func(from string) bool {
				t.Helper()
				one.Run(t, "nft", "add table ip seen; delete table ip seen; add table ip seen; "+
					"add chain ip seen c { type filter hook prerouting priority -100; }; add rule ip seen c tcp dport 5672 meta mark 1 counter")
				s.Hosts[from].Try(t, "timeout", "2", "socat", "-u", "TCP:192.0.2.120:5672", "STDOUT") // refused: a packet is enough
				return !strings.Contains(one.Run(t, "nft", "list", "table", "ip", "seen"), "counter packets 0 ")
			}
			for from, want := range map[string]bool{"client": true, "mq2": false, "mq3": r.directors < 3} {
				if got := marked(from); got != want {
					t.Errorf("from %s: marked %v, want %v", from, got, want)
				}
			}
		})
	}
}
