package rpc

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

// run makes a call to the end and returns who replied, sorted, with the statistics.
func (b *bus) call(ctx context.Context, c *Client, call Call) ([]string, Stats, error) {
	b.t.Helper()
	var stats Stats
	call.Agent, call.Action, call.Stats = "rpcutil", "ping", &stats
	var from []string
	var failed error
	for r, err := range c.Call(ctx, call) {
		if err != nil {
			failed = err
			continue
		}
		from = append(from, r.Sender)
	}
	slices.Sort(from)
	return from, stats, failed
}

func TestCallIsOneRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, fleet(3))
		start := time.Now()
		from, stats, err := b.call(t.Context(), b.client(), Call{Filter: identity("n2")})
		if err != nil || !slices.Equal(from, []string{"n2"}) {
			t.Errorf("got %v, %v", from, err)
		}
		if took := time.Since(start); took != 10*ms {
			t.Errorf("took %v", took)
		}
		if stats.AgentTime != 10*ms || stats.DiscoveryTime != 0 || stats.OK != 1 || stats.ExitCode() != 0 || len(stats.RequestID) != 32 {
			t.Errorf("%+v", stats)
		}
		if len(b.frames()) != 1 || b.waits != 1 {
			t.Errorf("%d frames, %d waits for a session", len(b.frames()), b.waits)
		}
	})
}

func TestCallKinds(t *testing.T) {
	agent := mco.Filter{Agents: []string{"rpcutil"}}
	web := mco.Filter{Facts: []mco.FactFilter{{Fact: "role", Operator: "==", Value: "web"}}}
	webAgent := web
	webAgent.Agents = agent.Agents
	limited := agent
	limited.Identities = []mco.Value{mco.Re(mco.Regexp{Source: "^(n1)$"})}
	first := func(nodes []string) ([]string, error) { return nodes[:1], nil }
	discovered := func(n int) *Found { return &Found{Nodes: names(n), Took: 1} }
	undirected := func(o *Options) { o.DirectAddressing = false }
	five := func(o *Options) { o.Threshold = 5 }
	tests := []struct {
		name   string
		call   Call
		opts   func(*Options)
		kind   connector.Kind
		frames int
		filter mco.Filter
		nodes  int // in the statistics
	}{
		{"few discovered", Call{Nodes: discovered(10), Filter: web}, nil, connector.Directed, 10, webAgent, 10},
		{"more than the threshold", Call{Nodes: discovered(11), Filter: web}, nil, connector.Broadcast, 1, webAgent, 11},
		{"more than a set threshold", Call{Nodes: discovered(6), Filter: web}, five, connector.Broadcast, 1, webAgent, 6},
		{"no direct addressing", Call{Nodes: discovered(2), Filter: web}, undirected, connector.Broadcast, 1, webAgent, 2},
		{"a list", Call{Nodes: Known(names(11)...), Filter: web}, nil, connector.Directed, 11, agent, 11},
		{"forced", Call{Nodes: discovered(11), Filter: web, Direct: true}, nil, connector.Directed, 11, agent, 11},
		{"names alone", Call{Filter: identity("n1", "n2")}, nil, connector.Directed, 2, agent, 2},
		{"names without direct addressing", Call{Filter: identity("n1")}, undirected, connector.Broadcast, 1,
			mco.Filter{Agents: agent.Agents, Identities: identity("n1").Identities}, 1},
		{"limit", Call{Nodes: discovered(11), Filter: web, Pick: first}, nil, connector.Directed, 1, agent, 1},
		{"limit without direct addressing", Call{Nodes: discovered(11), Filter: web, Pick: first}, undirected, connector.Broadcast, 1, limited, 1},
		{"batches", Call{Nodes: discovered(11), Filter: web, Batch: Batch{Size: 20}}, nil, connector.Directed, 11, agent, 11},
		{"no results", Call{Filter: web, NoResults: true}, nil, connector.Broadcast, 1, webAgent, 0},
		{"no results of a list", Call{Nodes: Known(names(3)...), NoResults: true}, nil, connector.Directed, 3, agent, 3},
		{"no results of one", Call{Nodes: discovered(3), Pick: first, NoResults: true}, nil, connector.Broadcast, 1, limited, 1},
		{"replies elsewhere", Call{Filter: web, ReplyTo: "/queue/x"}, nil, connector.Broadcast, 1, webAgent, 0},
		{"replies of names elsewhere", Call{Filter: identity("n1"), ReplyTo: "/queue/x"}, nil, connector.Directed, 1, agent, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBus(t, fleet(20))
				if tt.opts == nil {
					tt.opts = func(*Options) {}
				}
				_, stats, err := b.call(t.Context(), b.client(tt.opts), tt.call)
				time.Sleep(time.Second) // replies that nobody waited for
				if err != nil || len(stats.Discovered) != tt.nodes {
					t.Fatalf("nodes %v, %v", stats.Discovered, err)
				}
				sent := b.frames()
				if len(sent) != tt.frames {
					t.Fatalf("%d frames, want %d", len(sent), tt.frames)
				}
				if sent[0].Kind != tt.kind || sent[0].ReplyTo != tt.call.ReplyTo || !b.request(0).Filter.Equal(tt.filter.Value()) {
					t.Errorf("sent %+v with filter %+v", sent[0], b.request(0).Filter)
				}
				for _, f := range sent {
					if b.requests[string(f.Payload)].ID != stats.RequestID {
						t.Errorf("a frame with another request id: %+v", f)
					}
				}
			})
		})
	}
}

func TestCallRefusals(t *testing.T) {
	undirected := func(o *Options) { o.DirectAddressing = false }
	none := func(*Options) {}
	tests := []struct {
		name string
		call Call
		opts func(*Options)
		want error
	}{
		{"batches without direct addressing", Call{Batch: Batch{Size: 1}}, undirected, ErrBatchDirect},
		{"direct without direct addressing", Call{Direct: true}, undirected, ErrNoDirect},
		{"a list without direct addressing", Call{Nodes: Known("n1")}, undirected, ErrNoDirect},
		{"batches without results", Call{Batch: Batch{Size: 1}, NoResults: true}, none, ErrBatchResults},
		{"batches with replies elsewhere", Call{Batch: Batch{Size: 1}, ReplyTo: "x"}, none, ErrBatchResults},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBus(t, fleet(3))
			if _, _, err := b.call(t.Context(), b.client(tt.opts), tt.call); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if len(b.frames()) != 0 {
				t.Error("something was sent")
			}
		})
	}
}

func TestCallBody(t *testing.T) {
	tests := []struct {
		name    string
		call    Call
		results string
	}{
		{"waiting", Call{}, "true"},
		{"not waiting", Call{NoResults: true}, "false"},
		{"replies elsewhere", Call{ReplyTo: "/queue/x"}, "absent"},
		{"batches", Call{Batch: Batch{Size: 1}}, "absent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBus(t, fleet(1))
				tt.call.Data = mco.SymbolMap(1)
				tt.call.Data.SetSymbol("fact", mco.String("os"))
				tt.call.Nodes = Known("n1")
				tt.call.TTL = 5 * time.Second
				if _, _, err := b.call(t.Context(), b.client(), tt.call); err != nil {
					t.Fatal(err)
				}
				data := mco.SymbolMap(2)
				data.SetSymbol("fact", mco.String("os"))
				if tt.results != "absent" {
					data.SetSymbol("process_results", mco.Bool(tt.results == "true"))
				}
				want := mco.SymbolMap(4)
				want.SetSymbol("agent", mco.String("rpcutil"))
				want.SetSymbol("action", mco.String("ping"))
				want.SetSymbol("caller", mco.String("uid=0"))
				want.SetSymbol("data", mco.Hash(data))
				req := b.request(0)
				if !req.Body.Equal(mco.Hash(want)) || req.TTL != 5*time.Second || b.frames()[0].TTL != 5*time.Second {
					t.Errorf("body %v, ttl %v", req.Body, req.TTL)
				}
				if tt.call.Data.Len() != 1 {
					t.Error("the caller's inputs were changed")
				}
				time.Sleep(time.Second)
			})
		})
	}
}

func TestCallDiscoversFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, fleet(3))
		from, stats, err := b.call(t.Context(), b.client(), Call{Discovery: Discovery{Timeout: time.Second}})
		if err != nil || !slices.Equal(from, names(3)) {
			t.Errorf("got %v, %v", from, err)
		}
		if stats.DiscoveryTime != time.Second || stats.AgentTime != 10*ms || stats.TotalTime != 1010*ms {
			t.Errorf("%+v", stats)
		}
		if got := b.request(0).Filter.Field("agent"); !got.Equal(mco.Strings("rpcutil")) {
			t.Errorf("discovered with agents %v", got)
		}
	})
}

func TestCallNobodyFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, fleet(0))
		from, stats, err := b.call(t.Context(), b.client(), Call{})
		if err != nil || len(from) != 0 || len(b.frames()) != 1 || stats.RequestID != "" || stats.ExitCode() != 1 {
			t.Errorf("got %v, %v, %+v", from, err, stats)
		}
	})
}

func TestCallInterruptedInDiscovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, fleet(3))
		ctx, cancel := context.WithTimeout(t.Context(), 50*ms)
		defer cancel()
		from, stats, err := b.call(ctx, b.client(), Call{})
		if err == nil || len(from) != 0 || len(b.frames()) != 1 || !stats.Interrupted {
			t.Errorf("a request was sent to a part of the fleet: %v, %v, %+v", from, err, stats)
		}
	})
}

func TestCallBatches(t *testing.T) {
	tests := []struct {
		name  string
		batch Batch
		nodes int
		waits []time.Duration // when each frame left
	}{
		{"by count", Batch{Size: 2, Sleep: time.Second}, 5, []time.Duration{0, 0, 1010 * ms, 1010 * ms, 2020 * ms}},
		{"percent rounds up", Batch{Size: 30, Percent: true, Sleep: time.Second}, 4, []time.Duration{0, 0, 1010 * ms, 1010 * ms}},
		{"no sleep", Batch{Size: 1}, 2, []time.Duration{0, 10 * ms}},
		{"larger than the fleet", Batch{Size: 9, Sleep: time.Hour}, 2, []time.Duration{0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var waits []time.Duration
				b := newBus(t, func(b *bus, out connector.Outgoing, req mco.Request) {
					waits = append(waits, time.Since(start))
					b.reply(10*ms, req, out.Node, ok())
				})
				from, stats, err := b.call(t.Context(), b.client(), Call{Nodes: Known(names(tt.nodes)...), Batch: tt.batch})
				if err != nil || len(from) != tt.nodes || stats.Responses != tt.nodes || len(stats.Silent) != 0 {
					t.Errorf("got %v, %v, %+v", from, err, stats)
				}
				if diff := cmp.Diff(tt.waits, waits); diff != "" {
					t.Error(diff)
				}
				if want := waits[len(waits)-1] + 10*ms; stats.AgentTime != want {
					t.Errorf("agent time %v, want %v", stats.AgentTime, want)
				}
				ids := map[string]bool{}
				for i := range b.frames() {
					ids[b.request(i).ID] = true
				}
				if len(ids) != 1 {
					t.Errorf("%d request ids", len(ids))
				}
			})
		})
	}
}

func TestCallTimeout(t *testing.T) {
	slow := func(b *bus, out connector.Outgoing, req mco.Request) {
		time.Sleep(100 * ms) // publishing
		b.reply(5*time.Second, req, out.Node, ok())
	}
	tests := []struct {
		name     string
		timeout  time.Duration
		threaded bool
		replied  int
		took     time.Duration
	}{
		{"counts from the end of publishing", 4950 * ms, false, 1, 200*ms + 4950*ms},
		{"long enough", 6 * time.Second, false, 2, 5200 * ms},
		{"threaded: from its start, with the publish timeout", 3150 * ms, true, 1, 5150 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBus(t, slow)
				from, stats, err := b.call(t.Context(), b.client(), Call{Nodes: Known("n1", "n2"), Timeout: tt.timeout, Threaded: tt.threaded})
				if err != nil || len(from) != tt.replied || stats.AgentTime != tt.took {
					t.Errorf("got %v, %v after %v", from, err, stats.AgentTime)
				}
				warned := strings.Contains(b.log(), "Could not receive all responses. Did not receive responses from n2")
				if warned != (tt.replied == 1) {
					t.Errorf("log %q", b.log())
				}
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestCallPublishTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, func(b *bus, out connector.Outgoing, req mco.Request) {
			time.Sleep(900 * ms)
			b.reply(0, req, out.Node, ok())
		})
		from, stats, err := b.call(t.Context(), b.client(), Call{Nodes: Known(names(5)...), Timeout: time.Second})
		if err != nil || !slices.Equal(from, names(3)) { // the third frame was under way when the time was over
			t.Errorf("got %v, %v", from, err)
		}
		if !strings.Contains(b.log(), "Could not publish all messages. Publishing timed out.") {
			t.Errorf("log %q", b.log())
		}
		for _, s := range stats.Silent {
			if s.Reason != NotSent {
				t.Errorf("%+v", s)
			}
		}
		if !slices.Equal(stats.NoResponse, []string{"n4", "n5"}) {
			t.Errorf("no response from %v", stats.NoResponse)
		}
	})
}

func TestCallStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, func(b *bus, out connector.Outgoing, req mco.Request) {
			time.Sleep(300 * ms)
			b.reply(0, req, out.Node, ok())
		})
		start := time.Now()
		var at []time.Duration
		for _, err := range b.client().Call(t.Context(), Call{Agent: "a", Action: "b", Nodes: Known("n1", "n2")}) {
			if err != nil {
				t.Fatal(err)
			}
			at = append(at, time.Since(start))
		}
		if diff := cmp.Diff([]time.Duration{300 * ms, 600 * ms}, at); diff != "" {
			t.Errorf("replies wait for the publishing to end:\n%s", diff)
		}
	})
}

func TestCallsInsideCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, fleet(3))
		c := b.client()
		inner := 0
		var outer Stats
		for r, err := range c.Call(t.Context(), Call{Agent: "a", Action: "b", Nodes: Known(names(3)...), Stats: &outer}) {
			if err != nil {
				t.Fatal(err)
			}
			from, _, err := b.call(t.Context(), c, Call{Nodes: Known(r.Sender)})
			if err != nil || len(from) != 1 {
				t.Errorf("inner: %v, %v", from, err)
			}
			inner++
		}
		if inner != 3 || outer.Responses != 3 || outer.Late != 0 || len(c.open) != 0 || len(b.subs) != 0 {
			t.Errorf("%d inner calls, %+v, %d open, subscriptions %v", inner, outer, len(c.open), b.subs)
		}
	})
}

func TestCallSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, fleet(50))
		n := 0
		for range b.client().Call(t.Context(), Call{Agent: "a", Action: "b", Nodes: Known(names(50)...), Timeout: time.Second}) {
			time.Sleep(100 * ms) // all replies were here long before the timeout
			n++
		}
		if n != 50 {
			t.Errorf("%d replies, want 50", n)
		}
	})
}

func TestCallBrokenOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, fleet(30))
		var stats Stats
		for range b.client().Call(t.Context(), Call{Agent: "a", Action: "b", Nodes: Known(names(30)...), Batch: Batch{Size: 10, Sleep: time.Hour}, Stats: &stats}) {
			break
		}
		if stats.Responses != 1 || len(stats.Silent) != 29 || len(b.frames()) != 10 || len(b.subs) != 0 {
			t.Errorf("%+v, %d frames, subscriptions %v", stats, len(b.frames()), b.subs)
		}
		if s := stats.Silent[28]; s.Node != "n30" || s.Reason != NotSent {
			t.Errorf("%+v", s)
		}
	})
}

func TestCallInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, func(b *bus, out connector.Outgoing, req mco.Request) {
			if out.Node == "n1" {
				b.reply(ms, req, "n1", ok())
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		from, stats, err := b.call(ctx, b.client(), Call{Nodes: Known("n1", "n2")})
		if err != nil || !slices.Equal(from, []string{"n1"}) || !stats.Interrupted || stats.AgentTime != time.Second || len(b.subs) != 0 {
			t.Errorf("got %v, %v, %+v", from, err, stats)
		}
		if stats.Silent[0].Reason != Interrupted || b.log() != "" {
			t.Errorf("silent %+v, log %q", stats.Silent, b.log())
		}
	})
}
