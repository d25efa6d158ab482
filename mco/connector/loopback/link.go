package loopback

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

// link is one connection to a broker of the bus. Its fields below done are guarded by the bus.
type link struct {
	*transport
	broker  *broker
	name    string // what replies are sent to
	deliver func(connector.Message)
	done    chan struct{}

	subs map[connector.Subscription]bool
	err  error
}

var errHungUp = errors.New("connection closed")

// breakWith ends the link; the bus is locked.
func (l *link) breakWith(err error) {
	if l.err != nil {
		return
	}
	l.err = err
	l.broker.links = slices.DeleteFunc(l.broker.links, func(o *link) bool { return o == l })
	close(l.done)
}

func (l *link) Done() <-chan struct{} { return l.done }

func (l *link) Err() error {
	l.bus.mu.Lock()
	defer l.bus.mu.Unlock()
	return l.err
}

func (l *link) Close(context.Context) {
	l.bus.mu.Lock()
	defer l.bus.mu.Unlock()
	l.breakWith(errHungUp)
}

func (l *link) Subscribe(_ context.Context, subs []connector.Subscription) (int, error) {
	l.bus.mu.Lock()
	defer l.bus.mu.Unlock()
	for _, sub := range subs {
		l.subs[sub] = true
	}
	return len(subs), l.err
}

func (l *link) Unsubscribe(_ context.Context, subs []connector.Subscription) error {
	l.bus.mu.Lock()
	defer l.bus.mu.Unlock()
	for _, sub := range subs {
		delete(l.subs, sub)
	}
	return l.err
}

func (l *link) Barrier(ctx context.Context) error {
	l.bus.mu.Lock()
	frozen, err := l.broker.frozen, l.err
	l.bus.mu.Unlock()
	if frozen && err == nil {
		select {
		case <-l.done:
			return l.Err()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return err
}

func (l *link) Publish(_ context.Context, out connector.Outgoing) error {
	if out.Kind != connector.Replies {
		if err := connector.KnownCollective(out.Collective, l.peer.Collectives); err != nil {
			return err
		}
	}
	l.bus.mu.Lock()
	defer l.bus.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if l.broker.frozen {
		return nil // into the void
	}
	m := connector.Message{Sender: l.peer.Identity, Broker: l.broker.name, Destination: out.To}
	if out.Kind != connector.Replies && !out.NoReply {
		if m.ReplyTo = out.ReplyTo; m.ReplyTo == "" {
			m.ReplyTo = l.name
		}
	}
	for _, to := range l.broker.links {
		hit := false
		switch out.Kind {
		case connector.Broadcast:
			m.Destination = "broadcast/" + out.Collective + "/" + out.Agent
			hit = to.subs[connector.Subscription{Kind: out.Kind, Collective: out.Collective, Agent: out.Agent}]
		case connector.Directed:
			m.Destination = "directed/" + out.Collective + "/" + out.Node
			hit = to.peer.Identity == out.Node && to.subs[connector.Subscription{Kind: out.Kind, Collective: out.Collective}]
		case connector.Replies:
			hit = to.name == out.To
		}
		if hit {
			m.Payload = slices.Clone(out.Payload)
			l.bus.send(to, m, out.TTL)
		}
	}
	return nil
}

// send brings a frame to a receiver, or not, as the faults have it. The bus is locked.
func (b *Bus) send(to *link, m connector.Message, ttl time.Duration) {
	f := b.faults
	if f.Drop > 0 && b.random.Float64() < f.Drop {
		return
	}
	copies := 1
	if f.Duplicate > 0 && b.random.Float64() < f.Duplicate {
		copies = 2
	}
	for range copies {
		m.Payload = slices.Clone(m.Payload)
		if f.Delay <= 0 {
			to.deliver(m)
			continue
		}
		late := time.Duration(b.random.Int64N(int64(f.Delay)))
		if ttl > 0 && late > ttl+mco.BrokerGrace {
			continue // expired at the broker
		}
		time.AfterFunc(late, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			if to.err == nil && !to.broker.frozen {
				to.deliver(m)
			}
		})
	}
}
