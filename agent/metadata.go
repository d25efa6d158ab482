package agent

import (
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
)

// Metadata describes an agent to the daemon and to inventories.
type Metadata struct {
	Agent   string        // the name that requests use
	Timeout time.Duration // how long the agent may work on one request
	Entries *mco.Map      // symbol keys: license, author, version, name, url, description and what else its author says
}

// Describe reads the metadata of an RPC agent out of its DDL.
func Describe(d *ddl.DDL) Metadata {
	m := Metadata{Agent: d.Name, Timeout: DefaultTimeout, Entries: d.Meta}
	if seconds, ok := d.Timeout(); ok && seconds > 0 {
		m.Timeout = time.Duration(seconds * float64(time.Second))
	}
	return m
}

// Value returns what `rpcutil agent_inventory` tells of the agent (agent/rpcutil.rb): the usual entries first, "unknown" where the
// agent's author is silent, then those that only this agent has.
func (m Metadata) Value() mco.Value {
	unknown := mco.String("unknown")
	out := mco.SymbolMap(8)
	out.SetSymbol("agent", mco.String(m.Agent))
	out.SetSymbol("license", unknown)
	out.SetSymbol("timeout", mco.Int(int64(m.Timeout/time.Second)))
	out.SetSymbol("description", unknown)
	out.SetSymbol("name", mco.String(m.Agent))
	out.SetSymbol("url", unknown)
	out.SetSymbol("version", unknown)
	out.SetSymbol("author", unknown)
	for k, v := range m.Entries.All() {
		out.Set(k, v)
	}
	return mco.Hash(out)
}
