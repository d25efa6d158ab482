package packages

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
)

// tell sets what is known of a package. Values are texts, as the original's are.
func (s status) tell(reply *agent.Reply) {
	for _, out := range []struct {
		name  mco.Symbol
		value string
	}{
		{"epoch", s.epoch}, {"arch", s.arch}, {"ensure", s.ensure}, {"version", s.version}, {"provider", s.from}, {"name", s.name}, {"release", s.release},
	} {
		if out.value != "" {
			reply.Set(out.name, mco.String(out.value))
		}
	}
	for _, p := range s.more {
		reply.Data.Set(p.Key, p.Value)
	}
}

func (a *Agent) status(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	s, err := a.manager.status(ctx, r.Text("package"))
	if err != nil {
		return err
	}
	s.tell(reply)
	return nil
}

// change answers install, update, uninstall and purge. What is so already is a failure that tells the state.
func (a *Agent) change(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	name, version := r.Text("package"), r.Text("version")
	before, err := a.manager.status(ctx, name)
	if err != nil {
		return err
	}
	if already := needless(r.Action, version, before); already != nil {
		before.tell(reply)
		return already
	}
	output, err := a.manager.change(ctx, r.Action, name, version)
	if err != nil {
		return err
	}
	after, err := a.manager.status(ctx, name)
	if err != nil {
		return err
	}
	after.tell(reply)
	reply.Set("output", mco.String(output))
	return nil
}

func needless(verb, version string, s status) error {
	switch {
	case verb == "install":
		if !s.isAbsent() && version == "" {
			//lint:ignore ST1005 the original's text
			return errors.New("Package is already installed")
		}
	case verb == "purge" && !s.isPurged(): // what an uninstalled package has left can be purged
	case s.isAbsent():
		//lint:ignore ST1005 the original's text
		return errors.New("Package is not present on the system")
	}
	return nil
}

func (a *Agent) search(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	found, err := a.manager.search(ctx, r.Text("package"))
	if err != nil {
		return err
	}
	reply.Set("package_count", mco.Int(int64(len(found))))
	reply.Set("available_packages", list(found))
	return nil
}

// list is how available packages travel.
func list(all []available) mco.Value {
	items := make([]mco.Value, len(all))
	for i, p := range all {
		one := mco.SymbolMap(3)
		one.SetSymbol("package", mco.String(p.name))
		one.SetSymbol("version", mco.String(p.version))
		one.SetSymbol("repo", mco.String(p.repo))
		items[i] = mco.Hash(one)
	}
	return mco.List(items...)
}

func (r result) tell(reply *agent.Reply) {
	reply.Set("exitcode", mco.Int(int64(r.code)))
	reply.Set("output", mco.String(r.output))
}

func (a *Agent) count(ctx context.Context, reply *agent.Reply) error {
	res, lines, err := a.manager.installed(ctx)
	if err != nil {
		return err
	}
	res.output = strconv.Itoa(len(lines))
	res.tell(reply)
	return nil
}

func (a *Agent) md5(ctx context.Context, reply *agent.Reply) error {
	res, lines, err := a.manager.installed(ctx)
	if err != nil {
		return err
	}
	text := res.output
	if a.manager.name() == "apt" {
		text = strings.Join(lines, "\n")
	}
	sum := md5.Sum([]byte(text))
	res.output = hex.EncodeToString(sum[:])
	res.tell(reply)
	return nil
}

func (a *Agent) yumClean(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	mode := r.Text("mode")
	if mode == "" {
		mode, _ = a.env.Config.Plugin("package.yum_clean_mode")
	}
	res, err := a.yum().clean(ctx, mode)
	if err != nil {
		return err
	}
	res.tell(reply)
	return nil
}

func (a *Agent) refresh(ctx context.Context, reply *agent.Reply) error {
	res, err := a.manager.refresh(ctx)
	if err != nil {
		return err
	}
	res.tell(reply)
	return nil
}

// aptUpdate fetches the lists and tells what they have brought.
func (a *Agent) aptUpdate(ctx context.Context, reply *agent.Reply) error {
	if _, err := (apt{a.tools}).refresh(ctx); err != nil {
		return err
	}
	res, found, err := apt{a.tools}.updates(ctx)
	if err != nil {
		return err
	}
	res.tell(reply)
	reply.Set("outdated_packages", list(found))
	return nil
}

func (a *Agent) checkUpdates(ctx context.Context, m manager, reply *agent.Reply) error {
	res, found, err := m.updates(ctx)
	if err != nil {
		return err
	}
	res.tell(reply)
	reply.Set("outdated_packages", list(found))
	reply.Set("package_manager", mco.String(m.name()))
	return nil
}
