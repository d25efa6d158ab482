package rpc

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

func TestSilence(t *testing.T) {
	set := func(change func(*connector.Status)) func(*bus, connector.Outgoing, mco.Request) {
		return func(b *bus, _ connector.Outgoing, _ mco.Request) {
			b.mu.Lock()
			defer b.mu.Unlock()
			change(&b.status)
		}
	}
	nothing := func(*bus, connector.Outgoing, mco.Request) {}
	discovered := &Found{Nodes: []string{"n1"}, Took: 1}
	raw := func(payload string) func(*bus, connector.Outgoing, mco.Request) {
		return func(b *bus, _ connector.Outgoing, _ mco.Request) { b.raw(ms, "n1", payload) }
	}
	tests := []struct {
		name   string
		answer func(*bus, connector.Outgoing, mco.Request)
		nodes  *Found
		reason Reason
		detail string
	}{
		{"listed", nothing, Known("n1"), NeverSeen, "nothing heard within 2s"},
		{"discovered", nothing, discovered, NoReply, "did not reply within 2s"},
		{"forged reply", raw("forged"), discovered, BadSignature, "Received an invalid signature in message: from a test"},
		{"garbage", raw("\x04\x08garbage"), discovered, Undecodable, "malformed message"},
		{"forged in discovery", nothing, &Found{Nodes: []string{"n1"}, Listed: true, troubles: map[string]trouble{"n1": {BadSignature, "bad"}}}, BadSignature, "in discovery: bad"},
		{"clock", nothing, &Found{Nodes: []string{"n1"}, Took: 1, Skew: map[string]time.Duration{"n1": 2 * time.Minute}}, Expired, "its clock is 2m0s ahead of ours, requests live for 1m0s"},
		{"clock within the ttl", nothing, &Found{Nodes: []string{"n1"}, Took: 1, Skew: map[string]time.Duration{"n1": time.Minute}}, NoReply, ""},
		{"broker lost", set(func(s *connector.Status) { s.State, s.LastErr = connector.Connecting, errors.New("EOF") }), discovered, Disconnected, "lost broker1:61613: EOF"},
		{"broker lost, no reason", set(func(s *connector.Status) { s.State = connector.Connecting }), discovered, Disconnected, "lost broker1:61613, the session is connecting"},
		{"broker changed", set(func(s *connector.Status) { s.Broker = "broker2:61613" }), discovered, Disconnected, "lost broker1:61613, went on with broker2:61613"},
		{"broker lost and found", set(func(s *connector.Status) { s.Since = time.Now() }), discovered, Disconnected, "lost broker1:61613 and came back"},
		{"dropped", set(func(s *connector.Status) { s.Dropped = 7 }), discovered, Dropped, "7 messages"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBus(t, tt.answer)
				from, stats, err := b.call(t.Context(), b.client(), Call{Nodes: tt.nodes, Timeout: 2 * time.Second})
				if err != nil || len(from) != 0 || len(stats.Silent) != 1 || len(stats.Broken) != 0 {
					t.Fatalf("got %v, %v, %+v", from, err, stats)
				}
				s := stats.Silent[0]
				if s.Node != "n1" || s.Reason != tt.reason || !strings.Contains(s.Detail, tt.detail) {
					t.Errorf("got %+v", s)
				}
				if s.Reason.String() == "unknown" {
					t.Errorf("reason %d has no text", s.Reason)
				}
			})
		})
	}
}

func TestNotSent(t *testing.T) {
	refusal := errors.New("frame too large")
	tests := []struct {
		name  string
		nodes *Found
		bad   string // the node whose frame is refused; empty: every frame
		err   bool
		from  []string
	}{
		{"one of two", Known("n1", "n2"), "n1", false, []string{"n2"}},
		{"all", Known("n1", "n2"), "", true, nil},
		{"a broadcast", &Found{Nodes: names(11), Took: 1}, "", true, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBus(t, fleet(11))
				b.refuse = func(out connector.Outgoing) error {
					if tt.bad == "" || out.Node == tt.bad {
						return refusal
					}
					return nil
				}
				start := time.Now()
				from, stats, err := b.call(t.Context(), b.client(), Call{Nodes: tt.nodes})
				if (err != nil) != tt.err || tt.err && !errors.Is(err, refusal) || !slices.Equal(from, tt.from) {
					t.Errorf("got %v, %v", from, err)
				}
				if tt.err && time.Since(start) > 0 {
					t.Error("waited for replies to what was never sent")
				}
				for _, s := range stats.Silent {
					if s.Reason != NotSent || s.Detail != refusal.Error() {
						t.Errorf("got %+v", s)
					}
				}
				if len(stats.Silent)+stats.Responses != len(tt.nodes.Nodes) {
					t.Errorf("%+v", stats)
				}
			})
		})
	}
}

func TestNeverConnected(t *testing.T) {
	b := newBus(t, fleet(2))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, stats, err := b.call(ctx, b.client(), Call{Nodes: Known("n1", "n2")})
	if err == nil || len(stats.Silent) != 2 || stats.Silent[0].Reason != NotSent || stats.ExitCode() != 4 {
		t.Errorf("got %v, %+v", err, stats)
	}
}

func TestSendOnlyErrors(t *testing.T) {
	refusal := errors.New("frame too large")
	b := newBus(t, fleet(3))
	b.refuse = func(out connector.Outgoing) error {
		if out.Node != "n1" {
			return refusal
		}
		return nil
	}
	_, _, err := b.call(t.Context(), b.client(), Call{Nodes: Known(names(3)...), NoResults: true})
	if !errors.Is(err, refusal) || !strings.Contains(err.Error(), "2 nodes left out, the first is n2") {
		t.Errorf("got %v", err)
	}
	_, _, err = b.call(t.Context(), b.client(), Call{NoResults: true})
	if !errors.Is(err, refusal) {
		t.Errorf("got %v", err)
	}
}

func TestSessionOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, func(b *bus, out connector.Outgoing, req mco.Request) {
			if out.Node == "n1" {
				b.reply(0, req, "n1", ok())
				time.AfterFunc(ms, func() { close(b.over) })
			}
		})
		c := b.client()
		start := time.Now()
		from, stats, err := b.call(t.Context(), c, Call{Nodes: Known("n1", "n2")})
		if !errors.Is(err, connector.ErrClosed) || !slices.Equal(from, []string{"n1"}) || time.Since(start) != ms {
			t.Errorf("got %v, %v, %+v", from, err, stats)
		}
		if len(stats.Silent) != 1 || c.stop != nil {
			t.Errorf("%+v", stats)
		}
	})
}

func TestOddReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, func(b *bus, _ connector.Outgoing, req mco.Request) {
			b.reply(ms, req, "twice", ok())
			b.reply(2*ms, req, "twice", result(1, "once more"))
			b.reply(3*ms, mco.Request{ID: "earlier"}, "late", ok())
			b.reply(4*ms, req, "stranger", result(1, "who asked?"))
			b.raw(5*ms, "liar", "forged")
			b.reply(6*ms, req, "text", mco.String("hello"))
			b.reply(7*ms, req, "empty", mco.Hash(nil))
			text := mco.NewMap(mco.Pair{Key: mco.String("statuscode"), Value: mco.Int(3)}, mco.Pair{Key: mco.String("statusmsg"), Value: mco.String("strings")})
			b.reply(8*ms, req, "json", mco.Hash(text))
		})
		var stats Stats
		got := map[string]Reply{}
		nodes := &Found{Nodes: []string{"twice", "text", "empty", "json"}, Took: 1}
		broadcast := func(o *Options) { o.Threshold = -1 }
		for r, err := range b.client(broadcast).Call(t.Context(), Call{Agent: "a", Action: "b", Nodes: nodes, Stats: &stats}) {
			if err != nil {
				t.Fatal(err)
			}
			if _, again := got[r.Sender]; again {
				t.Errorf("a second reply from %s", r.Sender)
			}
			got[r.Sender] = r
		}
		for node, want := range map[string]Reply{
			"twice":    {Code: 0, Message: "OK"},
			"stranger": {Code: 1, Message: "who asked?", Unexpected: true},
			"text":     {Code: 5, Message: "the reply is no hash but a string"},
			"empty":    {Code: 5, Message: "the reply has no status code"},
			"json":     {Code: 3, Message: "strings"},
		} {
			r := got[node]
			if r.Code != want.Code || r.Message != want.Message || r.Unexpected != want.Unexpected {
				t.Errorf("%s: %+v", node, r)
			}
		}
		if stats.Responses != 5 || stats.OK != 1 || stats.Failed != 4 || stats.Late != 1 || stats.ExitCode() != 2 {
			t.Errorf("%+v", stats)
		}
		if !slices.Equal(stats.Unexpected, []string{"stranger"}) || len(stats.Silent) != 0 || len(stats.Broken) != 1 || stats.Broken[0].Node != "liar" {
			t.Errorf("%+v", stats)
		}
		if stats.Duplicates != 1 {
			t.Errorf("%d duplicates", stats.Duplicates)
		}
	})
}

func TestExitCode(t *testing.T) {
	one := []string{"n1"}
	tests := []struct {
		name  string
		stats Stats
		want  int
	}{
		{"all well", Stats{DiscoveryTime: 1, Discovered: one, Responses: 1, OK: 1}, 0},
		{"one of two missing", Stats{DiscoveryTime: 1, Discovered: names(2), Responses: 1, OK: 1}, 0},
		{"nobody discovered, somebody replied", Stats{DiscoveryTime: 1, Responses: 1, Failed: 1}, 0},
		{"nobody discovered", Stats{DiscoveryTime: 1}, 1},
		{"one failed", Stats{DiscoveryTime: 1, Discovered: one, Responses: 1, Failed: 1}, 2},
		{"nobody replied", Stats{DiscoveryTime: 1, Discovered: one}, 3},
		{"nobody asked who is there, nobody replied", Stats{Discovered: one}, 4},
		{"nothing at all", Stats{}, 4},
		{"a name that replied", Stats{Discovered: one, Responses: 1, OK: 1}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.stats.ExitCode(); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
