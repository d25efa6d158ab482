package chaos

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// remembered is how long the kernel keeps an attempt to connect in mind, from which follows when it was made.
const remembered = time.Hour

var attempt = regexp.MustCompile(`\d \. \d+ expires ([0-9hms]+)`)

// attempts tells when anybody but one host tried to open a connection to a port of h, in order. What TCP sends again does not count.
func attempts(t testing.TB, h *lab.Host, port int, but *lab.Host) func() []time.Time {
	t.Helper()
	h.Run(t, "nft", fmt.Sprintf("add table ip tries; add set ip tries seen { type ipv4_addr . inet_service; flags dynamic, timeout; timeout %.0fs; size 65535; }; "+
		"add chain ip tries in { type filter hook input priority -400; }; "+
		"add rule ip tries in iifname != lo ip saddr != %s tcp dport %d tcp flags & (syn | ack) == syn add @seen { ip saddr . tcp sport }",
		remembered.Seconds(), but.Address, port))
	return func() (at []time.Time) {
		t.Helper()
		now := time.Now()
		for _, m := range attempt.FindAllStringSubmatch(h.Run(t, "nft", "list", "set", "ip", "tries", "seen"), -1) {
			left, err := time.ParseDuration(m[1])
			if err != nil {
				t.Fatal(err)
			}
			at = append(at, now.Add(left-remembered))
		}
		slices.SortFunc(at, time.Time.Compare)
		return at
	}
}

// rush is the most of the moments, in order, that lie within one span.
func rush(at []time.Time, span time.Duration) (most int) {
	first := 0
	for i := range at {
		for at[i].Sub(at[first]) >= span {
			first++
		}
		most = max(most, i+1-first)
	}
	return most
}
