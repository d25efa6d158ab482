package connector

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Deadlines of a session's own steps. What a transport waits for has others.
const (
	subscribeTime = 30 * time.Second // from the first subscription to the barrier's receipt
	leaveTime     = 2 * time.Second  // to say goodbye
)

// SessionOptions is what a [Session] is made of.
type SessionOptions struct {
	Transport Transport
	Pool      Pool
	Requests  bool         // what is received are requests: at most 1,024 wait, the oldest goes first. Else only their bytes count
	Busy      func() bool  // a call is running that a change of brokers would disturb; nil: never
	Log       *slog.Logger // nil: none
	Random    func() float64
}

// Session is a [Connector] over a [Transport]: it drives the pool's state machine with real time. One goroutine, the loop, owns the
// state; work that waits for a broker runs beside it and reports back as an event.
type Session struct {
	o       SessionOptions
	members []Member
	queue   *queue
	events  chan result
	live    atomic.Pointer[live] // the link that is Ready
	warned  atomic.Int64         // when drops were last logged, Unix time in nanoseconds
	subbing chan struct{}        // held while subscriptions are sent or proven
	tag     string               // put before reply destinations; see Group

	mu      sync.Mutex // guards the fields below
	status  Status
	readied uint64        // how often it became Ready
	changed chan struct{} // closed and replaced at each change of status
	changes chan Status
	subs    []wanted
	started bool
	closed  bool
	stop    context.CancelFunc
	over    chan struct{} // closed when the session is over; err is set before
	err     error

	// Owned by the loop.
	at     stand
	link   Link
	work   sync.WaitGroup
	epoch  context.Context
	cancel context.CancelFunc
}

// live is a link with nothing else around it, so that it can be swapped at once.
type live struct{ Link }

// wanted is a subscription and the link on which it is proven.
type wanted struct {
	Subscription
	on Link
}

// result is an event with the epoch in which the work for it began, and the link that it brought.
type result struct {
	event
	epoch int
	link  Link
}

var _ Connector = (*Session)(nil)

// NewSession makes a session that is not started.
func NewSession(o SessionOptions) *Session {
	most := 0
	if o.Requests {
		most = queueMessages
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Busy == nil {
		o.Busy = func() bool { return false }
	}
	return &Session{
		o: o, members: o.Transport.Members(), queue: newQueue(most),
		events: make(chan result), subbing: make(chan struct{}, 1),
		changed: make(chan struct{}), changes: make(chan Status, 1), over: make(chan struct{}),
		status: Status{Since: time.Now()},
		at:     stand{Candidate: -1},
	}
}

// Start implements [Connector].
func (s *Session) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrClosed
	case s.started:
		return errors.New("connector: started twice")
	}
	s.started = true
	ctx, s.stop = context.WithCancel(ctx)
	go s.loop(ctx)
	return nil
}

// Close implements [Connector].
func (s *Session) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	started, stop := s.started, s.stop
	if first && !started {
		s.err = ErrClosed
		s.status = Status{State: Closed, Since: time.Now()}
		close(s.over)
		close(s.changed)
		s.changed = make(chan struct{})
	}
	s.mu.Unlock()
	if started {
		stop()
	}
	<-s.over
	return nil
}
