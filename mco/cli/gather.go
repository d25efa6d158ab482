package cli

import (
	"fmt"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/rpc"
)

// gathered is what a call brought, before anything of it is printed: what applications of agents get from their rpcclient.
type gathered struct {
	s       *session
	ddl     *ddl.DDL
	call    rpc.Call
	replies []rpc.Reply
	summary *ddl.Summary
}

// gather calls an action of the nodes that the options mean and collects the replies behind a line of progress, if a.progress is on.
// With --reply-to the request is all there is; the result is nil then.
func (a *agentClient) gather(action string, data *mco.Map) (*gathered, error) {
	call, err := a.request(action, data)
	if err != nil {
		return nil, err
	}
	if call.ReplyTo != "" {
		return nil, a.s.send(a.search, &call)
	}
	if call.Nodes, err = a.discover(a.s.opts.verbose); err != nil {
		return nil, err
	}
	g := &gathered{s: a.s, ddl: a.ddl, call: call}
	if g.summary, err = a.ddl.NewSummary(action); err != nil {
		a.s.log.Error("Failed to load aggregate functions, calculating summaries disabled: " + err.Error())
	}
	a.stats = call.Stats
	shown := a.s.opts.progress
	a.s.opts.progress = a.progress
	g.replies, err = a.s.collect(call, g.summary)
	a.s.opts.progress = shown
	if a.s.opts.sort {
		sortReplies(g.replies)
	}
	return g, err
}

// results prints the replies as `mco rpc` does (printrpc).
func (g *gathered) results() error {
	return g.s.printer().Results(g.replies, g.ddl.Action(g.call.Action))
}

// end prints the statistics, with summaries where they are asked for, and ends with the exit code that the call gives.
func (g *gathered) end(caption string, summarize bool) error {
	summary := g.summary
	if !summarize {
		summary = nil
	}
	if err := g.s.printer().Stats(g.call.Stats, caption, summary); err != nil {
		return err
	}
	g.s.tellSilent(g.call.Stats)
	g.s.logSummary(g.summary)
	return g.exit()
}

// exit returns the exit code that the call gives (halt).
func (g *gathered) exit() error {
	if code := g.call.Stats.ExitCode(); code != 0 {
		return exit(code)
	}
	return nil
}

// rows prints a line for each reply, senders right-aligned to the longest: what text returns where the action succeeded, unless that
// is nothing to tell, else the message in a color.
func (g *gathered) rows(failed report.Color, text func(rpc.Reply) (line string, ok bool)) {
	width := 0
	for _, r := range g.replies {
		width = max(width, utf8.RuneCountInString(r.Sender))
	}
	for _, r := range g.replies {
		line, ok := "", true
		if r.Code != mco.OK {
			line = g.s.show(r.Message)
			if failed != report.Reset {
				line = report.Paint(g.s.color, failed, line)
			}
		} else if line, ok = text(r); ok {
			line = g.s.show(line)
		}
		if ok {
			fmt.Fprintf(g.s.out, "%*s: %s\n", width+3, g.s.show(r.Sender), line)
		}
	}
}

// valueOf is a member of a reply's data as Ruby's %s prints it: nil is empty.
func valueOf(r rpc.Reply, key string) string {
	v := r.Data.Field(key)
	if v.IsNil() {
		return ""
	}
	return inspect.Text(v)
}

// confirmUnfiltered asks before something is done to every node there is, unless yes is given.
func (s *session) confirmUnfiltered(question string, yes bool) error {
	f := s.opts.filter
	filtered := len(f.Facts)+len(f.Classes)+len(f.Agents)+len(f.Identities)+len(f.Compound) > 0
	if filtered || yes || s.confirm(question) {
		return nil
	}
	return exit(1)
}

// inputs makes the data of a request from pairs of names and texts.
func inputs(pairs ...string) *mco.Map {
	m := mco.SymbolMap(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		m.SetSymbol(mco.Symbol(pairs[i]), mco.String(pairs[i+1]))
	}
	return m
}
