package cli

import (
	"fmt"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/rpc"
)

// showCall sends a request to the nodes that were found, shows progress while replies come, then results and statistics, and ends
// with the exit code that the statistics give.
func (s *session) showCall(call rpc.Call, d *ddl.DDL) error {
	p := s.printer()
	summary, err := d.NewSummary(call.Action)
	if err != nil {
		s.log.Error("Failed to load aggregate functions, calculating summaries disabled: " + err.Error())
	}
	replies, err := s.collect(call, summary)
	if err != nil {
		return err
	}
	if s.opts.sort {
		sortReplies(replies)
	}
	if err := p.Results(replies, d.Action(call.Action)); err != nil {
		return err
	}
	if len(call.Nodes.Nodes) > 0 {
		caption := call.Agent + "#" + call.Action + " call stats"
		if err := p.Stats(call.Stats, caption, summary); err != nil {
			return err
		}
		s.tellSilent(call.Stats)
	}
	s.logSummary(summary)
	if code := call.Stats.ExitCode(); code != 0 {
		return exit(code)
	}
	return nil
}

func (s *session) printer() *report.Printer {
	return &report.Printer{Out: s.out, Color: s.color, Terminal: onTerminal(s.out), Verbose: s.opts.verbose, JSON: s.opts.json, Display: s.opts.display}
}

// collect makes the call behind a line of progress and returns the replies in order of arrival.
func (s *session) collect(call rpc.Call, summary *ddl.Summary) ([]rpc.Reply, error) {
	var show func(done, total int)
	if s.opts.progress {
		line := report.Progress{Size: report.ProgressSize(s.columns()), Color: s.color}
		show = func(done, total int) {
			if done == 0 {
				fmt.Fprintln(s.out)
			}
			fmt.Fprint(s.out, line.Line(done, total))
		}
	}
	var replies []rpc.Reply
	err := s.perform(call, s.opts.progress, show, func(reply rpc.Reply) error {
		replies = append(replies, reply)
		if summary != nil {
			summary.Add(reply.Data)
			s.logSummary(summary)
		}
		return nil
	})
	return replies, err
}

// perform makes the call and hands over each reply, after show was told how many there are. An error of each ends the call.
// progress asks for the empty lines that end the output, also where no line of progress is shown.
func (s *session) perform(call rpc.Call, progress bool, show func(done, total int), each func(rpc.Reply) error) error {
	picked := call.Nodes.Nodes
	if call.Pick != nil {
		var err error
		if picked, err = call.Pick(picked); err != nil {
			return err
		}
		call.Pick = func([]string) ([]string, error) { return picked, nil }
	}
	end := ""
	if progress {
		end = "\n\n"
		if call.Batch.Size > 0 {
			end = "\n"
		}
	}
	if len(picked) == 0 {
		call.Stats.DiscoveryTime, call.Stats.Discovered = call.Nodes.Took, call.Nodes.Nodes
		fmt.Fprint(s.errOut, "\nNo request sent, we did not discover any nodes.")
		fmt.Fprint(s.out, end)
		return nil
	}
	if call.Batch.Size > 0 && !s.cfg.DirectAddressing {
		return rpc.ErrBatchDirect // before any progress is shown
	}
	client, err := s.connect()
	if err != nil {
		return err
	}
	if show != nil {
		show(0, len(picked))
	}
	defer fmt.Fprint(s.out, end) // also behind a failure: no half line is left
	var failed, replied, refused []string
	defer func() {
		s.keepRun(call, failed)
		s.called(call, replied, refused)
	}()
	done := 0
	for reply, err := range client.Call(s.ctx, call) {
		if err != nil {
			return err
		}
		if reply.Code != mco.OK {
			failed = append(failed, reply.Sender)
		}
		if replied = append(replied, reply.Sender); reply.Code == mco.Aborted && reply.Message == notAuthorized {
			refused = append(refused, reply.Sender)
		}
		if done++; show != nil {
			show(done, len(picked))
		}
		if !s.opts.keep.keeps(reply) {
			continue
		}
		if err := each(reply); err != nil {
			return err
		}
	}
	if err := s.opts.keep.failure(); err != nil {
		fmt.Fprintf(s.errOut, "mco: %v\n", err)
	}
	return nil
}

// logSummary writes what went wrong with summaries since it was last called.
func (s *session) logSummary(summary *ddl.Summary) {
	if summary == nil {
		return
	}
	for _, text := range summary.Log {
		s.log.Error(text)
	}
	summary.Log = summary.Log[:0]
}

// tellSilent says on a terminal what this client knows itself of nodes that did not reply, where nobody will look for them.
func (s *session) tellSilent(stats *rpc.Stats) {
	if s.opts.json || !onTerminal(s.errOut) || s.explains() {
		return
	}
	for _, silent := range stats.Silent {
		text := silent.Reason.String()
		if silent.Detail != "" {
			text += " (" + silent.Detail + ")"
		}
		fmt.Fprintf(s.errOut, "mco: %s: %s\n", silent.Node, text)
	}
}
