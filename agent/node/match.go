package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/filter"
	"github.com/mco-go/mco-go/mco/inspect"
)

// target is the node as filters see it.
type target struct{ *parts }

var _ filter.Node = target{}

func (t target) Identity() string  { return t.config.Identity }
func (t target) Agents() []string  { return t.node.Agents() }
func (t target) Facts() *mco.Map   { return t.facts() }
func (t target) Classes() []string { return t.classes() }

// Data answers a function of a compound filter. Whoever may publish may ask here, before anything is authorised: only loaded plugins
// are reached, within the time that their DDL gives them.
func (t target) Data(plugin string, query mco.Value) (*mco.Map, error) {
	result, err := t.dataSet.Query(context.Background(), plugin, query)
	if errors.Is(err, data.ErrUnknown) {
		return nil, fmt.Errorf("%w: %w", filter.ErrNoData, err)
	}
	if _, invalid := errors.AsType[*ddl.ValidationError](err); invalid {
		return nil, fmt.Errorf("%w: %w", filter.ErrNoData, err)
	}
	return result, err
}

func (p *parts) match(r mco.Request) (bool, error) { return filter.Match(r.Filter, target{p}) }

// dataPlugins lists the data plugins.
func (p *parts) dataPlugins() []string { return p.dataSet.Names() }

// query answers `rpcutil get_data` (agent/rpcutil.rb): with a query, the interface file is looked for first, and converts it.
func (p *parts) query(ctx context.Context, plugin string, query mco.Value) (*mco.Map, error) {
	given := !query.IsNil()
	if b, isBool := query.AsBool(); isBool && !b {
		given = false
	}
	d, err := p.dataSet.DDL(plugin)
	switch {
	case err != nil && given:
		return nil, &ddl.NotFoundError{Kind: ddl.Data, Name: data.FullName(plugin)}
	case err != nil:
		//lint:ignore ST1005 the original's text
		return nil, fmt.Errorf("No plugin %s defined", data.FullName(plugin))
	case given:
		return p.dataSet.Query(ctx, plugin, d.ConvertQuery(mco.String(inspect.Text(query))))
	}
	return p.dataSet.Query(ctx, plugin, mco.Nil())
}

// agentMetadata is what the data plugin agent tells.
func (p *parts) agentMetadata(name string) (*mco.Map, bool) {
	for _, m := range p.node.Inventory() {
		if m.Agent == name {
			return m.Entries, true
		}
	}
	return nil, false
}
