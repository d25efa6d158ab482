package systems

import (
	"bufio"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// owners watches who has an address, by what the hosts' kernels say about it.
type owners struct {
	vip      netip.Addr
	monitors map[string]*lab.Process
}

// watch begins before anybody has the address.
func watch(t testing.TB, vip netip.Addr, hosts map[string]*lab.Host) *owners {
	t.Helper()
	o := &owners{vip: vip, monitors: make(map[string]*lab.Process)}
	for name, h := range hosts {
		o.monitors[name] = h.Start(t, "stdbuf", "-oL", "ip", "-ts", "-o", "monitor", "address")
	}
	return o
}

// change is a moment at which a host got or lost the address.
type change struct {
	at   time.Time
	host string
	has  bool
}

// changes returns all of a host so far, in order.
func (o *owners) changes(t testing.TB, host string) []change {
	t.Helper()
	var all []change
	for lines := bufio.NewScanner(strings.NewReader(o.monitors[host].Log())); lines.Scan(); {
		stamp, event, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "["), "] ")
		if !ok || !strings.Contains(event, " "+o.vip.String()+"/") {
			continue
		}
		at, err := time.ParseInLocation("2006-01-02T15:04:05.000000", stamp, time.Local)
		if err != nil {
			t.Fatal(err)
		}
		c := change{at, host, !strings.HasPrefix(event, "Deleted ")}
		if len(all) == 0 || all[len(all)-1].has != c.has { // the kernel repeats itself
			all = append(all, c)
		}
	}
	return all
}

// got is when the host last got the address.
func (o *owners) got(t testing.TB, host string) time.Time {
	t.Helper()
	all := o.changes(t, host)
	if len(all) == 0 || !all[len(all)-1].has {
		t.Fatalf("%s does not have %v: %v", host, o.vip, all)
	}
	return all[len(all)-1].at
}

// shared is the longest time for which both hosts had the address.
func (o *owners) shared(t testing.TB, one, two string) time.Duration {
	t.Helper()
	var longest time.Duration
	for _, a := range spans(o.changes(t, one)) {
		for _, b := range spans(o.changes(t, two)) {
			from, to := a[0], a[1]
			if b[0].After(from) {
				from = b[0]
			}
			if b[1].Before(to) {
				to = b[1]
			}
			longest = max(longest, to.Sub(from))
		}
	}
	return longest
}

// spans pairs the moments of getting with those of losing.
func spans(all []change) [][2]time.Time {
	var s [][2]time.Time
	for _, c := range all {
		if c.has {
			s = append(s, [2]time.Time{c.at, time.Now()})
		} else if len(s) > 0 {
			s[len(s)-1][1] = c.at
		}
	}
	return s
}
