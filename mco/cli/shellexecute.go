package cli

import (
	"fmt"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/rpc"
)

// execute is phobos182's `mco shell CMD`: the command runs on every node that matches, and each answer is shown as it comes. Whatever
// the nodes answer, the exit code is 0.
func (sh *shellCommand) execute(s *session) error {
	s.app.name = "mco" // the original hides the command from process lists by a new name for itself, which its errors then bear
	f := s.opts.filter
	if len(f.Facts)+len(f.Classes)+len(f.Agents)+len(f.Identities)+len(f.Compound) == 0 &&
		!s.confirm("Do you really want to send this command unfiltered? (y/n): ") {
		return exit(1)
	}
	a, err := s.shellAgent("execute")
	if err != nil {
		return err
	}
	data := mco.SymbolMap(1)
	data.SetSymbol("cmd", mco.String(sh.words[0]))
	call, err := a.request("execute", data)
	if err != nil {
		return err
	}
	if call.ReplyTo != "" {
		return s.publish(a.search, &call)
	}
	if call.Nodes, err = a.discover(true); err != nil {
		return err
	}
	if err := a.perform(call, s.showExecuted); err != nil {
		return err
	}
	if s.interrupted() {
		return exit(1)
	}
	s.tellSilent(call.Stats)
	return nil
}

// showExecuted prints one node's answer. One that refused or gave up has said why, which stands for its output.
func (s *session) showExecuted(r rpc.Reply) error {
	code := ""
	if v := r.Data.Field("exitcode"); !v.IsNil() {
		code = inspect.Text(v)
	}
	fmt.Fprintf(s.out, "Host: %s\nStatuscode: %s\n", r.Sender, code)
	output := textOf(r.Data, "stdout") + textOf(r.Data, "stderr")
	if r.Code != mco.OK {
		if output != "" {
			output = s.lines(output)
		}
		output += r.Message
	}
	if output == "" {
		return nil
	}
	_, err := fmt.Fprint(s.out, "Output:\n", s.lines(output))
	return err
}
