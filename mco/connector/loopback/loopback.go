// Package loopback is a bus in memory: brokers that live in the same process, behind the same [connector.Connector] as real ones,
// with faults that a test can ask for: frames lost, late or doubled, brokers that die, freeze and come back, ways that are cut.
//
// It delivers what MCollective needs of a broker (broadcast per collective and agent, directed by identity, replies to who asked)
// and follows the shared contract test. Its clock is package time's, so it runs under testing/synctest.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
)

// openTime is how long a connection to a frozen broker waits for its welcome.
const openTime = 5 * time.Second

// Bus is a pool of brokers that know nothing of each other. It is safe for concurrent use.
type Bus struct {
	mu          sync.Mutex // guards all below, also of brokers and links
	course      Course     // nil: every frame arrives at once
	numbers     map[Frame]int
	subscribing func(identity string) time.Duration // nil: no time
	brokers     []*broker
	cuts        map[way]cut
	links       int           // number of the last link
	changed     chan struct{} // closed and replaced when what links wait for may have come
}

type broker struct {
	name         string
	down, frozen bool
	links        []*link
}

// NewBus returns a bus of brokers with these names, or of one.
func NewBus(names ...string) *Bus {
	if len(names) == 0 {
		names = []string{"loopback:1"}
	}
	b := &Bus{numbers: map[Frame]int{}, cuts: map[way]cut{}, changed: make(chan struct{})}
	for _, name := range names {
		b.brokers = append(b.brokers, &broker{name: name})
	}
	return b
}

// Kill ends a broker and all its links.
func (b *Bus) Kill(member int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.brokers[member]
	k.down = true
	for _, l := range slices.Clone(k.links) {
		l.breakWith(errors.New("connection reset by peer"))
	}
}

// Disconnect ends the links of one identity, wherever they are.
func (b *Bus) Disconnect(identity string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range b.brokers {
		for _, l := range slices.Clone(k.links) {
			if l.peer.Identity == identity {
				l.breakWith(errors.New("connection closed by the broker"))
			}
		}
	}
}

// Links returns how many links a broker has.
func (b *Bus) Links(member int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.brokers[member].links)
}

// Options says who connects.
type Options struct {
	Identity    string
	Collectives []string // default: mcollective
	Pool        connector.Pool
	Requests    bool // see [connector.SessionOptions]
	Busy        func() bool
	Log         *slog.Logger
	Silence     time.Duration // how long a link may bring nothing until its heart-beats tell; 0: for ever
}

// Connect returns a connector on the bus, not yet started.
func (b *Bus) Connect(o Options) *connector.Session { return connector.NewSession(b.session(o)) }

// ConnectAll returns a connector with a session on every broker at once, not yet started.
func (b *Bus) ConnectAll(o Options) *connector.Group { return connector.NewGroup(b.session(o)) }

func (b *Bus) session(o Options) connector.SessionOptions {
	return connector.SessionOptions{Transport: b.Transport(o), Pool: o.Pool, Requests: o.Requests, Busy: o.Busy, Log: o.Log}
}

// Transport returns what connectors on the bus are made of, for who makes them himself.
func (b *Bus) Transport(o Options) connector.Transport {
	if len(o.Collectives) == 0 {
		o.Collectives = []string{"mcollective"}
	}
	return &transport{bus: b, peer: o}
}

type transport struct {
	bus  *Bus
	peer Options
}

var _ connector.Transport = (*transport)(nil)

func (t *transport) Members() []connector.Member {
	var all []connector.Member
	for _, k := range t.bus.brokers {
		all = append(all, connector.Member{Addr: k.name, URL: "loopback://" + k.name})
	}
	return all
}

func (t *transport) Check(sub connector.Subscription) error {
	return connector.KnownCollective(sub.Collective, t.peer.Collectives)
}

func (t *transport) Open(ctx context.Context, member int, deliver func(connector.Message)) (connector.Link, error) {
	b := t.bus
	patience, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.brokers[member]
	for !k.down && b.stuck(t.peer.Identity, member) != (cut{}) {
		if !b.wait(patience, nil) {
			return nil, fmt.Errorf("connect to %s: no answer in %s", k.name, openTime)
		}
	}
	if k.down {
		return nil, fmt.Errorf("connect to %s: connection refused", k.name)
	}
	b.links++
	l := &link{
		transport: t, broker: k, member: member, name: fmt.Sprintf("reply/%d", b.links), deliver: deliver, done: make(chan struct{}),
		asked: map[connector.Subscription]bool{}, subs: map[connector.Subscription]bool{},
	}
	k.links = append(k.links, l)
	return l, nil
}

func (t *transport) Probe(ctx context.Context, member int) error {
	l, err := t.Open(ctx, member, func(connector.Message) {})
	if err == nil {
		l.Close(ctx)
	}
	return err
}
