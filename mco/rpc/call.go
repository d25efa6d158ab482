package rpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

// Call is one request of an RPC agent. Agent and Action must be set. Its inputs are sent as they are: whoever makes a Call has
// validated them against the agent's DDL and added its defaults.
type Call struct {
	Agent  string
	Action string
	Data   *mco.Map // inputs, by Symbol; not changed

	Collective string     // empty: the main collective
	Filter     mco.Filter // of a broadcast; the agent is added
	Nodes      *Found     // who is to reply, from Discover or Known; nil: they are discovered first
	Discovery  Discovery  // how, where Nodes is nil; its Collective and Filter are those of the call
	Direct     bool       // address each node, however many there are

	// Pick chooses some of the nodes (--limit, --one). The request goes to those alone.
	Pick func(nodes []string) ([]string, error)
	// Batch, where its size is not 0, sends the request to so many nodes at a time.
	Batch Batch

	Timeout        time.Duration // how long to wait for replies after publishing, per batch; 0: DefaultTimeout
	TTL            time.Duration // 0: the client's
	PublishTimeout time.Duration // 0: the client's
	Threaded       bool          // as threaded = 1: the wait is Timeout + PublishTimeout from the start of publishing

	NoResults bool   // tell the nodes not to reply, and do not wait
	ReplyTo   string // let the replies go elsewhere, and do not wait

	// Stats, where not nil, is set while the replies are read.
	Stats *Stats
}

// DefaultTimeout is the wait of a call that names none: an agent's default timeout of 10 s and the discovery timeout of 2 s.
const DefaultTimeout = 12 * time.Second

// Batch is the size of batches and the pause between them. The zero Batch means no batches.
type Batch struct {
	Size    int // nodes, or percent of all
	Percent bool
	Sleep   time.Duration
}

// split cuts nodes into batches.
func (b Batch) split(nodes []string) [][]string {
	size := b.Size
	if b.Percent {
		size = (len(nodes)*b.Size + 99) / 100
	}
	if size <= 0 || size >= len(nodes) {
		return [][]string{nodes}
	}
	return slices.Collect(slices.Chunk(nodes, size))
}

// Errors of calls that contradict themselves or the configuration. The texts are the original's.
var (
	ErrNoDirect     = errors.New("Direct requests is not enabled using the direct_addressing config option")
	ErrBatchDirect  = errors.New("Batched requests requires direct addressing")
	ErrBatchResults = errors.New("Cannot bypass result processing for batched requests")
)

// errNoTurn is why nodes of later batches were not asked.
var errNoTurn = errors.New("the call ended before the turn of its batch")

// Call sends a request and hands over each reply as it comes. The loop ends when everybody has replied, the timeout is over, or
// ctx ends; breaking it off stops the wait. An error is the last thing handed over and means that the request, or the rest of it,
// could not be made; that nodes stay silent is no error but found in [Stats].
//
// Where nobody waits for replies the loop has no turns; the request is made all the same.
func (c *Client) Call(ctx context.Context, call Call) iter.Seq2[Reply, error] {
	return func(yield func(Reply, error) bool) {
		r := &run{client: c, call: call, stats: call.Stats, yield: yield}
		if r.stats == nil {
			r.stats = new(Stats)
		}
		*r.stats = Stats{Start: c.o.Now()}
		if err := r.do(ctx); err != nil && !r.stopped {
			yield(Reply{}, err)
		}
	}
}

// check refuses what cannot be done before anything is sent.
func (c *Client) check(call *Call) error {
	batch := call.Batch.Size > 0
	switch {
	case call.Agent == "" || call.Action == "":
		return errors.New("No agent, action and arguments specified") //nolint:staticcheck // the original's text
	case call.Direct && !c.o.DirectAddressing:
		return ErrNoDirect
	case batch && !c.o.DirectAddressing:
		return ErrBatchDirect
	case batch && (call.NoResults || call.ReplyTo != ""):
		return ErrBatchResults
	}
	return nil
}

// plan is what goes on the wire for one call.
type plan struct {
	kind    connector.Kind
	filter  mco.Filter
	nodes   []string   // who is waited for; with Directed also who is sent to
	batches [][]string // nodes, in parts
	wait    bool
}

// plan decides which kind of message a call becomes. It is pure.
//
// A forced directed request carries no filter but the agent's: whoever was named is meant. A request that is directed only because
// few nodes are meant keeps its filter, as the original's does on the wire: it encodes before it notices (message.rb).
func (c *Client) plan(call *Call, found *Found, picked []string) plan {
	p := plan{nodes: picked, wait: !call.NoResults && call.ReplyTo == ""}
	agentOnly := mco.Filter{Agents: []string{call.Agent}}
	limited := call.Pick != nil
	forced := call.Direct || found.Listed || call.Batch.Size > 0 || limited && p.wait
	few := p.wait && c.o.Threshold > 0 && len(picked) <= c.o.Threshold
	p.filter = call.Filter
	if limited {
		p.filter = agentOnly
		p.filter.Identities = []mco.Value{mco.Re(mco.Regexp{Source: "^(" + strings.Join(picked, "|") + ")$"})}
	} else if !slices.Contains(p.filter.Agents, call.Agent) {
		p.filter.Agents = append(slices.Clone(p.filter.Agents), call.Agent)
	}
	switch {
	case c.o.DirectAddressing && forced:
		p.kind, p.filter = connector.Directed, agentOnly
	case c.o.DirectAddressing && few:
		p.kind = connector.Directed
	default:
		p.kind = connector.Broadcast
	}
	p.batches = call.Batch.split(picked)
	return p
}

// body makes the inner body of a request. Nodes are told whether we wait, except in batches and where the replies go elsewhere,
// where the original says nothing and they reply.
func (c *Client) body(call *Call) (mco.Value, error) {
	caller, err := c.o.Security.CallerID()
	if err != nil {
		return mco.Value{}, err
	}
	data := mco.SymbolMap(call.Data.Len() + 1)
	for k, v := range call.Data.All() {
		data.Set(k, v)
	}
	if call.NoResults || call.ReplyTo == "" && call.Batch.Size == 0 {
		data.SetSymbol("process_results", mco.Bool(!call.NoResults))
	}
	m := mco.SymbolMap(4)
	m.SetSymbol("agent", mco.String(call.Agent))
	m.SetSymbol("action", mco.String(call.Action))
	m.SetSymbol("caller", mco.String(caller))
	m.SetSymbol("data", mco.Hash(data))
	return mco.Hash(m), nil
}

// run is one call on its way. One goroutine, the caller's, uses it.
type run struct {
	client  *Client
	call    Call
	stats   *Stats
	yield   func(Reply, error) bool
	stopped bool // the caller broke off the loop

	plan     plan
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
	body, err := c.body(call)
	if err != nil {
		return err
	}

	start := time.Now()
	r.ex, err = c.begin(ctx, collective, call.Agent, r.plan.wait, len(picked))
	if err != nil {
		return err
	}
	defer c.end(r.ex)
	r.stats.RequestID = r.ex.id
	payload, err := c.encode(r.ex.id, call.Agent, collective, call.TTL, r.plan.filter, body)
	if err != nil {
		return err
	}
	if !r.plan.wait {
		return r.sendOnly(ctx, payload)
	}
	r.evidence = evidence{
		unsent: map[string]error{}, before: c.o.Connector.Status(), earlier: found.troubles,
		skew: found.Skew, ttl: call.TTL, listed: found.Listed || found.Took == 0, timeout: call.Timeout,
	}
	r.replied = make(map[string]bool, len(picked))
	r.expected = make(map[string]bool, len(picked))
	for _, n := range picked {
		r.expected[n] = true
	}
	err = r.batches(ctx, payload)
	r.stats.AgentTime = time.Since(start)
	r.stats.TotalTime = r.stats.AgentTime + r.stats.DiscoveryTime
	r.finish(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return err
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
func (r *run) sendOnly(ctx context.Context, payload []byte) error {
	p := r.client.publish(ctx, r, r.plan.nodes, payload)
	<-p.done
	return p.failure()
}

// batches sends the request batch by batch. Nodes whose turn does not come are noted as not asked.
func (r *run) batches(ctx context.Context, payload []byte) error {
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
		err = r.batch(ctx, nodes, payload)
	}
	return err
}

// batch sends the request to nodes and hands over replies until all of these have replied or their time is over. Replies of nodes
// of other batches that come meanwhile are handed over, too.
func (r *run) batch(ctx context.Context, nodes []string, payload []byte) error {
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
	err := r.ex.collect(ctx, end, func(a arrival) bool {
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
	r.ex.mu.Lock()
	s.Duplicates, s.Late, e.troubles = r.ex.duplicates, r.ex.late, r.ex.troubles
	r.ex.mu.Unlock()
	for _, n := range s.Discovered {
		if !r.replied[n] {
			s.NoResponse = append(s.NoResponse, n)
			s.Silent = append(s.Silent, e.explain(n))
		}
	}
	s.Broken = broken(e.troubles, s.Silent)
}
