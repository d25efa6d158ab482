package connector

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco/defence"
)

// Subscribe implements [Connector].
func (s *Session) Subscribe(ctx context.Context, subs ...Subscription) error {
	if err := s.want(subs); err != nil {
		return err
	}
	s.mu.Lock()
	started := s.started
	s.mu.Unlock()
	if !started {
		return nil // part of the first Ready
	}
	var last *live
	for {
		l, err := s.ready(ctx, last)
		if err != nil {
			return err
		}
		// All of them, not only subs: what another call is just having proven must not be reported before it is.
		if err = s.prove(ctx, l.Link); err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return err
		}
		last = l // it broke: the next link makes them
	}
}

// want notes subscriptions, for this link and all that follow.
func (s *Session) want(subs []Subscription) error {
	for _, sub := range subs {
		if err := s.o.Transport.Check(sub); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	for _, sub := range subs {
		if !slices.ContainsFunc(s.subs, func(w wanted) bool { return w.Subscription == sub }) {
			s.subs = append(s.subs, wanted{Subscription: sub})
		}
	}
	return nil
}

// prove makes the subscriptions that link lacks and returns when the broker has finished them.
func (s *Session) prove(ctx context.Context, link Link) error {
	select {
	case s.subbing <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-link.Done():
		return link.Err()
	}
	defer func() { <-s.subbing }()
	for {
		var missing []Subscription
		s.mu.Lock()
		for _, w := range s.subs {
			if w.on != link {
				missing = append(missing, w.Subscription)
			}
		}
		s.mu.Unlock()
		if len(missing) == 0 {
			return nil
		}
		asked, err := link.Subscribe(ctx, missing)
		if err == nil && asked > 0 && defence.Proof {
			err = link.Barrier(ctx)
		}
		if err != nil {
			return fmt.Errorf("subscribe: %w", err)
		}
		s.mu.Lock()
		for i := range s.subs {
			if slices.Contains(missing, s.subs[i].Subscription) {
				s.subs[i].on = link
			}
		}
		s.mu.Unlock()
	}
}

// Unsubscribe implements [Connector].
func (s *Session) Unsubscribe(ctx context.Context, subs ...Subscription) error {
	// Not while others are being proven, so that what is taken back here is not marked as made there.
	select {
	case s.subbing <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.over:
		return s.ended()
	}
	defer func() { <-s.subbing }()
	select {
	case <-s.over:
		return s.ended()
	default:
	}
	l := s.live.Load()
	var made []Subscription
	s.mu.Lock()
	s.subs = slices.DeleteFunc(s.subs, func(w wanted) bool {
		gone := slices.Contains(subs, w.Subscription)
		if gone && l != nil && w.on == l.Link {
			made = append(made, w.Subscription)
		}
		return gone
	})
	s.mu.Unlock()
	if len(made) == 0 {
		return nil
	}
	if err := l.Unsubscribe(ctx, made); err != nil && ctx.Err() != nil {
		return fmt.Errorf("unsubscribe: %w", err)
	}
	return nil // with the link gone, so is the subscription
}

// Publish implements [Connector].
func (s *Session) Publish(ctx context.Context, out Outgoing) error {
	l := s.live.Load()
	for {
		if l == nil {
			var err error
			if l, err = s.ready(ctx, nil); err != nil {
				return err
			}
		}
		err := l.Publish(ctx, out)
		if err == nil {
			return nil
		}
		select {
		case <-l.Done():
		default:
			return fmt.Errorf("publish: %w", err)
		}
		// The link broke before the frame had left: the next one carries it, once.
		if l, err = s.ready(ctx, l); err != nil {
			return err
		}
	}
}

// Receive implements [Connector].
func (s *Session) Receive(ctx context.Context) (Message, error) {
	if m, ok := s.queue.get(ctx, s.over); ok {
		return m, nil
	}
	if ctx.Err() != nil {
		return Message{}, context.Cause(ctx)
	}
	return Message{}, s.ended()
}

// dropsLogged is how often a receiver that does not keep up is told so.
const dropsLogged = time.Minute

// deliver takes a message from a link.
func (s *Session) deliver(m Message) {
	if s.tag != "" && m.ReplyTo != "" {
		m.ReplyTo = s.tag + m.ReplyTo
	}
	if s.queue.put(m) == 0 {
		return
	}
	now, before := time.Now().UnixNano(), s.warned.Load()
	if now-before >= int64(dropsLogged) && s.warned.CompareAndSwap(before, now) {
		s.o.Log.Warn(fmt.Sprintf("Messages come faster than they are handled: %d of the oldest were dropped so far", s.queue.drops()))
	}
}
