package rpc

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/security"
	"github.com/mco-go/mco-go/mco/security/psk"
)

// canned answers a ping with prepared frames: what is left is the client's own work.
type canned struct {
	connector.Connector
	frames chan connector.Message
	answer func(out connector.Outgoing) []connector.Message
}

func (c *canned) WaitReady(context.Context) error                              { return nil }
func (c *canned) Subscribe(context.Context, ...connector.Subscription) error   { return nil }
func (c *canned) Unsubscribe(context.Context, ...connector.Subscription) error { return nil }
func (c *canned) Status() connector.Status                                     { return connector.Status{State: connector.Ready} }
func (c *canned) Publish(_ context.Context, out connector.Outgoing) error {
	for _, m := range c.answer(out) {
		c.frames <- m
	}
	return nil
}

func (c *canned) Receive(ctx context.Context) (connector.Message, error) {
	select {
	case m := <-c.frames:
		return m, nil
	case <-ctx.Done():
		return connector.Message{}, ctx.Err()
	}
}

// BenchmarkPing is 2,000 signed answers from the connector to the caller.
func BenchmarkPing(b *testing.B) {
	const nodes = 2000
	p, err := psk.New(psk.Options{Secret: security.Secret("secret"), CallerType: "uid", Identity: "node"})
	if err != nil {
		b.Fatal(err)
	}
	request := mco.Request{ID: "abababababababababababababababab", Agent: mco.DiscoveryAgent, Caller: "uid=0"}
	frames := make([]connector.Message, nodes)
	for i := range frames {
		name := fmt.Sprintf("node%d.example.net", i)
		payload, err := p.EncodeReply(mco.Reply{RequestID: request.ID, Sender: name, Agent: mco.DiscoveryAgent, Time: time.Now(), Body: mco.String("pong")}, request)
		if err != nil {
			b.Fatal(err)
		}
		frames[i] = connector.Message{Sender: name, Payload: payload}
	}
	conn := &canned{frames: make(chan connector.Message, nodes), answer: func(connector.Outgoing) []connector.Message { return frames }}
	c, err := New(Options{Connector: conn, Security: p, Identity: "client", RequestID: func() string { return request.ID }})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range c.Ping(context.Background(), Discovery{Limit: nodes}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != nodes {
			b.Fatalf("%d answers", n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/nodes, "µs/answer")
}
