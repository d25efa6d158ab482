package rpc

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

// Discovery is the question who is there. The zero value asks everybody in the main collective.
type Discovery struct {
	Collective string        // empty: the main collective
	Filter     mco.Filter    // what a node must match to answer
	Timeout    time.Duration // a hard limit, as an explicit --dt is: waited for to its end unless the set is complete. 0: [Quiet] decides
	Extra      time.Duration // time that data plugins named in a compound filter may take, added to whatever ends the wait
	Limit      int           // stop after so many answers; 0: none
	Expect     []string      // nodes that probably answer; nil: what [Memory] says. They only shorten or lengthen the wait
	Quiet      *Quiet        // nil: DefaultQuiet
}

// Pong is one node's answer.
type Pong struct {
	Node    string
	Latency time.Duration // from the question to the answer's arrival here
	Time    time.Time     // the node's clock when it answered, whole seconds
	Skew    time.Duration // how far the node's clock is ahead of ours; within a second it says nothing
	Broker  string        // which pool member brought it
}

// Found is a set of nodes to be asked.
type Found struct {
	Nodes      []string                 // in order of arrival, each once
	Took       time.Duration            // 0 when nobody was asked
	Listed     bool                     // the names were given, not discovered: requests to them are directed however many they are
	Duplicates int                      // answers of nodes that had answered before
	Skew       map[string]time.Duration // how far clocks are ahead of ours, where that is more than a second
	Broken     []Silence                // unverified senders of messages that could not be taken for answers

	troubles map[string]trouble
}

// Known returns the nodes that a file, a list or an operator named.
func Known(nodes ...string) *Found { return &Found{Nodes: nodes, Listed: true} }

// Discover finds the nodes that match. As in the original, an identity filter of plain names is its own answer: nobody is asked
// then, and the other filters do not count. An early end by ctx is no error; what was found until then is returned.
func (c *Client) Discover(ctx context.Context, d Discovery) (*Found, error) {
	if names, exact := exactIdentities(d.Filter); exact {
		return &Found{Nodes: unique(names), Listed: c.o.DirectAddressing}, nil
	}
	collective, err := c.collective(d.Collective)
	if err != nil {
		return nil, err
	}
	if !d.Filter.Empty() { // a node takes a filter of one collective and five empty lists for one that nothing matches
		d.Filter.Collective = collective
	}
	start := time.Now()
	f := &Found{Nodes: make([]string, 0, len(d.Expect)), Skew: map[string]time.Duration{}}
	ex, err := c.ask(ctx, d, func(p Pong) bool {
		f.Nodes = append(f.Nodes, p.Node)
		if p.Skew.Abs() > time.Second {
			f.Skew[p.Node] = p.Skew
		}
		return true
	})
	f.Took = max(time.Since(start), 1) // zero means that nobody was asked
	if ex != nil {
		ex.mu.Lock()
		f.Duplicates, f.troubles = ex.duplicates, ex.troubles
		ex.mu.Unlock()
		f.Broken = broken(f.troubles, nil)
	}
	return f, err
}

// Ping asks who is there and hands over each answer as it comes: `mco ping`. Breaking off the loop ends the wait. An error is the
// last thing handed over; an early end by ctx is none.
func (c *Client) Ping(ctx context.Context, d Discovery) iter.Seq2[Pong, error] {
	return func(yield func(Pong, error) bool) {
		broken := false
		_, err := c.ask(ctx, d, func(p Pong) bool {
			broken = !yield(p, nil)
			return !broken
		})
		if err != nil && !broken {
			yield(Pong{}, err)
		}
	}
}

// ask broadcasts a ping and hands each first answer of a node to each, until that says stop or the rules of d do.
func (c *Client) ask(ctx context.Context, d Discovery, each func(Pong) bool) (*exchange, error) {
	collective, err := c.collective(d.Collective)
	if err != nil {
		return nil, err
	}
	_, exact := exactIdentities(d.Filter)
	memory := c.o.Memory
	if exact || d.Limit > 0 {
		memory = nil // the answers are part of what there is
	}
	if d.Expect == nil {
		d.Expect = memory.recall(collective, d.Filter)
	}
	ex, err := c.begin(ctx, collective, mco.DiscoveryAgent, true, max(d.Limit, len(d.Expect)))
	if err != nil {
		return nil, err
	}
	defer c.end(ex)
	payload, err := c.encode(ex.id, mco.DiscoveryAgent, collective, 0, d.Filter, mco.String("ping"))
	if err != nil {
		return ex, err
	}
	c.announce(ex.id, mco.DiscoveryAgent, collective, c.o.TTL)

	start := time.Now()
	pctx, cancel := context.WithTimeout(ctx, max(c.o.PublishTimeout, d.Timeout))
	defer cancel()
	err = c.o.Connector.Publish(pctx, connector.Outgoing{
		Kind: connector.Broadcast, Collective: collective, Agent: mco.DiscoveryAgent,
		Sequence: ex.sequence, TTL: c.o.TTL, Payload: payload,
	})
	if err != nil {
		return ex, fmt.Errorf("publish discovery request: %w", err)
	}

	w := newWatch(d, c.o.TTL)
	var nodes []string
	broken := false
	err = ex.collect(ctx, func() time.Time { return start.Add(w.until()) }, func(a arrival) bool {
		t := a.at.Sub(start)
		if w.hard > 0 && t > w.hard {
			return false
		}
		over := w.add(a.reply.Sender, t)
		p := Pong{Node: a.reply.Sender, Latency: t, Time: a.reply.Time, Broker: a.broker}
		if !p.Time.IsZero() {
			p.Skew = p.Time.Sub(a.at.Truncate(time.Second))
		}
		nodes = append(nodes, p.Node)
		broken = !each(p)
		return !broken && !over
	})
	if ctx.Err() != nil || broken {
		return ex, nil // a caller who had enough
	}
	if err != nil {
		return ex, err
	}
	if d.Timeout > 0 && d.Timeout < w.quiet.Patience {
		return ex, nil // too short to tell who is there
	}
	if err := memory.remember(collective, d.Filter, nodes); err != nil {
		c.log.Debug("Remembering who answered: " + err.Error())
	}
	return ex, nil
}

// watch decides when a question is over.
type watch struct {
	quiet   Quiet
	seen    Seen
	hard    time.Duration // explicit limit, 0: none
	last    time.Duration // no answer is possible later than this: nodes drop the question when its TTL is over
	extra   time.Duration
	limit   int
	missing map[string]bool // who is expected and has not answered
	sealed  bool            // nobody else can answer
}

func newWatch(d Discovery, ttl time.Duration) *watch {
	w := &watch{quiet: DefaultQuiet(), last: ttl + d.Extra, extra: d.Extra, limit: d.Limit}
	if d.Quiet != nil {
		w.quiet = *d.Quiet
	}
	if d.Timeout > 0 {
		w.hard = d.Timeout + d.Extra
	}
	names, exact := exactIdentities(d.Filter)
	if !exact {
		names = d.Expect
	}
	w.sealed = exact
	w.missing = make(map[string]bool, len(names))
	for _, n := range names {
		w.missing[n] = true
	}
	w.seen.Known, w.seen.Missing = len(w.missing), len(w.missing)
	return w
}

// add notes an answer and tells whether the set is complete.
func (w *watch) add(node string, t time.Duration) (complete bool) {
	w.seen.Add(t)
	delete(w.missing, node)
	w.seen.Missing = len(w.missing)
	return w.limit > 0 && w.seen.Count >= w.limit || w.sealed && len(w.missing) == 0
}

// until returns when the question is over, counted from the question.
func (w *watch) until() time.Duration {
	if w.hard > 0 {
		return w.hard
	}
	return min(w.quiet.Until(w.seen)+w.extra, w.last)
}

// exactIdentities returns the names of an identity filter in which none is a pattern, and whether it is one.
func exactIdentities(f mco.Filter) ([]string, bool) {
	names := make([]string, 0, len(f.Identities))
	for _, v := range f.Identities {
		name, ok := v.AsString()
		if !ok || strings.HasPrefix(name, "/") {
			return nil, false
		}
		names = append(names, name)
	}
	return names, len(names) > 0
}

// unique returns names without repetitions, in order.
func unique(names []string) []string {
	seen := make(map[string]struct{}, len(names))
	out := make([]string, 0, len(names))
	for _, n := range names {
		if _, again := seen[n]; !again {
			seen[n] = struct{}{}
			out = append(out, n)
		}
	}
	return out
}

// announce logs a request as the original does.
func (c *Client) announce(id, agent, collective string, ttl time.Duration) {
	c.log.Info(fmt.Sprintf("Sending request %s for agent '%s' with ttl %d in collective '%s'", id, agent, int(ttl/time.Second), collective))
}
