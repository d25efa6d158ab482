package loopback

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/contracttest"
)

func TestContractOfGroup(t *testing.T) {
	contracttest.Run(t, func(t *testing.T) contracttest.Bus {
		bus := NewBus("one:61613")
		return contracttest.Bus{Connect: func(t *testing.T, p contracttest.Peer) connector.Connector {
			return bus.ConnectAll(Options{Identity: p.Identity, Collectives: []string{"mcollective", "eu"}, Pool: p.Pool, Requests: p.Node})
		}}
	})
}

var (
	self   = connector.Subscription{Kind: connector.Directed, Collective: "mcollective"}
	agentA = connector.Subscription{Kind: connector.Broadcast, Collective: "mcollective", Agent: "a"}
	ask    = connector.Outgoing{Kind: connector.Broadcast, Collective: "mcollective", Agent: "a", TTL: time.Minute, Payload: []byte("ask")}
)

func ready(t *testing.T, c connector.Connector, subs ...connector.Subscription) {
	t.Helper()
	if err := c.Subscribe(t.Context(), subs...); err != nil {
		t.Fatal(err)
	}
	begin(t, c)
	if err := c.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// all receives until it is quiet, and returns payloads, sorted.
func all(t *testing.T, c connector.Connector) (got []string) {
	t.Helper()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		m, err := c.Receive(ctx)
		cancel()
		if err != nil {
			slices.Sort(got)
			return got
		}
		got = append(got, string(m.Payload))
	}
}

// A node on every broker answers clients on any of them, each over the broker that brought the request.
func TestGroupOfANode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus("one", "two", "three")
		bus.Kill(2)
		n := bus.ConnectAll(Options{Identity: "n", Requests: true})
		ready(t, n, self, agentA)
		if st := n.Status(); st.Broker != "one,two" || st.State != connector.Ready {
			t.Errorf("status %+v", st)
		}
		c := bus.Connect(Options{Identity: "c"})
		ready(t, c)
		bus.Kill(0) // c moves to two; d will find one again
		until(t, c, connector.Ready, "two")
		bus.Restore(0)
		time.Sleep(time.Minute)
		d := bus.Connect(Options{Identity: "d"})
		ready(t, d)
		if st := n.Status(); st.Broker != "one,two" {
			t.Errorf("after one came back: %+v", st)
		}
		for _, client := range []*connector.Session{c, d} {
			if err := client.Publish(t.Context(), ask); err != nil {
				t.Fatal(err)
			}
			m, err := n.Receive(t.Context())
			if err != nil || m.Broker != client.Status().Broker {
				t.Fatalf("%+v, %v, want a request over %s", m, err, client.Status().Broker)
			}
			if err := n.Publish(t.Context(), connector.Outgoing{Kind: connector.Replies, To: m.ReplyTo, Payload: []byte("for " + m.Sender)}); err != nil {
				t.Fatal(err)
			}
		}
		for name, client := range map[string]*connector.Session{"c": c, "d": d} {
			if got := all(t, client); !slices.Equal(got, []string{"for " + name}) {
				t.Errorf("%s got %q", name, got)
			}
		}
		// Subscriptions that are made later are made everywhere, also where nobody listens yet.
		later := connector.Subscription{Kind: connector.Broadcast, Collective: "mcollective", Agent: "later"}
		if err := n.Subscribe(t.Context(), later); err != nil {
			t.Fatal(err)
		}
		bus.Restore(2)
		bus.Kill(0)
		bus.Kill(1)
		until(t, c, connector.Ready, "three")
		until(t, n, connector.Ready, "three")
		out := ask
		out.Agent = "later"
		if err := c.Publish(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		if got := all(t, n); !slices.Equal(got, []string{"ask"}) {
			t.Errorf("the node got %q over the last broker", got)
		}
		for _, one := range []connector.Connector{n, c, d} {
			one.Close()
		}
	})
}

// A client on every broker reaches nodes that know nothing of each other.
func TestGroupOfAClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus("one", "two")
		left := bus.Connect(Options{Identity: "left", Requests: true})
		ready(t, left, self, agentA)
		bus.Kill(0)
		right := bus.Connect(Options{Identity: "right", Requests: true})
		ready(t, right, self, agentA)
		until(t, left, connector.Ready, "two")
		time.Sleep(time.Minute)
		bus.Restore(0)
		bus.Disconnect("left") // the next one is the first again
		until(t, left, connector.Ready, "one")
		until(t, right, connector.Ready, "two")

		c := bus.ConnectAll(Options{Identity: "c"})
		ready(t, c, connector.Subscription{Kind: connector.Replies, Collective: "mcollective", Agent: "a"})
		if err := c.Publish(t.Context(), ask); err != nil {
			t.Fatal(err)
		}
		for _, n := range []*connector.Session{left, right} {
			m, err := n.Receive(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := n.Publish(t.Context(), connector.Outgoing{Kind: connector.Replies, To: m.ReplyTo, Payload: []byte(m.Broker)}); err != nil {
				t.Fatal(err)
			}
		}
		if got := all(t, c); !slices.Equal(got, []string{"one", "two"}) {
			t.Errorf("answers over %q", got)
		}
		// One broker less: the other is enough, and nobody waits for the dead one.
		bus.Kill(0)
		begin := time.Now()
		if err := c.Publish(t.Context(), ask); err != nil || time.Since(begin) > time.Second {
			t.Errorf("Publish with one broker left: %v after %s", err, time.Since(begin))
		}
		// None: it waits.
		bus.Kill(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := c.Publish(ctx, ask); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "refused") {
			t.Errorf("Publish with no broker left: %v", err)
		}
		for _, one := range []connector.Connector{c, left, right} {
			one.Close()
		}
	})
}

func TestGroupUsesUpItsAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus("one", "two")
		bus.Kill(0)
		bus.Kill(1)
		c := bus.ConnectAll(Options{Identity: "c", Pool: connector.Pool{MaxAttempts: 2}})
		begin(t, c)
		if err := c.WaitReady(t.Context()); !errors.Is(err, connector.ErrExhausted) {
			t.Errorf("WaitReady: %v", err)
		}
		c.Close()
	})
}
