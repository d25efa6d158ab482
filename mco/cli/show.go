package cli

import (
	"fmt"

	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/rpc"
)

// showCall sends a request to the nodes that were found, shows progress while replies come, then results and statistics, and ends
// with the exit code that the statistics give.
func (s *session) showCall(call rpc.Call, d *ddl.DDL) error {
	p := &report.Printer{Out: s.out, Color: s.color, Terminal: onTerminal(s.out), Verbose: s.opts.verbose, JSON: s.opts.json, Display: s.opts.display}
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

// collect makes the call and returns the replies in order of arrival.
func (s *session) collect(call rpc.Call, summary *ddl.Summary) ([]rpc.Reply, error) {
	picked := call.Nodes.Nodes
	if call.Pick != nil {
		var err error
		if picked, err = call.Pick(picked); err != nil {
			return nil, err
		}
		call.Pick = func([]string) ([]string, error) { return picked, nil }
	}
	end := "\n\n"
	if call.Batch.Size > 0 {
		end = "\n"
	}
	if len(picked) == 0 {
		call.Stats.DiscoveryTime, call.Stats.Discovered = call.Nodes.Took, call.Nodes.Nodes
		fmt.Fprint(s.errOut, "\nNo request sent, we did not discover any nodes.")
		if s.opts.progress {
			fmt.Fprint(s.out, end)
		}
		return nil, nil
	}
	client, err := s.connect()
	if err != nil {
		return nil, err
	}
	line := report.Progress{Size: report.ProgressSize(s.columns()), Color: s.color}
	if s.opts.progress {
		fmt.Fprint(s.out, "\n"+line.Line(0, len(picked)))
		defer fmt.Fprint(s.out, end) // also behind a failure: no half line is left
	}
	replies := make([]rpc.Reply, 0, len(picked))
	for reply, err := range client.Call(s.ctx, call) {
		if err != nil {
			return nil, err
		}
		replies = append(replies, reply)
		if s.opts.progress {
			fmt.Fprint(s.out, line.Line(len(replies), len(picked)))
		}
		if summary != nil {
			summary.Add(reply.Data)
			s.logSummary(summary)
		}
	}
	return replies, nil
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

// tellSilent says on a terminal why nodes did not reply. Scripts read what the original prints and no more.
func (s *session) tellSilent(stats *rpc.Stats) {
	if s.opts.json || !onTerminal(s.errOut) {
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
