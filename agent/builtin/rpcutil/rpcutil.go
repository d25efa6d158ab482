// Package rpcutil is the agent that tells about the node it runs on: ping, inventory, facts, collectives, statistics, settings and
// data queries. It shows settings, never secrets: it answers the names of a list, where the original calls whatever method of its
// configuration object the caller names.
//
// Source of the facts: the original's lib/mcollective/agent/rpcutil.rb and rpcutil.ddl.
package rpcutil

import (
	"context"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
)

// Agent is the agent rpcutil.
type Agent struct{ env agent.Environment }

var (
	_ agent.Agent = (*Agent)(nil)
	_ agent.Quick = (*Agent)(nil)
)

// Name is what requests call the agent.
const Name = "rpcutil"

// New returns the agent; it is an [agent.Maker].
func New(env agent.Environment) (agent.Agent, error) { return &Agent{env: env}, nil }

// DDL describes the agent.
func (a *Agent) DDL() *ddl.DDL { return a.env.DDL() }

// Quick says which answers are at hand: those that read no file and ask no data plugin.
func (a *Agent) Quick(action string) bool {
	switch action {
	case "ping", "daemon_stats", "agent_inventory", "get_config_item", "collective_info":
		return true
	}
	return false
}

// Handle runs one action.
func (a *Agent) Handle(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	switch r.Action {
	case "ping":
		reply.Set("pong", mco.Int(a.env.Now().Unix()))
		return nil
	case "inventory":
		return a.inventory(reply)
	case "get_fact":
		return a.getFact(r, reply)
	case "get_facts":
		return a.getFacts(r, reply)
	case "daemon_stats":
		return a.daemonStats(reply)
	case "agent_inventory":
		return a.agentInventory(reply)
	case "get_config_item":
		return a.getConfigItem(r, reply)
	case "get_data":
		return a.getData(ctx, r, reply)
	case "collective_info":
		return a.collectiveInfo(reply)
	}
	return agent.UnknownAction(r)
}

func (a *Agent) inventory(reply *agent.Reply) error {
	reply.Set("agents", mco.Strings(a.env.Node.Agents()...))
	reply.Set("facts", mco.Hash(a.env.Facts()))
	reply.Set("version", mco.String(mco.Version()))
	reply.Set("classes", mco.Strings(a.env.Classes()...))
	reply.Set("main_collective", mco.String(a.env.Config.MainCollective))
	reply.Set("collectives", mco.Strings(a.env.Config.Collectives...))
	reply.Set("data_plugins", mco.Strings(a.env.DataPlugins()...))
	return nil
}

func (a *Agent) collectiveInfo(reply *agent.Reply) error {
	reply.Set("main_collective", mco.String(a.env.Config.MainCollective))
	reply.Set("collectives", mco.Strings(a.env.Config.Collectives...))
	return nil
}

func (a *Agent) getData(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	result, err := a.env.Data(ctx, r.Text("source"), r.Value("query"))
	if err != nil {
		return err
	}
	for k, v := range result.All() {
		reply.Data.Set(k, v)
	}
	return nil
}
