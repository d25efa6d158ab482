package cli

import (
	"fmt"
	"time"

	"github.com/mco-go/mco-go/mco/rpc"
)

// checkRerun refuses --rerun beside anything else that says which nodes are meant.
func (s *session) checkRerun() error {
	f := s.opts.filter
	if s.opts.rerun == "" {
		return nil
	}
	if s.opts.method != "" || len(f.Facts)+len(f.Classes)+len(f.Agents)+len(f.Identities)+len(f.Compound) > 0 {
		return textError("--rerun takes the nodes of the last run: filters, --disc-method and --nodes cannot be used with it")
	}
	return nil
}

// again returns the nodes that failed or were silent when the action was called the last time.
func (d *search) again() (*rpc.Found, error) {
	what := d.agent + "#" + d.action
	if d.action == "" {
		return nil, fmt.Errorf("--rerun is for commands that call an action")
	}
	last := rpc.NewMemory(d.s.cfg.Own.StateDir, d.s.cfg.File).LastRun(d.agent, d.action)
	if last == nil {
		return nil, fmt.Errorf("no run of %s is known that could be repeated", what)
	}
	nodes, word := last.Failed, "failed"
	if d.s.opts.rerun == "silent" {
		nodes, word = last.Silent, "were silent"
	}
	if onTerminal(d.s.errOut) && !d.s.opts.json {
		fmt.Fprintf(d.s.errOut, "mco: %d nodes %s in the run of %s at %s\n", len(nodes), word, what, last.Time.Local().Format(time.DateTime))
	}
	return rpc.Known(nodes...), nil
}

// keepRun notes what became of a call, for --rerun. That it cannot be noted does not make the call a failure.
func (s *session) keepRun(call rpc.Call, failed []string) {
	if len(call.Stats.Discovered) == 0 {
		return // it was refused before anybody was asked
	}
	run := rpc.LastRun{Time: call.Stats.Start, Agent: call.Agent, Action: call.Action, Failed: failed, Silent: call.Stats.NoResponse}
	if err := rpc.NewMemory(s.cfg.Own.StateDir, s.cfg.File).KeepRun(run); err != nil {
		s.log.Debug("Noting how the run went: " + err.Error())
	}
}
