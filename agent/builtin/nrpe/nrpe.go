// Package nrpe is the agent that runs the checks which a node has for Nagios' NRPE, and the data plugin nrpe, which filters by their
// exit codes.
//
// Commands come from lines `command[name]=...` of the node's files and run in a shell, as NRPE runs them. Arguments of callers are
// handed to that shell as its parameters, so that no part of one is ever read as shell language; the original pastes them in.
//
// Source of the facts: mcollective-nrpe-agent 3.1 and 4, agent/nrpe.rb and data/nrpe_data.rb.
package nrpe

import (
	"context"
	"strings"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/ddl"
)

// Name is what requests call the agent.
const Name = "nrpe"

// Exit codes of Nagios' checks.
const (
	ok = iota
	warning
	critical
	unknown
)

// Agent is the agent nrpe.
type Agent struct {
	env    agent.Environment
	checks *checks
}

var _ agent.Agent = (*Agent)(nil)

// New returns the agent; it is an [agent.Maker].
func New(env agent.Environment) (agent.Agent, error) {
	c, err := newChecks(env.Config)
	if err != nil {
		return nil, err
	}
	return &Agent{env: env, checks: c}, nil
}

// DDL describes the agent.
func (a *Agent) DDL() *ddl.DDL { return a.env.DDL() }

// Weakness says what the agent is where nobody is asked whether a caller may use it.
func (*Agent) Weakness() string {
	return "it runs the node's checks, with arguments"
}

// Handle runs one action.
func (a *Agent) Handle(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	ctx, cancel := command.Within(ctx, a.env, r)
	defer cancel()
	switch r.Action {
	case "runcommand":
		return a.runCommand(ctx, r, reply)
	case "runallcommands":
		return a.runAll(ctx, reply)
	}
	return agent.UnknownAction(r)
}

func (a *Agent) runCommand(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	name := r.Text("command")
	var args []string
	if text := r.Text("args"); text != "" {
		args = strings.Split(text, "!")
	}
	code, text, err := a.checks.run(ctx, name, args)
	if err != nil {
		return err
	}
	text, perfdata := splitPerfdata(text)
	reply.Set("exitcode", mco.Int(int64(code)))
	reply.Set("output", mco.String(text))
	reply.Set("command", mco.String(name))
	reply.Set("perfdata", mco.String(perfdata))
	switch code {
	case ok:
	case warning:
		reply.Fail(mco.Aborted, "WARNING")
	case critical:
		reply.Fail(mco.Aborted, "CRITICAL")
	default:
		reply.Fail(mco.Aborted, "UNKNOWN")
	}
	return nil
}

func (a *Agent) runAll(ctx context.Context, reply *agent.Reply) error {
	all, err := a.checks.all()
	if err != nil {
		return err
	}
	results := new(mco.Map)
	for _, c := range all {
		code, text, err := a.checks.run(ctx, c.name, nil)
		if err != nil {
			return err
		}
		one := mco.SymbolMap(2)
		one.SetSymbol("exitcode", mco.Int(int64(code)))
		one.SetSymbol("output", mco.String(text))
		results.Set(mco.String(c.name), mco.Hash(one))
	}
	reply.Set("commands", mco.Hash(results))
	return nil
}

// splitPerfdata splits TEXT|PERFDATA at the last bar of the first line that has one with something on each side. The rest of the
// output is lost then, as with the original.
func splitPerfdata(text string) (output, perfdata string) {
	for line := range strings.SplitSeq(text, "\n") {
		if len(line) < 3 {
			continue
		}
		if i := strings.LastIndexByte(line[:len(line)-1], '|'); i > 0 {
			return line[:i], line[i+1:]
		}
	}
	return text, ""
}

// Data returns the data plugin nrpe.
func Data(c *config.Config) ([]data.Plugin, error) {
	checks, err := newChecks(c)
	if err != nil {
		return nil, err
	}
	return []data.Plugin{exitCodes{checks}}, nil
}

// exitCodes tells how a check ends (data/nrpe_data.rb).
type exitCodes struct{ checks *checks }

func (exitCodes) Name() string { return Name }

func (d exitCodes) Query(ctx context.Context, query mco.Value) (*mco.Map, error) {
	name, _ := query.AsString()
	code, _, err := d.checks.run(ctx, name, nil)
	if err != nil {
		return nil, err
	}
	answer := mco.SymbolMap(1)
	answer.SetSymbol("exitcode", mco.Int(int64(code)))
	return answer, nil
}
