package failover

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rpc"
)

// leastGrace is how long a broker is still listened to when all nodes that are known have answered over some broker: brokers may be
// linked, so that a node answers over several. Slow fleets get twice what their slowest node took.
const leastGrace = 400 * time.Millisecond

// look is one look at the fleet.
type look struct {
	Options
	memory   *rpc.Memory
	expected []string
	views    []*view
	told     []Managed
	slowest  atomic.Int64 // nanoseconds that an answer took

	mu      sync.Mutex // guards the fields below
	seen    map[string]*Node
	missing map[string]bool // of the expected ones
	enough  chan struct{}   // closed when none is missing any more
}

// view is the fleet as one broker shows it. One goroutine at a time uses it.
type view struct {
	*look
	member Member
	number int
	guest  *Guest
	client *rpc.Client
	err    error    // why it cannot be asked
	tell   []string // nodes whose agent bus is asked over this broker
}

// open begins a session and returns when the broker has taken us in, or has refused once.
func (v *view) open(ctx context.Context) {
	v.guest, v.err = Enter(ctx, v.Options, v.member, fmt.Sprintf("%s-failover-%d", v.Config.Identity, v.number+1))
	v.client = v.guest.Client
}

func (v *view) close() { v.guest.Leave() }

// roll asks behind every broker who is there, and which of those have the agent bus. It ends when all that are known have answered
// somewhere, by the rule for strangers where nobody is known, or after the timeout.
func (l *look) roll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	l.enough = make(chan struct{})
	done := make(chan struct{})
	var patience sync.WaitGroup
	patience.Go(func() {
		select {
		case <-l.enough:
		case <-done:
			return
		}
		grace := time.NewTimer(2 * time.Duration(l.slowest.Load()))
		defer grace.Stop()
		select {
		case <-grace.C:
			cancel()
		case <-done:
		}
	})
	l.everywhere(func(v *view) {
		if v.err != nil {
			return
		}
		var both sync.WaitGroup
		both.Go(func() {
			v.failed(v.ask(ctx, mco.Filter{}, v.expected, func(p rpc.Pong) { l.note(v, p, false) }))
		})
		both.Go(func() {
			v.failed(v.ask(ctx, mco.Filter{Agents: []string{agentName}}, v.expected, func(p rpc.Pong) { l.note(v, p, true) }))
		})
		both.Wait()
	})
	close(done)
	patience.Wait()
}

// ask asks who is there, of whom some are expected.
func (v *view) ask(ctx context.Context, f mco.Filter, expect []string, each func(rpc.Pong)) error {
	for pong, err := range v.client.Ping(ctx, rpc.Discovery{Filter: f, Expect: expect}) {
		if err != nil {
			return err
		}
		each(pong)
	}
	return nil
}

// failed notes why the broker cannot be asked, unless it was we who wanted no more answers.
func (v *view) failed(err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.err = errors.Join(v.err, err)
}

// node returns the record of a node. mu is held.
func (l *look) node(name string) *Node {
	n := l.seen[name]
	if n == nil {
		n = &Node{Identity: name}
		l.seen[name] = n
	}
	return n
}

// note notes that a node answered over a broker, and whether it has the agent bus.
func (l *look) note(v *view, p rpc.Pong, tells bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.node(p.Node)
	n.Over, n.tells = append(n.Over, v.member.Addr), n.tells || tells
	l.slowest.Store(max(l.slowest.Load(), int64(p.Latency)))
	if l.missing[p.Node] {
		delete(l.missing, p.Node)
		if len(l.missing) == 0 {
			close(l.enough)
		}
	}
}

// again asks those that answered to their names once more by broadcasts, and strikes off who hears them: a node that was on its way to
// another broker subscribes to its own name last.
func (v *view) again(ctx context.Context, deaf map[string]bool) {
	names := slices.Sorted(maps.Keys(deaf))
	for _, agents := range [][]string{nil, {agentName}} {
		if len(names) == 0 {
			return
		}
		var identities []mco.Value
		for _, name := range names {
			identities = append(identities, mco.String(name))
		}
		var heard []string
		limited, cancel := context.WithTimeout(ctx, directTime)
		// Who does not answer stays deaf, whatever the reason: the broker has answered before.
		_ = v.ask(limited, mco.Filter{Identities: identities, Agents: agents}, names, func(p rpc.Pong) {
			heard = append(heard, p.Node)
			delete(deaf, p.Node)
			v.note(v, p, agents != nil)
		})
		cancel()
		names = heard
	}
}

// directTime is for a node that did not answer a broadcast to answer to its name.
const directTime = 2 * time.Second

// byName asks each node that is missing itself: it may be connected and not subscribed to broadcasts.
func (v *view) byName(ctx context.Context) {
	v.mu.Lock()
	var names []string
	for _, n := range v.expected {
		if v.missing[n] {
			names = append(names, n)
		}
	}
	v.mu.Unlock()
	if len(names) == 0 || v.err != nil || !v.Config.DirectAddressing {
		return
	}
	var stats rpc.Stats
	call := rpc.Call{Agent: "rpcutil", Action: "ping", Data: new(mco.Map), Nodes: rpc.Known(names...), Timeout: directTime, Stats: &stats}
	deaf := map[string]bool{}
	for r, err := range v.client.Call(ctx, call) {
		if err != nil {
			break
		}
		deaf[r.Sender] = true
	}
	v.again(ctx, deaf)
	v.mu.Lock()
	defer v.mu.Unlock()
	for name := range deaf {
		n := v.node(name)
		n.Over, n.Deaf = append(n.Over, v.member.Addr), true
	}
	for _, s := range stats.Silent {
		n := v.node(s.Node)
		if n.silence.Reason == 0 || s.Reason < n.silence.Reason {
			n.silence = s
		}
	}
}

// Pause waits between two looks, and tells whether it was let.
func Pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
