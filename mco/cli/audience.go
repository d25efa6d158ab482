package cli

import (
	"cmp"
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/failover/silent"
	"github.com/mco-go/mco-go/mco/rpc"
)

// audience is whom a command asked, and who answered the last time that it was asked. One goroutine uses it.
type audience struct {
	answered map[string]bool
	silent   map[string]silent.Asked
	extra    time.Duration // what data plugins of filters may take
	listed   bool          // the nodes came from a list
	rolls    []rollCall    // with filters, of which nodes are missing
}

// crowd is names to look others up in: a fleet is too many for a list that is read once for each of its nodes.
type crowd map[string]bool

func crowdOf(names []string) crowd {
	c := make(crowd, len(names))
	for _, n := range names {
		c[n] = true
	}
	return c
}

// within returns those of names that are in the crowd.
func (c crowd) within(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !c[n] })
}

// without returns those of names that are not.
func (c crowd) without(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return c[n] })
}

func newAudience() *audience {
	return &audience{answered: map[string]bool{}, silent: map[string]silent.Asked{}}
}

func (a *audience) heard(node string) {
	a.answered[node] = true
	delete(a.silent, node)
}

func (a *audience) missed(q silent.Asked) {
	delete(a.answered, q.Node)
	a.silent[q.Node] = q
}

// rollCall is one search for nodes, and who should answer it.
type rollCall struct {
	collective string
	filter     mco.Filter
	plain      bool     // it has no filter of the operator's
	known      []string // who answered this very question before
	expected   []string // these, and nodes of the fleet of which nobody knows whether they match
	missing    []string // of these, who did not answer
}

// expect settles who should answer a question, before its answers take the place of the earlier ones. plain says that the operator gave no
// filter.
func (s *session) expect(f mco.Filter, plain bool) rollCall {
	q := rollCall{collective: cmp.Or(s.opts.collective, s.cfg.MainCollective), filter: f, plain: plain}
	limit := s.discoveryLimit()
	if !s.explains() || s.opts.limit != "" || limit != nil && *limit < rpc.DefaultQuiet().Patience {
		return q // whoever asks a part of the fleet, or for a moment, misses nobody
	}
	fleet := s.fleet(q.collective)
	q.known = s.memory("").Answered(q.collective, f)
	for _, n := range s.memory(missedScope).Answered(q.collective, f) {
		if slices.Contains(fleet, n) { // else it was forgotten
			q.known = append(q.known, n)
		}
	}
	q.expected = slices.Clone(q.known)
	if plain {
		unmeant := s.memory(unmeantScope).Answered(q.collective, f)
		for _, n := range fleet {
			if !slices.Contains(unmeant, n) {
				q.expected = append(q.expected, n)
			}
		}
	} else if len(q.known) == 0 {
		q.expected = fleet
	}
	slices.Sort(q.expected)
	q.expected = slices.Compact(q.expected)
	return q
}

// Scopes of memories beside the one for the brokers of a cfg file: who was missed by a question with a filter, whom such a question does
// not mean, and the fleet of mco failover.
const (
	missedScope  = " missed"
	unmeantScope = " unmeant"
	fleetScope   = " failover"
)

func (s *session) memory(scope string) *rpc.Memory {
	return rpc.NewMemory(s.cfg.Own.StateDir, s.cfg.File+scope)
}

// fleet is everybody who is known to be there.
func (s *session) fleet(collective string) []string {
	all := slices.Concat(s.memory("").Fleet(collective), s.memory(fleetScope).Fleet(collective))
	slices.Sort(all)
	return slices.Compact(all)
}

// searched notes who answered a question that was waited for to its end, and keeps those who did not for the next time: an alarm must
// not end because it was raised.
func (s *session) searched(q rollCall, answered []string, extra time.Duration) {
	for _, n := range answered {
		s.audience.heard(n)
	}
	if !s.explains() || s.interrupted() || !q.plain && len(q.known) == 0 && len(answered) > 0 {
		return
	}
	q.missing = crowdOf(answered).without(q.expected)
	if len(q.missing) == 0 {
		return
	}
	s.audience.extra = max(s.audience.extra, extra)
	known := crowdOf(q.known)
	for _, n := range q.missing {
		s.audience.missed(silent.Asked{Node: n, Known: true, Filter: q.filter, Matched: q.plain || known[n], TTL: s.cfg.TTL})
	}
	if q.filter.Empty() {
		s.kept(s.memory(fleetScope).Remember(q.collective, slices.Concat(answered, q.missing)))
		return
	}
	s.kept(s.memory(missedScope).RememberAnswers(q.collective, q.filter, known.within(q.missing)))
	s.audience.rolls = append(s.audience.rolls, q)
}

// settle keeps what was learned of searches with filters: whom they mean, and whom they do not.
func (s *session) settle(r *silent.Report) {
	absent, unmeant := crowd{}, crowdOf(r.Unmeant)
	for _, n := range r.Nodes {
		absent[n.Identity] = true
	}
	for _, q := range s.audience.rolls {
		s.kept(s.memory(missedScope).RememberAnswers(q.collective, q.filter, absent.within(q.missing)))
		if !q.plain {
			continue
		}
		m := s.memory(unmeantScope)
		others := slices.Concat(m.Answered(q.collective, q.filter), unmeant.within(q.missing))
		slices.Sort(others)
		s.kept(m.RememberAnswers(q.collective, q.filter, slices.Compact(others)))
	}
}

// kept notes that something could not be kept, which is no failure of the command.
func (s *session) kept(err error) {
	if err != nil {
		s.log.Debug("Remembering who is missing: " + err.Error())
	}
}

// called notes who replied to a call, who replied that it is refused, and who did not reply.
func (s *session) called(call rpc.Call, replied, refused []string) {
	asked := silent.Asked{Request: call.Stats.RequestID, TTL: cmp.Or(call.TTL, s.cfg.TTL), Named: call.Nodes.Listed, Known: true, Matched: true}
	asked.Directed = call.Nodes.Listed || call.Batch.Size > 0 || call.Pick != nil || len(call.Stats.Discovered) <= s.cfg.DirectAddressingThreshold
	if call.Nodes.Listed {
		asked.Filter = mco.Filter{Agents: []string{call.Agent}}
	}
	for _, n := range replied {
		s.audience.heard(n)
	}
	for _, n := range refused {
		asked.Node, asked.Said = n, true
		s.audience.missed(asked)
	}
	asked.Said = false
	fleet := crowdOf(s.fleet(s.cfg.MainCollective))
	for _, n := range call.Stats.Silent {
		asked.Node, asked.Local = n.Node, n
		asked.Known = !call.Nodes.Listed || fleet[n.Node]
		s.audience.missed(asked)
	}
}

// named notes which of the nodes that the operator named did not answer who is there.
func (s *session) named(names, answered []string) {
	rest := s.opts.filter
	rest.Identities = nil
	fleet := crowdOf(s.fleet(cmp.Or(s.opts.collective, s.cfg.MainCollective)))
	for _, n := range answered {
		s.audience.heard(n)
	}
	for _, n := range crowdOf(answered).without(names) {
		s.audience.missed(silent.Asked{Node: n, Named: true, Known: fleet[n], Filter: rest, TTL: s.cfg.TTL})
	}
}
