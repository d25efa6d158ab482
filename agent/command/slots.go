package command

import (
	"context"
	"sync/atomic"
)

// slots bounds how many commands run at once, and how many wait.
type slots struct {
	free    chan struct{} // one token for each command that may run
	waiting atomic.Int64
	queue   int64
}

func newSlots(concurrency, queue int) *slots {
	s := &slots{free: make(chan struct{}, concurrency), queue: int64(queue)}
	for range concurrency {
		s.free <- struct{}{}
	}
	return s
}

// take waits for a slot. It refuses at once when the queue is full.
func (s *slots) take(ctx context.Context) error {
	select {
	case <-s.free:
		return nil
	default:
	}
	if s.waiting.Add(1) > s.queue {
		s.waiting.Add(-1)
		return ErrBusy
	}
	defer s.waiting.Add(-1)
	select {
	case <-s.free:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *slots) give() { s.free <- struct{}{} }
