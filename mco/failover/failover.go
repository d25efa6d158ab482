// Package failover looks at a fleet and the brokers of a pool together: which node is on which broker, which broker cannot be reached,
// who is missing, and what of that is wrong ([Look], [Status]), and judges it for monitoring ([Status.Judge]).
//
// Each member of the pool is asked in a session of its own, so that it does not matter where a client would land. Every node answers
// who is there, the original's too; those of ours are then asked where they stand (the agent bus). Nodes get questions and no more;
// what is kept is the list of those that were seen, for the next look. The package prints nothing: that is cli/failover's.
//
// Source of the facts: the original's lib/mcollective/connector/rabbitmq.rb (one broker of the pool at a time) and discovery/mc.rb.
package failover

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/management"
	"github.com/mco-go/mco-go/mco/rpc"
	"github.com/mco-go/mco-go/mco/security"
)

// DefaultTimeout is what [Options] has where it says nothing.
const DefaultTimeout = 5 * time.Second

// Member is one broker of the pool.
type Member struct {
	Addr string // host:port
	// Open makes a session with this broker alone, not yet started, under a name that no node has.
	Open func(identity string, log *slog.Logger) (connector.Connector, error)
}

// Pool is what a client's cfg file says about its brokers, in its order.
type Pool struct {
	Members   []Member
	Randomize bool // a client takes any member, not the first that is there
}

// Options says whom to ask. Config, Pool and Security must be set.
type Options struct {
	Config   *config.Config
	Pool     Pool
	Security security.Provider
	Timeout  time.Duration // for each broker to take us in, and again for the nodes to answer; 0: [DefaultTimeout]
	Expected []string      // the nodes that there should be; nil: those that were seen before
	Forget   bool          // those who answer now are the fleet; who was seen before does not count

	Management []*management.API // of members of the pool; what they cannot tell is a finding
}

// Look asks every broker and every node, and says what it found. The only errors are the end of ctx, and settings with which nobody
// could be asked: brokers that cannot be reached are part of what was found.
func Look(ctx context.Context, o Options) (*Status, error) {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if len(o.Pool.Members) == 0 {
		return nil, errors.New("the pool has no members")
	}
	if err := o.managed(); err != nil {
		return nil, err
	}
	l := &look{Options: o, memory: rpc.NewMemory(o.Config.Own.StateDir, o.Config.File+" failover"), seen: map[string]*Node{}}
	l.expect()
	l.slowest.Store(int64(leastGrace))
	for i, m := range o.Pool.Members {
		l.views = append(l.views, &view{look: l, member: m, number: i})
	}
	var brokers sync.WaitGroup
	brokers.Go(func() { l.told = l.manage(ctx) })
	defer brokers.Wait()
	l.everywhere(func(v *view) { v.open(ctx) })
	defer l.everywhere(func(v *view) { v.close() })
	l.roll(ctx)
	l.everywhere(func(v *view) { v.byName(ctx) })
	l.everywhere(func(v *view) { v.details(ctx) })
	brokers.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	s := l.status()
	if err := l.remember(s); err != nil {
		s.add(Finding{Level: Warning, Kind: Unkept, Text: "who was seen could not be kept, so that nobody would be missed the next time: " + err.Error(),
			Mend: "plugin.mco.state_dir names a folder that may be written to"})
	}
	return s, nil
}

// expect settles which nodes there should be.
func (l *look) expect() {
	l.expected = slices.Clone(l.Expected)
	if l.Expected == nil && !l.Forget {
		scope := rpc.NewMemory(l.Config.Own.StateDir, l.Config.File)
		l.expected = slices.Concat(l.memory.Fleet(l.Config.MainCollective), scope.Fleet(l.Config.MainCollective))
	}
	slices.Sort(l.expected)
	l.expected = slices.Compact(l.expected)
	l.missing = map[string]bool{}
	for _, n := range l.expected {
		l.missing[n] = true
	}
}

// remember keeps who was seen. A node that is missing stays known until it answers again or is forgotten on purpose: an alarm must not
// end because it was raised.
func (l *look) remember(s *Status) error {
	if l.Expected != nil {
		return nil
	}
	var names []string
	for _, n := range s.Nodes {
		names = append(names, n.Identity)
	}
	return l.memory.Remember(l.Config.MainCollective, names)
}

// everywhere does something at all brokers at once.
func (l *look) everywhere(do func(*view)) {
	var wg sync.WaitGroup
	for _, v := range l.views {
		wg.Go(func() { do(v) })
	}
	wg.Wait()
}
