package failover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco/rpc"
)

// Status is a fleet at one moment, as its brokers and its nodes tell it.
type Status struct {
	Time     time.Time `json:"time"`
	Expected int       `json:"expected"`             // nodes that there should be
	Brokers  []Broker  `json:"brokers"`              // in the order of the client's pool
	Nodes    []Node    `json:"nodes"`                // by name; those that are missing too
	Findings []Finding `json:"findings"`             // the worst first
	Managed  []Managed `json:"management,omitempty"` // what the brokers' management APIs tell, where the cfg file names them

	// Client is the member that a plain `mco` with this cfg file asks, or with randomize may ask and that reaches the fewest; empty: it
	// asks all, or can reach none.
	Client    string `json:"client,omitempty"`
	Unreached int    `json:"unreached"` // nodes that answer, and not over that member
}

// Broker is one member of the pool.
type Broker struct {
	Addr  string `json:"addr"`
	Error string `json:"error,omitempty"` // why it could not be asked; empty: it was
	Nodes int    `json:"nodes"`           // that are on it, as far as known
	Over  int    `json:"over"`            // that answer over it
}

// Node is one node.
type Node struct {
	Identity string   `json:"identity"`
	On       []string `json:"on"`               // brokers with which it has a session
	Over     []string `json:"over"`             // brokers over which it answers; more than one where brokers are linked
	Deaf     bool     `json:"deaf,omitempty"`   // it answers to its name and not to broadcasts
	Told     *Told    `json:"told,omitempty"`   // what it tells itself; nil: it is the original's, or would not
	Untold   string   `json:"untold,omitempty"` // why a node of ours tells nothing
	Silent   string   `json:"silent,omitempty"` // why it answers nowhere, as far as the client can tell

	tells   bool
	silence rpc.Silence
}

// answers tells whether anything was heard of the node.
func (n *Node) answers() bool { return len(n.Over) > 0 }

// status puts together what was seen.
func (l *look) status() *Status {
	s := &Status{Time: time.Now().UTC().Truncate(time.Millisecond), Expected: len(l.expected), Managed: l.told}
	addrs := make([]string, len(l.views))
	for i, v := range l.views {
		addrs[i] = v.member.Addr
	}
	for _, name := range l.expected {
		l.node(name)
	}
	for _, n := range l.seen {
		slices.SortFunc(n.Over, func(a, b string) int { return cmp.Compare(slices.Index(addrs, a), slices.Index(addrs, b)) })
		n.Over = slices.Compact(n.Over)
		n.On = on(n, addrs)
		if !n.answers() {
			n.Silent = silent(n)
		}
		s.Nodes = append(s.Nodes, *n)
	}
	slices.SortFunc(s.Nodes, func(a, b Node) int { return strings.Compare(a.Identity, b.Identity) })
	for _, v := range l.views {
		b := Broker{Addr: v.member.Addr}
		if v.err != nil {
			b.Error = v.err.Error()
		}
		for i := range s.Nodes {
			if slices.Contains(s.Nodes[i].On, b.Addr) {
				b.Nodes++
			}
			if slices.Contains(s.Nodes[i].Over, b.Addr) {
				b.Over++
			}
		}
		s.Brokers = append(s.Brokers, b)
	}
	l.reach(s)
	s.add(l.findings(s)...)
	return s
}

// on tells with which brokers a node has a session. What it says itself counts, as far as it calls brokers as this client does; else
// the one broker over which it answers. With several, which are linked then, nobody knows.
func on(n *Node, addrs []string) []string {
	if n.Told != nil {
		known := slices.DeleteFunc(slices.Clone(n.Told.Brokers), func(b string) bool { return !slices.Contains(addrs, b) })
		if len(known) > 0 {
			return known
		}
	}
	if len(n.Over) == 1 {
		return slices.Clone(n.Over)
	}
	return nil
}

func silent(n *Node) string {
	if n.silence.Reason == 0 || n.silence.Reason == rpc.NeverSeen {
		return "nothing was heard over any of them"
	}
	return fmt.Sprintf("%s: %s", n.silence.Reason, n.silence.Detail)
}

// reach settles what a client with this cfg file sees when it asks one broker.
func (l *look) reach(s *Status) {
	if l.Config.Own.AllBrokers || l.Config.Own.PoolAll {
		return
	}
	answering := s.Answering()
	for _, b := range s.Brokers {
		if b.Error != "" {
			continue
		}
		if lost := answering - b.Over; s.Client == "" || lost > s.Unreached {
			s.Client, s.Unreached = b.Addr, lost
		}
		if !l.Pool.Randomize {
			return
		}
	}
}

// Answering counts the nodes that were heard of.
func (s *Status) Answering() (count int) {
	for i := range s.Nodes {
		if s.Nodes[i].answers() {
			count++
		}
	}
	return count
}

// Missing names the nodes that there should be and that were not heard of.
func (s *Status) Missing() (names []string) {
	for i := range s.Nodes {
		if !s.Nodes[i].answers() {
			names = append(names, s.Nodes[i].Identity)
		}
	}
	return names
}
