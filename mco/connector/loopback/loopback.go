// Package loopback is a bus in memory: brokers that live in the same process, behind the same [connector.Connector] as real ones,
// with faults that a test can ask for: frames lost, late or doubled, brokers that die, freeze and come back.
//
// It delivers what MCollective needs of a broker (broadcast per collective and agent, directed by identity, replies to who asked)
// and follows the shared contract test. Its clock is package time's, so it runs under testing/synctest.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
)

// openTime is how long a connection to a frozen broker waits for its welcome.
const openTime = 5 * time.Second

// Faults are what may happen to each frame on its way to each receiver. The zero value is a perfect bus.
type Faults struct {
	Drop      float64       // probability that it is lost
	Duplicate float64       // probability that it comes twice
	Delay     time.Duration // each copy comes after a random time up to this, so frames overtake each other
}

// Bus is a pool of brokers that know nothing of each other. It is safe for concurrent use.
type Bus struct {
	mu      sync.Mutex // guards all below, also of brokers and links
	random  *rand.Rand
	faults  Faults
	brokers []*broker
	links   int // number of the last link
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
	b := &Bus{random: rand.New(rand.NewPCG(1, 1))}
	for _, name := range names {
		b.brokers = append(b.brokers, &broker{name: name})
	}
	return b
}

// SetFaults changes what happens to frames from now on; seed makes it repeatable.
func (b *Bus) SetFaults(f Faults, seed uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults, b.random = f, rand.New(rand.NewPCG(seed, 0))
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

// Freeze makes a broker a black hole: links stand, nothing passes, new ones are not welcomed. What would notice on a real network, the
// heart-beat, is up to the test: see [Bus.Kill].
func (b *Bus) Freeze(member int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.brokers[member].frozen = true
}

// Restore makes a killed or frozen broker work again.
func (b *Bus) Restore(member int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.brokers[member].down, b.brokers[member].frozen = false, false
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
}

// Connect returns a connector on the bus, not yet started.
func (b *Bus) Connect(o Options) *connector.Session { return connector.NewSession(b.session(o)) }

// ConnectAll returns a connector with a session on every broker at once, not yet started.
func (b *Bus) ConnectAll(o Options) *connector.Group { return connector.NewGroup(b.session(o)) }

func (b *Bus) session(o Options) connector.SessionOptions {
	if len(o.Collectives) == 0 {
		o.Collectives = []string{"mcollective"}
	}
	return connector.SessionOptions{
		Transport: &transport{bus: b, peer: o}, Pool: o.Pool, Requests: o.Requests, Busy: o.Busy, Log: o.Log,
	}
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
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.brokers[member]
	if k.down {
		return nil, fmt.Errorf("connect to %s: connection refused", k.name)
	}
	if k.frozen {
		b.mu.Unlock()
		patience := time.NewTimer(openTime)
		defer patience.Stop()
		select {
		case <-patience.C:
		case <-ctx.Done():
		}
		b.mu.Lock()
		return nil, fmt.Errorf("connect to %s: no answer in %s", k.name, openTime)
	}
	b.links++
	l := &link{transport: t, broker: k, name: fmt.Sprintf("reply/%d", b.links), deliver: deliver, done: make(chan struct{}), subs: map[connector.Subscription]bool{}}
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
