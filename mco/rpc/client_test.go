package rpc

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNewRefuses(t *testing.T) {
	b := newBus(t, fleet(0))
	for name, o := range map[string]Options{
		"no connector": {Security: b, Identity: "c"},
		"no security":  {Connector: b, Identity: "c"},
		"no identity":  {Connector: b, Security: b},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRequestID(t *testing.T) {
	a, b := newRequestID(), newRequestID()
	if raw, err := hex.DecodeString(a); err != nil || len(raw) != 16 || a != strings.ToLower(a) || a == b {
		t.Errorf("%q, %q", a, b)
	}
}

func TestConnectFails(t *testing.T) {
	b := newBus(t, fleet(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.client().Discover(ctx, Discovery{}); err == nil || !strings.HasPrefix(err.Error(), "connect: ") {
		t.Errorf("a client that never had a session found nobody: %v", err)
	}
}

// A caller who does not read must not make the client keep everything that is sent to it.
func TestReceiverWaitsForSlowCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nodes, size, most = 40, 100, 1000
		b := newBus(t, func(b *bus, _ connector.Outgoing, req mco.Request) {
			for i := range nodes {
				name := fmt.Sprint("reply of ", i, strings.Repeat(" ", size))
				b.mu.Lock()
				b.replies[name] = mco.Reply{RequestID: req.ID, Sender: fmt.Sprint("n", i), Body: ok()}
				b.mu.Unlock()
				b.raw(0, "n", name)
			}
		})
		n, c := 0, b.client()
		c.pendingMax = most
		for _, err := range c.Call(t.Context(), Call{Agent: "a", Action: "b", Nodes: &Found{Nodes: names(nodes), Took: 1}, Timeout: time.Second}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 1 {
				synctest.Wait()
				if left := len(b.queue); left < nodes-2*(most/size+2) {
					t.Errorf("%d of %d replies left at the connector while the caller does not read", left, nodes)
				}
			}
		}
		if n != nodes {
			t.Errorf("%d replies, want %d", n, nodes)
		}
	})
}

func TestTroublesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, func(b *bus, _ connector.Outgoing, _ mco.Request) {
			for i := range 2 * maxTroubles {
				b.raw(0, fmt.Sprint("liar", i), "forged")
			}
		})
		_, stats, _ := b.call(t.Context(), b.client(), Call{Nodes: Known("n1")})
		if len(stats.Broken) != maxTroubles {
			t.Errorf("%d senders kept, want %d", len(stats.Broken), maxTroubles)
		}
	})
}

func BenchmarkCollect(b *testing.B) {
	const nodes = 2000
	senders := names(nodes)
	client := &Client{}
	b.ReportAllocs()
	for b.Loop() {
		ex := &exchange{most: maxPendingBytes, wake: make(chan struct{}, 1), taken: make(chan struct{}, 1), closed: make(chan struct{}), seen: make(map[string]struct{}, nodes)}
		client.open = map[string]*exchange{"": ex}
		go func() {
			for _, s := range senders {
				ex.add(context.Background(), arrival{reply: mco.Reply{Sender: s}, at: time.Now(), bytes: 300})
			}
		}()
		n, end := 0, time.Now().Add(time.Minute)
		if err := ex.collect(context.Background(), func() time.Time { return end }, func(arrival) bool { n++; return n < nodes }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/nodes, "ns/reply")
}
