package rpc

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

// run is one call on its way. One goroutine, the caller's, uses it.
type run struct {
	client  *Client
	call    Call
	stats   *Stats
	yield   func(Reply, error) bool
	stopped bool // the caller broke off the loop

	plan     plan
	body     mco.Value
	ex       *exchange
	expected map[string]bool // all nodes of the request
	waiting  map[string]bool // nodes of the batch under way that have not replied
	replied  map[string]bool
	evidence evidence
}

func (r *run) do(ctx context.Context) error {
	c, call := r.client, &r.call
	if err := c.check(call); err != nil {
		return err
	}
	collective, err := c.collective(call.Collective)
	if err != nil {
		return err
	}
	call.Collective = collective
	call.TTL = cmp.Or(call.TTL, c.o.TTL)
	call.Timeout = cmp.Or(call.Timeout, DefaultTimeout)
	call.PublishTimeout = cmp.Or(call.PublishTimeout, c.o.PublishTimeout)

	found, picked, err := r.targets(ctx)
	if err != nil {
		return err
	}
	if found.Listed && !c.o.DirectAddressing {
		return ErrNoDirect // a broadcast would reach more than the list
	}
	r.plan = c.plan(call, found, picked)
	r.stats.Discovered = picked
	r.stats.DiscoveryTime, r.stats.TotalTime = found.Took, found.Took
	if len(picked) == 0 && (r.plan.wait || r.plan.kind == connector.Directed || call.Pick != nil) {
		return nil // nobody to ask; the caller sees it in the statistics
	}
	start := time.Now()
	r.evidence = evidence{
		unsent: map[string]error{}, earlier: found.troubles, skew: found.Skew,
		ttl: call.TTL, listed: found.Listed || found.Took == 0, timeout: call.Timeout,
	}
	r.replied = make(map[string]bool, len(picked))
	r.expected = make(map[string]bool, len(picked))
	for _, n := range picked {
		r.expected[n] = true
	}
	err = r.prepare(ctx)
	if r.ex != nil {
		defer c.end(r.ex)
	}
	switch {
	case err != nil:
		r.evidence.unsentAll = err
	case !r.plan.wait:
		return r.sendOnly(ctx)
	default:
		r.evidence.before = c.o.Connector.Status()
		if err = r.batches(ctx); ctx.Err() != nil {
			err = nil // a caller who had enough
		}
	}
	r.stats.AgentTime = time.Since(start)
	r.stats.TotalTime = r.stats.AgentTime + r.stats.DiscoveryTime
	r.finish(ctx)
	return err
}

// prepare opens the request and makes its body.
func (r *run) prepare(ctx context.Context) error {
	c, call := r.client, &r.call
	var err error
	if r.body, err = c.body(call); err != nil {
		return err
	}
	r.ex, err = c.begin(ctx, call.Collective, call.Agent, r.plan.wait, len(r.stats.Discovered))
	if err != nil {
		return err
	}
	r.stats.RequestID = r.ex.id
	return nil
}

// payload encodes the request as of now: each batch has its own time, or nodes whose turn comes late would find the request too old.
func (r *run) payload() ([]byte, error) {
	return r.client.encode(r.ex.id, r.call.Agent, r.call.Collective, r.call.TTL, r.plan.filter, r.body)
}

// targets returns the nodes that are known or have to be discovered, and those of them that the request is for.
func (r *run) targets(ctx context.Context) (*Found, []string, error) {
	call, found := &r.call, r.call.Nodes
	if found == nil {
		_, exact := exactIdentities(call.Filter)
		wait := !call.NoResults && call.ReplyTo == ""
		if !wait && !exact && call.Pick == nil && !call.Direct {
			return new(Found), nil, nil
		}
		d := call.Discovery
		d.Collective, d.Filter = call.Collective, call.Filter
		if !slices.Contains(d.Filter.Agents, call.Agent) {
			d.Filter.Agents = append(slices.Clone(d.Filter.Agents), call.Agent)
		}
		var err error
		if found, err = r.client.Discover(ctx, d); err != nil {
			return nil, nil, err
		}
		if ctx.Err() != nil { // what was found until then is not what was asked for
			r.stats.Interrupted = true
			return nil, nil, fmt.Errorf("discovery: %w", ctx.Err())
		}
	}
	picked := unique(found.Nodes)
	if call.Pick != nil {
		var err error
		if picked, err = call.Pick(picked); err != nil {
			return nil, nil, err
		}
	}
	return found, picked, nil
}

// sendOnly publishes a request whose replies nobody waits for.
func (r *run) sendOnly(ctx context.Context) error {
	payload, err := r.payload()
	if err != nil {
		return err
	}
	p := r.client.publish(ctx, r, r.plan.nodes, payload)
	<-p.done
	return p.failure()
}

// batches sends the request batch by batch. Nodes whose turn does not come are noted as not asked.
func (r *run) batches(ctx context.Context) error {
	var err error
	for i, nodes := range r.plan.batches {
		over := err != nil || r.stopped || ctx.Err() != nil
		if i > 0 && !over {
			err = r.pause(ctx)
			over = err != nil || r.stopped || ctx.Err() != nil
		}
		if over {
			for _, n := range nodes {
				r.evidence.unsent[n] = errNoTurn
			}
			continue
		}
		err = r.batch(ctx, nodes)
	}
	return err
}

// batch sends the request to nodes and hands over replies until all of these have replied or their time is over. Replies of nodes
// of other batches that come meanwhile are handed over, too.
func (r *run) batch(ctx context.Context, nodes []string) error {
	payload, err := r.payload()
	if err != nil {
		for _, n := range nodes {
			r.evidence.unsent[n] = err
		}
		return err
	}
	r.waiting = make(map[string]bool, len(nodes))
	for _, n := range nodes {
		r.waiting[n] = true
	}
	pctx, cancel := context.WithCancel(ctx)
	p := r.client.publish(pctx, r, nodes, payload)
	defer func() {
		cancel()
		<-p.done
	}()
	end := func() time.Time {
		select {
		case <-p.done:
			if p.fatal {
				return p.start
			}
			if !r.call.Threaded {
				return p.finished.Add(r.call.Timeout)
			}
		default:
		}
		return p.start.Add(r.call.PublishTimeout + r.call.Timeout)
	}
	err = r.ex.collect(ctx, end, func(a arrival) bool {
		return !a.at.After(end()) && r.take(a, p.start) && len(r.waiting) > 0
	})
	cancel()
	<-p.done
	for node, err := range p.unsent {
		r.evidence.unsent[node] = err
	}
	if r.plan.kind == connector.Broadcast {
		r.evidence.unsentAll = p.err
	}
	if p.fatal {
		return fmt.Errorf("publish request: %w", p.err)
	}
	if err == nil && !r.stopped && len(r.waiting) > 0 {
		var silent []string
		for _, n := range nodes {
			if r.waiting[n] {
				silent = append(silent, n)
			}
		}
		r.client.log.Warn("Could not receive all responses. Did not receive responses from " + strings.Join(silent, ", "))
	}
	return err
}

// pause waits between two batches and hands over what comes meanwhile.
func (r *run) pause(ctx context.Context) error {
	start := time.Now()
	end := start.Add(r.call.Batch.Sleep)
	return r.ex.collect(ctx, func() time.Time { return end }, func(a arrival) bool { return r.take(a, start) })
}

// take counts a reply and hands it to the caller; false when he has had enough.
func (r *run) take(a arrival, asked time.Time) bool {
	reply := newReply(r.call.Agent, r.call.Action, a)
	reply.Latency = a.at.Sub(asked)
	reply.Unexpected = !r.expected[reply.Sender]
	delete(r.waiting, reply.Sender)
	r.replied[reply.Sender] = true
	r.stats.count(&reply)
	r.stopped = !r.yield(reply, nil)
	return !r.stopped
}

// finish completes the statistics: above all, who is silent and why.
func (r *run) finish(ctx context.Context) {
	s, e := r.stats, &r.evidence
	s.Interrupted = ctx.Err() != nil
	e.interrupted = s.Interrupted || r.stopped
	e.after = r.client.o.Connector.Status()
	if r.ex != nil {
		r.ex.mu.Lock()
		s.Duplicates, s.Late, e.troubles = r.ex.duplicates, r.ex.late, r.ex.troubles
		r.ex.mu.Unlock()
	}
	for _, n := range s.Discovered {
		if !r.replied[n] {
			s.NoResponse = append(s.NoResponse, n)
			s.Silent = append(s.Silent, e.explain(n))
		}
	}
	s.Broken = broken(e.troubles, s.Silent)
}
