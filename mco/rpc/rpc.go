// Package rpc is the client of the bus: it asks who is there ([Client.Ping], [Client.Discover]), sends a request to those who should
// act, streams their answers ([Client.Call]), and names every node that stayed silent with a reason ([Silence]).
//
// It promises at most one reply per node and request to its caller, and that each node of a request is in the end either among
// those that replied or among the silent ones. It prints nothing, reads no configuration file and knows no broker: commands and
// their output are mco/cli's, inputs are validated against a DDL by the caller, transport and signature come in as a
// [connector.Connector] and a [security.Provider].
//
// Source of the facts: the original's lib/mcollective/client.rb, message.rb, rpc/client.rb, rpc/stats.rb and discovery/mc.rb.
package rpc

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/security"
)

// Defaults of the original (config.rb).
const (
	DefaultThreshold      = 10              // direct_addressing_threshold
	DefaultPublishTimeout = 2 * time.Second // publish_timeout
)

// closeTime bounds what a request still does at the broker when it is over, such as giving back its reply queue.
const closeTime = 2 * time.Second

// Options is what a client needs to know. Connector, Security and Identity must be set.
type Options struct {
	Connector connector.Connector // started by its owner, who also closes it; no one else may call its Receive
	Security  security.Provider
	Identity  string

	Collective       string        // main_collective; empty: mco.DefaultCollective
	Collectives      []string      // collectives that may be asked; empty: any
	TTL              time.Duration // ttl; 0: mco.DefaultTTL
	DirectAddressing bool          // direct_addressing
	Threshold        int           // direct_addressing_threshold; 0: DefaultThreshold, negative: broadcast whenever possible
	PublishTimeout   time.Duration // publish_timeout; 0: DefaultPublishTimeout

	Memory    *Memory          // who answered the last time; nil: everybody is a stranger each time
	Log       *slog.Logger     // nil: nothing is logged
	Now       func() time.Time // the wall clock that requests are stamped with; nil: time.Now
	RequestID func() string    // nil: random, 32 hex digits
}

// Client asks nodes over one session. It is safe for concurrent use, and a request may be made while the replies to another one
// are still being read. It owns one goroutine, which lives as long as a request is open.
type Client struct {
	o   Options
	log *slog.Logger

	pendingMax int // bytes of replies that a slow caller may leave lying

	mu       sync.Mutex // guards the fields below
	ready    bool       // the session was Ready once
	sequence int
	open     map[string]*exchange
	subs     map[connector.Subscription]int // how many open requests need the subscription
	stop     context.CancelFunc             // ends the receiver; nil while there is none
	stopped  chan struct{}                  // closed when the receiver has ended
}

// New returns a client. It does nothing on the network.
func New(o Options) (*Client, error) {
	switch {
	case o.Connector == nil:
		return nil, errors.New("rpc: no connector")
	case o.Security == nil:
		return nil, errors.New("rpc: no security provider")
	case o.Identity == "":
		return nil, errors.New("rpc: no identity")
	}
	if o.Collective == "" {
		o.Collective = mco.DefaultCollective
	}
	if o.TTL == 0 {
		o.TTL = mco.DefaultTTL
	}
	if o.Threshold == 0 {
		o.Threshold = DefaultThreshold
	}
	if o.PublishTimeout == 0 {
		o.PublishTimeout = DefaultPublishTimeout
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.RequestID == nil {
		o.RequestID = newRequestID
	}
	return &Client{o: o, log: o.Log, pendingMax: maxPendingBytes, open: map[string]*exchange{}, subs: map[connector.Subscription]int{}}, nil
}

// collective resolves the collective of a request and refuses one that the configuration does not know.
func (c *Client) collective(name string) (string, error) {
	if name == "" {
		return c.o.Collective, nil
	}
	if len(c.o.Collectives) > 0 && !slices.Contains(c.o.Collectives, name) {
		//lint:ignore ST1005 the original's text
		return "", fmt.Errorf("Unknown collective '%s' known collectives are '%s'", name, strings.Join(c.o.Collectives, ", "))
	}
	return name, nil
}

// encode makes the payload of a request. A zero ttl is the configured one.
func (c *Client) encode(id, agent, collective string, ttl time.Duration, f mco.Filter, body mco.Value) ([]byte, error) {
	if ttl == 0 {
		ttl = c.o.TTL
	}
	payload, err := c.o.Security.EncodeRequest(mco.Request{
		ID:         id,
		Agent:      agent,
		Collective: collective,
		Sender:     c.o.Identity,
		TTL:        ttl,
		Time:       c.o.Now().UTC().Truncate(time.Second),
		Filter:     f.Value(),
		Body:       body,
	})
	if err != nil {
		return nil, fmt.Errorf("encode request for agent %s: %w", agent, err)
	}
	return payload, nil
}

// waitReady waits for the first session. Later ones are waited for by Publish, whose time is limited: the original, too, waits for
// ever only before its first request.
func (c *Client) waitReady(ctx context.Context) error {
	c.mu.Lock()
	ready := c.ready
	c.mu.Unlock()
	if ready {
		return nil
	}
	if err := c.o.Connector.WaitReady(ctx); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	c.mu.Lock()
	c.ready = true
	c.mu.Unlock()
	return nil
}

// newRequestID returns 32 hex digits: a random UUID without its dashes, as the original's.
func newRequestID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return hex.EncodeToString(b[:])
}
