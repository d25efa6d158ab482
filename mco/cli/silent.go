package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/failover/silent"
)

// explains tells whether silent nodes are explained at all.
func (s *session) explains() bool {
	return s.c.Pool != nil && !s.opts.noExplain && s.cfg != nil && s.cfg.Own.ExplainSilent
}

// notAuthorized is what nodes reply whose policy refuses (rpc/agent.rb).
const notAuthorized = "You are not authorized to call this agent or action."

// worthAsking tells whether there is a silent node of which people want to know. Who was named one by one, and is not known, is what the
// operator sees himself; so are refusals. Both are explained on a terminal, and beside others.
func (s *session) worthAsking() bool {
	if onTerminal(s.errOut) && !s.opts.json {
		return len(s.audience.silent) > 0
	}
	for _, a := range s.audience.silent {
		if !a.Said && (a.Known || s.audience.listed) {
			return true
		}
	}
	return false
}

// explain says, behind all that the original prints, why nodes did not answer. Who does not want to wait for that presses Ctrl-C.
func (s *session) explain() {
	if s.conn == nil || !s.explains() || s.interrupted() || !s.worthAsking() {
		return
	}
	pool, err := s.c.Pool(s.cfg)
	if err != nil {
		s.log.Debug("Looking for silent nodes: " + err.Error())
		return
	}
	provider, err := s.c.Security(s.cfg)
	if err != nil {
		return
	}
	if onTerminal(s.errOut) && !s.opts.json {
		fmt.Fprintf(s.errOut, "mco: looking for %s, Ctrl-C ends it\n", nodeCount(len(s.audience.silent)))
	}
	o := silent.Options{Options: failover.Options{Config: s.cfg, Pool: pool, Security: provider}, Collective: s.opts.collective, Via: s.via(),
		Answered: slices.Sorted(maps.Keys(s.audience.answered)), Extra: s.audience.extra}
	for _, n := range slices.Sorted(maps.Keys(s.audience.silent)) {
		o.Asked = append(o.Asked, s.audience.silent[n])
	}
	if s.c.Subscribers != nil {
		o.Subscribers = s.c.Subscribers(s.cfg, pool)
	}
	found, err := silent.Explain(s.ctx, o)
	if err != nil {
		s.log.Debug("Looking for silent nodes: " + err.Error())
		return
	}
	s.settle(found)
	switch {
	case len(found.Nodes) == 0:
	case s.opts.json:
		line, err := json.Marshal(map[string]any{"silent": found})
		if err == nil {
			fmt.Fprintf(s.errOut, "%s\n", line)
		}
	default:
		fmt.Fprint(s.errOut, inWords(found))
	}
}

// via names the brokers over which this command asked.
func (s *session) via() (all []string) {
	if c, ok := s.conn.(interface{ Survey() connector.Survey }); ok {
		for _, place := range c.Survey().Sessions {
			if place.State == connector.Ready {
				all = append(all, place.Broker)
			}
		}
		return all
	}
	return []string{s.conn.Status().Broker}
}

// inWords is a report as people read it: a line for all, one for each broker, and one for each reason with the nodes.
func inWords(r *silent.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nmco: %d of %s answered", r.Answered, nodeCount(r.Expected))
	if r.Unknown > 0 {
		fmt.Fprintf(&b, "; why %d did not is unknown", r.Unknown)
	}
	b.WriteByte('\n')
	for _, k := range r.Brokers {
		fmt.Fprintf(&b, "mco: %s has %d of %d", k.Addr, k.Nodes, r.Expected)
		if k.Asked {
			b.WriteString(", and was asked")
		}
		if k.Error != "" {
			b.WriteString(", and cannot be asked: " + k.Error)
		}
		b.WriteByte('\n')
	}
	for i := 0; i < len(r.Nodes); {
		n := r.Nodes[i]
		fmt.Fprintf(&b, "mco: %s", n.Reason)
		if n.Detail != "" {
			fmt.Fprintf(&b, " (%s)", n.Detail)
		}
		for sep := ": "; i < len(r.Nodes) && r.Nodes[i].Reason == n.Reason && r.Nodes[i].Detail == n.Detail; i++ {
			b.WriteString(sep + r.Nodes[i].Identity)
			sep = ", "
		}
		b.WriteByte('\n')
	}
	if f := r.Finding; f != nil {
		fmt.Fprintf(&b, "mco: %s\nmco: -> %s\n", f.Text, f.Mend)
	}
	return report.Clean(b.String())
}

func nodeCount(n int) string {
	if n == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", n)
}

// plainNames returns the names of an identity filter without patterns.
func plainNames(f mco.Filter) ([]string, bool) {
	names := make([]string, 0, len(f.Identities))
	for _, v := range f.Identities {
		name, ok := v.AsString()
		if !ok || name != "" && name[0] == '/' {
			return nil, false
		}
		names = append(names, name)
	}
	return names, len(names) > 0
}
