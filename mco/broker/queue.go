package broker

import (
	"fmt"
	"slices"
)

// queue gives each message to one of its receivers, in turn, and keeps it while there is none.
type queue struct {
	receivers []*subscription
	turn      int
	waiting   []*message
}

// queue finds or makes a queue; the broker is locked.
func (b *Broker) queue(name string) (*queue, error) {
	r := &b.routes
	q := r.queues[name]
	if q != nil {
		return q, nil
	}
	if len(r.queues) >= maxQueues {
		for name, q := range r.queues {
			if b.drain(q); len(q.receivers)+len(q.waiting) == 0 {
				delete(r.queues, name)
			}
		}
		if len(r.queues) >= maxQueues {
			return nil, &refusal{"Too many queues", fmt.Sprintf("this broker has at most %d\n", maxQueues)}
		}
	}
	q = &queue{}
	r.queues[name] = q
	return q, nil
}

// give hands a message to the next receiver that takes it.
func (q *queue) give(m *message, b *Broker) bool {
	for i := range q.receivers {
		at := (q.turn + i) % len(q.receivers)
		if s := q.receivers[at]; s.takes(m) {
			q.turn = (at + 1) % len(q.receivers)
			b.give(s, m)
			return true
		}
	}
	return false
}

// keep lets a message wait. When there is no more room, the oldest of its queue go.
func (b *Broker) keep(q *queue, m *message) {
	q.waiting = append(q.waiting, m)
	b.routes.waiting += len(m.frame)
	for len(q.waiting) > maxWaiting || b.routes.waiting > maxWaitingBytes && len(q.waiting) > 0 {
		b.lose(q.waiting[0])
		q.waiting[0] = nil
		q.waiting = q.waiting[1:]
	}
}

// drain hands out what waits in a queue, and forgets what has expired.
func (b *Broker) drain(q *queue) {
	q.waiting = slices.DeleteFunc(q.waiting, func(m *message) bool {
		switch {
		case m.expired():
			b.lose(m)
		case q.give(m, b):
			b.routes.waiting -= len(m.frame)
		default:
			return false
		}
		return true
	})
}

func (b *Broker) lose(m *message) {
	b.routes.waiting -= len(m.frame)
	b.counters.lost.Add(1)
}
