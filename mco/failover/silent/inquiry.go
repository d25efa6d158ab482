package silent

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/management"
	"github.com/mco-go/mco-go/mco/rpc"
)

// inquiry is one search for reasons.
type inquiry struct {
	Options
	status      *failover.Status
	subscribers map[string]management.Subscribers

	mu    sync.Mutex // guards found
	found map[string]*evidence
}

// evidence is what was learned of one silent node beyond the look.
type evidence struct {
	again    bool          // it was asked again over a broker over which it answers
	heard    []string      // brokers over which it answered a question to everybody, asked again
	matched  bool          // it answered with its filter
	unpassed bool          // it answered without its filter, and not with it
	skew     time.Duration // how far its clock is ahead of ours
	clock    bool          // skew is known
	ageless  string        // the broker over which it answered what has no age
	fate     *fate
}

// desk is a session with one broker.
type desk struct {
	*inquiry
	addr   string
	conn   connector.Connector
	client *rpc.Client
}

// of returns the record of a node. mu is held.
func (x *inquiry) of(node string) *evidence {
	e := x.found[node]
	if e == nil {
		e = new(evidence)
		x.found[node] = e
	}
	return e
}

// seen is what the look found of a node; nil: nothing.
func (x *inquiry) seen(node string) *failover.Node {
	i, ok := slices.BinarySearchFunc(x.status.Nodes, node, func(n failover.Node, name string) int {
		switch {
		case n.Identity < name:
			return -1
		case n.Identity > name:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &x.status.Nodes[i]
}

// over returns the broker over which a node is asked again: one of those that were asked, if it answers there.
func (x *inquiry) over(node string) string {
	n := x.seen(node)
	if n == nil || len(n.Over) == 0 {
		return ""
	}
	for _, b := range n.Over {
		if slices.Contains(x.Via, b) {
			return b
		}
	}
	return n.Over[0]
}

// gather asks, at all brokers at once, what tells reasons apart.
func (x *inquiry) gather(ctx context.Context) {
	var wg sync.WaitGroup
	if x.Subscribers != nil {
		wg.Go(func() { x.subscribers = x.Subscribers(ctx, x.Config.MainCollective) })
	}
	for i, m := range x.Pool.Members {
		if b := x.status.Brokers[i]; b.Error != "" && b.Over == 0 {
			continue
		}
		d := &desk{inquiry: x, addr: m.Addr}
		var here, nowhere []Asked
		for _, a := range x.Asked {
			switch x.over(a.Node) {
			case m.Addr:
				here = append(here, a)
			case "":
				nowhere = append(nowhere, a)
			}
		}
		if len(here)+len(nowhere) == 0 {
			continue
		}
		wg.Go(func() {
			if err := d.open(ctx, m, i); err != nil {
				d.close()
				return // the look could: what it saw stands
			}
			defer d.close()
			d.again(ctx, here)
			d.withoutAge(ctx, nowhere)
		})
	}
	wg.Wait()
}

func (d *desk) open(ctx context.Context, m failover.Member, number int) (err error) {
	if d.conn, err = m.Open(fmt.Sprintf("%s-silent-%d", d.Config.Identity, number+1), slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	if err = d.conn.Start(ctx); err != nil {
		return err
	}
	ready, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	if err = d.conn.WaitReady(ready); err != nil {
		return err
	}
	d.client, err = rpc.New(d.options())
	return err
}

func (d *desk) options() rpc.Options {
	o := rpc.OptionsFromConfig(d.Config)
	o.Connector, o.Security, o.Memory = d.conn, d.Security, nil // what is asked here is no fleet
	return o
}

func (d *desk) close() {
	if d.conn != nil {
		_ = d.conn.Close() // what is left of the session is gone in any case
	}
}

// again asks nodes that answer over this broker once more: everybody, everybody with the filter, and what became of a request.
func (d *desk) again(ctx context.Context, nodes []Asked) {
	if len(nodes) == 0 {
		return
	}
	var names []string
	var filters []mco.Filter
	for _, a := range nodes {
		names = append(names, a.Node)
		if a.filtered() && !slices.ContainsFunc(filters, func(f mco.Filter) bool { return reflect.DeepEqual(f, a.Filter) }) {
			filters = append(filters, a.Filter)
		}
	}
	plain := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(plain)
		d.ping(ctx, mco.Filter{}, names, nil, func(p rpc.Pong) {
			e := d.of(p.Node)
			e.heard = append(e.heard, d.addr)
			e.skew, e.clock = p.Skew, true
		})
	})
	for _, f := range filters {
		easier := plain
		if !cheap(f) {
			easier = nil
		}
		wg.Go(func() { d.ping(ctx, f, names, easier, func(p rpc.Pong) { d.matches(p.Node, f) }) })
	}
	wg.Go(func() { d.fates(ctx, nodes) })
	wg.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range nodes {
		e := d.of(a.Node)
		e.again = true
		e.unpassed = a.filtered() && len(e.heard) > 0 && !e.matched
	}
}

// filtered tells whether a node's own filter decides whether it answers.
func (a *Asked) filtered() bool { return !a.Filter.Empty() }

// cheap tells whether a filter is decided as fast as none: facts may have to be gathered first, and data plugins be asked.
func cheap(f mco.Filter) bool { return len(f.Facts)+len(f.Compound) == 0 }

// matches notes that a node passes a filter, if it is its own.
func (x *inquiry) matches(node string, f mco.Filter) {
	for _, a := range x.Asked {
		if a.Node == node && reflect.DeepEqual(a.Filter, f) {
			x.of(node).matched = true
		}
	}
}

// ping asks who is there, until all names have answered or their time is over. With easier, which tells that the same nodes have answered
// a question without a filter, it waits little longer than that took.
func (d *desk) ping(ctx context.Context, f mco.Filter, names []string, easier <-chan struct{}, each func(rpc.Pong)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	start := time.Now()
	var patience sync.WaitGroup
	if easier != nil {
		patience.Go(func() {
			select {
			case <-easier:
			case <-ctx.Done():
				return
			}
			rest := time.NewTimer(max(2*time.Since(start), leastWait))
			defer rest.Stop()
			select {
			case <-rest.C:
				cancel()
			case <-ctx.Done():
			}
		})
	}
	missing := map[string]bool{}
	for _, n := range names {
		missing[n] = true
	}
	for pong, err := range d.client.Ping(ctx, rpc.Discovery{Filter: f, Expect: names, Timeout: answerTime, Extra: d.Extra}) {
		if err != nil {
			break
		}
		if !missing[pong.Node] {
			continue
		}
		d.mu.Lock()
		each(pong)
		d.mu.Unlock()
		if delete(missing, pong.Node); len(missing) == 0 {
			break
		}
	}
	cancel()
	patience.Wait()
}
