package simulation

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/mco-go/mco-go/internal/lab/history"
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
	note := history.Event{Who: t.peer, Broker: member, Generation: t.generation}
	note.What = history.Dialled
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
		note.What, note.Detail, note.Ourselves = history.Refused, err.Error(), ctx.Err() != nil
		t.w.add(note)
		return nil, err
	}
	note.What = history.Linked
	t.w.add(note)
	own := &link{Link: l, receipts: t.w.receipts}
	go func() {
		<-l.Done()
		note.What, note.Detail, note.Ourselves = history.Ended, l.Err().Error(), own.closed.Load()
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
