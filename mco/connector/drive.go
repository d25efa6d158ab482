package connector

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// loop runs the state machine until the session is over.
func (s *Session) loop(ctx context.Context) {
	s.epoch, s.cancel = context.WithCancel(context.Background())
	s.handle(result{event: event{kind: began}})
	for s.at.State != Closed && s.at.State != Draining {
		var broken <-chan struct{}
		if s.link != nil && s.at.State == Ready {
			broken = s.link.Done() // before that, whoever subscribes notices
		}
		select {
		case r := <-s.events:
			s.handle(r)
		case <-broken:
			s.handle(result{event: event{kind: lost, err: s.link.Err()}, epoch: s.at.Epoch})
		case <-ctx.Done():
			s.handle(result{event: event{kind: closing}, epoch: s.at.Epoch})
		}
	}
	s.cancel()
	finished := make(chan struct{})
	go func() { s.work.Wait(); close(finished) }()
	for done := false; !done; {
		select {
		case r := <-s.events:
			hangUpOn(r.link)
		case <-finished:
			done = true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.err == nil {
		s.err = ErrClosed
	}
	s.set(Status{State: Closed, Attempts: s.status.Attempts, LastErr: s.status.LastErr})
	s.stop()
	close(s.over)
}

// handle steps the machine and does what it asks for.
func (s *Session) handle(r result) {
	if r.epoch != s.at.Epoch {
		hangUpOn(r.link) // nobody waits for it any more
		return
	}
	r.now = time.Now()
	if r.kind == reached {
		r.busy = s.o.Busy()
	}
	before := s.at
	var todo []action
	s.at, todo = s.o.Pool.step(before, r.event, len(s.members), s.o.Random)
	if s.at.Epoch != before.Epoch {
		s.cancel()
		s.epoch, s.cancel = context.WithCancel(context.Background())
	}
	if r.kind == opened {
		s.link = r.link
	}
	s.publishStatus(before, r)
	for _, a := range todo {
		s.act(a, r)
	}
}

// act does one thing that the machine asked for. What waits is done beside the loop and comes back as an event.
func (s *Session) act(a action, r result) {
	switch a.kind {
	case open:
		s.beside(a.after, func(ctx context.Context) result { return s.open(ctx, a.member, opened, failed) })
	case subscribe:
		link := s.link
		s.beside(0, func(ctx context.Context) result { return s.settle(ctx, link) })
	case probe:
		s.beside(a.after, func(ctx context.Context) result { return s.probe(ctx, a.member) })
	case reach:
		s.beside(a.after, func(ctx context.Context) result { return s.open(ctx, a.member, reached, missed) })
	case linger:
		s.beside(0, func(ctx context.Context) result { return stay(ctx, a.after, r) })
	case change:
		old, link := s.link, r.link
		s.link = link
		s.o.Log.Info(fmt.Sprintf("Returning to %s", s.members[s.at.Member].URL))
		s.beside(0, func(ctx context.Context) result {
			// Both at once, because a broker that is busy takes its time over a goodbye, and meanwhile the session would hear nothing. What
			// both brokers bring in that moment has the same id. Ready means to be at one of them alone.
			var left sync.WaitGroup
			left.Go(func() { goodbye(ctx, old) })
			defer left.Wait()
			return s.settle(ctx, link)
		})
	case forget:
		hangUpOn(r.link)
	case hangUp:
		hangUpOn(s.link)
		s.link = nil
	case exhaust:
		s.mu.Lock()
		s.err = fmt.Errorf("%w: %w", ErrExhausted, r.err)
		s.mu.Unlock()
	case leave:
		if s.link != nil {
			s.o.Log.Info("Disconnected from " + s.members[s.at.Member].URL)
			goodbye(context.Background(), s.link)
			s.link = nil
		}
	}
}

// beside runs work in a goroutine of its own, after a wait. It ends early when the epoch does.
func (s *Session) beside(after time.Duration, work func(context.Context) result) {
	ctx, epoch := s.epoch, s.at.Epoch
	s.work.Go(func() {
		if after > 0 {
			wait := time.NewTimer(after)
			defer wait.Stop()
			select {
			case <-wait.C:
			case <-ctx.Done():
				return
			}
		}
		r := work(ctx)
		r.epoch = epoch
		s.events <- r // the loop takes it even when the session ends
	})
}

// open opens a link.
func (s *Session) open(ctx context.Context, member int, good, bad eventKind) result {
	link, err := s.o.Transport.Open(ctx, member, s.deliver)
	if err != nil {
		return result{event: event{kind: bad, member: member, err: err}}
	}
	return result{event: event{kind: good, member: member}, link: link}
}

// probe looks for the first of the members before member that is alive.
func (s *Session) probe(ctx context.Context, member int) result {
	hole := false
	for m := range member {
		began := time.Now()
		if s.o.Transport.Probe(ctx, m) == nil {
			return result{event: event{kind: probed, member: m}}
		}
		hole = hole || time.Since(began) >= patience
	}
	return result{event: event{kind: probed, member: -1, hole: hole}}
}

// stay returns with a second link after a wait, or without it where it breaks meanwhile.
func stay(ctx context.Context, wait time.Duration, r result) result {
	over := time.NewTimer(wait)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done(): // who takes the result hangs up
	case <-r.link.Done():
		r.kind, r.err = missed, r.link.Err()
		hangUpOn(r.link)
		r.link = nil
	}
	return r
}

// settle makes all subscriptions on a new link and has them proven.
func (s *Session) settle(ctx context.Context, link Link) result {
	ctx, cancel := context.WithTimeoutCause(ctx, subscribeTime, fmt.Errorf("the broker did not confirm our subscriptions in %s", subscribeTime))
	defer cancel()
	if err := s.prove(ctx, link); err != nil {
		return result{event: event{kind: failed, err: err}}
	}
	return result{event: event{kind: proven}}
}

// hangUpOn closes a link that is of no use.
func hangUpOn(link Link) {
	if link != nil {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		link.Close(ctx)
	}
}

// goodbye ends a link in good order, as far as the broker plays along.
func goodbye(ctx context.Context, link Link) {
	ctx, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	link.Close(ctx)
}
