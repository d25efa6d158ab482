package loopback

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
)

// These tests drive a session's state machine with real waits, in a bubble where they take no time.

func begin(t *testing.T, c connector.Connector) {
	t.Helper()
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// until waits for a state at a broker and returns how long it took.
func until(t *testing.T, c connector.Connector, state connector.State, broker string) time.Duration {
	t.Helper()
	start := time.Now()
	for {
		st := c.Status()
		if st.State == state && (broker == "" || st.Broker == broker) {
			return time.Since(start)
		}
		select {
		case <-c.Changes():
		case <-time.After(time.Hour):
			t.Fatalf("status is %+v, want %s at %s", st, state, broker)
		}
	}
}

func TestFirstMemberFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus("one", "two", "three")
		bus.Kill(0)
		c := bus.Connect(Options{Identity: "a"})
		begin(t, c)
		if took := until(t, c, connector.Ready, "two"); took > 10*time.Millisecond {
			t.Errorf("a dead first member cost %s", took)
		}
		// Never back while the current one works.
		bus.Restore(0)
		time.Sleep(time.Hour)
		until(t, c, connector.Ready, "two")
		c.Close()
	})
}

func TestLostSessionsSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nodes, spread = 400, 4 * time.Second
		bus := NewBus("one", "two")
		var all []*connector.Session
		for range nodes {
			c := bus.Connect(Options{Identity: "a", Pool: connector.Pool{Spread: spread}})
			begin(t, c)
			all = append(all, c)
		}
		for _, c := range all {
			until(t, c, connector.Ready, "one")
		}
		time.Sleep(time.Hour)
		bus.Kill(0)
		start := time.Now()
		var slots [40]int // of 100 ms
		for _, c := range all {
			until(t, c, connector.Ready, "two")
			slots[min(int(c.Status().Since.Sub(start)/(100*time.Millisecond)), len(slots)-1)]++
		}
		if took := time.Since(start); took > spread || took < spread/2 {
			t.Errorf("the last one came after %s, the spread is %s", took, spread)
		}
		for i, n := range slots {
			if n > 3*nodes/len(slots) {
				t.Errorf("%d of %d nodes came in slot %d of %d", n, nodes, i, len(slots))
			}
		}
		for _, c := range all {
			c.Close()
		}
	})
}

func TestAllDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus("one", "two")
		bus.Kill(0)
		bus.Kill(1)
		c := bus.Connect(Options{Identity: "a", Pool: connector.Pool{Spread: time.Second}})
		begin(t, c)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		err := c.WaitReady(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("WaitReady = %v, want the deadline and the last reason", err)
		}
		if n := c.Status().Attempts; n < 24 || n > 240 {
			t.Errorf("%d attempts in two minutes; the waits are 0.5 to 5 s", n)
		}
		bus.Restore(1)
		if took := until(t, c, connector.Ready, "two"); took > 10*time.Second {
			t.Errorf("it took %s to notice that a member is back", took)
		}
		c.Close()
	})
}

func TestAttemptsUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus("one", "two")
		bus.Kill(0)
		bus.Kill(1)
		c := bus.Connect(Options{Identity: "a", Pool: connector.Pool{MaxAttempts: 4}})
		begin(t, c)
		_, err := c.Receive(t.Context())
		if !errors.Is(err, connector.ErrExhausted) || !strings.Contains(err.Error(), "refused") {
			t.Errorf("Receive = %v, want ErrExhausted with the last reason", err)
		}
		if st := c.Status(); st.Attempts != 5 || st.State != connector.Closed {
			t.Errorf("status %+v, want closed after 5 attempts", st)
		}
		c.Close()
	})
}

// A session that could go home while a call runs waits for its end with a link to either broker, and is none the worse where the
// second one breaks.
func TestFailbackWaitsForCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus("one", "two")
		bus.Kill(0)
		var busy atomic.Bool
		busy.Store(true)
		c := bus.Connect(Options{Identity: "a", Pool: connector.Pool{Failback: time.Minute}, Busy: busy.Load})
		begin(t, c)
		until(t, c, connector.Ready, "two")
		both := func() {
			t.Helper()
			for waited := time.Duration(0); bus.Links(0) != 1 || bus.Links(1) != 1; waited += 100 * time.Millisecond {
				if waited > 5*time.Minute {
					t.Fatalf("%d and %d links, want one to either", bus.Links(0), bus.Links(1))
				}
				time.Sleep(100 * time.Millisecond)
			}
		}
		bus.Restore(0)
		both()
		bus.Kill(0)
		time.Sleep(time.Minute)
		if c.Status().State != connector.Ready || bus.Links(0) != 0 || bus.Links(1) != 1 {
			t.Errorf("%v with %d and %d links", c.Status(), bus.Links(0), bus.Links(1))
		}
		bus.Restore(0)
		both()
		busy.Store(false)
		if took := until(t, c, connector.Ready, "one"); took > 5*time.Second {
			t.Errorf("it moved %s after its last call", took)
		}
		if bus.Links(1) != 0 {
			t.Errorf("%d links are left", bus.Links(1))
		}
		c.Close()
		if bus.Links(0) != 0 {
			t.Errorf("%d links are left", bus.Links(0))
		}
	})
}

// watched is a transport that writes down when its members are looked at.
type watched struct {
	connector.Transport
	looks chan time.Time
}

func (w watched) Probe(ctx context.Context, member int) error {
	w.looks <- time.Now()
	return w.Transport.Probe(ctx, member)
}

// A member that refuses is looked at often, one that swallows whoever comes twice a minute at most.
func TestABlackHoleIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus("one", "two")
		bus.Kill(0)
		w := watched{bus.Transport(Options{Identity: "a"}), make(chan time.Time, 100)}
		c := connector.NewSession(connector.SessionOptions{Transport: w, Pool: connector.Pool{Failback: 6 * time.Second}})
		begin(t, c)
		until(t, c, connector.Ready, "two")
		between := func() time.Duration {
			first := <-w.looks
			return (<-w.looks).Sub(first)
		}
		if d := between(); d > 3*time.Second {
			t.Errorf("%s between looks at a member that refuses", d)
		}
		bus.Restore(0)
		bus.Freeze(0)
		<-w.looks // the first that finds it so
		for range 3 {
			if d := between(); d < 30*time.Second {
				t.Errorf("%s between looks at one that says nothing", d)
			}
		}
		c.Close()
	})
}

func TestFailback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const stay = 60 * time.Second
		bus := NewBus("one", "two", "three")
		bus.Kill(0)
		bus.Kill(1)
		var busy atomic.Bool
		c := bus.Connect(Options{Identity: "a", Pool: connector.Pool{Failback: stay, Spread: time.Second}, Busy: busy.Load})
		begin(t, c)
		until(t, c, connector.Ready, "three")

		// The second answers, but not for long enough.
		bus.Restore(1)
		time.Sleep(stay * 3 / 4)
		bus.Kill(1)
		time.Sleep(stay)
		until(t, c, connector.Ready, "three")

		// Now it does, but calls are running.
		bus.Restore(1)
		busy.Store(true)
		time.Sleep(3 * stay)
		until(t, c, connector.Ready, "three")
		busy.Store(false)
		if took := until(t, c, connector.Ready, "two"); took > stay/2 {
			t.Errorf("it went back %s after the last call", took)
		}
		if n := bus.Links(2); n != 0 {
			t.Errorf("%d links are left at the third", n)
		}

		// And then the first.
		bus.Restore(0)
		if took := until(t, c, connector.Ready, "one"); took < stay || took > 2*stay {
			t.Errorf("it went back after %s, the first must answer for %s", took, stay)
		}
		time.Sleep(time.Hour)
		for i, want := range []int{1, 0, 0} {
			if n := bus.Links(i); n != want {
				t.Errorf("member %d has %d links, want %d", i, n, want)
			}
		}
		c.Close()
	})
}

func TestFrozenMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus("one", "two")
		bus.Freeze(0)
		c := bus.Connect(Options{Identity: "a", Pool: connector.Pool{Failback: time.Minute}})
		begin(t, c)
		if took := until(t, c, connector.Ready, "two"); took > openTime+10*time.Millisecond {
			t.Errorf("a frozen member cost %s", took)
		}
		// Closing does not wait for a probe of the frozen one.
		time.Sleep(21 * time.Second)
		start := time.Now()
		c.Close()
		if took := time.Since(start); took > time.Second {
			t.Errorf("Close took %s", took)
		}
	})
}

func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus()
		n, c := bus.Connect(Options{Identity: "n", Requests: true}), bus.Connect(Options{Identity: "c"})
		sub := connector.Subscription{Kind: connector.Directed, Collective: "mcollective"}
		if err := n.Subscribe(t.Context(), sub); err != nil {
			t.Fatal(err)
		}
		begin(t, n)
		begin(t, c)
		until(t, n, connector.Ready, "")
		send := func(count int) (got int) {
			for range count {
				if err := c.Publish(t.Context(), connector.Outgoing{Kind: connector.Directed, Collective: "mcollective", Node: "n", TTL: time.Minute}); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			for {
				if _, err := n.Receive(ctx); err != nil {
					return got
				}
				got++
			}
		}
		bus.SetFaults(Faults{Drop: 0.5}, 7)
		if got := send(1000); got < 400 || got > 600 {
			t.Errorf("half lost: %d of 1000 came", got)
		}
		bus.SetFaults(Faults{Duplicate: 0.5, Delay: time.Second}, 7)
		if got := send(500); got < 700 || got > 800 {
			t.Errorf("half doubled: %d of 500 came", got)
		}
		bus.SetFaults(Faults{}, 0)
		if got := send(1500); got != 1024 || n.Status().Dropped != 1500-1024 {
			t.Errorf("a node that does not keep up: %d of 1500 came, %d dropped, want 1024 and 476", got, n.Status().Dropped)
		}
		n.Close()
		c.Close()
	})
}
