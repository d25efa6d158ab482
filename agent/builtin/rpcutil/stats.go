package rpcutil

import (
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
)

// daemonStats tells the counters of the node. Threads are the requests that run: a goroutine has no name that would say more.
func (a *Agent) daemonStats(reply *agent.Reply) error {
	s := a.env.Node.Statistics()
	count := func(key mco.Symbol, n uint64) { reply.Set(key, mco.Int(int64(n))) }
	reply.Set("threads", mco.Strings(s.Running...))
	reply.Set("agents", mco.Strings(a.env.Node.Agents()...))
	reply.Set("pid", mco.Int(int64(os.Getpid())))
	reply.Set("times", times())
	reply.Set("configfile", mco.String(a.env.Config.File))
	reply.Set("version", mco.String(mco.Version()))
	count("validated", s.Validated)
	count("unvalidated", s.Unvalidated)
	count("passed", s.Passed)
	count("filtered", s.Filtered)
	reply.Set("starttime", mco.Int(s.Start.Unix()))
	count("total", s.Total)
	count("ttlexpired", s.TTLExpired)
	count("replies", s.Replies)
	return nil
}

// times are the CPU seconds of the process and of its children, as Ruby's Process.times gives them.
func times() mco.Value {
	m := mco.SymbolMap(4)
	for _, who := range []struct {
		prefix string
		who    int
	}{{"", syscall.RUSAGE_SELF}, {"c", syscall.RUSAGE_CHILDREN}} {
		var u syscall.Rusage
		// Getrusage fails for a wrong "who" alone.
		_ = syscall.Getrusage(who.who, &u)
		m.SetSymbol(mco.Symbol(who.prefix+"utime"), mco.Float(float64(u.Utime.Nano())/1e9))
		m.SetSymbol(mco.Symbol(who.prefix+"stime"), mco.Float(float64(u.Stime.Nano())/1e9))
	}
	return mco.Hash(m)
}

func (a *Agent) agentInventory(reply *agent.Reply) error {
	list := a.env.Node.Inventory()
	slices.SortFunc(list, func(x, y agent.Metadata) int { return strings.Compare(x.Agent, y.Agent) })
	values := make([]mco.Value, len(list))
	for i, m := range list {
		values[i] = m.Value()
	}
	reply.Set("agents", mco.List(values...))
	return nil
}
