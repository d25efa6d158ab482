// Package service is the agent that starts, stops and asks services of the system: by systemd where that runs, else by init scripts.
// The data plugin service answers filters.
//
// A service's name never becomes an option or a path, whatever the DDL lets through, and the programs are called without a shell.
// enable and disable are ours. Puppet is not needed: `plugin.service.provider = puppet`, the original's default, means what Puppet's
// own default means, the node's init system.
//
// Source of the facts: mcollective-service-agent 3.1 and 4, agent/service.rb, util/service/puppetservice.rb; Puppet's providers systemd,
// init, debian and redhat.
package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/ddl"
)

// Name is what requests call the agent.
const Name = "service"

// States of services, as replies tell them.
const (
	running = "running"
	stopped = "stopped"
)

// settleTime is how long a service gets between its start or stop and the question what it does now (puppetservice.rb).
const settleTime = 500 * time.Millisecond

// Agent is the agent service.
type Agent struct {
	env agent.Environment
	sys *system
}

var _ agent.Agent = (*Agent)(nil)

// New returns the agent; it is an [agent.Maker].
func New(env agent.Environment) (agent.Agent, error) {
	sys, err := newSystem(env.Config)
	if err != nil {
		return nil, err
	}
	return &Agent{env: env, sys: sys}, nil
}

// DDL describes the agent.
func (a *Agent) DDL() *ddl.DDL { return a.env.DDL() }

// Weakness says what the agent is where nobody is asked whether a caller may use it.
func (*Agent) Weakness() string {
	return "it starts and stops any service"
}

// Handle runs one action.
func (a *Agent) Handle(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	name := r.Text("service")
	var err error
	ctx, cancel := command.Within(ctx, a.env, r)
	defer cancel()
	switch r.Action {
	case "status":
		if err = a.tell(ctx, name, reply); err != nil {
			return agent.Failf(mco.Aborted, "Could not determine status of service '%s': %s", name, err)
		}
		return nil
	case "start":
		err = a.bring(ctx, name, running, "Service is already running", reply)
	case "stop":
		err = a.bring(ctx, name, stopped, "Service is already stopped", reply)
	case "restart":
		if err = a.sys.restart(ctx, name); err == nil {
			err = a.settle(ctx, name, reply)
		}
	case "enable", "disable":
		if err = a.sys.boot(ctx, name, r.Action == "enable"); err == nil {
			reply.Set("status", mco.String(r.Action+"d"))
		}
	default:
		return agent.UnknownAction(r)
	}
	if err != nil {
		return agent.Failf(mco.Aborted, "Could not %s service '%s': %s", r.Action, name, err)
	}
	return nil
}

// tell sets the service's state.
func (a *Agent) tell(ctx context.Context, name string, reply *agent.Reply) error {
	state, err := a.sys.status(ctx, name)
	if err == nil {
		reply.Set("status", mco.String(state))
	}
	return err
}

// settle sets the state that the service has come to.
func (a *Agent) settle(ctx context.Context, name string, reply *agent.Reply) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(settleTime):
	}
	return a.tell(ctx, name, reply)
}

// bring starts or stops the service. One that is there already is a failure, told with its state.
func (a *Agent) bring(ctx context.Context, name, to, already string, reply *agent.Reply) error {
	state, err := a.sys.status(ctx, name)
	if err != nil {
		return err
	}
	if state == to {
		reply.Set("status", mco.String(state))
		return errors.New(already)
	}
	verb := "start"
	if to == stopped {
		verb = "stop"
	}
	if err := a.sys.do(ctx, name, verb); err != nil {
		return err
	}
	return a.settle(ctx, name, reply)
}

// checkName refuses what the service manager would take for an option, a path or a pattern.
func checkName(name string) error {
	if name == "" || name[0] == '-' || strings.Trim(name, ".") == "" {
		return fmt.Errorf("%q names no service", name)
	}
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte("._:@-", c) < 0 {
			return fmt.Errorf("%q names no service", name)
		}
	}
	return nil
}

// Data returns the data plugin service.
func Data(c *config.Config) ([]data.Plugin, error) {
	sys, err := newSystem(c)
	if err != nil {
		return nil, err
	}
	return []data.Plugin{stateData{sys}}, nil
}

// stateData tells whether a service runs (data/service_data.rb).
type stateData struct{ sys *system }

func (stateData) Name() string { return Name }

func (d stateData) Query(ctx context.Context, query mco.Value) (*mco.Map, error) {
	name, _ := query.AsString()
	state, err := d.sys.status(ctx, name)
	if err != nil {
		return nil, err
	}
	answer := mco.SymbolMap(1)
	answer.SetSymbol("status", mco.String(state))
	return answer, nil
}
