package daemon

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco/connector"
)

// loadedAgents is one immutable set of agents; a reload makes another.
type loadedAgents struct {
	names  []string // in load order
	byName map[string]*loadedAgent
}

// loadedAgent is one agent: rpc or plain is set.
type loadedAgent struct {
	name  string
	rpc   agent.Agent
	plain agent.Plain
	quick agent.Quick           // nil: no action is quick
	meta  func() agent.Metadata // reads the DDL at the first call
	lane  *lane
}

// load asks for the agents. One that has the name of another that came before is left out, as the first of several is used.
func (d *Daemon) load() (*loadedAgents, error) {
	found, err := d.opt.Load(d)
	if err != nil {
		return nil, err
	}
	set := &loadedAgents{byName: make(map[string]*loadedAgent, len(found.Plain)+len(found.RPC))}
	for _, p := range found.Plain {
		set.add(&loadedAgent{name: p.Metadata().Agent, plain: p, quick: quick(p), meta: p.Metadata}, d.opt)
	}
	for _, a := range found.RPC {
		set.add(&loadedAgent{
			name: a.Name, rpc: a.Agent, quick: quick(a.Agent),
			meta: sync.OnceValue(func() agent.Metadata { return agent.Describe(a.DDL()) }),
		}, d.opt)
	}
	return set, nil
}

// quick returns the ability of an agent to answer at once, nil if it has none.
func quick(a any) agent.Quick {
	q, _ := a.(agent.Quick)
	return q
}

func (s *loadedAgents) add(a *loadedAgent, o Options) {
	if _, taken := s.byName[a.name]; taken {
		return
	}
	a.lane = &lane{concurrency: o.Concurrency, queue: o.Queue}
	s.byName[a.name] = a
	s.names = append(s.names, a.name)
}

func (s *loadedAgents) subscriptions(collectives []string) []connector.Subscription {
	subs := make([]connector.Subscription, 0, len(s.names)*len(collectives))
	for _, name := range s.names {
		for _, c := range collectives {
			subs = append(subs, connector.Subscription{Kind: connector.Broadcast, Collective: c, Agent: name})
		}
	}
	return subs
}

// Reload loads the agents again and subscribes for those that are new; requests to the others arrive all the while. Requests that
// run already end with the agent that they began with.
func (d *Daemon) Reload(ctx context.Context) error {
	d.reload.Lock()
	defer d.reload.Unlock()
	fresh, err := d.load()
	if err != nil {
		return fmt.Errorf("load agents: %w", err)
	}
	before, after := d.loaded.Load().subscriptions(d.opt.Collectives), fresh.subscriptions(d.opt.Collectives)
	d.loaded.Store(fresh)
	if err := d.opt.Connector.Subscribe(ctx, missing(after, before)...); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if err := d.opt.Connector.Unsubscribe(ctx, missing(before, after)...); err != nil {
		return fmt.Errorf("unsubscribe: %w", err)
	}
	return nil
}

// missing returns what is in all and not in have.
func missing(all, have []connector.Subscription) []connector.Subscription {
	return slices.DeleteFunc(slices.Clone(all), func(s connector.Subscription) bool { return slices.Contains(have, s) })
}

// Identity returns the node's name on the bus.
func (d *Daemon) Identity() string { return d.opt.Identity }

// Agents lists the names of the loaded agents in load order. The slice is to be read only.
func (d *Daemon) Agents() []string { return d.loaded.Load().names }

// Inventory describes the loaded agents in load order.
func (d *Daemon) Inventory() []agent.Metadata {
	set := d.loaded.Load()
	list := make([]agent.Metadata, len(set.names))
	for i, name := range set.names {
		list[i] = set.byName[name].meta()
	}
	return list
}

var _ agent.Node = (*Daemon)(nil)
