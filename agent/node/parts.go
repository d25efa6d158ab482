package node

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/daemon"
	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/agent/facts"
	"github.com/mco-go/mco-go/agent/registration"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/ddl"
)

// parts are what the agents and the filter of one node ask: facts, classes, data plugins, DDLs. It is safe for concurrent use.
type parts struct {
	config     *config.Config
	log        *slog.Logger
	providers  Providers
	ddls       *ddl.Cache
	facts      func() *mco.Map
	classes    func() []string // for filters: a missing file is logged
	classLines func() []string // for inventories: a missing file has no lines, and that is all
	dataSet    *data.Set
	node       agent.Node // set by the first load, before anything is received

	authorizer   agent.Authorizer // nil: everybody with valid keys may do everything
	noAuthorizer error            // why there is none although there should be: no RPC agent is loaded then
	background   []func(context.Context)
	weaknessTold bool // guarded by the daemon's reload
}

// newParts prepares what a node's agents and filters ask. Data plugins stay what they are at a reload, as the original's do.
func newParts(o Options) (*parts, error) {
	p := &parts{config: o.Config, log: o.Log, providers: o.Providers, ddls: o.DDLs, facts: o.Facts}
	if p.ddls == nil {
		p.ddls = &ddl.Cache{LibDirs: o.Config.LibDirs, Options: []ddl.Option{ddl.OnNode()}}
	}
	if p.facts == nil {
		if err := p.openFacts(); err != nil {
			return nil, err
		}
	}
	p.classes, p.classLines = o.Classes, o.Classes
	if o.Classes == nil {
		path := o.Config.ClassesFile
		p.classes, p.classLines = facts.NewClassFile(path, o.Log).Lines, func() []string { return facts.Classes(path) }
	}
	find := func(name string) (func() *ddl.DDL, error) { return p.ddls.Find(ddl.Data, name) }
	plugins := append(data.Builtin(data.Node{Agent: p.agentMetadata, Collectives: o.Config.Collectives, Facts: p.facts}), o.Providers.Data...)
	set, err := data.Load(find, plugins...)
	if err != nil {
		p.log.Error(err.Error())
	}
	p.dataSet = set
	if p.config.RPCAuthorization {
		p.authorizer, p.noAuthorizer = p.authorizes()
	}
	return p, nil
}

// openFacts opens the fact source that the cfg file names.
func (p *parts) openFacts() error {
	if p.config.FactSource == "facter" {
		source, err := facts.FacterFromConfig(p.config, p.log)
		if err != nil {
			return err
		}
		p.facts, p.background = source.Facts, append(p.background, source.Run)
		return nil
	}
	source, err := facts.FromConfig(p.config, p.log)
	if err != nil {
		return err
	}
	p.facts = source.Facts
	return nil
}

// registration is what the node tells about itself.
func (p *parts) registration() (daemon.Registration, error) {
	c := p.config
	r := daemon.Registration{Interval: c.RegisterInterval, Splay: c.RegistrationSplay, Collective: c.RegistrationCollective}
	if c.RegisterInterval <= 0 {
		return r, nil
	}
	body, ok := registration.New(c.Registration, registration.About{Collectives: c.Collectives, Facts: p.facts, Classes: p.classLines})
	if !ok {
		return r, fmt.Errorf("registration = %s: this program has no such plugin; %s and %s are there, and registerinterval = 0 sends nothing",
			c.Registration, registration.Agentlist, registration.Meta)
	}
	r.Body = body
	return r, nil
}

// load makes the agents. One that cannot be loaded is logged and left out, as the original does (agents.rb).
func (p *parts) load(n agent.Node) (daemon.Agents, error) {
	p.log.Debug("Reloading all agents from disk")
	if p.node == nil {
		p.node = n
	}
	loaded := daemon.Agents{Plain: p.providers.Plain}
	for _, maker := range p.providers.Agents {
		a, err := p.make(maker, n)
		if err != nil {
			p.log.Error(fmt.Sprintf("Loading agent %s failed: %s", maker.Name, err))
			continue
		}
		if a != nil {
			loaded.RPC = append(loaded.RPC, daemon.Named{Name: maker.Name, Agent: a})
		}
	}
	p.tellRubyAgents()
	p.tellWeakness(loaded.RPC)
	return loaded, nil
}

// make returns the agent, or nil when the cfg file keeps it from being active.
func (p *parts) make(maker NamedMaker, n agent.Node) (agent.Agent, error) {
	if p.noAuthorizer != nil {
		return nil, p.noAuthorizer
	}
	d, err := p.ddls.Find(ddl.Agent, maker.Name)
	if err != nil {
		p.log.Error(fmt.Sprintf("Failed to load DDL for the '%s' agent, DDLs are required: %s", maker.Name, err))
		return nil, err
	}
	active, err := p.config.PluginBool(maker.Name+".activate_agent", p.config.ActivateAgents)
	if err != nil {
		p.log.Warn(fmt.Sprintf("Agent activation check for %s failed: %s", maker.Name, err))
		return nil, nil
	}
	if !active {
		p.log.Debug(fmt.Sprintf("Not activating agent %s due to agent policy in activate? method", maker.Name))
		return nil, nil
	}
	return maker.Make(agent.Environment{
		DDL: d, Config: p.config, Node: n, Log: p.log,
		Facts: p.facts, Classes: p.classLines, DataPlugins: p.dataPlugins, Data: p.query, Now: time.Now,
	})
}

// tellRubyAgents names the agents in the libdirs that this daemon cannot run, so that none is missed in silence.
func (p *parts) tellRubyAgents() {
	for _, dir := range p.config.LibDirs {
		files, err := filepath.Glob(filepath.Join(dir, "mcollective", "agent", "*.rb"))
		if err != nil {
			continue
		}
		for _, f := range files {
			name := strings.TrimSuffix(filepath.Base(f), ".rb")
			if name != mco.DiscoveryAgent && !slices.ContainsFunc(p.providers.Agents, func(m NamedMaker) bool { return m.Name == name }) {
				p.log.Warn(fmt.Sprintf("Loading agent %s failed: %s is written in Ruby, which this daemon does not run", name, f))
			}
		}
	}
}
