package acceptance

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/keepalived"
	"github.com/mco-go/mco-go/internal/lab"
)

var frontVIP = netip.MustParseAddr("192.0.2.110")

// keepalived starts the host's Keepalived.
func (s *site) keepalived(t *testing.T, name string) *lab.Process {
	t.Helper()
	return s.hosts[name].Start(t, "keepalived", "-n", "-l", "-D", "-f", keepalived.Path, "-p", "/run/k.pid", "-r", "/run/v.pid", "-c", "/run/c.pid")
}

// owned waits until the named host, and no other balancer, has the VIP, and says how long that took.
func (s *site) owned(t *testing.T, by string) {
	t.Helper()
	before := time.Now()
	lab.Wait(t, "the VIP on "+by+" alone", 30*time.Second, func() error {
		for _, name := range []string{"ha1", "ha2"} {
			if has := s.hosts[name].Has(t, frontVIP); has != (name == by) {
				return fmt.Errorf("%s has it: %v", name, has)
			}
		}
		return nil
	})
	t.Logf("%s has the VIP after %v", by, time.Since(before).Round(100*time.Millisecond))
}

// logs waits until the process has said the text, behind what it had said before.
func logs(t *testing.T, p *lab.Process, before, text string) {
	t.Helper()
	lab.Wait(t, fmt.Sprintf("%s to say %q", p.Name, text), 20*time.Second, func() error {
		if log := strings.TrimPrefix(p.Log(), before); !strings.Contains(log, text) {
			return fmt.Errorf("it said %q", log)
		}
		return nil
	})
}

// Without preemption the VIP goes where HAProxy answers, stays there when the other recovers, and leaves a node that is lost.
func TestVIPMovesAndStays(t *testing.T) {
	s := newSite(t, quick(estate.RoundRobin), "ha1", "ha2", "mq1", "mq2", "mq3")
	for _, name := range []string{"mq1", "mq2", "mq3"} {
		s.broker(t, name, 5672)
	}
	first := s.haproxy(t, "ha1")
	s.haproxy(t, "ha2")
	one, two := s.keepalived(t, "ha1"), s.keepalived(t, "ha2")
	s.owned(t, "ha1")
	if got := s.answers(t, "192.0.2.110:5672", 6); got["mq1"] != 2 || got["mq2"] != 2 || got["mq3"] != 2 {
		t.Errorf("6 connections through the VIP: %v", got)
	}
	if err := first.Freeze(); err != nil {
		t.Fatal(err)
	}
	s.owned(t, "ha2")
	before := one.Log()
	if err := first.Thaw(); err != nil {
		t.Fatal(err)
	}
	logs(t, one, before, "Entering BACKUP STATE") // it could hold the VIP again, has the higher priority, and does not take it
	s.owned(t, "ha2")
	if got := s.answers(t, "192.0.2.110:5672", 3); got[""] > 0 {
		t.Errorf("3 connections through the VIP: %v", got)
	}
	s.hosts["ha2"].Run(t, "ip", "address", "flush", "dev", "eth0") // nobody takes the address off a machine that is lost
	two.Kill()
	s.owned(t, "ha1")
}

// With preemption and a weight the VIP comes back. By multicast.
func TestVIPComesBack(t *testing.T) {
	s := newSite(t, func(e *estate.Estate) {
		b := e.Balancers[0]
		b.VRRP.Preempt, b.VRRP.Weight, b.VRRP.Unicast = true, -20, false
		b.Members[0].State = "MASTER"
	}, "ha1", "ha2")
	first := s.haproxy(t, "ha1")
	s.haproxy(t, "ha2")
	s.keepalived(t, "ha1")
	s.keepalived(t, "ha2")
	s.owned(t, "ha1")
	first.Kill()
	s.owned(t, "ha2")
	s.haproxy(t, "ha1")
	s.owned(t, "ha1")
}

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
			s := newSite(t, func(e *estate.Estate) {
				b := e.Balancers[1]
				b.Members = b.Members[:r.directors]
				for _, m := range b.Members {
					m.Node.Facts.OS = r.os
				}
			}, "mq1", "mq2", "mq3")
			one := s.hosts["mq1"]
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
				s.hosts[from].Try(t, "timeout", "2", "socat", "-u", "TCP:192.0.2.120:5672", "STDOUT") // refused: a packet is enough
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
