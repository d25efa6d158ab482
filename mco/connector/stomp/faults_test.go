package stomp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-stomp/stomp/v3/frame"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco/broker"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/framing"
)

// script is a server that does to each connection what a test says.
func script(t *testing.T, serve func(net.Conn)) Host {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			wg.Go(func() { defer c.Close(); serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return hostAt(t, l.Addr().String())
}

// welcomeAll answers CONNECT with a welcome and the next frame with what.
func welcomeAll(what string) func(net.Conn) {
	return func(c net.Conn) {
		r := frame.NewReader(c)
		for _, answer := range []string{"CONNECTED\nversion:1.1\nheart-beat:0,0\n\n\x00", what} {
			if _, err := r.Read(); err != nil {
				return
			}
			_, _ = io.WriteString(c, answer)
		}
		_, _ = io.Copy(io.Discard, c)
	}
}

func openOne(t *testing.T, h Host) (*link, error) {
	t.Helper()
	tr, err := newTransport(options(RabbitMQ, "n", true, h))
	if err != nil {
		t.Fatal(err)
	}
	l, err := tr.Open(t.Context(), 0, func(connector.Message) {})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { hangUp(l.(*link)) })
	return l.(*link), nil
}

// poke sends a frame.
func poke(t *testing.T, l *link) {
	t.Helper()
	if err := l.Publish(t.Context(), connector.Outgoing{Kind: connector.Broadcast, Collective: "mcollective", Agent: "a"}); err != nil {
		t.Fatal(err)
	}
}

func TestBadFrames(t *testing.T) {
	tests := []struct{ name, sent, want string }{
		{"a size that lies", "MESSAGE\ncontent-length:1500000000\n\n", "a frame has more than 8388608 bytes of body"},
		{"endless headers", "MESSAGE\n" + strings.Repeat("a:b\n", 200), "a frame has more than 128 headers"},
		{"a long header", "MESSAGE\na:" + strings.Repeat("b", 70_000), "a frame has more than 65536 bytes of headers"},
		{"HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", "invalid command"},
		{"random bytes", "\x17\x03\x01\x88\n\x00\xff\n", "invalid command"},
		{"ERROR", "ERROR\nmessage:access_refused\n\nACCESS_REFUSED - no\nreason\x00", "the broker says: access_refused: ACCESS_REFUSED - no reason"},
		{"a second welcome", "CONNECTED\n\n\x00", "Received frame of type 'CONNECTED' expected 'MESSAGE'"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			l, err := openOne(t, script(t, welcomeAll(test.sent)))
			if err != nil {
				t.Fatal(err)
			}
			poke(t, l)
			<-l.Done()
			runtime.ReadMemStats(&after)
			if !strings.Contains(l.Err().Error(), test.want) {
				t.Errorf("%v, want %q", l.Err(), test.want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
				t.Errorf("%d bytes were allocated for %d", used, len(test.sent))
			}
		})
	}
}

func TestBadWelcomes(t *testing.T) {
	hello := func(answer string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = frame.NewReader(c).Read()
			_, _ = io.WriteString(c, answer)
			_, _ = io.Copy(io.Discard, c)
		}
	}
	tests := []struct {
		name  string
		serve func(net.Conn)
		want  string
	}{
		{"refused", hello("ERROR\nmessage:Bad CONNECT\ncontent-type:text/plain\n\nAccess refused for user 'x'\n\x00"), "the broker says: Bad CONNECT: Access refused for user 'x'"},
		{"hung up", func(c net.Conn) { c.Close() }, "log in to 127.0.0.1"},
		{"a version of its own", hello("CONNECTED\nversion:3.0\n\n\x00"), `STOMP "3.0", which was not asked for`},
		{"nonsense as heart-beat", hello("CONNECTED\nversion:1.1\nheart-beat:soon\n\n\x00"), `heart-beat is "soon"`},
		{"a message", hello("MESSAGE\n\n\x00"), "Received frame of type 'MESSAGE'"},
		{"a size that lies", hello("CONNECTED\ncontent-length:99999999999\n\n"), "content-length"},
	}
	lab.Leaks(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := openOne(t, script(t, test.serve)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestSilentWelcome(t *testing.T) {
	h := script(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	tr, err := newTransport(options(RabbitMQ, "n", true, h))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("deadline", func(t *testing.T) {
		tr.DialTime = 100 * time.Millisecond // connect_timeout
		defer func() { tr.DialTime = 0 }()
		if _, err := tr.Open(t.Context(), 0, nil); err == nil || !strings.Contains(err.Error(), "did not answer CONNECT in 100ms") {
			t.Errorf("%v", err)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		start := time.Now()
		if _, err := tr.Open(ctx, 0, nil); !errors.Is(err, context.Canceled) || time.Since(start) > time.Second {
			t.Errorf("%v after %s, want the context's end at once", err, time.Since(start))
		}
	})
}

// A hundred sessions that end in all ways leave nothing behind.
func TestNothingLeaks(t *testing.T) {
	lab.Leaks(t)
	b, err := broker.Start(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := hostAt(t, b.Addr())
	var all []connector.Connector
	for i := range 100 {
		c := connect(t, options(RabbitMQ, fmt.Sprint("n", i), true, h))
		if err := c.Subscribe(t.Context(), connector.Subscription{Kind: connector.Directed, Collective: "mcollective"}); err != nil {
			t.Fatal(err)
		}
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	for _, c := range all[:50] {
		c.Close()
	}
	b.Kill()
	for _, c := range all[50:] {
		for c.Status().State == connector.Ready {
			<-c.Changes()
		}
		c.Close()
	}
}

// While nobody receives, the link lives on, and the oldest messages go.
func TestReceiverThatDoesNotKeepUp(t *testing.T) {
	b := startBroker(t, broker.Options{})
	h := hostAt(t, b.Addr())
	o := options(RabbitMQ, "n", true, h)
	o.HeartBeat = time.Second
	n, c := connect(t, o), connect(t, options(RabbitMQ, "c", false, h))
	defer n.Close()
	defer c.Close()
	if err := n.Subscribe(t.Context(), connector.Subscription{Kind: connector.Directed, Collective: "mcollective"}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []connector.Connector{n, c} {
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	since := n.Status().Since
	const sent = 5000
	for i := range sent {
		err := c.Publish(t.Context(), connector.Outgoing{Kind: connector.Directed, Collective: "mcollective", Node: "n", TTL: time.Minute, Payload: fmt.Append(nil, i)})
		if err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for n.Status().Dropped < sent-1024 {
		if time.Now().After(deadline) {
			t.Fatalf("%d dropped, want %d", n.Status().Dropped, sent-1024)
		}
		time.Sleep(time.Millisecond)
	}
	if m, err := n.Receive(t.Context()); err != nil || string(m.Payload) != fmt.Sprint(sent-1024) {
		t.Errorf("the oldest that is left is %q, %v, want %d", m.Payload, err, sent-1024)
	}
	if st := n.Status(); st.State != connector.Ready || !st.Since.Equal(since) {
		t.Errorf("the session did not survive: %+v", st)
	}
}

// A broker that does not let us send to ourselves is asked in another way from then on.
func TestBarrierThatIsRefused(t *testing.T) {
	var mu sync.Mutex
	var barriers []string
	h := script(t, func(c net.Conn) {
		for r := frame.NewReader(c); ; {
			f, err := r.Read()
			if err != nil {
				return
			}
			id := f.Header.Get(frame.Receipt)
			switch {
			case f.Command == frame.CONNECT:
				_, _ = io.WriteString(c, "CONNECTED\nversion:1.1\n\n\x00")
			case f.Command == frame.SEND:
				mu.Lock()
				barriers = append(barriers, f.Command)
				mu.Unlock()
				_, _ = io.WriteString(c, "ERROR\nmessage:access_refused\n\nACCESS_REFUSED - access to exchange refused\x00")
				return
			case id != "":
				mu.Lock()
				barriers = append(barriers, f.Command)
				mu.Unlock()
				_, _ = io.WriteString(c, "RECEIPT\nreceipt-id:"+id+"\n\n\x00")
			}
		}
	})
	c := connect(t, options(RabbitMQ, "n", true, h))
	defer c.Close()
	if err := c.Subscribe(t.Context(), connector.Subscription{Kind: connector.Directed, Collective: "mcollective"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(barriers, " "); got != "SEND UNSUBSCRIBE" {
		t.Errorf("barriers: %s, want SEND, and after its refusal UNSUBSCRIBE", got)
	}
}

// A frame that cannot be sent concerns its sender alone.
func TestUnsendable(t *testing.T) {
	l, err := openOne(t, script(t, welcomeAll("")))
	if err != nil {
		t.Fatal(err)
	}
	out := connector.Outgoing{Kind: connector.Broadcast, Collective: "mcollective", Agent: "a"}
	large := out
	large.Payload = make([]byte, 9<<20)
	injected := out
	injected.ReplyTo = "/queue/x\x00MESSAGE"
	for name, o := range map[string]connector.Outgoing{
		"too large": large, "NUL in a header": injected, "no destination": {Kind: connector.Replies},
	} {
		if err := l.Publish(t.Context(), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := l.Publish(t.Context(), out); err != nil {
		t.Errorf("the next frame: %v", err)
	}
}

func TestLimitErrorIsTold(t *testing.T) {
	l, err := openOne(t, script(t, welcomeAll("MESSAGE\ncontent-length:99999999\n\n")))
	if err != nil {
		t.Fatal(err)
	}
	poke(t, l)
	<-l.Done()
	if limit, ok := errors.AsType[*framing.LimitError](l.Err()); !ok || limit.Most != DefaultMaxFrame {
		t.Errorf("%v, want a LimitError", l.Err())
	}
}

// With pool.mode = all, nodes on brokers that know nothing of each other are asked together.
func TestAllBrokers(t *testing.T) {
	lab.Leaks(t)
	left, right := startBroker(t, broker.Options{}), startBroker(t, broker.Options{})
	start := func(o Options, sub connector.Subscription) connector.Connector {
		c := connect(t, o)
		t.Cleanup(func() { c.Close() })
		if err := c.Subscribe(t.Context(), sub); err != nil {
			t.Fatal(err)
		}
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		return c
	}
	agent := connector.Subscription{Kind: connector.Broadcast, Collective: "mcollective", Agent: "a"}
	nodes := []connector.Connector{
		start(options(RabbitMQ, "left", true, hostAt(t, left.Addr())), agent),
		start(options(RabbitMQ, "right", true, hostAt(t, right.Addr())), agent),
	}
	o := options(RabbitMQ, "c", false, hostAt(t, left.Addr()), hostAt(t, right.Addr()))
	o.All = true
	c := start(o, connector.Subscription{Kind: connector.Replies, Collective: "mcollective", Agent: "a"})
	if err := c.Publish(t.Context(), connector.Outgoing{Kind: connector.Broadcast, Collective: "mcollective", Agent: "a", TTL: time.Minute}); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		m, err := n.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Publish(t.Context(), connector.Outgoing{Kind: connector.Replies, To: m.ReplyTo, TTL: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	senders := map[string]bool{}
	for range nodes {
		m, err := c.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		senders[m.Sender] = true
	}
	if !senders["left"] || !senders["right"] {
		t.Errorf("answers from %v", senders)
	}
}
