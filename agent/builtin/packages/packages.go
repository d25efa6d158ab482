// Package packages is the agent package: it installs, removes and tells about software packages, with apt and dpkg, or dnf or yum and
// rpm, whichever the node has. The data plugin package answers filters.
//
// A package's name and version are checked against what the package manager takes for one, and stand behind --: apt-get would take a
// name with a minus at its end for an order to remove, and one with a dot for a pattern. Puppet is not needed:
// `plugin.package.provider = puppet`, the original's default, means what Puppet's own default means, the node's package manager.
//
// Source of the facts: mcollective-package-agent 4.7 and 5.5, agent/package.rb, util/package/*.rb, data/package_data.rb; Puppet's
// providers apt, dpkg, yum and rpm.
package packages

import (
	"context"
	"errors"
	"fmt"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/ddl"
)

// Name is what requests call the agent.
const Name = "package"

// manager is a package manager.
type manager interface {
	name() string // what checkupdates calls it: apt, or yum for dnf too
	status(ctx context.Context, name string) (status, error)
	// change installs (with a version or without), updates, uninstalls or purges, and returns the program's output.
	change(ctx context.Context, verb, name, version string) (output string, err error)
	search(ctx context.Context, name string) ([]available, error)
	installed(ctx context.Context) (result, []string, error) // a line for each installed package
	refresh(ctx context.Context) (result, error)
	updates(ctx context.Context) (result, []available, error)
}

// status is what is known of a package.
type status struct {
	ensure                                    string // the full version; purged, or absent where its configuration is still there
	name, epoch, version, release, arch, from string
	more                                      []mco.Pair // further properties that Puppet's provider tells
}

// isAbsent tells whether the package is not installed; one that is purged has left nothing behind.
func (s status) isAbsent() bool { return s.ensure == absent || s.isPurged() }
func (s status) isPurged() bool { return s.ensure == purged }

const (
	absent = "absent"
	purged = "purged"
)

// available is a package that could be installed.
type available struct{ name, version, repo string }

// result is what a program did.
type result struct {
	output string
	code   int
}

// Agent is the agent package.
type Agent struct {
	env     agent.Environment
	manager manager
	tools   *tools
}

var _ agent.Agent = (*Agent)(nil)

// New returns the agent; it is an [agent.Maker]. Where no package manager is known there is none, and no error either.
func New(env agent.Environment) (agent.Agent, error) {
	t, m, err := find(env.Config)
	if errors.Is(err, errNoManager) {
		env.Log.Debug("Not activating agent package: " + err.Error())
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &Agent{env: env, manager: m, tools: t}, nil
}

// errNoManager is a node whose package manager is none of those that are known here.
//
//lint:ignore ST1005 the original's text
var errNoManager = errors.New("Cannot find a compatible package system")

// find returns the package manager that plugin.package.provider names, or that is there.
func find(c *config.Config) (*tools, manager, error) {
	runner, err := command.New(command.FromConfig(c))
	if err != nil {
		return nil, nil, err
	}
	t := &tools{runner: runner}
	provider, ok := c.Plugin("package.provider")
	if !ok {
		provider = "puppet"
	}
	switch provider {
	case "puppet":
		switch {
		case has("dnf"):
			return t, rpm{t, "dnf"}, nil
		case has("yum"):
			return t, rpm{t, "yum"}, nil
		case has("apt-get"):
			return t, apt{t}, nil
		}
		return nil, nil, errNoManager
	case "apt":
		return t, apt{t}, nil
	case "dnf", "yum":
		return t, rpm{t, provider}, nil
	}
	return nil, nil, fmt.Errorf("plugin.package.provider = %s: this program has puppet, apt, dnf and yum", provider)
}

// DDL describes the agent.
func (a *Agent) DDL() *ddl.DDL { return a.env.DDL() }

// Weakness says what the agent is where nobody is asked whether a caller may use it.
func (*Agent) Weakness() string {
	return "it installs and removes software as root"
}

// Handle runs one action.
func (a *Agent) Handle(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	ctx, cancel := command.Within(ctx, a.env, r)
	defer cancel()
	switch r.Action {
	case "install", "update", "uninstall", "purge":
		return a.change(ctx, r, reply)
	case "status":
		return a.status(ctx, r, reply)
	case "search":
		return a.search(ctx, r, reply)
	case "count":
		return a.count(ctx, reply)
	case "md5":
		return a.md5(ctx, reply)
	case "yum_clean":
		return a.yumClean(ctx, r, reply)
	case "refresh":
		return a.refresh(ctx, reply)
	case "apt_update":
		return a.aptUpdate(ctx, reply)
	case "checkupdates":
		return a.checkUpdates(ctx, a.manager, reply)
	case "apt_checkupdates":
		return a.checkUpdates(ctx, apt{a.tools}, reply)
	case "yum_checkupdates":
		return a.checkUpdates(ctx, a.yum(), reply)
	}
	return agent.UnknownAction(r)
}

// yum is dnf where there is no yum any more.
func (a *Agent) yum() rpm {
	if !has("yum") && has("dnf") {
		return rpm{a.tools, "dnf"}
	}
	return rpm{a.tools, "yum"}
}

// Data returns the data plugin package, none where no package manager is known.
func Data(c *config.Config) ([]data.Plugin, error) {
	_, m, err := find(c)
	if errors.Is(err, errNoManager) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []data.Plugin{stateData{m}}, nil
}

// stateData tells which version of a package is installed (data/package_data.rb).
type stateData struct{ manager manager }

func (stateData) Name() string { return Name }

func (d stateData) Query(ctx context.Context, query mco.Value) (*mco.Map, error) {
	name, _ := query.AsString()
	s, err := d.manager.status(ctx, name)
	if err != nil {
		return nil, err
	}
	answer := mco.SymbolMap(2)
	answer.SetSymbol("status", mco.String(s.ensure))
	answer.SetSymbol("installed", mco.Bool(!s.isAbsent()))
	return answer, nil
}
