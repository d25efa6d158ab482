// Package puppet is the agent that steers Puppet's own: it starts runs, tells what the last one did, locks and unlocks it, and manages
// single resources through it. The data plugins puppet and resource answer filters from the same files.
//
// What Puppet knows is read from the files in which it keeps it; where they are, Puppet is asked once. Values of callers are checked
// here again, whatever the DDL says, and reach the program as arguments of their own, never through a shell. A run is a job in the
// background that outlives the request and the daemon.
//
// Source of the facts: mcollective-puppet-agent 1.14.0, agent/puppet.rb, util/puppet_agent_mgr.rb and data/*.rb.
package puppet

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/ddl"
)

// Name is what requests call the agent.
const Name = "puppet"

// Agent is the agent puppet.
type Agent struct {
	env    agent.Environment
	runner *command.Runner
	jobs   *command.Jobs
	puppet *installation
	opt    settings
}

var _ agent.Agent = (*Agent)(nil)

// settings are those of the cfg file that do not say where Puppet is.
type settings struct {
	splay        bool
	splaylimit   int64 // seconds
	signalDaemon bool
	allowServer  bool
	allowManaged bool
	types        lists
	namesOf      func(kind string) lists
}

// New returns the agent; it is an [agent.Maker]. Where Puppet is not installed there is none, and no error either.
func New(env agent.Environment) (agent.Agent, error) {
	in, runner, err := find(env.Config)
	if err != nil {
		return nil, err
	}
	if _, err := command.LookPath(in.command[0]); err != nil {
		env.Log.Debug("Not activating agent puppet: " + err.Error())
		return nil, nil
	}
	jobs, err := runner.Jobs(filepath.Join(env.Config.Own.StateDir, "puppet"))
	if err != nil {
		return nil, err
	}
	opt, err := readSettings(env.Config)
	if err != nil {
		return nil, err
	}
	return &Agent{env: env, runner: runner, jobs: jobs, puppet: in, opt: opt}, nil
}

func readSettings(c *config.Config) (s settings, err error) {
	for _, b := range []struct {
		to  *bool
		key string
		def bool
	}{
		{&s.splay, "puppet.splay", true},
		{&s.signalDaemon, "puppet.signal_daemon", true},
		{&s.allowServer, "puppet.allow_server_override", false},
		{&s.allowManaged, "puppet.resource_allow_managed_resources", false},
	} {
		if *b.to, err = c.PluginBool(b.key, b.def); err != nil {
			return s, err
		}
	}
	if s.splaylimit, err = c.PluginInt("puppet.splaylimit", 30); err != nil {
		return s, err
	}
	s.types = readLists(c, "puppet.resource_type_whitelist", "puppet.resource_type_blacklist")
	s.namesOf = func(kind string) lists {
		return readLists(c, "puppet.resource_name_whitelist."+kind, "puppet.resource_name_blacklist."+kind)
	}
	return s, nil
}

// find returns the node's Puppet and what runs its commands.
func find(c *config.Config) (*installation, *command.Runner, error) {
	runner, err := command.New(command.FromConfig(c))
	if err != nil {
		return nil, nil, err
	}
	line, ok := c.Plugin("puppet.command")
	if !ok {
		line = "puppet agent"
	}
	words := strings.Fields(line)
	if len(words) == 0 {
		return nil, nil, fmt.Errorf("plugin.puppet.command is empty")
	}
	file, _ := c.Plugin("puppet.config")
	return &installation{runner: runner, command: words, config: file}, runner, nil
}

// DDL describes the agent.
func (a *Agent) DDL() *ddl.DDL { return a.env.DDL() }

// Weakness says what the agent is where nobody is asked whether a caller may use it.
func (*Agent) Weakness() string {
	return "it starts, locks and unlocks Puppet runs, and manages the resources that the cfg file allows"
}

// Handle runs one action.
func (a *Agent) Handle(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	switch r.Action {
	case "status", "last_run_summary", "enable", "disable", "runonce", "resource":
	default:
		return agent.UnknownAction(r)
	}
	files, err := a.puppet.files(ctx)
	if err != nil {
		return err
	}
	switch r.Action {
	case "status":
		return a.status(files, reply)
	case "last_run_summary":
		return a.lastRunSummary(files, r, reply)
	case "enable":
		return a.enable(files, reply)
	case "disable":
		return a.disable(files, r, reply)
	case "runonce":
		return a.runonce(files, r, reply)
	}
	return a.resource(ctx, files, r, reply)
}

// fail is the original's reply.fail!(reply[:summary] = text).
func fail(reply *agent.Reply, output mco.Symbol, text string) error {
	reply.Set(output, mco.String(text))
	return agent.Failf(mco.Aborted, "%s", text)
}

func (a *Agent) log() *slog.Logger { return a.env.Log }
