package site

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/haproxy"
	"github.com/mco-go/mco-go/generators/keepalived"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// HAProxy starts the host's HAProxy and waits until it answers.
func (s *Site) HAProxy(t testing.TB, name string) *lab.Process {
	t.Helper()
	lab.Need(t, lab.HAProxy)
	p := s.Hosts[name].Start(t, "haproxy", "-db", "-f", haproxy.Path)
	lab.Wait(t, "haproxy on "+name, 30*time.Second, func() error {
		if exit := s.Check(t, name); exit != 0 {
			return fmt.Errorf("the check ends with %d: %s", exit, p.Log())
		}
		return nil
	})
	return p
}

// Check asks the host's HAProxy how it is, with the check script where the host has one, as Keepalived does, and returns its exit code.
func (s *Site) Check(t testing.TB, name string) int {
	t.Helper()
	socket := estates.Node(t, s.Estate, name).AdminSocket()
	const script = `test ! -x "$1" || exec "$1" "$2" 1; echo "show info" | socat - "UNIX-CONNECT:$2" | grep -q ^Uptime`
	_, exit := s.Hosts[name].Try(t, "sh", "-c", script, "sh", estate.CheckScript, socket)
	return exit
}

// Stat is the host's HAProxy's "show stat": what it says of each server of a listener, by the server's name and the column's.
func (s *Site) Stat(t testing.TB, name, listener string) map[string]map[string]string {
	t.Helper()
	socket := "UNIX-CONNECT:" + estates.Node(t, s.Estate, name).AdminSocket()
	out := s.Hosts[name].Run(t, "sh", "-c", `echo show stat | socat - "$1"`, "sh", socket)
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(strings.TrimSpace(out), "# "))).ReadAll()
	if err != nil {
		t.Fatalf("show stat on %s: %v\n%s", name, err, out)
	}
	stat := make(map[string]map[string]string)
	for _, cells := range lines[1:] {
		if cells[0] != listener || slices.Contains([]string{"FRONTEND", "BACKEND"}, cells[1]) {
			continue
		}
		stat[cells[1]] = make(map[string]string)
		for i, column := range lines[0] {
			stat[cells[1]][column] = cells[i]
		}
	}
	return stat
}

// Keepalived starts the host's Keepalived.
func (s *Site) Keepalived(t testing.TB, name string) *lab.Process {
	t.Helper()
	lab.Need(t, lab.Keepalived)
	return s.Hosts[name].Start(t, "keepalived", "-n", "-l", "-D", "-f", keepalived.Path, "-p", "/run/k.pid", "-r", "/run/v.pid", "-c", "/run/c.pid")
}

// Share starts the Keepalived of each of the hosts, the first of which has the VIP before the others start: without preemption it would
// be anybody's.
func (s *Site) Share(t testing.TB, vip netip.Addr, names ...string) map[string]*lab.Process {
	t.Helper()
	started := make(map[string]*lab.Process)
	for i, name := range names {
		started[name] = s.Keepalived(t, name)
		s.Owned(t, vip, names[0], names[1:i+1]...)
	}
	return started
}

// Standby waits until a Keepalived would take the address over: one whose check failed does not before it has gone well again.
func Standby(t testing.TB, keepalived *lab.Process) {
	t.Helper()
	lab.Wait(t, "a Keepalived that stands by", 30*time.Second, func() error {
		log := keepalived.Log()
		if last := strings.LastIndex(log, ") Entering "); last < 0 || !strings.HasPrefix(log[last:], ") Entering BACKUP STATE") {
			return errors.New(log[max(last, 0):])
		}
		return nil
	})
}

// Owned waits until the first of the hosts, and none of the others, has the VIP, and says how long that took.
func (s *Site) Owned(t testing.TB, vip netip.Addr, by string, others ...string) time.Duration {
	t.Helper()
	before := time.Now()
	lab.Wait(t, fmt.Sprintf("%v on %s alone", vip, by), 30*time.Second, func() error {
		for _, name := range append([]string{by}, others...) {
			if has := s.Hosts[name].Has(t, vip); has != (name == by) {
				return fmt.Errorf("%s has it: %v", name, has)
			}
		}
		return nil
	})
	took := time.Since(before)
	t.Logf("%s has %v after %v", by, vip, took.Round(100*time.Millisecond))
	return took
}
