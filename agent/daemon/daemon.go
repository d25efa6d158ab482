// Package daemon is the node: it receives requests from a connector, takes each through the fixed order of checks, lets the agents
// run it, and sends the reply. One Daemon is one node with its own connection, identity, facts and agents; nothing is shared or
// global, so that a process may hold thousands (agent/fleet).
//
// The order: size, bounded decode, signature, TTL and clock skew, repetition, filter, agent known, then agent.Runner's DDL,
// authorisation, audit and run. Everything refused on the way is counted and logged in the original's words; inputs of requests
// are never logged, only their names.
//
// A Daemon owns its goroutines: the receive loop is [Daemon.Run] itself, one more sends registrations, one each does what Options ask
// for in the background, and one per running request ends with it. Run returns when all of them have ended.
//
// Source of the facts: the original's lib/mcollective/runner.rb, agents.rb, message.rb, security/base.rb and runnerstats.rb.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/security"
	"github.com/mco-go/mco-go/mco/security/replay"
)

// Defaults of [Options].
const (
	DefaultConcurrency = 10               // requests that one agent works on at a time
	DefaultQueue       = 100              // requests that wait for one agent
	DefaultMaxMessage  = 8 << 20          // bytes of one message
	DefaultGrace       = 10 * time.Second // what running requests get to finish at the end
)

// Options say what a node is made of. Identity, Connector, Security and Load are needed; other zero values mean the defaults.
type Options struct {
	Identity       string
	Collectives    []string // default: mco.DefaultCollective
	MainCollective string
	Connector      connector.Connector // the Daemon starts and closes it
	Security       security.Provider
	Validity       security.Validity // how far in the future a request may come from
	TTL            time.Duration     // of replies and registrations; default mco.DefaultTTL
	Direct         bool              // direct_addressing: requests to this node alone are accepted

	// Load returns the agents, at the start and on [Daemon.Reload]. It logs what cannot be loaded; an error leaves the daemon with
	// the agents that it has. The Node is the daemon.
	Load func(agent.Node) (Agents, error)
	// Match tells whether a request's filter lets this node through. Nil: every filter does, which is for tests.
	Match func(mco.Request) (bool, error)
	// Runner authorises and audits; its Log and OnPanic are set by the Daemon.
	Runner agent.Runner
	// Registration is sent periodically; the zero value sends none.
	Registration Registration
	// Seen remembers requests, so that none runs twice; nil: a memory that ends with the daemon. One that is kept in a file needs its
	// Run in Background.
	Seen *replay.Memory
	// Background is run beside the daemon, each in a goroutine of its own: what agents and filters ask keeps itself fresh there. Each
	// returns soon after its context ends.
	Background []func(context.Context)

	Concurrency int           // per agent
	CallerRate  int           // requests that one caller may send a second; 0: no bound
	Queue       int           // per agent; beyond it callers are told that the node is busy
	MaxMessage  int           // bytes
	Grace       time.Duration // < 0: leave at once
	Log         *slog.Logger  // nil: none
}

// Agents are what a node has loaded: agents that are no RPC agents first.
type Agents struct {
	Plain []agent.Plain
	RPC   []Named
}

// Named is an RPC agent with the name of its DDL, which need not have been read yet.
type Named struct {
	Name string
	agent.Agent
}

// Daemon is one node. Make it with [New]; its methods are safe for concurrent use.
type Daemon struct {
	opt   Options
	log   *slog.Logger
	stats counters
	abort chan struct{}
	once  sync.Once // closes abort

	// Owned by the receive loop.
	skewTold time.Time // when the log last told of a clock ahead of ours
	rates    rates

	receiving atomic.Int64 // since when the receive loop works on its present message, Unix nanoseconds; 0: it waits for one

	kept   kept
	fates  fates
	loaded atomic.Pointer[loadedAgents]
	reload sync.Mutex // held while agents are exchanged

	jobs    sync.WaitGroup
	jobsCtx context.Context // of all running requests; set by Run before the receive loop
	mu      sync.Mutex      // guards running
	running map[*job]struct{}
}

// New checks o and returns a daemon that has not started.
func New(o Options) (*Daemon, error) {
	switch {
	case o.Identity == "":
		return nil, errors.New("daemon: no identity")
	case o.Connector == nil || o.Security == nil || o.Load == nil:
		return nil, errors.New("daemon: a connector, a security provider and agents are needed")
	}
	setDefault(&o.TTL, mco.DefaultTTL)
	setDefault(&o.Concurrency, DefaultConcurrency)
	setDefault(&o.Queue, DefaultQueue)
	setDefault(&o.MaxMessage, DefaultMaxMessage)
	setDefault(&o.Grace, DefaultGrace)
	setDefault(&o.MainCollective, mco.DefaultCollective)
	if len(o.Collectives) == 0 {
		o.Collectives = []string{mco.DefaultCollective}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d := &Daemon{opt: o, log: o.Log, abort: make(chan struct{})}
	if d.opt.Seen == nil {
		d.opt.Seen = &replay.Memory{Log: o.Log}
	}
	d.rates.perSecond = o.CallerRate
	d.opt.Runner.Log = o.Log
	if o.Runner.Authorizer != nil {
		d.opt.Runner.Authorizer = witness{o.Runner.Authorizer, &d.fates}
	}
	d.opt.Runner.OnPanic = func() { d.stats.panics.Add(1) }
	d.stats.start = time.Now()
	d.loaded.Store(new(loadedAgents))
	return d, nil
}

func setDefault[T comparable](field *T, value T) {
	if *field == *new(T) {
		*field = value
	}
}

// Run is the node's life: it connects, serves until ctx ends or the session is over, lets running requests finish within the
// grace period, answers them, and closes the connection. It may be called once. It returns nil after ctx ended, otherwise why the
// session was over.
func (d *Daemon) Run(ctx context.Context) error {
	// The session and the running requests outlive ctx: replies are still sent while the daemon ends.
	session, endSession := context.WithCancel(context.WithoutCancel(ctx))
	defer endSession()
	var endJobs context.CancelFunc
	d.jobsCtx, endJobs = context.WithCancel(session)
	defer endJobs()

	var beside sync.WaitGroup
	defer beside.Wait()
	background, endBackground := context.WithCancel(context.WithoutCancel(ctx)) // running requests may still ask
	defer endBackground()
	for _, work := range d.opt.Background {
		beside.Go(func() { work(background) })
	}
	if err := d.start(ctx, session); err != nil {
		return errors.Join(err, d.opt.Connector.Close())
	}
	var registering sync.WaitGroup
	if d.opt.Registration.Interval > 0 {
		registering.Go(func() { d.register(ctx) })
	}
	err := d.receive(ctx)
	if err != nil {
		d.log.Error("A failure occurred in the MCollective runner.")
		d.log.Error(err.Error())
	}
	registering.Wait()
	d.drain(endJobs)
	d.kept.stop()
	if closing := d.opt.Connector.Close(); closing != nil {
		d.log.Debug(fmt.Sprintf("Closing the connection failed: %s", closing))
	}
	return err
}

// Abort ends the grace period of a daemon that is ending: running requests are cancelled at once. It is idempotent.
func (d *Daemon) Abort() { d.once.Do(func() { close(d.abort) }) }

func (d *Daemon) start(ctx, session context.Context) error {
	agents, err := d.load()
	if err != nil {
		return fmt.Errorf("load agents: %w", err)
	}
	d.loaded.Store(agents)
	subs := agents.subscriptions(d.opt.Collectives)
	if d.opt.Direct {
		for _, c := range d.opt.Collectives {
			subs = append(subs, connector.Subscription{Kind: connector.Directed, Collective: c})
		}
	}
	if err := d.opt.Connector.Subscribe(ctx, subs...); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if err := d.opt.Connector.Start(session); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return nil
}

// drain lets running requests finish. What is left after the grace period, or after Abort, is cancelled and awaited: agents return
// soon after their context ends.
func (d *Daemon) drain(endJobs context.CancelFunc) {
	finished := make(chan struct{})
	go func() { d.jobs.Wait(); close(finished) }()
	if d.opt.Grace > 0 {
		grace := time.NewTimer(d.opt.Grace)
		defer grace.Stop()
		select {
		case <-finished:
		case <-grace.C:
			d.log.Warn("soft_shutdown_timeout reached. Terminating all running agent threads.")
		case <-d.abort:
		}
	}
	endJobs()
	<-finished
}

// Status returns the state of the node's session.
func (d *Daemon) Status() connector.Status { return d.opt.Connector.Status() }

// WaitReady blocks until the node's subscriptions are proven at a broker, ctx ends or the session is over.
func (d *Daemon) WaitReady(ctx context.Context) error { return d.opt.Connector.WaitReady(ctx) }
