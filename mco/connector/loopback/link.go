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
	member  int
	name    string // what replies are sent to
	deliver func(connector.Message)
	done    chan struct{}

	asked  map[connector.Subscription]bool
	subs   map[connector.Subscription]bool // those of asked that the broker has finished
	making int                             // how often the broker is busy with subscriptions
	sent   []func()                        // what was written while nothing passed, to be done when something does
	held   []connector.Message             // what the broker could not deliver
	watch  *time.Timer                     // ends a link on which nothing passes
	err    error
}

var errHungUp = errors.New("connection closed")

// breakWith ends the link; the bus is locked.
func (l *link) breakWith(err error) {
	if l.err != nil {
		return
	}
	l.err = err
	l.sent, l.held = nil, nil
	if l.watch != nil {
		l.watch.Stop()
	}
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

// write has the broker do something, now or when frames pass again. The bus is locked.
func (l *link) write(do func()) error {
	switch {
	case l.err != nil:
	case l.bus.stuck(l.peer.Identity, l.member).out:
		l.sent = append(l.sent, do)
	default:
		do()
	}
	return l.err
}

func (l *link) Subscribe(_ context.Context, subs []connector.Subscription) (int, error) {
	l.bus.mu.Lock()
	defer l.bus.mu.Unlock()
	return len(subs), l.write(func() {
		for _, sub := range subs {
			l.asked[sub] = true
		}
		finish := func() {
			for _, sub := range subs {
				if l.asked[sub] {
					l.subs[sub] = true
				}
			}
		}
		if l.bus.subscribing == nil {
			finish()
			return
		}
		l.making++
		time.AfterFunc(l.bus.subscribing(l.peer.Identity), func() {
			l.bus.mu.Lock()
			defer l.bus.mu.Unlock()
			finish()
			l.making--
			l.bus.tell()
		})
	})
}

func (l *link) Unsubscribe(_ context.Context, subs []connector.Subscription) error {
	l.bus.mu.Lock()
	defer l.bus.mu.Unlock()
	return l.write(func() {
		for _, sub := range subs {
			delete(l.asked, sub)
			delete(l.subs, sub)
		}
	})
}

func (l *link) Barrier(ctx context.Context) error {
	l.bus.mu.Lock()
	defer l.bus.mu.Unlock()
	for l.err == nil && (l.making > 0 || l.bus.stuck(l.peer.Identity, l.member) != (cut{})) {
		if !l.bus.wait(ctx, l.done) {
			return context.Cause(ctx)
		}
	}
	return l.err
}

func (l *link) Publish(_ context.Context, out connector.Outgoing) error {
	if out.Kind != connector.Replies {
		if err := connector.KnownCollective(out.Collective, l.peer.Collectives); err != nil {
			return err
		}
	}
	l.bus.mu.Lock()
	defer l.bus.mu.Unlock()
	out.Payload = slices.Clone(out.Payload)
	return l.write(func() { l.route(out) })
}

// route brings a frame to all that it is for. The bus is locked.
func (l *link) route(out connector.Outgoing) {
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
			m.Payload = out.Payload
			l.bus.send(to, out.Kind, m, out.TTL)
		}
	}
}

// send brings a frame to a receiver, or not, as its course has it. The bus is locked.
func (b *Bus) send(to *link, kind connector.Kind, m connector.Message, ttl time.Duration) {
	copies := []time.Duration{0}
	if b.course != nil {
		f := Frame{Kind: kind, From: m.Sender, To: to.peer.Identity, Broker: m.Broker}
		b.numbers[f]++
		number := b.numbers[f]
		f.Number = number
		copies = b.course(f)
	}
	for _, late := range copies {
		m.Payload = slices.Clone(m.Payload)
		switch {
		case late <= 0:
			to.arrive(m)
		case ttl > 0 && late > ttl+mco.BrokerGrace: // expired at the broker
		default:
			time.AfterFunc(late, func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				to.arrive(m)
			})
		}
	}
}

// arrive hands a frame over when frames pass. The bus is locked.
func (l *link) arrive(m connector.Message) {
	switch {
	case l.err != nil:
	case l.bus.stuck(l.peer.Identity, l.member).in:
		l.held = append(l.held, m)
	default:
		l.deliver(m)
	}
}
