// Package broker is a small STOMP broker for demonstrations and fast tests. It speaks STOMP 1.0, 1.1 and 1.2 with heart-beats and
// receipts, and as much of RabbitMQ and ActiveMQ as MCollective uses: topic and direct exchanges, reply queues that come into being
// with a request, queues with selectors, topics.
//
// Where it answers otherwise than RabbitMQ: it hangs up behind every ERROR, as STOMP wants it, where RabbitMQ often stays; it takes
// heart-beats of any length, where RabbitMQ rounds them to seconds; it has no transactions, and asks for no acknowledgements.
//
// It keeps everything in memory, knows one user at most and no TLS, and cuts off a receiver that does not keep up. It is not meant
// for production: that is RabbitMQ's place.
//
// Source of the facts: the STOMP specifications, RabbitMQ's documentation of its STOMP adapter, and what RabbitMQ and ActiveMQ
// answered.
package broker

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"
)

// Bounds.
const (
	defaultMaxFrame  = 8 << 20
	maxOutgoing      = 64 << 20 // bytes that wait for one receiver; with more it is cut off
	maxWaiting       = 10_000   // messages that wait in one queue; the oldest goes
	maxWaitingBytes  = 64 << 20 // of all queues
	maxQueues        = 10_000
	maxSubscriptions = 10_000 // of a session
	maxReplyQueues   = 1_000  // of a session
	welcomeTime      = 5 * time.Second
	writeTime        = 10 * time.Second
	farewellTime     = time.Second // for the peer to read our last words and to hang up
)

// Options is a broker's configuration. The zero value is a broker for everybody on a free port of the loopback address.
type Options struct {
	Addr            string       // host:port to listen on; default 127.0.0.1:0
	Login, Passcode string       // what CONNECT must say; an empty Login lets everybody in
	VHosts          []string     // what `host` in CONNECT may be; empty: anything
	Collectives     []string     // whose exchanges exist; empty: those of any
	NoHeartBeats    bool         // refuse them; else the client has them as often as it likes
	MaxFrame        int64        // bytes of a body; 0 is 8 MiB
	Log             *slog.Logger // nil: none
}

// Broker is a running broker. Safe for concurrent use.
type Broker struct {
	o        Options
	log      *slog.Logger
	listener net.Listener
	workers  sync.WaitGroup
	counters counters

	mu      sync.Mutex // guards the fields below, and what hangs on them
	closed  bool
	clients map[*client]bool
	routes  routes
	number  uint64 // of the last session, message or queue
}

// Start starts a broker. Close ends it.
func Start(o Options) (*Broker, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.MaxFrame <= 0 {
		o.MaxFrame = defaultMaxFrame
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	b := &Broker{o: o, log: o.Log, listener: l, clients: map[*client]bool{}, routes: newRoutes()}
	b.workers.Go(b.accept)
	return b, nil
}

// Addr is where the broker listens.
func (b *Broker) Addr() string { return b.listener.Addr().String() }

// Clients returns the number of present connections.
func (b *Broker) Clients() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.clients)
}

// Close ends the broker: it stops to listen, hangs up on everybody and returns when all is over. It is idempotent.
func (b *Broker) Close() error { return b.end(false) }

// Kill ends the broker as the death of its process would: every connection is reset, nothing that waited is sent.
func (b *Broker) Kill() error { return b.end(true) }

func (b *Broker) end(reset bool) error {
	b.mu.Lock()
	first := !b.closed
	b.closed = true
	for c := range b.clients {
		if reset {
			c.reset()
		}
		c.conn.Close()
	}
	b.mu.Unlock()
	var err error
	if first {
		err = b.listener.Close()
	}
	b.workers.Wait()
	return err
}

func (b *Broker) accept() {
	for pause := time.Duration(0); ; {
		conn, err := b.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of file descriptors, most likely: that passes.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			b.log.Warn("accept", slog.Any("error", err))
			time.Sleep(pause)
			continue
		}
		pause = 0
		c := newClient(b, conn)
		b.mu.Lock()
		if b.closed {
			b.mu.Unlock()
			conn.Close()
			return
		}
		b.clients[c] = true
		b.workers.Go(c.run)
		b.mu.Unlock()
	}
}

// next returns a new number; mu is held.
func (b *Broker) next() uint64 {
	b.number++
	return b.number
}

// leave takes a session's subscriptions and reply queues away.
func (b *Broker) leave(c *client) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.routes.leave(c)
}

// forget is the very end of a session.
func (b *Broker) forget(c *client) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.clients, c)
}

// admits checks what CONNECT says.
func (b *Broker) admits(login, passcode, vhost string) error {
	if login == "" {
		login = "guest" // so RabbitMQ calls it
	}
	if b.o.Login != "" && (login != b.o.Login || subtle.ConstantTimeCompare([]byte(passcode), []byte(b.o.Passcode)) != 1) {
		return &refusal{"Bad CONNECT", fmt.Sprintf("Access refused for user '%.200s'\n", login)}
	}
	if len(b.o.VHosts) > 0 && !slices.Contains(b.o.VHosts, vhost) {
		return &refusal{"Bad CONNECT", fmt.Sprintf("Virtual host '%.200s' access denied", vhost)}
	}
	return nil
}

// refusal is what an ERROR frame says.
type refusal struct{ message, detail string }

func (r *refusal) Error() string { return r.message + ": " + r.detail }
