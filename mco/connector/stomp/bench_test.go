package stomp

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco/broker"
	"github.com/mco-go/mco-go/mco/connector"
)

// echo starts a node that answers each request with its payload, and a client.
func echo(b *testing.B, host func() Host) (client connector.Connector) {
	ctx, cancel := context.WithCancel(context.Background())
	h := host()
	start := func(o Options, subs ...connector.Subscription) connector.Connector {
		c := connect(b, o)
		if err := c.Subscribe(ctx, subs...); err != nil {
			b.Fatal(err)
		}
		if err := c.Start(ctx); err != nil {
			b.Fatal(err)
		}
		if err := c.WaitReady(ctx); err != nil {
			b.Fatal(err)
		}
		return c
	}
	n := start(options(RabbitMQ, "n", true, h), connector.Subscription{Kind: connector.Directed, Collective: "mcollective"})
	client = start(options(RabbitMQ, "c", false, h), connector.Subscription{Kind: connector.Replies, Collective: "mcollective", Agent: "a"})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			m, err := n.Receive(ctx)
			if err != nil {
				return
			}
			if err := n.Publish(ctx, connector.Outgoing{Kind: connector.Replies, To: m.ReplyTo, TTL: time.Minute, Payload: m.Payload}); err != nil {
				return
			}
		}
	})
	b.Cleanup(func() { cancel(); wg.Wait(); n.Close(); client.Close() })
	return client
}

// A request and its answer through the dev broker, one after the other and many at once.
func BenchmarkRoundTrip(b *testing.B) {
	for _, flight := range []int{1, 32} {
		b.Run(fmt.Sprint(flight), func(b *testing.B) {
			c := echo(b, func() Host { return hostAt(b, startBroker(b, broker.Options{}).Addr()) })
			out := connector.Outgoing{Kind: connector.Directed, Collective: "mcollective", Agent: "a", Node: "n", TTL: time.Minute, Payload: make([]byte, 400)}
			b.ReportAllocs()
			inFlight := 0
			for b.Loop() {
				for ; inFlight < flight; inFlight++ {
					if err := c.Publish(b.Context(), out); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := c.Receive(b.Context()); err != nil {
					b.Fatal(err)
				}
				inFlight--
			}
		})
	}
}

// What an idle node costs: goroutines and bytes, both ends of its connection left out but for the connector.
func BenchmarkIdleNode(b *testing.B) {
	br := startBroker(b, broker.Options{})
	h := hostAt(b, br.Addr())
	for b.Loop() {
		const nodes = 500
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		goroutines := runtime.NumGoroutine()
		var all []connector.Connector
		for i := range nodes {
			c := connect(b, options(RabbitMQ, fmt.Sprint("n", i), true, h))
			subs := []connector.Subscription{{Kind: connector.Directed, Collective: "mcollective"}}
			for _, agent := range []string{"discovery", "rpcutil", "shell"} {
				subs = append(subs, connector.Subscription{Kind: connector.Broadcast, Collective: "mcollective", Agent: agent})
			}
			if err := c.Subscribe(b.Context(), subs...); err != nil {
				b.Fatal(err)
			}
			if err := c.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			if err := c.WaitReady(b.Context()); err != nil {
				b.Fatal(err)
			}
			all = append(all, c)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapInuse+after.StackInuse-before.HeapInuse-before.StackInuse)/nodes, "B/node+broker")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/nodes, "goroutines/node+broker")
		for _, c := range all {
			c.Close()
		}
	}
}
