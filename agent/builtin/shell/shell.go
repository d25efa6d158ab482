// Package shell is the agent that runs the caller's commands. It is two agents of the field under their one name: `execute` is the
// one of phobos182's plugins (kisspuppet/mcollective-plugins), `run`, `start`, `status`, `list` and `kill` are Puppet Labs'
// mcollective-shell-agent. A client of either finds what it asks for.
//
// Commands run under agent/command: they end in time and leave nothing behind but what they made independent, as a service's start
// script does. Unlike the originals it joins pieces of output without blanks between them, bounds output and says so, runs as the user
// that is asked for, and takes a handle for nothing but the name of a folder below plugin.shell.state_path.
package shell

import (
	"context"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/mco/ddl"
)

// Name is what requests call the agent.
const Name = "shell"

// defaultState is the original's folder of jobs.
const defaultState = "/var/run/mcollective-shell"

// Agent is the agent shell.
type Agent struct {
	env    agent.Environment
	runner *command.Runner
	jobs   *command.Jobs
	piece  int // bytes of each stream that one status reply carries at most
}

var _ agent.Agent = (*Agent)(nil)

// New returns the agent; it is an [agent.Maker].
func New(env agent.Environment) (agent.Agent, error) {
	o := command.FromConfig(env.Config)
	runner, err := command.New(o)
	if err != nil {
		return nil, err
	}
	dir, ok := env.Config.Plugin("shell.state_path")
	if !ok {
		dir = defaultState
	}
	jobs, err := runner.Jobs(dir)
	if err != nil {
		return nil, err
	}
	return &Agent{env: env, runner: runner, jobs: jobs, piece: o.OutputMax}, nil
}

// DDL describes the agent.
func (a *Agent) DDL() *ddl.DDL { return a.env.DDL() }

// Weakness says what whoever may call the agent can do; the daemon tells it at its start where nobody decides who may.
func (*Agent) Weakness() string { return "it runs any command as the user of this daemon" }

// Handle runs one action.
func (a *Agent) Handle(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	switch r.Action {
	case "execute":
		return a.execute(ctx, r, reply)
	case "run":
		return a.run(ctx, r, reply)
	case "start":
		return a.start(r, reply)
	case "status":
		return a.status(r, reply)
	case "list":
		return a.list(reply)
	case "kill":
		return a.kill(r)
	}
	return agent.UnknownAction(r)
}
