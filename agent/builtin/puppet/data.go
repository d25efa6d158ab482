package puppet

import (
	"context"
	"time"

	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
)

// Data returns the data plugins puppet and resource, none where Puppet is not installed.
func Data(c *config.Config) ([]data.Plugin, error) {
	in, _, err := find(c)
	if err != nil {
		return nil, err
	}
	if _, err := command.LookPath(in.command[0]); err != nil {
		return nil, nil
	}
	return []data.Plugin{stateData{in}, resourceData{in}}, nil
}

// places is for queries, whose second is less than Puppet takes to tell where its files are: the first one after the daemon's start
// waits longer, instead of asking in vain again and again.
func (in *installation) places(ctx context.Context) (*files, error) {
	return in.files(context.WithoutCancel(ctx))
}

// stateData tells what Puppet's agent is doing (data/puppet_data.rb).
type stateData struct{ puppet *installation }

func (stateData) Name() string { return "puppet" }

func (d stateData) Query(ctx context.Context, _ mco.Value) (*mco.Map, error) {
	f, err := d.puppet.places(ctx)
	if err != nil {
		return nil, err
	}
	s, err := f.state(time.Now())
	if err != nil {
		return nil, err
	}
	return s.outputs(), nil
}

// resourceData tells whether Puppet manages a resource, and what the last run did (data/resource_data.rb).
type resourceData struct{ puppet *installation }

func (resourceData) Name() string { return "resource" }

func (d resourceData) Query(ctx context.Context, query mco.Value) (*mco.Map, error) {
	f, err := d.puppet.places(ctx)
	if err != nil {
		return nil, err
	}
	summary, err := f.loadSummary()
	if err != nil {
		return nil, err
	}
	answer := mco.SymbolMap(12)
	if name, given := query.AsString(); given {
		managed, err := f.manages(name)
		if err != nil {
			return nil, err
		}
		answer.SetSymbol("managed", mco.Bool(managed))
	}
	tellRun(summary, answer, time.Now())
	return answer, nil
}
