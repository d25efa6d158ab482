// Package fleet runs many nodes in one process: real daemons, each with its own identity, facts and connection, for load figures
// against real brokers and for whoever sizes his brokers (`mco simulate`). What the nodes can share they share: the cfg file, the
// interface files, the classes.
//
// A node at rest has one goroutine besides those of its connection. A Fleet owns all of them; [Fleet.Run] returns when they have
// ended.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mco-go/mco-go/agent/daemon"
	"github.com/mco-go/mco-go/agent/node"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/ddl"
)

// Defaults of [Options].
const (
	DefaultParallel = 64               // nodes that connect at a time
	DefaultSettle   = 30 * time.Second // how long a node may take before the next one begins all the same
)

// Options describe a fleet. N, Config and Providers are needed.
type Options struct {
	N         int
	Config    *config.Config // of every node but for its identity
	Providers node.Providers
	Log       *slog.Logger
	Parallel  int
	// Identity names node i, from 1 on; nil: [Identity].
	Identity func(i int) string
	// Facts are those of node i; nil: [Facts].
	Facts func(i int) *mco.Map
	// OnReady is told of each node that became ready for the first time, with the number of those so far. It must not block.
	OnReady func(ready int)
}

// Fleet is a number of nodes. Make it with [New]; its methods are safe for concurrent use.
type Fleet struct {
	o     Options
	nodes []*daemon.Daemon
	ready atomic.Int64
}

// New builds the nodes; none connects yet.
func New(o Options) (*Fleet, error) {
	if o.N < 1 || o.Config == nil {
		return nil, errors.New("fleet: at least one node and a configuration are needed")
	}
	if o.Parallel < 1 {
		o.Parallel = DefaultParallel
	}
	if o.Identity == nil {
		o.Identity = Identity
	}
	if o.Facts == nil {
		o.Facts = Facts
	}
	f := &Fleet{o: o, nodes: make([]*daemon.Daemon, o.N)}
	ddls := &ddl.Cache{LibDirs: o.Config.LibDirs, Options: []ddl.Option{ddl.OnNode()}}
	for i := range f.nodes {
		c := *o.Config
		c.Identity = o.Identity(i + 1)
		facts := o.Facts(i + 1)
		d, err := node.Build(node.Options{
			Config: &c, Providers: o.Providers, Log: o.Log, DDLs: ddls,
			Facts: func() *mco.Map { return facts }, Classes: func() []string { return classes(facts) },
		})
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", c.Identity, err)
		}
		f.nodes[i] = d
	}
	return f, nil
}

// Run connects the nodes, a bounded number at a time, and serves until ctx ends. It returns when every node has ended, with what
// went wrong with the first few of those that ended before.
func (f *Fleet) Run(ctx context.Context) error {
	var (
		running sync.WaitGroup
		mu      sync.Mutex // guards failed
		failed  []error
	)
	slots := make(chan struct{}, f.o.Parallel)
	for i, d := range f.nodes {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		running.Go(func() {
			if err := d.Run(ctx); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if len(failed) < 5 {
					failed = append(failed, fmt.Errorf("node %s: %w", f.o.Identity(i+1), err))
				}
			}
		})
		running.Go(func() { f.settle(ctx, d, slots) })
	}
	running.Wait()
	return errors.Join(failed...)
}

// settle waits until d is ready and counts it. A node that takes long gives its turn to the next one and goes on trying.
func (f *Fleet) settle(ctx context.Context, d *daemon.Daemon, slots <-chan struct{}) {
	turn, cancel := context.WithTimeout(ctx, DefaultSettle)
	err := d.WaitReady(turn)
	cancel()
	<-slots
	if err != nil {
		err = d.WaitReady(ctx)
	}
	if err != nil {
		return // the session is over, or the fleet ends: Run's own business
	}
	ready := int(f.ready.Add(1))
	if f.o.OnReady != nil {
		f.o.OnReady(ready)
	}
}

// Len returns the number of nodes.
func (f *Fleet) Len() int { return len(f.nodes) }

// Node returns node i, counted from 0.
func (f *Fleet) Node(i int) *daemon.Daemon { return f.nodes[i] }

// Ready counts the nodes whose session is ready now.
func (f *Fleet) Ready() int {
	n := 0
	for _, d := range f.nodes {
		if d.Status().State == connector.Ready {
			n++
		}
	}
	return n
}

// classes are the classes of a node with these facts.
func classes(facts *mco.Map) []string {
	role, _ := facts.Get(mco.String("role"))
	name, _ := role.AsString()
	return []string{"simulated", "role::" + name}
}

// Identity is the name of node i of a simulated fleet.
func Identity(i int) string { return fmt.Sprintf("sim%04d.example.net", i) }

// Facts are the facts of node i of a simulated fleet: enough to filter by.
func Facts(i int) *mco.Map {
	pick := func(list ...string) mco.Value { return mco.String(list[i%len(list)]) }
	text := func(s string) mco.Value { return mco.String(s) }
	return mco.NewMap(
		mco.Pair{Key: text("fqdn"), Value: text(Identity(i))},
		mco.Pair{Key: text("number"), Value: text(fmt.Sprint(i))},
		mco.Pair{Key: text("osfamily"), Value: pick("Debian", "RedHat")},
		mco.Pair{Key: text("role"), Value: pick("web", "db", "cache", "queue")},
		mco.Pair{Key: text("datacenter"), Value: pick("north", "east", "south")},
		mco.Pair{Key: text("simulated"), Value: text("true")},
	)
}
