package cli

import (
	"fmt"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/rpc"
)

// agentClient is one agent as an application sees it: its DDL, and the nodes that the options mean, which are looked for once and
// kept. It is what the original's rpcclient gives (rpc/client.rb).
type agentClient struct {
	s        *session
	ddl      *ddl.DDL
	search   *search
	progress bool       // as --np leaves it; applications switch it off
	found    *rpc.Found // nil: nobody was looked for yet
	stats    *rpc.Stats // of the last call that waited for replies; nil: none did
}

// agent loads an agent's DDL and settles how its nodes are found. detect allows that their names come on standard input.
func (s *session) agent(name string, detect bool) (*agentClient, error) {
	d, err := ddl.Load(s.cfg.LibDirs, ddl.Agent, name)
	if err != nil {
		return nil, err
	}
	for _, w := range d.Warnings {
		s.log.Warn(w)
	}
	search, err := s.newSearch(name, detect)
	if err != nil {
		return nil, err
	}
	return &agentClient{s: s, ddl: d, search: search, progress: s.opts.progress}, nil
}

// discover returns the nodes of the agent that the options mean. Whoever stops the search does not want anything to be sent.
func (a *agentClient) discover(announce bool) (*rpc.Found, error) {
	if a.found != nil {
		return a.found, nil
	}
	found, err := a.search.run(announce)
	if err != nil {
		return nil, err
	}
	if a.s.interrupted() {
		return nil, exit(1)
	}
	a.found = found
	return found, nil
}

// request makes the call that the options ask for, without its nodes: defaults are added to data, and the whole is checked.
func (a *agentClient) request(action string, data *mco.Map) (rpc.Call, error) {
	if data == nil {
		data = new(mco.Map)
	}
	a.ddl.ApplyDefaults(action, data)
	if err := a.ddl.Validate(action, data); err != nil {
		return rpc.Call{}, err
	}
	call := a.s.call(a.ddl.Name, action, data, a.search, a.ddl)
	call.Stats = new(rpc.Stats)
	return call, nil
}

// each calls an action of the nodes that the options mean and hands over the replies as they come. With --reply-to none come.
func (a *agentClient) each(action string, data *mco.Map, block func(rpc.Reply) error) error {
	call, err := a.request(action, data)
	if err != nil {
		return err
	}
	if call.ReplyTo != "" {
		return a.s.publish(a.search, &call)
	}
	if call.Nodes, err = a.discover(a.s.opts.verbose); err != nil {
		return err
	}
	return a.perform(call, block)
}

// ask calls an action of one node, whatever the filters say (custom_request), and returns its reply, nil where none came.
func (a *agentClient) ask(node, action string) (*rpc.Reply, error) {
	replies, err := a.askNodes(action, nil, node)
	if len(replies) == 0 {
		return nil, err
	}
	return &replies[0], err
}

// askNodes calls an action of the nodes that are named, whatever the filters say.
func (a *agentClient) askNodes(action string, data *mco.Map, nodes ...string) ([]rpc.Reply, error) {
	call, err := a.request(action, data)
	if err != nil {
		return nil, err
	}
	call.Filter = mco.Filter{}
	for _, node := range nodes {
		call.Filter.Identities = append(call.Filter.Identities, mco.String(node))
	}
	call.Pick, call.Batch = nil, rpc.Batch{}
	call.Nodes = &rpc.Found{Nodes: nodes, Listed: a.s.cfg.DirectAddressing}
	if call.ReplyTo != "" {
		return nil, fmt.Errorf("--reply-to sends the replies of %s elsewhere: there is nothing to report here", action)
	}
	var replies []rpc.Reply
	err = a.perform(call, func(r rpc.Reply) error {
		replies = append(replies, r)
		return nil
	})
	return replies, err
}

func (a *agentClient) perform(call rpc.Call, block func(rpc.Reply) error) error {
	a.stats = call.Stats
	return a.s.perform(call, a.progress, nil, block)
}

// printStats prints the statistics of the last call (printrpcstats).
func (a *agentClient) printStats(caption string) error {
	if a.stats == nil {
		if !a.s.opts.json {
			fmt.Fprintln(a.s.out, "no stats to display")
		}
		return nil
	}
	if err := a.s.printer().Stats(a.stats, caption, nil); err != nil {
		return err
	}
	a.s.tellSilent(a.stats)
	return nil
}

// halt ends the command with the exit code that the last call gives.
func (a *agentClient) halt() error {
	stats := a.stats
	if stats == nil {
		stats = new(rpc.Stats)
	}
	if code := stats.ExitCode(); code != 0 {
		return exit(code)
	}
	return nil
}
