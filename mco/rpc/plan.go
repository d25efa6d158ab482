package rpc

import (
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

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
