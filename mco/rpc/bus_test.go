package rpc

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/security"
)

// bus is a connector and a security provider in one: payloads are names of decoded messages. What a test's nodes do is its answer.
type bus struct {
	t      *testing.T
	queue  chan connector.Message
	answer func(b *bus, out connector.Outgoing, req mco.Request) // called for each frame, in the sender's goroutine

	mu       sync.Mutex
	number   int
	requests map[string]mco.Request
	replies  map[string]mco.Reply
	sent     []connector.Outgoing
	subs     map[connector.Subscription]bool
	waits    int // calls of WaitReady
	refuse   func(out connector.Outgoing) error
	status   connector.Status
	over     chan struct{}
	logged   strings.Builder
}

func newBus(t *testing.T, answer func(*bus, connector.Outgoing, mco.Request)) *bus {
	return &bus{
		t: t, answer: answer, queue: make(chan connector.Message, 10_000), over: make(chan struct{}),
		requests: map[string]mco.Request{}, replies: map[string]mco.Reply{}, subs: map[connector.Subscription]bool{},
		status: connector.Status{State: connector.Ready, Broker: "broker1:61613"},
	}
}

func (b *bus) client(change ...func(*Options)) *Client {
	b.t.Helper()
	o := Options{
		Connector: b, Security: b, Identity: "client.example.net", Collectives: []string{"mcollective", "eu"}, DirectAddressing: true,
		Log: slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// reply lets node answer req after a while.
func (b *bus) reply(after time.Duration, req mco.Request, node string, body mco.Value) {
	b.mu.Lock()
	b.number++
	name := fmt.Sprintf("reply%d", b.number)
	b.replies[name] = mco.Reply{RequestID: req.ID, Sender: node, Agent: req.Agent, Time: time.Now().Add(after).Truncate(time.Second), Body: body}
	b.mu.Unlock()
	b.raw(after, node, name)
}

func (b *bus) raw(after time.Duration, sender, payload string) {
	m := connector.Message{Sender: sender, Broker: "broker1:61613", Payload: []byte(payload)}
	if after == 0 {
		b.queue <- m
		return
	}
	time.AfterFunc(after, func() { b.queue <- m })
}

func (b *bus) frames() []connector.Outgoing {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]connector.Outgoing(nil), b.sent...)
}

func (b *bus) request(i int) mco.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.requests[string(b.sent[i].Payload)]
}

func (b *bus) log() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.logged.String()
}

func (b *bus) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.logged.Write(p)
}

var _ connector.Connector = (*bus)(nil)

func (b *bus) Start(context.Context) error { return nil }

func (b *bus) WaitReady(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waits++
	return ctx.Err()
}

func (b *bus) Subscribe(ctx context.Context, subs ...connector.Subscription) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range subs {
		b.subs[s] = true
	}
	return ctx.Err()
}

func (b *bus) Unsubscribe(_ context.Context, subs ...connector.Subscription) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range subs {
		delete(b.subs, s)
	}
	return nil
}

func (b *bus) Publish(ctx context.Context, out connector.Outgoing) error {
	b.mu.Lock()
	refuse, req := b.refuse, b.requests[string(out.Payload)]
	b.mu.Unlock()
	if refuse != nil {
		if err := refuse(out); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	b.sent = append(b.sent, out)
	b.mu.Unlock()
	b.answer(b, out, req)
	return nil
}

func (b *bus) Receive(ctx context.Context) (connector.Message, error) {
	select {
	case m := <-b.queue:
		return m, nil
	case <-ctx.Done():
		return connector.Message{}, ctx.Err()
	case <-b.over:
		return connector.Message{}, connector.ErrClosed
	}
}

func (b *bus) Status() connector.Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status
}

func (b *bus) Changes() <-chan connector.Status { return nil }
func (b *bus) Close() error                     { return nil }

var _ security.Provider = (*bus)(nil)

func (b *bus) CallerID() (string, error) { return "uid=0", nil }

func (b *bus) EncodeRequest(r mco.Request) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.number++
	name := fmt.Sprintf("request%d", b.number)
	b.requests[name] = r
	return []byte(name), nil
}

func (b *bus) DecodeRequest([]byte) (mco.Request, error) { panic("a client decodes no requests") }

func (b *bus) EncodeReply(mco.Reply, mco.Request) ([]byte, error) { panic("a client sends no replies") }

func (b *bus) DecodeReply(payload []byte, expect string) (mco.Reply, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.replies[string(payload)]
	switch {
	case string(payload) == "forged":
		return mco.Reply{}, fmt.Errorf("%w: from a test", security.ErrSignature)
	case !ok:
		return mco.Reply{}, fmt.Errorf("%w: %q", security.ErrMalformed, payload)
	case expect != "" && r.RequestID != expect:
		return mco.Reply{}, fmt.Errorf("%w: %s", security.ErrOtherRequest, r.RequestID)
	}
	return r, nil
}

// ok is a successful reply's body.
func ok() mco.Value { return result(0, "OK") }

func result(code int64, message string) mco.Value {
	m := mco.SymbolMap(3)
	m.SetSymbol("statuscode", mco.Int(code))
	m.SetSymbol("statusmsg", mco.String(message))
	m.SetSymbol("data", mco.Hash(nil))
	return mco.Hash(m)
}

// fleet is n nodes, n1 to nN, that answer after 10 ms: pings and requests, whether broadcast or directed.
func fleet(n int) func(*bus, connector.Outgoing, mco.Request) {
	return func(b *bus, out connector.Outgoing, req mco.Request) {
		body := ok()
		if out.Agent == mco.DiscoveryAgent {
			body = mco.String("pong")
		}
		for i := 1; i <= n; i++ {
			node := fmt.Sprintf("n%d", i)
			if out.Kind == connector.Broadcast || out.Node == node {
				b.reply(10*time.Millisecond, req, node, body)
			}
		}
	}
}

func names(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("n%d", i+1)
	}
	return out
}
