package rpc

import (
	"context"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

// Bounds on what a request keeps in memory.
const (
	maxPendingBytes = 64 << 20 // payloads of replies that the caller has not taken: then the receiver waits for the caller
	maxTroubles     = 1000     // senders of undecodable replies; their names are not verified
)

// arrival is one decoded reply with when and from where it came.
type arrival struct {
	reply  mco.Reply
	at     time.Time
	broker string
	bytes  int
}

// trouble is a message that came while a request was open and could not be taken for a reply.
type trouble struct {
	reason Reason
	detail string
}

// exchange is one open request: the receiver puts replies in, the caller takes them out in batches, so that neither pays for a
// channel operation per message.
type exchange struct {
	id       string
	sequence int
	sub      connector.Subscription
	most     int           // bytes that may be pending
	wake     chan struct{} // something happened for the caller; capacity 1
	taken    chan struct{} // the caller took replies; capacity 1
	closed   chan struct{}

	mu         sync.Mutex // guards the fields below
	pending    []arrival
	bytes      int // of pending
	seen       map[string]struct{}
	duplicates int
	late       int
	troubles   map[string]trouble
	err        error // the session ended
}

// add puts a reply into the request, unless its sender has replied before. Where the caller is far behind, it waits for him.
func (ex *exchange) add(ctx context.Context, a arrival) {
	ex.mu.Lock()
	if _, again := ex.seen[a.reply.Sender]; again {
		ex.duplicates++
		ex.mu.Unlock()
		return
	}
	ex.seen[a.reply.Sender] = struct{}{}
	ex.pending = append(ex.pending, a)
	ex.bytes += a.bytes
	full := ex.bytes > ex.most
	ex.mu.Unlock()
	ex.wakeUp()
	for full {
		select {
		case <-ex.taken:
		case <-ex.closed:
			return
		case <-ctx.Done():
			return
		}
		ex.mu.Lock()
		full = ex.bytes > ex.most
		ex.mu.Unlock()
	}
}

// wakeUp tells the caller that something happened.
func (ex *exchange) wakeUp() {
	select {
	case ex.wake <- struct{}{}:
	default:
	}
}

// take returns what has arrived since it was last called, and the error that ended the session, if one did. The slice given in
// must be one that take returned earlier and that is no longer needed; its memory is used again.
func (ex *exchange) take(spare []arrival) ([]arrival, error) {
	clear(spare)
	ex.mu.Lock()
	got := ex.pending
	ex.pending = spare[:0]
	full := ex.bytes > ex.most
	ex.bytes = 0
	err := ex.err
	ex.mu.Unlock()
	if full {
		select {
		case ex.taken <- struct{}{}:
		default:
		}
	}
	return got, err
}

// collect hands each reply to each until that says stop, the moment has passed that until names (which may move with every
// reply), ctx ends or the session does. Only the last two are errors. Replies that have arrived are always handed over first.
func (ex *exchange) collect(ctx context.Context, until func() time.Time, each func(arrival) bool) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var batch []arrival
	for {
		var err error
		batch, err = ex.take(batch)
		for _, a := range batch {
			if !each(a) {
				return nil
			}
		}
		switch {
		case len(batch) > 0:
			continue // more may have come meanwhile
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		left := time.Until(until())
		if left <= 0 {
			return nil
		}
		timer.Reset(left)
		select {
		case <-ex.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}
