package connector

import (
	"context"
	"sync"
)

// Bounds of what was received and not yet taken.
const (
	queueMessages   = 1024     // of requests
	queueBytes      = 64 << 20 // of anything
	messageOverhead = 256      // what a message costs beside its payload, roughly
)

// queue holds received messages until they are taken. It is always open to the reader of a link: when it is full, the oldest message
// goes and is counted. Safe for concurrent use.
type queue struct {
	most int // messages, 0: bytes alone count

	mu      sync.Mutex // guards the fields below
	ring    []Message  // a ring of len(ring) places
	head    int        // place of the oldest
	count   int
	bytes   int
	dropped uint64
	wake    chan struct{} // has one token while there is something to take; a taker that leaves some puts it back
}

func newQueue(most int) *queue { return &queue{most: most, wake: make(chan struct{}, 1)} }

// put adds m and tells how many messages had to go for it.
func (q *queue) put(m Message) (gone int) {
	q.mu.Lock()
	size := len(m.Payload) + messageOverhead
	for q.count > 0 && (q.most > 0 && q.count >= q.most || q.bytes+size > queueBytes) {
		q.take()
		q.dropped++
		gone++
	}
	if q.count == len(q.ring) {
		bigger := make([]Message, max(8, 2*len(q.ring)))
		n := copy(bigger, q.ring[q.head:])
		copy(bigger[n:], q.ring[:q.head])
		q.ring, q.head = bigger, 0
	}
	q.ring[(q.head+q.count)%len(q.ring)] = m
	q.count++
	q.bytes += size
	q.mu.Unlock()
	q.wakeUp()
	return gone
}

// take removes the oldest message; mu is held and there is one.
func (q *queue) take() Message {
	m := q.ring[q.head]
	q.ring[q.head] = Message{}
	q.head = (q.head + 1) % len(q.ring)
	q.count--
	q.bytes -= len(m.Payload) + messageOverhead
	if q.count == 0 && len(q.ring) > 64 {
		q.ring, q.head = nil, 0 // a burst is over
	}
	return m
}

func (q *queue) wakeUp() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// get waits for a message until ctx ends or over is closed. What is there is given out even then.
func (q *queue) get(ctx context.Context, over <-chan struct{}) (Message, bool) {
	for {
		q.mu.Lock()
		if q.count > 0 {
			m := q.take()
			more := q.count > 0
			q.mu.Unlock()
			if more {
				q.wakeUp()
			}
			return m, true
		}
		q.mu.Unlock()
		select {
		case <-q.wake:
		case <-ctx.Done():
			return Message{}, false
		case <-over:
			return Message{}, false
		}
	}
}

func (q *queue) drops() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}
