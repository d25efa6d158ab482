package rpc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

const ms = time.Millisecond

// pongs lets each named node answer a ping after its time.
func pongs(at map[string]time.Duration) func(*bus, connector.Outgoing, mco.Request) {
	return func(b *bus, _ connector.Outgoing, req mco.Request) {
		for node, after := range at {
			b.reply(after, req, node, mco.String("pong"))
		}
	}
}

func identity(names ...string) mco.Filter {
	var f mco.Filter
	for _, n := range names {
		f.Identities = append(f.Identities, mco.String(n))
	}
	return f
}

func TestPingEnds(t *testing.T) {
	three := map[string]time.Duration{"a": 5 * ms, "b": 7 * ms, "c": 9 * ms}
	stream := map[string]time.Duration{}
	for i := range 2000 {
		stream[fmt.Sprint("n", i)] = 1501*ms + time.Duration(i)*2*ms // far beyond the original's 2 s
	}
	tests := []struct {
		name  string
		nodes map[string]time.Duration
		ask   Discovery
		count int
		took  time.Duration
	}{
		{"nobody", nil, Discovery{}, 0, 4 * time.Second},
		{"three nodes", three, Discovery{}, 3, 409 * ms},
		{"three nodes, as last time", three, Discovery{Expect: []string{"a", "b", "c"}}, 3, 159 * ms},
		{"three nodes, one more than last time", three, Discovery{Expect: []string{"a", "b"}}, 3, 159 * ms},
		{"three nodes, one less than last time", three, Discovery{Expect: []string{"a", "b", "c", "d"}}, 3, 2 * time.Second},
		{"a known one is slow", map[string]time.Duration{"a": 5 * ms, "b": 1900 * ms}, Discovery{Expect: []string{"a", "b"}}, 2, 1900*ms + 1900*ms/8},
		{"2,000 nodes stream in after the original's limit", stream, Discovery{}, 2000, 1501*ms + 1999*2*ms + 3*time.Second},
		{"explicit limit waits its whole time", three, Discovery{Timeout: time.Second}, 3, time.Second},
		{"explicit limit is hard", stream, Discovery{Timeout: 2 * time.Second}, 250, 2 * time.Second},
		{"explicit limit and data plugins", three, Discovery{Timeout: time.Second, Extra: time.Second}, 3, 2 * time.Second},
		{"data plugins", three, Discovery{Extra: time.Second}, 3, 1409 * ms},
		{"count reached", three, Discovery{Limit: 2}, 2, 7 * ms},
		{"count reached before an explicit limit", three, Discovery{Limit: 2, Timeout: time.Second}, 2, 7 * ms},
		{"names all answered", three, Discovery{Filter: identity("a", "b", "c")}, 3, 9 * ms},
		{"names all answered before an explicit limit", three, Discovery{Filter: identity("a", "b", "c"), Timeout: 9 * time.Second}, 3, 9 * ms},
		{"a name is missing", three, Discovery{Filter: identity("a", "b", "c", "gone")}, 3, 2 * time.Second},
		{"a pattern is no name", three, Discovery{Filter: identity("/./")}, 3, 409 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBus(t, pongs(tt.nodes))
				start, count := time.Now(), 0
				for p, err := range b.client().Ping(t.Context(), tt.ask) {
					if err != nil {
						t.Fatal(err)
					}
					count++
					if want := tt.nodes[p.Node]; p.Latency != want {
						t.Errorf("%s: latency %v, want %v", p.Node, p.Latency, want)
					}
				}
				if took := time.Since(start); count != tt.count || took != tt.took {
					t.Errorf("%d nodes in %v, want %d in %v", count, took, tt.count, tt.took)
				}
				if len(b.subs) != 0 {
					t.Errorf("still subscribed to %v", b.subs)
				}
				time.Sleep(time.Minute) // timers of late nodes
			})
		})
	}
}

func TestPingOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, fleet(1))
		for range b.client().Ping(t.Context(), Discovery{Collective: "eu"}) {
		}
		out, req := b.frames()[0], b.request(0)
		if out.Kind != connector.Broadcast || out.Agent != "discovery" || out.Collective != "eu" || out.TTL != time.Minute {
			t.Errorf("frame %+v", out)
		}
		if body, _ := req.Body.AsString(); body != "ping" || req.TTL != time.Minute || req.Sender != "client.example.net" || len(req.ID) != 32 {
			t.Errorf("request %+v", req)
		}
		if !req.Filter.Equal(mco.Filter{}.Value()) {
			t.Error("an empty filter must stay empty: nodes take one with a collective for one that nothing matches")
		}
	})
}

func TestDiscoverOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, fleet(2))
		f, err := b.client().Discover(t.Context(), Discovery{Filter: mco.Filter{Agents: []string{"rpcutil"}}})
		if err != nil || !slices.Equal(slices.Sorted(slices.Values(f.Nodes)), names(2)) || f.Listed || f.Took != 410*ms {
			t.Errorf("got %+v, %v", f, err)
		}
		want := mco.Filter{Agents: []string{"rpcutil"}, Collective: "mcollective"}
		if got := b.request(0).Filter; !got.Equal(want.Value()) {
			t.Errorf("filter %v", got)
		}
	})
}

func TestDiscoverNamesAsksNobody(t *testing.T) {
	for _, direct := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			b := newBus(t, fleet(2))
			c := b.client(func(o *Options) { o.DirectAddressing = direct })
			f, err := c.Discover(t.Context(), Discovery{Filter: identity("n1", "gone", "n1")})
			if err != nil || !slices.Equal(f.Nodes, []string{"n1", "gone"}) || f.Listed != direct || f.Took != 0 {
				t.Errorf("direct addressing %v: got %+v, %v", direct, f, err)
			}
			if len(b.frames()) != 0 {
				t.Error("somebody was asked")
			}
		})
	}
}

func TestDiscoverCountsAndMeasures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, func(b *bus, _ connector.Outgoing, req mco.Request) {
			for range 3 {
				b.reply(5*ms, req, "twice", mco.String("pong"))
			}
			b.reply(6*ms, mco.Request{ID: "other"}, "stranger", mco.String("pong"))
			b.raw(7*ms, "evil\x1b[2J", "forged")
			b.mu.Lock()
			b.number++
			b.replies["ahead"] = mco.Reply{RequestID: req.ID, Sender: "ahead", Time: time.Now().Add(5 * time.Minute), Body: mco.String("pong")}
			b.mu.Unlock()
			b.raw(8*ms, "ahead", "ahead")
		})
		f, err := b.client().Discover(t.Context(), Discovery{})
		if err != nil || !slices.Equal(f.Nodes, []string{"twice", "ahead"}) || f.Duplicates != 2 {
			t.Errorf("got %+v, %v", f, err)
		}
		if len(f.Broken) != 1 || f.Broken[0].Reason != BadSignature {
			t.Errorf("broken %+v", f.Broken)
		}
		if len(f.Skew) != 1 || f.Skew["ahead"] != 5*time.Minute {
			t.Errorf("skew %v", f.Skew)
		}
		if log := b.log(); !strings.Contains(log, `Failed to decode a message from 'evil?[2J': Received an invalid signature`) || strings.Contains(log, "stranger") {
			t.Errorf("log %s", log)
		}
	})
}

func TestPingBrokenOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, fleet(3))
		start := time.Now()
		for range b.client().Ping(t.Context(), Discovery{}) {
			break
		}
		if took := time.Since(start); took != 10*ms || len(b.subs) != 0 {
			t.Errorf("took %v, subscriptions %v", took, b.subs)
		}
	})
}

func TestDiscoverInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, pongs(map[string]time.Duration{"a": 10 * ms, "late": 100 * ms}))
		ctx, cancel := context.WithTimeout(t.Context(), 50*ms)
		defer cancel()
		f, err := b.client().Discover(ctx, Discovery{})
		if err != nil || !slices.Equal(f.Nodes, []string{"a"}) || f.Took != 50*ms {
			t.Errorf("got %+v, %v", f, err)
		}
		time.Sleep(time.Second)
	})
}

func TestAskErrors(t *testing.T) {
	refused := errors.New("refused")
	tests := []struct {
		name   string
		ask    Discovery
		change func(*bus)
		want   string
	}{
		{"unknown collective", Discovery{Collective: "us"}, func(*bus) {}, "Unknown collective 'us' known collectives are 'mcollective, eu'"},
		{"not published", Discovery{}, func(b *bus) { b.refuse = func(connector.Outgoing) error { return refused } }, "publish discovery request: refused"},
		{"session over", Discovery{}, func(b *bus) { close(b.over) }, "connector: closed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBus(t, pongs(nil))
				tt.change(b)
				c := b.client()
				var errs []error
				for _, err := range c.Ping(t.Context(), tt.ask) {
					errs = append(errs, err)
				}
				if len(errs) != 1 || errs[0].Error() != tt.want {
					t.Errorf("Ping: %v, want %s", errs, tt.want)
				}
				if _, err := c.Discover(t.Context(), tt.ask); err == nil || err.Error() != tt.want {
					t.Errorf("Discover: %v, want %s", err, tt.want)
				}
			})
		})
	}
}
