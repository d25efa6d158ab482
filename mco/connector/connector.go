// Package connector carries payloads between clients, nodes and brokers: it says what a bus must offer ([Connector]), which
// broker of a pool comes next ([Pool]), and in which state a session is ([State]).
//
// It speaks of collectives, agents and nodes; what those are called at a broker is the adapter's business (connector/stomp for
// RabbitMQ and ActiveMQ, connector/loopback in memory). It knows nothing of what a payload means.
//
// Source of the facts: the original's lib/mcollective/connector/rabbitmq.rb and activemq.rb, and ruby-stomp's connection.rb.
package connector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind is what a message or a subscription is for.
type Kind uint8

// The kinds. A node subscribes to Broadcast (per agent) and Directed (itself); a client to Replies where its broker needs that.
const (
	Broadcast Kind = iota // to every node of a collective that has the agent
	Directed              // to one node
	Replies               // to the client that asked
)

// Subscription says what a session wants to receive. It is comparable; subscribing twice to the same is one subscription.
type Subscription struct {
	Kind       Kind
	Collective string
	Agent      string // Broadcast and Replies; unused for Directed
}

// Outgoing is one frame to be sent.
type Outgoing struct {
	Kind       Kind
	Collective string
	Agent      string
	Node       string        // Directed: the identity of the target
	To         string        // Replies: the request's [Message.ReplyTo]
	ReplyTo    string        // requests: overrides the session's own reply destination (--reply-to); empty: the session's own
	Sequence   int           // requests: number of the request in this client, part of reply destinations
	NoReply    bool          // requests that nobody waits for still carry a reply destination, as the original's do, unless set
	TTL        time.Duration // the broker may drop the frame after TTL + mco.BrokerGrace
	Payload    []byte        // not kept after Publish returns
}

// Message is one received frame.
type Message struct {
	ReplyTo     string // destination that an answer goes to; empty when the request named none
	Destination string
	Sender      string // the frame's mc_sender header: for logs alone, it proves nothing
	Broker      string // which pool member brought it, as host:port
	Payload     []byte // owned by the receiver
}

// State is where a session stands. Only Ready counts as connected.
type State uint8

// The states in the order in which a session goes through them; a lost session goes back to Connecting.
const (
	Connecting State = iota
	Subscribing
	Ready
	Draining
	Closed
)

// String returns the state's name as logs show it.
func (s State) String() string {
	return [...]string{"connecting", "subscribing", "ready", "draining", "closed"}[s]
}

// Status is a snapshot of a session for logs, statistics and checks.
type Status struct {
	State    State
	Broker   string // host:port of the current pool member, empty while none is chosen
	Since    time.Time
	Attempts int    // connection attempts since the session was last Ready
	LastErr  error  // why the last attempt or session ended; nil after Ready
	Dropped  uint64 // messages dropped because the receiver did not keep up
}

// Errors that callers decide on.
var (
	// ErrClosed is returned by every method after Close.
	ErrClosed = errors.New("connector: closed")
	// ErrExhausted says that max_reconnect_attempts was reached; the session is over.
	ErrExhausted = errors.New("connector: all attempts to reach the pool are used up")
)

// Connector is one session on the bus, on one pool member at a time. Implementations are safe for concurrent use, own their
// goroutines, and follow the shared contract test (connector/contracttest).
type Connector interface {
	// Start begins to connect in the background and returns at once. ctx bounds the session's whole life.
	Start(ctx context.Context) error
	// WaitReady blocks until the session is Ready (every subscription proven at the broker), ctx ends, or the session is over
	// (ErrClosed, ErrExhausted, wrapped with the last reason).
	WaitReady(ctx context.Context) error
	// Subscribe adds a subscription and returns when the broker has finished it. Subscriptions made before Start are part of the first
	// Ready. All are made again on each new pool member.
	Subscribe(ctx context.Context, subs ...Subscription) error
	// Unsubscribe removes subscriptions.
	Unsubscribe(ctx context.Context, subs ...Subscription) error
	// Publish sends one frame and returns when it is written. While no session is Ready it waits for one until ctx ends.
	Publish(ctx context.Context, out Outgoing) error
	// Receive returns the next message. It waits through reconnects; it ends with ctx or with the session.
	Receive(ctx context.Context) (Message, error)
	// Status returns a snapshot.
	Status() Status
	// Changes returns a channel that gets the newest status after each change of state; a slow reader misses older ones.
	Changes() <-chan Status
	// Close unsubscribes, disconnects and returns when every goroutine of the session has ended; bounded by a few seconds. It is
	// idempotent.
	Close() error
}

// CollectiveError is a collective that is none of those that we are in; its text is the original's.
type CollectiveError struct {
	Name  string
	Known []string
}

// Error implements error.
func (e *CollectiveError) Error() string {
	return fmt.Sprintf("Unknown collective '%s' known collectives are '%s'", e.Name, strings.Join(e.Known, ", "))
}

// KnownCollective returns nil or a [*CollectiveError].
func KnownCollective(name string, known []string) error {
	if slices.Contains(known, name) {
		return nil
	}
	return &CollectiveError{name, known}
}
