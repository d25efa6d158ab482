package daemon

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/mco"
)

func TestRates(t *testing.T) {
	now := time.Unix(1700000000, 0)
	l := rates{perSecond: 10}
	from := func(sender string, n int, at time.Duration) (allowed int) {
		for range n {
			if l.allows(mco.Request{Caller: "uid=0", Sender: sender}, now.Add(at)) {
				allowed++
			}
		}
		return allowed
	}
	for _, tc := range []struct {
		name   string
		sender string
		n      int
		at     time.Duration
		want   int
	}{
		{"at once", "a", 20, 0, 10},
		{"another caller", "b", 5, 0, 5},
		{"half a second later", "a", 20, 500 * time.Millisecond, 5},
		{"the other, no more than at first", "b", 20, time.Minute, 10},
		{"a clock that went back", "b", 20, 0, 0},
	} {
		if got := from(tc.sender, tc.n, tc.at); got != tc.want {
			t.Errorf("%s: %d of %d allowed, want %d", tc.name, got, tc.n, tc.want)
		}
	}
}

// Names that change with each request do not help, and take no memory.
func TestRatesOfManyNames(t *testing.T) {
	now := time.Unix(1700000000, 0)
	l := rates{perSecond: 1}
	allowed := 0
	for i := range 10 * maxCallers {
		if l.allows(mco.Request{Caller: "uid=0", Sender: fmt.Sprint(i)}, now) {
			allowed++
		}
	}
	if allowed != maxCallers || len(l.callers) != maxCallers {
		t.Errorf("%d allowed of %d callers that are remembered, want %d", allowed, len(l.callers), maxCallers)
	}
}

func TestACallerThatSendsTooMuchIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, func(o *Options) { o.CallerRate = 2 })
		for range 5 {
			l.send(l.request("say"))
		}
		other := l.request("say")
		other.Sender = "other.example.net"
		l.send(other)
		synctest.Wait()
		refused := 0
		for range 6 {
			reply, _ := l.reply()
			if code, text := status(reply); code == int64(mco.Aborted) {
				refused++
				if !strings.Contains(text, "2 requests a second (plugin.mco.caller.rate)") {
					t.Errorf("the caller is told %q", text)
				}
			}
		}
		if s := l.daemon.Statistics(); refused != 3 || s.Limited != 3 {
			t.Errorf("%d refused, %d counted, want 3", refused, s.Limited)
		}
		l.end()
	})
}
