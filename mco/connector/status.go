package connector

import (
	"context"
	"fmt"
	"time"
)

// publishStatus tells the world what the last event made of the session. Only the loop calls it.
func (s *Session) publishStatus(before stand, r result) {
	at := s.at
	st := Status{State: at.State, Broker: s.members[at.Member].Addr, Since: at.Since, Attempts: at.Attempts}
	s.log(before, r)
	if at.State == before.State && at.Epoch == before.Epoch && r.kind != began {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.LastErr = s.status.LastErr
	switch r.kind {
	case failed, lost:
		st.LastErr = r.err
	case proven:
		st.LastErr = nil
		s.readied++
	}
	s.live.Store(nil)
	if at.State == Ready {
		s.live.Store(&live{s.link})
	}
	s.set(st)
}

// set replaces the status and wakes who waits for it. mu is held.
func (s *Session) set(st Status) {
	if st.Since.IsZero() {
		st.Since = time.Now()
	}
	s.status = st
	close(s.changed)
	s.changed = make(chan struct{})
	st.Dropped = s.queue.drops()
	select {
	case <-s.changes:
	default:
	}
	s.changes <- st // the place was just made, and only set fills it
}

// log says what happened in the original's words, with the reason behind them.
func (s *Session) log(before stand, r result) {
	url := s.members[before.Member].URL
	switch r.kind {
	case began:
		s.o.Log.Info(fmt.Sprintf("TCP Connection attempt %d to %s", 0, s.members[s.at.Member].URL))
		return
	case opened:
		s.o.Log.Info("Connected to " + url)
	case proven:
		s.o.Log.Debug("Subscriptions are proven at " + url)
	case failed:
		s.o.Log.Info(fmt.Sprintf("TCP Connection to %s failed on attempt %d: %s", url, before.Attempts, r.err))
	case lost:
		s.o.Log.Error(fmt.Sprintf("Unexpected error on connection %s: %s", url, r.err))
	case missed:
		s.o.Log.Info(fmt.Sprintf("Staying at %s: %s", url, r.err))
	}
	if s.at.State == Connecting && before.State != Connecting || r.kind == failed && s.at.State == Connecting {
		s.o.Log.Info(fmt.Sprintf("TCP Connection attempt %d to %s", s.at.Attempts, s.members[s.at.Member].URL))
	}
}

// Status implements [Connector].
func (s *Session) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.status
	st.Dropped = s.queue.drops()
	return st
}

// Changes implements [Connector].
func (s *Session) Changes() <-chan Status { return s.changes }

// WaitReady implements [Connector].
func (s *Session) WaitReady(ctx context.Context) error {
	_, err := s.ready(ctx, nil)
	return err
}

// ready waits for a link that is Ready and is not the one that failed.
func (s *Session) ready(ctx context.Context, not *live) (*live, error) {
	for {
		s.mu.Lock()
		l, changed := s.live.Load(), s.changed
		s.mu.Unlock()
		if l != nil && l != not {
			return l, nil
		}
		select {
		case <-s.over:
			return nil, s.ended()
		default:
		}
		select {
		case <-changed:
		case <-s.over:
		case <-ctx.Done():
			if last := s.Status().LastErr; last != nil {
				return nil, fmt.Errorf("wait for a broker: %w (last: %w)", context.Cause(ctx), last)
			}
			return nil, fmt.Errorf("wait for a broker: %w", context.Cause(ctx))
		}
	}
}

// ended says why the session is over, once it is.
func (s *Session) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
