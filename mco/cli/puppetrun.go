package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/filter"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/rpc"
)

// puppetFleet is what running all nodes asks of a fleet.
type puppetFleet interface {
	// enabled finds the nodes on which Puppet may run.
	enabled() ([]string, error)
	// status asks what Puppet is doing on nodes. Silent ones are missing.
	status(nodes []string) ([]rpc.Reply, error)
	// run starts a run on a node; nil is no reply.
	run(node string) (*rpc.Reply, error)
}

// puppetRunner runs Puppet on all nodes, so many at a time as the concurrency says (util/puppetrunner.rb). A node counts as running
// from the moment that a run was asked for until its last run is not older than that.
type puppetRunner struct {
	fleet       puppetFleet
	concurrency int
	log         func(string)
}

// How often a node may stay silent, or be seen without a run that was asked for, before it no longer counts.
const (
	maxSilent = 5
	maxChecks = 5
)

// runState is what is known of a node that is running, or was asked to.
type runState struct {
	node              string
	initiatedAt       int64 // seconds, by the node's clock
	checks, noReplies int
}

// once runs every node once.
func (p *puppetRunner) once(ctx context.Context) error {
	p.log(fmt.Sprintf("Running all nodes with a concurrency of %d", p.concurrency))
	p.log("Discovering enabled Puppet nodes to manage")
	nodes, err := p.fleet.enabled()
	if err != nil {
		return err
	}
	noun := "nodes"
	if len(nodes) == 1 {
		noun = "node"
	}
	p.log(fmt.Sprintf("Found %d enabled %s", len(nodes), noun))
	if len(nodes) > 0 {
		if err := p.runNodes(ctx, nodes); err != nil {
			return err
		}
	}
	p.log(fmt.Sprintf("Iteration complete. Initiated a Puppet run on %d nodes.", len(nodes)))
	return nil
}

func (p *puppetRunner) runNodes(ctx context.Context, nodes []string) error {
	waiting := slices.Clone(nodes)
	running, err := p.look(nodes, nil)
	for len(waiting) > 0 && err == nil {
		for _, node := range slices.Clone(waiting) {
			if len(running) >= p.concurrency {
				break
			}
			if slices.ContainsFunc(running, func(r *runState) bool { return r.node == node }) {
				continue // a run of its own is going on
			}
			at, err := p.start(node)
			if err != nil {
				return err
			}
			running = append(running, &runState{node: node, initiatedAt: at})
			waiting = slices.DeleteFunc(waiting, func(n string) bool { return n == node })
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
		running, err = p.look(nodes, running)
	}
	return err
}

// start asks one node to run and returns when it says that it did.
func (p *puppetRunner) start(node string) (int64, error) {
	r, err := p.fleet.run(node)
	switch {
	case err != nil:
		return 0, err
	case r == nil:
		p.log(node + " did not return a result")
		return 0, nil
	case r.Code == mco.OK:
		p.log(node + " schedule status: " + valueOf(*r, "summary"))
	default:
		p.log(node + " schedule status: " + r.Message)
	}
	return lenientInt(valueOf(*r, "initiated_at")), nil
}

// look asks all nodes what they do, and returns those that are running.
func (p *puppetRunner) look(nodes []string, running []*runState) ([]*runState, error) {
	replies, err := p.fleet.status(nodes)
	if err != nil {
		return nil, err
	}
	answers := make(map[string]rpc.Reply, len(replies))
	for _, r := range replies {
		answers[r.Sender] = r
	}
	known := make(map[string]*runState, len(running))
	for _, r := range running {
		known[r.node] = r
	}
	for _, node := range nodes {
		state := known[node]
		if state == nil {
			state = &runState{node: node}
			running = append(running, state)
		}
		answer, answered := answers[node]
		if p.over(state, answer, answered) {
			running = slices.DeleteFunc(running, func(r *runState) bool { return r.node == node })
		}
	}
	return running, nil
}

// over tells whether a node no longer counts as running.
func (p *puppetRunner) over(state *runState, answer rpc.Reply, answered bool) bool {
	applying, _ := answer.Data.Field("applying").AsBool()
	switch {
	case !answered:
		p.log("Host " + state.node + " did not respond to the status action.")
		state.noReplies++
	case applying:
		if at, ok := answer.Data.Field("initiated_at").AsInt(); ok {
			state.initiatedAt = at
		}
	case lenientInt(valueOf(answer, "lastrun")) >= state.initiatedAt:
		return true
	default:
		state.checks++ // asked to run, and not seen to do so yet
	}
	switch {
	case state.noReplies >= maxSilent:
		p.log("Host " + state.node + " failed to respond multiple times. Skipping.")
		return true
	case state.checks >= maxChecks:
		p.log("Host " + state.node + " did not move into an applying state. Skipping.")
		return true
	}
	return false
}

// forever runs all nodes again and again, no more often than least says.
func (p *puppetRunner) forever(ctx context.Context, least time.Duration) error {
	seconds := int(least / time.Second)
	p.log(fmt.Sprintf("Performing ongoing Puppet run management with a minimum runtime of %d seconds between loops", seconds))
	for {
		start := time.Now()
		if err := p.once(ctx); ctx.Err() != nil {
			return exit(1)
		} else if err != nil {
			p.log("Running nodes failed: " + err.Error())
		}
		took := time.Since(start)
		text := fmt.Sprintf("Running all hosts took %d seconds; ", int(took/time.Second))
		if took > least {
			p.log(text + fmt.Sprintf("starting a new loop immediately due to minimum run time configuration of %d secnods", seconds))
			continue
		}
		p.log(text + fmt.Sprintf("sleeping for %d seconds due to minimum run time configuration of %d seconds", int((least-took)/time.Second), seconds))
		if err := pause(ctx, least-took); err != nil {
			return err
		}
	}
}

// pause waits, or ends the command when the operator does.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return exit(1)
	case <-time.After(d):
		return nil
	}
}

// runAll is `mco puppet runall N`.
func (c *puppetCommand) runAll(s *session) error {
	own := len(s.opts.filter.Compound) > 0
	if err := onlyEnabled(&s.opts.filter); err != nil {
		return err
	}
	a, err := s.agent("puppet", false)
	if err != nil {
		return err
	}
	a.progress = false
	say := func(text string) {
		fmt.Fprintf(s.out, "%s: %s\n", time.Now().Format(time.DateTime), s.show(text))
		s.log.Debug(text)
	}
	arguments := c.arguments()
	arguments.SetSymbol("force", mco.Bool(true))
	p := &puppetRunner{fleet: &runningFleet{a, own, arguments, say}, concurrency: c.concurrency, log: say}
	if c.rerun != nil {
		return p.forever(s.ctx, seconds(*c.rerun))
	}
	return p.once(s.ctx)
}

// onlyEnabled makes a filter also ask for nodes on which Puppet is enabled. A compound filter of the operator's is put behind that,
// in parentheses.
func onlyEnabled(f *mco.Filter) error {
	stack, err := filter.ParseCompound("puppet().enabled=true", false)
	if err != nil {
		return err
	}
	if len(f.Compound) == 0 {
		f.Compound = []mco.Value{stack}
		return nil
	}
	word := func(w string) mco.Value {
		return mco.Hash(mco.NewMap(mco.Pair{Key: mco.String(w), Value: mco.String(w)}))
	}
	mine, _ := stack.AsList()
	theirs, _ := f.Compound[0].AsList()
	f.Compound = slices.Clone(f.Compound)
	f.Compound[0] = mco.List(slices.Concat(mine, []mco.Value{word("and"), word("(")}, theirs, []mco.Value{word(")")})...)
	return nil
}

// runningFleet is the fleet behind a client of the agent puppet.
type runningFleet struct {
	a         *agentClient
	filtered  bool     // the operator has a compound filter of his own
	arguments *mco.Map // of runonce
	log       func(string)
}

func (f *runningFleet) enabled() ([]string, error) {
	if f.filtered {
		f.log("Modifying user-specified filter: and'ing with 'puppet().enabled=true'")
	}
	f.a.found = nil
	found, err := f.a.discover(f.a.s.opts.verbose)
	if err != nil {
		return nil, err
	}
	f.a.s.log.Debug("Enabled nodes are " + inspect.Inspect(mco.Strings(found.Nodes...)))
	return found.Nodes, nil
}

func (f *runningFleet) status(nodes []string) ([]rpc.Reply, error) {
	return f.a.askNodes("status", nil, nodes...)
}

func (f *runningFleet) run(node string) (*rpc.Reply, error) {
	replies, err := f.a.askNodes("runonce", mco.NewMap(f.arguments.Pairs()...), node)
	if len(replies) == 0 {
		return nil, err
	}
	return &replies[0], err
}
