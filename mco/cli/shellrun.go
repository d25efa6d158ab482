package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/rpc"
)

// ask calls an action of mcollective-shell-agent, behind a line of progress, shows each reply in the order of the nodes' names, and then
// the statistics. Its application never told by its exit code how it went.
func (sh *shellCommand) ask(s *session, action string, data *mco.Map, caption string, show func(rpc.Reply)) error {
	a, err := s.shellAgent(action)
	if err != nil {
		return err
	}
	call, err := a.request(action, data)
	if err != nil {
		return err
	}
	if call.ReplyTo != "" {
		return s.publish(a.search, &call)
	}
	if call.Nodes, err = a.discover(s.opts.verbose); err != nil {
		return err
	}
	replies, err := s.collect(call, nil)
	if err != nil {
		return err
	}
	sortReplies(replies)
	for _, r := range replies {
		show(r)
	}
	if len(call.Nodes.Nodes) > 0 {
		a.stats = call.Stats
		if err := a.printStats(caption); err != nil {
			return err
		}
	}
	if s.interrupted() {
		return exit(1)
	}
	return nil
}

func (sh *shellCommand) runOnce(s *session) error {
	return sh.ask(s, "run", sh.inputs(), "Ran command: "+sh.line(), func(r rpc.Reply) {
		if r.Code != mco.OK {
			s.showRefusal(r)
			return
		}
		fmt.Fprintf(s.out, "%s:\n%s", r.Sender, s.lines(textOf(r.Data, "stdout")))
		if text := textOf(r.Data, "stderr"); text != "" {
			fmt.Fprint(s.out, "    STDERR:\n", s.lines(text))
		}
		if code := r.Data.Field("exitcode"); !isZero(code) {
			fmt.Fprintf(s.out, "exitcode: %s\n", inspect.Text(code))
		}
		fmt.Fprintln(s.out)
	})
}

func isZero(v mco.Value) bool {
	n, ok := v.AsInt()
	return ok && n == 0
}

// showRefusal prints a reply that is a failure, all of it.
func (s *session) showRefusal(r rpc.Reply) {
	all := mco.SymbolMap(4)
	all.SetSymbol("sender", mco.String(r.Sender))
	all.SetSymbol("statuscode", mco.Int(int64(r.Code)))
	all.SetSymbol("statusmsg", mco.String(r.Message))
	all.SetSymbol("data", r.Data)
	fmt.Fprintf(s.out, "%s: ERROR: %s", r.Sender, s.lines(inspect.Inspect(mco.Hash(all))))
}

func (sh *shellCommand) start(s *session) error {
	return sh.ask(s, "start", sh.inputs(), "Started command: "+sh.line(), func(r rpc.Reply) {
		if r.Code != mco.OK {
			s.showRefusal(r)
			return
		}
		fmt.Fprintf(s.out, "%s: %s", r.Sender, s.lines(textOf(r.Data, "handle")))
	})
}

func (sh *shellCommand) kill(s *session) error {
	data := mco.SymbolMap(1)
	data.SetSymbol("handle", mco.String(sh.words[0]))
	return sh.ask(s, "kill", data, "Command list", func(rpc.Reply) {})
}

func (sh *shellCommand) list(s *session) error {
	return sh.ask(s, "list", nil, "Command list", func(r rpc.Reply) {
		if r.Code != mco.OK {
			s.showRefusal(r)
			return
		}
		fmt.Fprintf(s.out, "%s:\n", r.Sender)
		for _, job := range jobsOf(r) {
			fmt.Fprint(s.out, "    ", s.lines(job.handle))
			if s.opts.verbose {
				fmt.Fprint(s.out, "        command: ", s.lines(job.command), "        status:  ", s.lines(job.status), "\n")
			}
		}
	})
}

// listedJob is a command in the background, as a reply to list tells of it.
type listedJob struct{ handle, command, status string }

// jobsOf returns the jobs of one node's reply, by their handles' order in it.
func jobsOf(r rpc.Reply) []listedJob {
	jobs, ok := r.Data.Field("jobs").AsMap()
	if !ok {
		return nil
	}
	var all []listedJob
	for k, v := range jobs.All() {
		all = append(all, listedJob{inspect.Text(k), inspect.Text(v.Field("command")), inspect.Text(v.Field("status"))})
	}
	return all
}

// watch follows jobs that were started earlier, on whatever nodes they are.
func (sh *shellCommand) watch(s *session) error {
	a, err := s.shellAgent("list")
	if err != nil {
		return err
	}
	call, err := a.request("list", nil)
	if err != nil {
		return err
	}
	if call.Nodes, err = a.discover(s.opts.verbose); err != nil {
		return err
	}
	replies, err := s.collect(call, nil)
	if err != nil {
		return err
	}
	sortReplies(replies)
	t := &tail{s: s, agent: a}
	for _, r := range replies {
		for _, job := range jobsOf(r) {
			if slices.Contains(sh.words, job.handle) {
				t.add(r.Sender, job.handle)
			}
		}
	}
	if len(t.jobs) == 0 {
		return fmt.Errorf("no node knows a job %s", strings.Join(sh.words, ", "))
	}
	if !t.follow(s.ctx) {
		return exit(1)
	}
	return nil
}
