package loopback

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
)

// What was written on a way that is cut passes when it is healed, unless the link gave up before.
func TestCut(t *testing.T) {
	tests := []struct {
		name       string
		in, out    bool
		lasts      time.Duration
		silence    time.Duration
		got        []string // by the node, of what was sent during the cut
		reconnects uint64
	}{
		{"short", true, true, 10 * time.Second, 15 * time.Second, []string{"ask"}, 0},
		{"long", true, true, 20 * time.Second, 15 * time.Second, nil, 1},
		{"long and unwatched", true, true, 20 * time.Second, 0, []string{"ask"}, 0},
		{"frames to it", true, false, 20 * time.Second, 15 * time.Second, nil, 1},
		{"frames from it", false, true, 20 * time.Second, 15 * time.Second, []string{"ask"}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bus := NewBus("one")
				n, c := bus.Connect(Options{Identity: "n", Requests: true, Silence: tt.silence}), bus.Connect(Options{Identity: "c"})
				defer n.Close()
				defer c.Close()
				ready(t, n, self, agentA)
				ready(t, c)
				bus.Cut("n", 0, tt.in, tt.out)
				if err := c.Publish(t.Context(), ask); err != nil {
					t.Fatal(err)
				}
				if !tt.in {
					time.Sleep(time.Second) // it is heard at once
				} else if linked, _ := bus.Hears("n", 0); !linked {
					t.Error("the link broke at once")
				}
				time.Sleep(tt.lasts)
				bus.Cut("n", 0, false, false)
				if got := all(t, n); !slices.Equal(got, tt.got) {
					t.Errorf("got %q, want %q", got, tt.got)
				}
				time.Sleep(time.Minute)
				v := n.Survey().Sessions[0]
				if linked, hears := bus.Hears("n", 0, self, agentA); v.Reconnects != tt.reconnects || !linked || !hears {
					t.Errorf("%d reconnects, want %d; linked %v, hears %v", v.Reconnects, tt.reconnects, linked, hears)
				}
			})
		})
	}
}

// A broker that is slow to subscribe delivers nothing before, and gives no receipt.
func TestSlowSubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus("one")
		bus.SetSubscribing(func(string) time.Duration { return 3 * time.Second })
		n := bus.Connect(Options{Identity: "n", Requests: true})
		defer n.Close()
		begun := time.Now()
		if err := n.Subscribe(t.Context(), self, agentA); err != nil {
			t.Fatal(err)
		}
		begin(t, n)
		until(t, n, connector.Subscribing, "one")
		if linked, all := bus.Hears("n", 0, self); !linked || all {
			t.Errorf("linked %v, subscribed %v", linked, all)
		}
		until(t, n, connector.Ready, "one")
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("Ready after %s", took)
		}
		if _, all := bus.Hears("n", 0, self, agentA); !all {
			t.Error("Ready and not subscribed")
		}
	})
}

// Frames that were written to a frozen broker pass when it goes on; a link that nobody watches never gives up.
func TestFrozenAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus("one")
		n, c := bus.Connect(Options{Identity: "n", Requests: true}), bus.Connect(Options{Identity: "c", Silence: 17 * time.Second})
		defer n.Close()
		defer c.Close()
		ready(t, n, self, agentA)
		ready(t, c)
		bus.Freeze(0)
		if err := c.Publish(t.Context(), ask); err != nil {
			t.Fatal(err)
		}
		time.Sleep(16 * time.Second)
		if st := c.Status(); st.State != connector.Ready {
			t.Errorf("%+v before its time", st)
		}
		bus.Restore(0)
		if got := all(t, n); !slices.Equal(got, []string{"ask"}) {
			t.Errorf("got %q", got)
		}
		bus.Freeze(0)
		time.Sleep(18 * time.Second)
		if st := c.Status(); st.State != connector.Connecting || st.LastErr == nil || !strings.Contains(st.LastErr.Error(), "no sign of life") {
			t.Errorf("%+v after 18 s of silence", st)
		}
		if st := n.Status(); st.State != connector.Ready {
			t.Errorf("unwatched: %+v", st)
		}
		bus.Restore(0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := c.WaitReady(ctx); err != nil {
			t.Error(err)
		}
	})
}
