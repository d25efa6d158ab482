package loopback

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
)

// Frame is a frame on its way from a broker to one receiver.
type Frame struct {
	Kind             connector.Kind
	From, To, Broker string
	Number           int // of the frames of this kind on this way, from 1 on
}

// Course says what becomes of a frame: a copy of it arrives after each of the times, so without any it is lost. It is called with the
// bus locked, and must not use it.
type Course func(Frame) []time.Duration

// SetCourse changes what becomes of frames from now on; nil: each arrives at once.
func (b *Bus) SetCourse(c Course) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.course = c
}

// Faults are what may happen to each frame on its way to each receiver. The zero value is a perfect bus.
type Faults struct {
	Drop      float64       // probability that it is lost
	Duplicate float64       // probability that it comes twice
	Delay     time.Duration // each copy comes after a random time up to this, so frames overtake each other
}

// SetFaults changes what happens to frames from now on; seed makes it repeatable.
func (b *Bus) SetFaults(f Faults, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 0))
	b.SetCourse(func(Frame) (copies []time.Duration) {
		if f.Drop > 0 && random.Float64() < f.Drop {
			return nil
		}
		copies = make([]time.Duration, 1, 2)
		if f.Duplicate > 0 && random.Float64() < f.Duplicate {
			copies = copies[:2]
		}
		for i := range copies {
			if f.Delay > 0 {
				copies[i] = time.Duration(random.Int64N(int64(f.Delay)))
			}
		}
		return copies
	})
}

// SetSubscribing says how long brokers take to finish subscriptions of an identity; nil: no time. Until then nothing is delivered for
// them, and receipts behind them are not sent.
func (b *Bus) SetSubscribing(takes func(identity string) time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subscribing = takes
}

// way is where an identity meets a broker.
type way struct {
	identity string
	member   int
}

// cut tells in which directions nothing passes.
type cut struct{ in, out bool }

// Freeze makes a broker a black hole: links stand, nothing passes, new ones are not welcomed. What was written meanwhile passes when
// the broker is restored, on links that still stand. A link of a peer with [Options.Silence] ends when that is over.
func (b *Bus) Freeze(member int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.brokers[member].frozen = true
	b.hold()
}

// Restore makes a killed or frozen broker work again.
func (b *Bus) Restore(member int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.brokers[member].down, b.brokers[member].frozen = false, false
	b.release()
}

// Cut makes the network between an identity and a broker a black hole, as [Bus.Freeze] does the broker, for frames to the identity
// (in), from it (out), or both. Cutting neither way heals it.
func (b *Bus) Cut(identity string, member int, in, out bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cuts[way{identity, member}] = cut{in, out}
	b.hold()
	b.release()
}

// stuck tells in which directions nothing passes. The bus is locked.
func (b *Bus) stuck(identity string, member int) cut {
	if b.brokers[member].frozen {
		return cut{true, true}
	}
	return b.cuts[way{identity, member}]
}

// hold has links watched on which nothing passes. The bus is locked.
func (b *Bus) hold() {
	for _, k := range b.brokers {
		for _, l := range k.links {
			limit := l.peer.Silence
			if limit <= 0 || l.watch != nil || b.stuck(l.peer.Identity, l.member) == (cut{}) {
				continue
			}
			l.watch = time.AfterFunc(limit, func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				if l.watch != nil {
					l.breakWith(fmt.Errorf("no sign of life from the broker for %s", limit))
				}
			})
		}
	}
}

// release lets pass what waited on links on which frames pass again: first what the brokers hold, which is older than the answers to
// what the peers wrote. The bus is locked.
func (b *Bus) release() {
	var free []*link
	for _, k := range b.brokers {
		for _, l := range k.links {
			stuck := b.stuck(l.peer.Identity, l.member)
			if stuck == (cut{}) && l.watch != nil {
				l.watch.Stop()
				l.watch = nil
			}
			if !stuck.in {
				for _, m := range l.held {
					l.deliver(m)
				}
				l.held = nil
			}
			if !stuck.out && len(l.sent) > 0 {
				free = append(free, l)
			}
		}
	}
	for _, l := range free {
		for _, do := range l.sent {
			do()
		}
		l.sent = nil
	}
	b.tell()
}

// tell wakes who waits. The bus is locked.
func (b *Bus) tell() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// wait unlocks the bus until something changed, done is closed, or ctx ended, for which it returns false.
func (b *Bus) wait(ctx context.Context, done <-chan struct{}) bool {
	changed := b.changed
	b.mu.Unlock()
	defer b.mu.Lock()
	select {
	case <-changed:
	case <-done:
	case <-ctx.Done():
		return false
	}
	return true
}

// Hears tells whether an identity has a link to a broker, and whether one of its links there has these subscriptions finished.
func (b *Bus) Hears(identity string, member int, subs ...connector.Subscription) (linked, all bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.brokers[member].links {
		if l.peer.Identity != identity {
			continue
		}
		linked = true
		all = all || !slices.ContainsFunc(subs, func(s connector.Subscription) bool { return !l.subs[s] })
	}
	return linked, all
}
