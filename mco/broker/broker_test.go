package broker

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-stomp/stomp/v3/frame"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t testing.TB, o Options) *Broker {
	t.Helper()
	b, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// session is a bare client.
type session struct {
	t *testing.T
	net.Conn
	r *frame.Reader
}

func dial(t *testing.T, b *Broker) *session {
	t.Helper()
	c, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return &session{t, c, frame.NewReader(c)}
}

// open dials and connects, with STOMP 1.1.
func open(t *testing.T, b *Broker) *session {
	t.Helper()
	s := dial(t, b)
	s.send("CONNECT\naccept-version:1.1\nhost:/\n\n")
	if f := s.read(); f.Command != frame.CONNECTED || f.Header.Get("version") != "1.1" {
		t.Fatalf("CONNECT was answered with %+v", f)
	}
	return s
}

// send writes a frame, given without its NUL.
func (s *session) send(text string) {
	s.t.Helper()
	if _, err := io.WriteString(s, text+"\x00"); err != nil {
		s.t.Fatal(err)
	}
}

// read returns the next frame that is no heart-beat.
func (s *session) read() *frame.Frame {
	s.t.Helper()
	for {
		f, err := s.r.Read()
		if err != nil {
			s.t.Fatalf("read: %v", err)
		}
		if f != nil {
			return f
		}
	}
}

// subscribe subscribes and waits until that is done.
func (s *session) subscribe(id, destination string, more ...string) {
	s.t.Helper()
	s.send("SUBSCRIBE\nid:" + id + "\ndestination:" + destination + "\nreceipt:" + id + "\n" + strings.Join(more, "\n") + "\n\n")
	if f := s.read(); f.Command != frame.RECEIPT || f.Header.Get("receipt-id") != id {
		s.t.Fatalf("SUBSCRIBE %s was answered with %+v %s", destination, f.Header, f.Body)
	}
}

// next expects a message.
func (s *session) next(id, body string) *frame.Frame {
	s.t.Helper()
	f := s.read()
	if f.Command != frame.MESSAGE || f.Header.Get("subscription") != id || string(f.Body) != body {
		s.t.Fatalf("got %s %+v %q, want a message %q for %s", f.Command, f.Header, f.Body, body, id)
	}
	return f
}

// nothing proves that no message is on its way: a receipt comes first.
func (s *session) nothing() {
	s.t.Helper()
	s.send("BEGIN\ntransaction:t\nreceipt:nothing\n\n")
	if f := s.read(); f.Command != frame.RECEIPT {
		s.t.Fatalf("got %s %+v %q, want nothing", f.Command, f.Header, f.Body)
	}
}

func TestVersions(t *testing.T) {
	b := start(t, Options{})
	for offered, want := range map[string]string{"": "1.0", "1.0": "1.0", "1.1,1.0": "1.1", "1.0,1.1,1.2": "1.2", "2.0": ""} {
		t.Run(offered, func(t *testing.T) {
			s := dial(t, b)
			hello := "CONNECT\naccept-version:" + offered + "\nheart-beat:3000,4000\n\n"
			if offered == "" {
				hello = "CONNECT\n\n"
			}
			s.send(hello)
			f := s.read()
			if want == "" {
				if f.Command != frame.ERROR {
					t.Errorf("got %+v, want ERROR", f)
				}
				return
			}
			if f.Command != frame.CONNECTED || f.Header.Get("version") != want {
				t.Errorf("got %s %+v, want version %s", f.Command, f.Header, want)
			}
			if beat := f.Header.Get("heart-beat"); offered != "" && beat != "4000,3000" {
				t.Errorf("heart-beat %s", beat)
			}
		})
	}
}

func TestExchanges(t *testing.T) {
	b := start(t, Options{})
	n, c := open(t, b), open(t, b)
	n.subscribe("one", "/exchange/mcollective_broadcast/rpcutil")
	n.subscribe("all", "/exchange/mcollective_broadcast/*")
	n.subscribe("me", "/exchange/mcollective_directed/n.example.net")
	c.send("SEND\ndestination:/exchange/mcollective_broadcast/rpcutil\nmc_sender:c\nexpiration:70000\n\nhello")
	f := n.next("one", "hello")
	if f.Header.Get("mc_sender") != "c" || f.Header.Get("destination") != "/exchange/mcollective_broadcast/rpcutil" || f.Header.Get("expiration") != "70000" {
		t.Errorf("headers %+v", f.Header)
	}
	n.next("all", "hello")
	c.send("SEND\ndestination:/exchange/mcollective_directed/n.example.net\n\nfor n")
	n.next("me", "for n")
	c.send("SEND\ndestination:/exchange/mcollective_directed/N.example.net\n\nfor another")
	c.send("SEND\ndestination:/exchange/eu_broadcast/rpcutil\n\nelsewhere")
	c.nothing()
	n.nothing()
	n.send("UNSUBSCRIBE\nid:one\nreceipt:gone\n\n")
	n.read()
	c.send("SEND\ndestination:/exchange/mcollective_broadcast/rpcutil\n\nagain")
	n.next("all", "again")
}

func TestReplyQueues(t *testing.T) {
	b := start(t, Options{})
	n, c, d := open(t, b), open(t, b), open(t, b)
	n.subscribe("a", "/exchange/mcollective_broadcast/a")
	var to [2]string
	for i, s := range []*session{c, d} {
		s.send("SEND\ndestination:/exchange/mcollective_broadcast/a\nreply-to:/temp-queue/mcollective_reply_a\n\nask")
		to[i] = n.next("a", "ask").Header.Get("reply-to")
	}
	if to[0] == to[1] || !strings.HasPrefix(to[0], "/reply-queue/") {
		t.Fatalf("reply queues %q", to)
	}
	n.send("SEND\ndestination:" + to[0] + "\n\nfor c")
	n.send("SEND\ndestination:" + to[1] + "\n\nfor d")
	c.next("/temp-queue/mcollective_reply_a", "for c")
	d.next("/temp-queue/mcollective_reply_a", "for d")
	// The same client keeps its queue.
	c.send("SEND\ndestination:/exchange/mcollective_broadcast/a\nreply-to:/temp-queue/mcollective_reply_a\n\nask")
	if again := n.next("a", "ask").Header.Get("reply-to"); again != to[0] {
		t.Errorf("the second request has the reply queue %s, the first had %s", again, to[0])
	}
	// Other destinations are handed on.
	c.send("SEND\ndestination:/exchange/mcollective_broadcast/a\nreply-to:/queue/elsewhere\n\nask")
	if got := n.next("a", "ask").Header.Get("reply-to"); got != "/queue/elsewhere" {
		t.Errorf("reply-to %s", got)
	}
	// An answer to somebody who went is nobody's.
	d.Close()
	for b.Clients() > 2 {
		time.Sleep(time.Millisecond)
	}
	n.send("SEND\ndestination:" + to[1] + "\n\ntoo late")
	n.nothing()
}

func TestQueuesAndTopics(t *testing.T) {
	b := start(t, Options{})
	n, m, c := open(t, b), open(t, b), open(t, b)
	n.subscribe("nodes", "/queue/mcollective.nodes", "selector:mc_identity = 'n'")
	m.subscribe("nodes", "/queue/mcollective.nodes", "selector:mc_identity = 'm'")
	for range 3 {
		c.send("SEND\ndestination:/queue/mcollective.nodes\nmc_identity:m\n\nfor m")
		m.next("nodes", "for m")
	}
	n.nothing()
	// A queue keeps what nobody takes, until that expires.
	c.send("SEND\ndestination:/queue/later\nexpires:1000\n\nexpired")
	c.send("SEND\ndestination:/queue/later\n\nkept")
	c.nothing()
	n.send("SUBSCRIBE\nid:later\ndestination:/queue/later\n\n")
	n.next("later", "kept")
	// Of two that take, each gets half.
	for _, s := range []*session{n, m} {
		s.subscribe("work", "/queue/work")
	}
	for i := range 4 {
		c.send(fmt.Sprintf("SEND\ndestination:/queue/work\n\n%d", i))
	}
	c.nothing()
	for _, s := range []*session{n, m} {
		s.read()
		s.read()
		s.nothing()
	}
	for _, s := range []*session{n, m} {
		s.subscribe("topic", "/topic/mcollective.a.agent")
	}
	c.send("SEND\ndestination:/topic/mcollective.a.agent\n\nall")
	n.next("topic", "all")
	m.next("topic", "all")
}

func TestRefusals(t *testing.T) {
	b := start(t, Options{Login: "mcollective", Passcode: "marionette", VHosts: []string{"/mcollective"}, Collectives: []string{"mcollective"}, MaxFrame: 1000})
	hello := "CONNECT\nlogin:mcollective\npasscode:marionette\nhost:/mcollective\naccept-version:1.1\n\n"
	tests := []struct {
		name, first, then, want string
	}{
		{"password", "CONNECT\nlogin:mcollective\npasscode:x\nhost:/mcollective\n\n", "", "Access refused for user 'mcollective'"},
		{"vhost", "CONNECT\nlogin:mcollective\npasscode:marionette\nhost:/\n\n", "", "Virtual host '/' access denied"},
		{"no CONNECT", "SEND\ndestination:/queue/x\n\n", "", "You must log in using CONNECT first"},
		{"CONNECT twice", hello, hello, "a session is opened once"},
		{"exchange", hello, "SEND\ndestination:/exchange/eu_broadcast/a\n\n", "no exchange 'eu_broadcast'"},
		{"exchange of another kind", hello, "SUBSCRIBE\nid:1\ndestination:/exchange/amq.fanout/a\n\n", "no exchange 'amq.fanout' in vhost '/mcollective'"},
		{"temp-queue", hello, "SUBSCRIBE\nid:1\ndestination:/temp-queue/x\n\n", "is not a valid destination"},
		{"destination", hello, "SEND\n\n", "must include a 'destination'"},
		{"a long key", hello, "SUBSCRIBE\nid:1\ndestination:/exchange/mcollective_broadcast/" + strings.Repeat("a.", 500) + "\n\n", "is not a valid exchange destination"},
		{"an id that no header can hold", hello, "SUBSCRIBE\nid:1\\r\ndestination:/topic/x\n\n", "cannot hold the byte 13"},
		{"a transaction", hello, "SEND\ndestination:/topic/x\ntransaction:t\n\n", "Invalid transaction identifier: \"t\""},
		{"a body that is longer than it says", hello, "SEND\ndestination:/topic/x\ncontent-length:1\n\nab", "longer than it says"},
		{"unknown subscription", hello, "UNSUBSCRIBE\nid:1\n\n", "Subscription to \"id='1'\" not found"},
		{"selector", hello, "SUBSCRIBE\nid:1\ndestination:/queue/x\nselector:a > 1\n\n", "is understood"},
		{"too large", hello, "SEND\ndestination:/queue/x\ncontent-length:2000\n\n", "more than 1000 bytes of body"},
		{"too many headers", hello, "SEND\n" + strings.Repeat("a:b\n", 200) + "\n", "more than 128 headers"},
		{"no STOMP", "GET / HTTP/1.1\r\n\r\n", "", "Could not interpret command"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := dial(t, b)
			s.send(test.first)
			f := s.read()
			if test.then != "" {
				if f.Command != frame.CONNECTED {
					t.Fatalf("CONNECT was answered with %s %s", f.Command, f.Body)
				}
				s.send(test.then)
				f = s.read()
			}
			if f.Command != frame.ERROR || !strings.Contains(string(f.Body), test.want) {
				t.Errorf("got %s %+v %q, want ERROR with %q", f.Command, f.Header, f.Body, test.want)
			}
			if _, err := s.r.Read(); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !strings.Contains(fmt.Sprint(err), "reset") {
				t.Errorf("behind ERROR: %v, want the end", err)
			}
		})
	}
}

func TestHeartBeats(t *testing.T) {
	b := start(t, Options{})
	s := dial(t, b)
	s.send("CONNECT\naccept-version:1.1\nheart-beat:0,100\n\n")
	s.read()
	for range 3 {
		begin := time.Now()
		if f, err := s.r.Read(); err != nil || f != nil {
			t.Fatalf("got %+v, %v, want a heart-beat", f, err)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("a heart-beat after %s", took)
		}
	}
	// One who promised to be heard and is not, is left.
	s = dial(t, b)
	s.send("CONNECT\naccept-version:1.1\nheart-beat:100,0\n\n")
	s.read()
	if _, err := s.r.Read(); err == nil {
		t.Error("a silent client was kept")
	}
	none := start(t, Options{NoHeartBeats: true})
	s = dial(t, none)
	s.send("CONNECT\naccept-version:1.1\nheart-beat:100,100\n\n")
	if beat := s.read().Header.Get("heart-beat"); beat != "0,0" {
		t.Errorf("heart-beat %s, want 0,0", beat)
	}
}

func TestEnd(t *testing.T) {
	b, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, b)
	s.send("DISCONNECT\nreceipt:bye\n\n")
	if f := s.read(); f.Command != frame.RECEIPT {
		t.Errorf("DISCONNECT was answered with %+v", f)
	}
	s = open(t, b)
	if err := b.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.r.Read(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the connection to a dead broker: %v, want a reset", err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("Close behind Kill: %v", err)
	}
	if _, err := net.Dial("tcp", b.Addr()); err == nil {
		t.Error("a dead broker listens")
	}
	// Its place is free again.
	again := start(t, Options{Addr: b.Addr()})
	open(t, again)
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		pattern, key string
		want         bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"*", "a", true}, {"*", "a.b", false}, {"#", "a.b.c", true}, {"a.*", "a.b", true}, {"a.*", "a", false},
		{"a.#", "a", true}, {"a.#", "a.b.c", true}, {"#.c", "a.b.c", true}, {"#.c", "c", true}, {"#.c", "a.b", false}, {"*.b.*", "a.b.c", true},
		{"", "a", false}, {"", "", true}, {"#", "", true}, {"*", "", false}, {"a.#", "a.", true}, {"*.*", "a.", true}, {"#.a.#.b.#", "x.a.y.b", true},
		{"#.a.#.b.#", "x.b.a", false}, {"#.#", "", true}, {"#.*", "a", true}, {"#.*", "", false},
	} {
		if got := matches(words(test.pattern), words(test.key)); got != test.want {
			t.Errorf("matches(%q, %q) = %v", test.pattern, test.key, got)
		}
	}
}

func FuzzSession(f *testing.F) {
	for _, seed := range []string{
		"CONNECT\n\n\x00SUBSCRIBE\nid:1\ndestination:/queue/x\n\n\x00SEND\ndestination:/queue/x\n\nhi\x00",
		"CONNECT\naccept-version:1.1\n\n\x00SUBSCRIBE\nid:1\ndestination:/exchange/a_broadcast/#.x\n\n\x00UNSUBSCRIBE\nid:1\n\n\x00DISCONNECT\nreceipt:1\n\n\x00",
		"CONNECT\n\n\x00SEND\ndestination:/exchange/a_broadcast/x\nreply-to:/temp-queue/y\n\n\x00\n\n",
	} {
		f.Add([]byte(seed))
	}
	b, err := Start(Options{MaxFrame: 1000})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { b.Close() })
	f.Fuzz(func(t *testing.T, text []byte) {
		near, far := net.Pipe()
		c := newClient(b, far)
		var ended sync.WaitGroup
		ended.Go(c.run)
		ended.Go(func() { _, _ = io.Copy(io.Discard, near) })
		_ = near.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = near.Write(text)
		near.Close()
		ended.Wait()
		b.mu.Lock()
		defer b.mu.Unlock()
		r := &b.routes
		if len(r.subs)+len(r.replies)+len(r.owners)+len(r.exchanges) > 0 {
			t.Errorf("%q: the session left %+v", text, r)
		}
		waiting := 0
		for _, q := range r.queues {
			for _, m := range q.waiting {
				waiting += len(m.frame)
			}
		}
		if waiting != r.waiting || waiting > maxWaitingBytes {
			t.Errorf("%q: %d bytes wait, counted are %d", text, waiting, r.waiting)
		}
		b.routes = newRoutes()
	})
}
