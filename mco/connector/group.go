package connector

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Group is a [Connector] with a session on every member of a pool at once (plugin.mco.pool.mode = all, plugin.mco.client.all_brokers):
// losing a broker loses nothing as long as one is left, and brokers that know nothing of each other are asked together. The same
// message may therefore come several times, and whoever receives must know what it has seen.
type Group struct {
	sessions []*Session
	changes  chan Status
	over     chan struct{} // closed when every session is over
	workers  sync.WaitGroup

	mu      sync.Mutex // guards the field below, and the place in changes
	started bool       // or closed without
}

var _ Connector = (*Group)(nil)

// NewGroup makes a session for each member of the transport's pool; failback means nothing here.
func NewGroup(o SessionOptions) *Group {
	g := &Group{changes: make(chan Status, 1), over: make(chan struct{})}
	var shared *queue
	for i := range o.Transport.Members() {
		one := o
		one.Transport = member{o.Transport, i}
		one.Pool.Failback = 0
		s := NewSession(one)
		if shared == nil {
			shared = s.queue
		}
		s.queue = shared
		s.tag = strconv.Itoa(i) + tagEnd
		g.sessions = append(g.sessions, s)
	}
	return g
}

// tagEnd stands between the number of a session and a reply destination, which must be answered over that session. No destination
// holds a NUL.
const tagEnd = "\x00"

// Bare returns the reply destination of a [Message] as its broker knows it. Two that are alike and came over different sessions may be one
// queue of a cluster, or two of brokers that know nothing of each other.
func Bare(to string) string {
	if _, bare, tagged := strings.Cut(to, tagEnd); tagged {
		return bare
	}
	return to
}

// member is a transport to one of the members of a pool.
type member struct {
	Transport
	number int
}

func (m member) Members() []Member { return m.Transport.Members()[m.number : m.number+1] }

func (m member) Open(ctx context.Context, _ int, deliver func(Message)) (Link, error) {
	return m.Transport.Open(ctx, m.number, deliver)
}

func (m member) Probe(ctx context.Context, _ int) error { return m.Transport.Probe(ctx, m.number) }

// Start implements [Connector].
func (g *Group) Start(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.sessions {
		if err := s.Start(ctx); err != nil {
			return err // the first one says no where any does
		}
		g.workers.Go(func() { g.follow(s) })
	}
	g.started = true
	go func() {
		g.workers.Wait()
		close(g.over)
	}()
	return nil
}

// follow passes on the changes of a session until it is over.
func (g *Group) follow(s *Session) {
	for done := false; !done; {
		select {
		case <-s.Changes():
		case <-s.over:
			done = true
		}
		st := g.Status()
		g.mu.Lock()
		select {
		case <-g.changes:
		default:
		}
		g.changes <- st // only here, and under mu, is it filled
		g.mu.Unlock()
	}
}

// Close implements [Connector].
func (g *Group) Close() error {
	var wg sync.WaitGroup
	for _, s := range g.sessions {
		wg.Go(func() { _ = s.Close() })
	}
	wg.Wait()
	g.mu.Lock()
	if !g.started {
		g.started = true
		close(g.over)
	}
	g.mu.Unlock()
	<-g.over
	return nil
}

// WaitReady implements [Connector]: it returns when one session is Ready and each of the others is too, or has failed to be.
func (g *Group) WaitReady(ctx context.Context) error {
	for {
		ready, waiting := 0, 0
		var changed []<-chan struct{}
		for _, s := range g.sessions {
			s.mu.Lock()
			changed = append(changed, s.changed)
			switch {
			case s.status.State == Ready:
				ready++
			case s.status.State != Closed && s.status.Attempts == 0 && s.status.LastErr == nil:
				waiting++
			}
			s.mu.Unlock()
		}
		if ready > 0 && waiting == 0 {
			return nil
		}
		if err := g.ended(); err != nil {
			return err
		}
		if err := waitAny(ctx, changed); err != nil {
			return g.lastError(err)
		}
	}
}

// waitAny waits until one of the channels is closed.
func waitAny(ctx context.Context, channels []<-chan struct{}) error {
	inner, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for _, c := range channels {
		wg.Go(func() {
			select {
			case <-c:
				cancel()
			case <-inner.Done():
			}
		})
	}
	<-inner.Done()
	cancel()
	wg.Wait()
	if ctx.Err() != nil {
		return fmt.Errorf("wait for a broker: %w", context.Cause(ctx))
	}
	return nil
}

// ended says why all sessions are over, or returns nil.
func (g *Group) ended() error {
	var all []error
	for _, s := range g.sessions {
		select {
		case <-s.over:
			all = append(all, s.ended())
		default:
			return nil
		}
	}
	for _, err := range all {
		if !errors.Is(err, ErrClosed) {
			return errors.Join(all...)
		}
	}
	return ErrClosed
}

func (g *Group) lastError(err error) error {
	for _, s := range g.sessions {
		if last := s.Status().LastErr; last != nil {
			return fmt.Errorf("%w (last: %w)", err, last)
		}
	}
	return err
}

// laggards is how long Subscribe waits for the others once one broker has proven its subscriptions.
const laggards = 2 * time.Second

// Subscribe implements [Connector]. It returns when a broker has proven the subscriptions, and the others that are Ready have as well or
// were given the time for it. Sessions that are not Ready, or break meanwhile, subscribe when they are Ready again.
func (g *Group) Subscribe(ctx context.Context, subs ...Subscription) error {
	if err := g.ended(); err != nil {
		return err
	}
	for _, s := range g.sessions {
		if err := s.want(subs); err != nil && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrExhausted) {
			return err
		}
	}
	g.mu.Lock()
	started := g.started
	g.mu.Unlock()
	if !started {
		return nil // part of the first Ready
	}
	for {
		if err := g.WaitReady(ctx); err != nil {
			return err
		}
		if g.prove(ctx) {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		// Every link broke; the next ones make the subscriptions before they are Ready.
	}
}

// prove makes what is missing on the links of now, on all at once, and tells whether any broker has proven it.
func (g *Group) prove(ctx context.Context) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	proven := make(chan bool, len(g.sessions))
	asked := 0
	for _, s := range g.sessions {
		if l := s.live.Load(); l != nil {
			asked++
			go func() { proven <- s.prove(ctx, l.Link) == nil }()
		}
	}
	any := false
	for range asked {
		if <-proven && !any {
			any = true
			patience := time.AfterFunc(laggards, cancel)
			defer patience.Stop()
		}
	}
	return any
}

// Unsubscribe implements [Connector].
func (g *Group) Unsubscribe(ctx context.Context, subs ...Subscription) error {
	if err := g.ended(); err != nil {
		return err
	}
	errs := make([]error, len(g.sessions))
	var wg sync.WaitGroup
	for i, s := range g.sessions {
		wg.Go(func() { errs[i] = s.Unsubscribe(ctx, subs...) })
	}
	wg.Wait()
	if errors.Join(errs...) != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil // one that was lost meanwhile makes up for it
}

// Publish implements [Connector]: requests go over every session that is Ready, an answer over the one that brought its request.
func (g *Group) Publish(ctx context.Context, out Outgoing) error {
	if out.Kind == Replies {
		if s, to, tagged := g.bringer(out.To); tagged {
			if s == nil {
				return fmt.Errorf("publish: no session brought a request of %.10q", out.To)
			}
			out.To = to
			return s.Publish(ctx, out)
		}
	}
	for {
		if err := g.WaitReady(ctx); err != nil {
			return err
		}
		sent := 0
		var errs []error
		for _, s := range g.sessions {
			l := s.live.Load()
			if l == nil {
				continue
			}
			err := l.Publish(ctx, out)
			if err == nil {
				sent++
				continue
			}
			errs = append(errs, err)
			select {
			case <-l.Done(): // the others carry it
			default:
				return fmt.Errorf("publish: %w", err)
			}
		}
		if sent > 0 {
			return nil
		}
		if ctx.Err() != nil {
			return errors.Join(errs...)
		}
		// All broke just now; their sessions are about to see it.
		pause := time.NewTimer(firstRound)
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		pause.Stop()
	}
}

// bringer returns the session that a reply destination belongs to, and the destination as that session knows it. The session is nil
// where there is none of that number.
func (g *Group) bringer(to string) (s *Session, bare string, tagged bool) {
	number, bare, tagged := strings.Cut(to, tagEnd)
	if !tagged {
		return nil, to, false
	}
	if n, err := strconv.Atoi(number); err == nil && n >= 0 && n < len(g.sessions) {
		s = g.sessions[n]
	}
	return s, bare, true
}

// CanAnswer tells whether a reply to that destination would leave at once: its own session is Ready, whatever the others are.
func (g *Group) CanAnswer(to string) bool {
	s, _, tagged := g.bringer(to)
	if !tagged {
		return g.Status().State == Ready
	}
	return s != nil && s.live.Load() != nil
}

// Receive implements [Connector].
func (g *Group) Receive(ctx context.Context) (Message, error) {
	if m, ok := g.sessions[0].queue.get(ctx, g.over); ok {
		return m, nil
	}
	if ctx.Err() != nil {
		return Message{}, context.Cause(ctx)
	}
	return Message{}, g.ended()
}

// Status implements [Connector]: the best of the sessions' states. Broker names all that are Ready, with commas.
func (g *Group) Status() Status {
	var best Status
	var ready []string
	for i, s := range g.sessions {
		st := s.Status()
		if st.State == Ready {
			ready = append(ready, st.Broker)
		}
		if i == 0 || rank(st.State) > rank(best.State) {
			best = st
		}
	}
	if len(ready) > 0 {
		best.Broker = strings.Join(ready, ",")
	}
	return best
}

// rank orders states by how much can be done in them.
func rank(s State) int {
	return [...]int{Closed: 0, Draining: 1, Connecting: 2, Subscribing: 3, Ready: 4}[s]
}

// Changes implements [Connector].
func (g *Group) Changes() <-chan Status { return g.changes }
