// Package contracttest holds every connector to the same promises: those in the comments of [connector.Connector]. Each adapter runs
// it against each kind of broker that it speaks to. Only tests import it.
package contracttest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
)

// patience is how long a test waits for what must come; silence is how long for what must not.
const (
	patience = 20 * time.Second
	silence  = 150 * time.Millisecond
)

// Peer says who connects.
type Peer struct {
	Identity string
	Pool     connector.Pool
	Node     bool // receives requests; else it is a client
}

// Bus is what an adapter offers to be tested: two collectives, mcollective and eu, on a pool of brokers.
type Bus struct {
	// Connect returns a connector that is not started. The test closes it.
	Connect func(t *testing.T, p Peer) connector.Connector
	// Kill ends a member of the pool with all its connections and Restore brings it back; nil where the bus has only one member.
	Kill, Restore func(t *testing.T, member int)
}

// Run runs all tests, each on a bus of its own.
func Run(t *testing.T, bus func(t *testing.T) Bus) {
	tests := []struct {
		name string
		run  func(*testing.T, Bus)
	}{
		{"broadcast", broadcast},
		{"directed", directed},
		{"replies", replies},
		{"collectives", collectives},
		{"subscribe", subscribe},
		{"unsubscribe", unsubscribe},
		{"unknown collective", unknownCollective},
		{"bytes", anyBytes},
		{"waiting", waiting},
		{"end", end},
		{"many at once", manyAtOnce},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(t, bus(t)) })
	}
	t.Run("failover", func(t *testing.T) {
		b := bus(t)
		if b.Kill == nil {
			t.Log("a bus of one broker: nowhere to go")
			return
		}
		failover(t, b)
	})
}

func start(t *testing.T, b Bus, p Peer, subs ...connector.Subscription) connector.Connector {
	t.Helper()
	c := b.Connect(t, p)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	ctx := within(t)
	if err := c.Subscribe(ctx, subs...); err != nil {
		t.Fatalf("Subscribe before Start: %v", err)
	}
	if err := c.Start(context.Background()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	if err := c.WaitReady(ctx); err != nil {
		t.Fatalf("WaitReady: %v", err)
	}
	if st := c.Status(); st.State != connector.Ready || st.Broker == "" || st.LastErr != nil || st.Attempts != 0 {
		t.Fatalf("status behind WaitReady: %+v", st)
	}
	return c
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func publish(t *testing.T, c connector.Connector, out connector.Outgoing) {
	t.Helper()
	if out.TTL == 0 {
		out.TTL = time.Minute
	}
	if err := c.Publish(within(t), out); err != nil {
		t.Fatalf("Publish %+v: %v", out, err)
	}
}

func receive(t *testing.T, c connector.Connector, want string) connector.Message {
	t.Helper()
	m, err := c.Receive(within(t))
	if err != nil {
		t.Fatalf("Receive, waiting for %q: %v", want, err)
	}
	if string(m.Payload) != want {
		t.Fatalf("Receive = %q, want %q", m.Payload, want)
	}
	return m
}

func receiveNothing(t *testing.T, who string, c connector.Connector) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), silence)
	defer cancel()
	if m, err := c.Receive(ctx); err == nil {
		t.Errorf("%s received %q, want nothing", who, m.Payload)
	} else if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%s: Receive without a message = %v, want the context's end", who, err)
	}
}

func agent(collective, name string) connector.Subscription {
	return connector.Subscription{Kind: connector.Broadcast, Collective: collective, Agent: name}
}

func self(collective string) connector.Subscription {
	return connector.Subscription{Kind: connector.Directed, Collective: collective}
}

func answers(collective, name string) connector.Subscription {
	return connector.Subscription{Kind: connector.Replies, Collective: collective, Agent: name}
}

func node(name string) Peer { return Peer{Identity: name + ".example.net", Node: true} }

func request(agent, payload string) connector.Outgoing {
	return connector.Outgoing{Kind: connector.Broadcast, Collective: "mcollective", Agent: agent, Sequence: 1, Payload: []byte(payload)}
}

func toNode(name, payload string) connector.Outgoing {
	return connector.Outgoing{Kind: connector.Directed, Collective: "mcollective", Agent: "rpcutil", Node: name + ".example.net", Sequence: 1, Payload: []byte(payload)}
}

func broadcast(t *testing.T, b Bus) {
	one := start(t, b, node("one"), agent("mcollective", "rpcutil"), self("mcollective"))
	two := start(t, b, node("two"), agent("mcollective", "rpcutil"), agent("mcollective", "puppet"), self("mcollective"))
	c := start(t, b, Peer{Identity: "client.example.net"})
	publish(t, c, request("rpcutil", "to both"))
	for _, n := range []connector.Connector{one, two} {
		m := receive(t, n, "to both")
		if m.Sender != "client.example.net" || m.ReplyTo == "" || m.Broker != n.Status().Broker || m.Destination == "" {
			t.Errorf("message around the payload: %+v", m)
		}
	}
	publish(t, c, request("puppet", "to two"))
	receive(t, two, "to two")
	receiveNothing(t, "one", one)
}

func directed(t *testing.T, b Bus) {
	one := start(t, b, node("one"), agent("mcollective", "rpcutil"), self("mcollective"))
	two := start(t, b, node("two"), agent("mcollective", "rpcutil"), self("mcollective"))
	c := start(t, b, Peer{Identity: "client.example.net"})
	publish(t, c, toNode("two", "for two"))
	receive(t, two, "for two")
	receiveNothing(t, "one", one)
	publish(t, c, toNode("nobody", "for nobody"))
	publish(t, c, toNode("one", "for one"))
	receive(t, one, "for one")
}

func replies(t *testing.T, b Bus) {
	n := start(t, b, node("one"), agent("mcollective", "rpcutil"), self("mcollective"))
	c := start(t, b, Peer{Identity: "client.example.net"})
	other := start(t, b, Peer{Identity: "other.example.net"})
	for _, client := range []connector.Connector{c, other} {
		if err := client.Subscribe(within(t), answers("mcollective", "rpcutil")); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		publish(t, c, request("rpcutil", "question"))
		m := receive(t, n, "question")
		publish(t, n, connector.Outgoing{Kind: connector.Replies, Collective: "mcollective", Agent: "rpcutil", To: m.ReplyTo, Payload: fmt.Append(nil, "answer ", i)})
		r := receive(t, c, fmt.Sprint("answer ", i))
		if r.Sender != "one.example.net" {
			t.Errorf("sender of the reply is %q", r.Sender)
		}
	}
	receiveNothing(t, "the other client", other)
	if err := c.Unsubscribe(within(t), answers("mcollective", "rpcutil")); err != nil {
		t.Fatal(err)
	}
	// The next request is answered as the first one was.
	if err := c.Subscribe(within(t), answers("mcollective", "rpcutil")); err != nil {
		t.Fatal(err)
	}
	publish(t, c, toNode("one", "again"))
	m := receive(t, n, "again")
	publish(t, n, connector.Outgoing{Kind: connector.Replies, Collective: "mcollective", Agent: "rpcutil", To: m.ReplyTo, Payload: []byte("and again")})
	receive(t, c, "and again")
}

func collectives(t *testing.T, b Bus) {
	// A name of its own: ActiveMQ keeps what it could not deliver, and the next test may use the same broker.
	n := start(t, b, node("european"), agent("eu", "rpcutil"), self("eu"))
	c := start(t, b, Peer{Identity: "client.example.net"})
	publish(t, c, request("rpcutil", "elsewhere"))
	publish(t, c, toNode("european", "elsewhere"))
	eu := request("rpcutil", "here")
	eu.Collective = "eu"
	publish(t, c, eu)
	receive(t, n, "here")
	eu = toNode("european", "here, directed")
	eu.Collective = "eu"
	publish(t, c, eu)
	receive(t, n, "here, directed")
	receiveNothing(t, "the node", n)
}

func subscribe(t *testing.T, b Bus) {
	n := start(t, b, node("one"), self("mcollective"))
	c := start(t, b, Peer{Identity: "client.example.net"})
	for range 2 { // the second time is no second subscription
		if err := n.Subscribe(within(t), agent("mcollective", "rpcutil"), agent("mcollective", "puppet"), agent("mcollective", "rpcutil")); err != nil {
			t.Fatal(err)
		}
		// Subscribe has returned, so the broker has finished: nothing that is sent now may be missed.
		publish(t, c, request("rpcutil", "one"))
		publish(t, c, request("puppet", "two"))
		first, err := n.Receive(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if want := "two"; string(first.Payload) == "two" {
			receive(t, n, "one")
		} else {
			receive(t, n, want)
		}
		receiveNothing(t, "the node", n)
	}
}

func unsubscribe(t *testing.T, b Bus) {
	n := start(t, b, node("one"), agent("mcollective", "rpcutil"), agent("mcollective", "puppet"), self("mcollective"))
	c := start(t, b, Peer{Identity: "client.example.net"})
	if err := n.Unsubscribe(within(t), agent("mcollective", "rpcutil"), agent("mcollective", "never")); err != nil {
		t.Fatal(err)
	}
	// Subscribing proves all that was written before.
	if err := n.Subscribe(within(t), agent("mcollective", "package")); err != nil {
		t.Fatal(err)
	}
	publish(t, c, request("rpcutil", "missed"))
	publish(t, c, request("puppet", "heard"))
	receive(t, n, "heard")
	receiveNothing(t, "the node", n)
}

func unknownCollective(t *testing.T, b Bus) {
	n := start(t, b, node("one"), self("mcollective"))
	want := "Unknown collective 'nosuch' known collectives are 'mcollective, eu'"
	if err := n.Subscribe(within(t), agent("nosuch", "rpcutil")); err == nil || err.Error() != want {
		t.Errorf("Subscribe = %v, want %s", err, want)
	}
	out := request("rpcutil", "")
	out.Collective = "nosuch"
	var unknown *connector.CollectiveError
	if err := n.Publish(within(t), out); !errors.As(err, &unknown) {
		t.Errorf("Publish = %v, want %s", err, want)
	}
	if st := n.Status(); st.State != connector.Ready {
		t.Errorf("a mistake of the caller changed the state: %+v", st)
	}
}

func anyBytes(t *testing.T, b Bus) {
	n := start(t, b, node("one"), agent("mcollective", "rpcutil"), self("mcollective"))
	c := start(t, b, Peer{Identity: "client.example.net"})
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	large := make([]byte, 300_000)
	for i := range large {
		large[i] = byte(i * 7)
	}
	for _, payload := range []string{"", "\x00", "\n\n\x00\n", string(all), string(large)} {
		publish(t, c, toNode("one", payload))
		m, err := n.Receive(within(t))
		if err != nil || string(m.Payload) != payload {
			t.Fatalf("%d bytes came as %d bytes (%v)", len(payload), len(m.Payload), err)
		}
	}
}

func waiting(t *testing.T, b Bus) {
	c := b.Connect(t, node("one"))
	ctx, cancel := context.WithTimeout(context.Background(), silence)
	defer cancel()
	// Before Start there is no session: both wait as long as they may.
	if err := c.WaitReady(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("WaitReady before Start = %v", err)
	}
	if err := c.Publish(ctx, toNode("one", "")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Publish before Start = %v", err)
	}
	if err := c.Subscribe(within(t), self("mcollective")); err != nil {
		t.Fatal(err)
	}
	// A frame that waits for Ready leaves as soon as that is reached.
	sent := make(chan error, 1)
	go func() { sent <- c.Publish(within(t), toNode("one", "to myself")) }()
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-sent; err != nil {
		t.Errorf("Publish across Start: %v", err)
	}
	receive(t, c, "to myself")
	if err := c.Start(t.Context()); err == nil {
		t.Error("a second Start is no error")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func end(t *testing.T, b Bus) {
	c := start(t, b, node("one"), self("mcollective"))
	got := make(chan error, 1)
	go func() { _, err := c.Receive(context.Background()); got <- err }()
	for range 2 {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	ctx := within(t)
	_, receiving := c.Receive(ctx)
	for what, err := range map[string]error{
		"a Receive that waits": <-got, "Receive": receiving, "Publish": c.Publish(ctx, toNode("one", "")), "Subscribe": c.Subscribe(ctx, self("mcollective")),
		"Unsubscribe": c.Unsubscribe(ctx, self("mcollective")), "WaitReady": c.WaitReady(ctx), "Start": c.Start(ctx),
	} {
		if !errors.Is(err, connector.ErrClosed) {
			t.Errorf("%s after Close = %v, want ErrClosed", what, err)
		}
	}
	if st := c.Status(); st.State != connector.Closed {
		t.Errorf("status after Close: %+v", st)
	}
	// The end of Start's context is the end of the session.
	c = b.Connect(t, node("two"))
	life, cancel := context.WithCancel(context.Background())
	if err := c.Start(life); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := c.Receive(ctx); !errors.Is(err, connector.ErrClosed) {
		t.Errorf("Receive after the end of the context = %v", err)
	}
	// One that was never started ends as well.
	c = b.Connect(t, node("three"))
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := c.WaitReady(ctx); !errors.Is(err, connector.ErrClosed) {
		t.Errorf("WaitReady of one that was closed before Start = %v", err)
	}
}

func manyAtOnce(t *testing.T, b Bus) {
	const senders, each = 8, 100
	n := start(t, b, node("one"), agent("mcollective", "rpcutil"), self("mcollective"))
	c := start(t, b, Peer{Identity: "client.example.net"})
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				if err := c.Publish(within(t), toNode("one", fmt.Sprintf("%d.%d", s, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	seen := map[string]bool{}
	for range senders * each {
		m, err := n.Receive(within(t))
		if err != nil {
			t.Fatalf("after %d messages: %v", len(seen), err)
		}
		if seen[string(m.Payload)] {
			t.Fatalf("%s came twice", m.Payload)
		}
		seen[string(m.Payload)] = true
	}
	wg.Wait()
}

func failover(t *testing.T, b Bus) {
	n := start(t, b, node("one"), agent("mcollective", "rpcutil"), self("mcollective"))
	c := start(t, b, Peer{Identity: "client.example.net"}, answers("mcollective", "rpcutil"))
	first := n.Status().Broker
	b.Kill(t, 0)
	for _, one := range []connector.Connector{n, c} {
		await(t, one, func(st connector.Status) bool { return st.State == connector.Ready && st.Broker != first })
	}
	publish(t, c, request("rpcutil", "still there?"))
	m := receive(t, n, "still there?")
	publish(t, n, connector.Outgoing{Kind: connector.Replies, Collective: "mcollective", Agent: "rpcutil", To: m.ReplyTo, Payload: []byte("yes")})
	if r := receive(t, c, "yes"); r.Broker == first {
		t.Errorf("the reply came over the dead broker %s", first)
	}
	b.Restore(t, 0)
	b.Kill(t, 1)
	for _, one := range []connector.Connector{n, c} {
		await(t, one, func(st connector.Status) bool { return st.State == connector.Ready && st.Broker == first })
	}
	b.Restore(t, 1)
}

// await waits until the status is as wanted.
func await(t *testing.T, c connector.Connector, want func(connector.Status) bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for !want(c.Status()) {
		select {
		case <-c.Changes():
		case <-deadline.C:
			t.Fatalf("status is still %+v", c.Status())
		}
	}
}
