// Package registration makes what a node tells about itself from time to time: its agents alone, as the registration plugin that ships
// does ([Agentlist]), or all that its inventory would tell, as the community's plugin meta does ([Meta]). When, and to which
// collective, is the daemon's business.
//
// Source of the facts: the original's lib/mcollective/registration/agentlist.rb, and registration/meta.rb of the community's plugins.
package registration

import (
	"context"
	"slices"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
)

// The plugins, by the lower case names that cfg files use.
const (
	Agentlist = "agentlist"
	Meta      = "meta"
)

// About is what Meta tells of a node beside its agents.
type About struct {
	Collectives []string
	Facts       func() *mco.Map
	Classes     func() []string
}

// Body makes the body of one registration.
type Body func(context.Context, agent.Node) (mco.Value, error)

// New returns the plugin of that name; false when there is none.
func New(name string, about About) (Body, bool) {
	switch name {
	case Agentlist:
		return agentlist, true
	case Meta:
		return about.meta, true
	}
	return nil, false
}

func agentlist(_ context.Context, n agent.Node) (mco.Value, error) {
	return mco.Strings(n.Agents()...), nil
}

// meta tells everything. Consumers read the keys as Symbols.
func (a About) meta(_ context.Context, n agent.Node) (mco.Value, error) {
	m := mco.SymbolMap(5)
	m.SetSymbol("agentlist", mco.Strings(n.Agents()...))
	m.SetSymbol("facts", mco.Hash(a.Facts()))
	m.SetSymbol("classes", mco.Strings(a.Classes()...))
	m.SetSymbol("collectives", mco.Strings(slices.Sorted(slices.Values(a.Collectives))...))
	m.SetSymbol("identity", mco.String(n.Identity()))
	return mco.Hash(m), nil
}
