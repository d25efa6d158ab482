package failover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Level is how bad a finding is.
type Level string

// The levels.
const (
	Note     Level = "note"     // worth knowing
	Warning  Level = "warning"  // it works, and should not stay like this
	Critical Level = "critical" // nodes cannot be reached
)

func (l Level) rank() int { return slices.Index([]Level{Note, Warning, Critical}, l) }

// Kind is what a finding is about, in a word that programs can rely on.
type Kind string

// The kinds.
const (
	Unreachable  Kind = "unreachable"   // a broker does not take us in
	Empty        Kind = "empty"         // a broker has no node
	Split        Kind = "split"         // no broker alone reaches all nodes that answer
	Trap         Kind = "trap"          // one broker does, and a plain mco asks another one
	NotPreferred Kind = "not-preferred" // nodes are on a later member of their pool
	Incomplete   Kind = "incomplete"    // a node with mode = all lacks a session
	Silent       Kind = "silent"        // a node answers nowhere
	Deaf         Kind = "deaf"          // a node is connected and does not hear broadcasts
	Stale        Kind = "stale"         // a node has a session or a socket of which nothing is heard any more
	Untold       Kind = "untold"        // a node of ours does not tell where it stands
	Nobody       Kind = "nobody"        // nobody answers, and nobody is known
	Unkept       Kind = "unkept"        // the list of those that were seen could not be written

	// What RabbitMQ knows of itself.
	Unmanaged      Kind = "unmanaged"      // a management API cannot be asked
	Alarm          Kind = "alarm"          // a resource ran out
	MemberDown     Kind = "member-down"    // a member of a cluster does not run
	Partition      Kind = "partition"      // members of a cluster went on without each other
	Away           Kind = "away"           // connections are not at the leader of their queue
	Unsynchronised Kind = "unsynchronised" // a copy of a queue is not whole
	Leaderless     Kind = "leaderless"     // a queue has no leader that a majority follows
	LinkDown       Kind = "link-down"      // a shovel or a federation link carries nothing
)

// Finding is one thing that is wrong, or worth knowing.
type Finding struct {
	Level  Level    `json:"level"`
	Kind   Kind     `json:"kind"`
	Broker string   `json:"broker,omitempty"`
	Nodes  []string `json:"nodes,omitempty"`
	Text   string   `json:"text"`
	Mend   string   `json:"mend,omitempty"`
}

// findings judges what was seen.
func (l *look) findings(s *Status) []Finding {
	return slices.Concat(l.ofBrokers(s), l.ofFleet(s), notPreferred(s, l.Pool.Randomize), ofNodes(s), ofManaged(s))
}

// add adds findings, and keeps the worst first.
func (s *Status) add(more ...Finding) {
	s.Findings = append(s.Findings, more...)
	slices.SortStableFunc(s.Findings, func(a, b Finding) int { return cmp.Compare(b.Level.rank(), a.Level.rank()) })
}

// ofBrokers tells of brokers that cannot be asked, and of those that nobody is on. A later member that stands by has no nodes by design.
func (l *look) ofBrokers(s *Status) (all []Finding) {
	down := Warning
	if !slices.ContainsFunc(s.Brokers, func(b Broker) bool { return b.Error == "" }) {
		down = Critical
	}
	for i, b := range s.Brokers {
		switch {
		case b.Error != "":
			all = append(all, Finding{Level: down, Kind: Unreachable, Broker: b.Addr, Text: "cannot be asked: " + b.Error,
				Mend: "start the broker, or look at the way to it; mco doctor says more"})
		case b.Nodes > 0 || s.Answering() == 0 || unknownOn(s, b.Addr):
		case i == 0 && !l.Pool.Randomize:
			all = append(all, Finding{Level: Warning, Kind: Empty, Broker: b.Addr, Text: "the first broker of the pool is up, and no node is on it",
				Mend: "nodes with plugin.mco.pool.failback come back by themselves; others when they lose their broker"})
		default:
			all = append(all, Finding{Level: Note, Kind: Empty, Broker: b.Addr, Text: "no node is on this broker"})
		}
	}
	return all
}

// unknownOn tells whether a node of which only the brokers are known over which it answers may be on this one.
func unknownOn(s *Status, addr string) bool {
	return slices.ContainsFunc(s.Nodes, func(n Node) bool { return n.On == nil && slices.Contains(n.Over, addr) })
}

// ofFleet tells whether a client that asks one broker reaches everybody.
func (l *look) ofFleet(s *Status) []Finding {
	answering := s.Answering()
	if answering == 0 && s.Expected == 0 {
		return []Finding{{Level: Warning, Kind: Nobody, Text: "no node answers, and none is known",
			Mend: "compare plugin.psk, collectives and vhost with a node's; --nodes FILE names those that there should be"}}
	}
	whole := ""
	var parts, unreached []string
	for _, b := range s.Brokers {
		if b.Over == answering && whole == "" {
			whole = b.Addr
		}
		if b.Over > 0 {
			parts = append(parts, fmt.Sprintf("%d over %s", b.Over, b.Addr))
		}
	}
	for i := range s.Nodes {
		if n := &s.Nodes[i]; n.answers() && !slices.Contains(n.Over, s.Client) {
			unreached = append(unreached, n.Identity)
		}
	}
	const mend = "mco --all-brokers, or plugin.mco.client.all_brokers = 1, asks all brokers; plugin.mco.pool.failback brings nodes back; linked brokers make one of many"
	asks := fmt.Sprintf("a plain mco asks %s", s.Client)
	if l.Pool.Randomize {
		asks = fmt.Sprintf("a plain mco may ask %s", s.Client)
	}
	switch {
	case whole == "" && s.Client == "":
		return []Finding{{Level: Note, Kind: Split, Text: fmt.Sprintf("no broker alone reaches all %d nodes (%s), and this client asks all brokers", answering, strings.Join(parts, ", "))}}
	case whole == "":
		return []Finding{{Level: Critical, Kind: Split, Nodes: unreached, Mend: mend,
			Text: fmt.Sprintf("the fleet is split: %s; %s and does not reach %s", strings.Join(parts, ", "), asks, count(len(unreached), "node"))}}
	case s.Unreached > 0:
		return []Finding{{Level: Critical, Kind: Trap, Broker: s.Client, Nodes: unreached, Mend: mend,
			Text: fmt.Sprintf("%s and does not reach %d of %s, which answer over %s", asks, len(unreached), count(answering, "node"), whole)}}
	}
	return nil
}

// notPreferred tells of nodes that are on a later member of their pool. Of a node that tells nothing the client's order is taken for its.
func notPreferred(s *Status, randomize bool) (all []Finding) {
	type place struct {
		at, preferred string
		failback      float64
		told          bool
	}
	groups := map[place][]string{}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if len(n.On) != 1 {
			continue
		}
		p := place{at: n.On[0], preferred: s.Brokers[0].Addr}
		random := randomize
		if t := n.Told; t != nil && len(t.Pool) > 0 && len(t.Brokers) == 1 {
			p = place{t.Brokers[0], t.Pool[0], t.Failback, true}
			random = t.Randomize || t.Mode == "all"
		}
		if !random && p.at != p.preferred {
			groups[p] = append(groups[p], n.Identity)
		}
	}
	for p, nodes := range groups {
		slices.Sort(nodes)
		f := Finding{Level: Warning, Kind: NotPreferred, Broker: p.at, Nodes: nodes}
		f.Text = fmt.Sprintf("%s on it and should be on %s", are(len(nodes)), p.preferred)
		down := slices.ContainsFunc(s.Brokers, func(b Broker) bool { return b.Addr == p.preferred && b.Error != "" })
		switch {
		case down:
			f.Level, f.Text = Note, f.Text+", which cannot be reached"
		case p.failback > 0:
			f.Level, f.Text = Note, f.Text+fmt.Sprintf(": each goes back when that one has answered for %s", time.Duration(p.failback*float64(time.Second)))
		case p.told:
			f.Mend = "set plugin.mco.pool.failback, or restart the nodes' daemons"
		default:
			f.Text += ", if their pool has the order of this client's"
			f.Mend = "restart their daemons: the original's nodes stay until they lose their broker"
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Broker, b.Broker), strings.Compare(a.Text, b.Text), slices.Compare(a.Nodes, b.Nodes))
	})
	return all
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func are(n int) string {
	if n == 1 {
		return "1 node is"
	}
	return fmt.Sprintf("%d nodes are", n)
}
