package simulation

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/mco-go/mco-go/mco/connector"
)

// transport writes down what a peer's sessions do to their brokers, and is where its process can be cut off.
type transport struct {
	connector.Transport
	w          *world
	peer       string
	watch      func(connector.Message) // sees what is delivered; nil: nobody
	generation int
	dead       atomic.Bool
}

var errDead = errors.New("the process is dead")

func (t *transport) Open(ctx context.Context, member int, deliver func(connector.Message)) (connector.Link, error) {
	if t.dead.Load() {
		return nil, errDead
	}
	note := event{who: t.peer, broker: member, generation: t.generation}
	note.what = dialled
	t.w.add(note)
	taken := deliver
	if t.watch != nil {
		taken = func(m connector.Message) {
			t.watch(m)
			deliver(m)
		}
	}
	l, err := t.Transport.Open(ctx, member, taken)
	if err != nil {
		note.what, note.detail, note.ourselves = refused, err.Error(), ctx.Err() != nil
		t.w.add(note)
		return nil, err
	}
	note.what = linked
	t.w.add(note)
	own := &link{Link: l, receipts: t.w.receipts}
	go func() {
		<-l.Done()
		note.what, note.detail, note.ourselves = ended, l.Err().Error(), own.closed.Load()
		t.w.add(note)
	}()
	return own, nil
}

// link is a link that may have lost a defence.
type link struct {
	connector.Link
	receipts bool
	closed   atomic.Bool
}

// Barrier waits for the receipt behind the subscriptions, or believes in them.
func (l *link) Barrier(ctx context.Context) error {
	if !l.receipts {
		return nil
	}
	return l.Link.Barrier(ctx)
}

func (l *link) Close(ctx context.Context) {
	l.closed.Store(true)
	l.Link.Close(ctx)
}
