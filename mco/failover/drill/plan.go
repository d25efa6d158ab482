package drill

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco/failover"
)

// Plan is what a drill would do to whom.
type Plan struct {
	Status *failover.Status
	Broker string   // host:port of the one that is taken away
	Number int      // its place in the pool, from 1
	On     []string // nodes that have a session with it, as far as known
	Maybe  []string // nodes that answer over several linked brokers, so that nobody knows
	Others []string // brokers that nodes can go to
	Alone  []string // nodes of ours whose pool has no other broker that can be asked
	Return []string // nodes that come back by themselves
	Stay   []string // nodes that will stay where they go, by what is known of them
}

// Member returns the number of a pool's member that is named by its number or its address; the empty name is the broker that a plain
// mco asks, or the first.
func Member(s *failover.Status, name string) (number int, err error) {
	var addrs []string
	for _, b := range s.Brokers {
		addrs = append(addrs, b.Addr)
	}
	if name == "" {
		return max(slices.Index(addrs, s.Client), 0) + 1, nil
	}
	if i := slices.Index(addrs, name); i >= 0 {
		return i + 1, nil
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(addrs) {
		return n, nil
	}
	found := 0
	for i, a := range addrs {
		if host, _, ok := strings.Cut(a, ":"); ok && host == name {
			if found != 0 {
				return 0, fmt.Errorf("%s is more than one member of the pool: name it by its number or HOST:PORT", name)
			}
			found = i + 1
		}
	}
	if found == 0 {
		return 0, fmt.Errorf("%s is no member of the pool: %s", name, strings.Join(addrs, ", "))
	}
	return found, nil
}

// NewPlan says what a drill with a member of the pool would do, or why it must not be.
func NewPlan(s *failover.Status, number int) (*Plan, error) {
	target := s.Brokers[number-1]
	p := &Plan{Status: s, Broker: target.Addr, Number: number}
	for _, b := range s.Brokers {
		if b.Addr != target.Addr && b.Error == "" {
			p.Others = append(p.Others, b.Addr)
		}
	}
	switch {
	case target.Error != "":
		return nil, fmt.Errorf("%s is away already: %s", target.Addr, target.Error)
	case len(p.Others) == 0:
		return nil, errors.New("no other broker of the pool can be asked: the nodes would have nowhere to go")
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		switch {
		case slices.Contains(n.On, target.Addr):
			p.On = append(p.On, n.Identity)
		case n.On == nil && slices.Contains(n.Over, target.Addr):
			p.Maybe = append(p.Maybe, n.Identity)
		default:
			continue
		}
		if p.alone(n) {
			p.Alone = append(p.Alone, n.Identity)
		}
		if p.returns(n) {
			p.Return = append(p.Return, n.Identity)
		} else {
			p.Stay = append(p.Stay, n.Identity)
		}
	}
	if len(p.On)+len(p.Maybe) == 0 {
		return nil, fmt.Errorf("no node is on %s: there is nothing to measure", target.Addr)
	}
	return p, nil
}

// alone tells whether a node of ours knows no other broker that can be asked. A broker that it calls by a name of its own may be up.
func (p *Plan) alone(n *failover.Node) bool {
	if !told(n) || len(n.Told.Pool) == 0 {
		return false
	}
	for _, a := range n.Told.Pool {
		own := a == p.Broker || slices.Contains(n.Told.Brokers, a) && len(n.Told.Brokers) == 1
		down := slices.ContainsFunc(p.Status.Brokers, func(b failover.Broker) bool { return b.Addr == a && b.Error != "" })
		if !own && !down {
			return false
		}
	}
	return true
}

// returns tells whether a node comes back to a broker by itself when that is there again.
func (p *Plan) returns(n *failover.Node) bool {
	t := n.Told
	switch {
	case t == nil:
		return false // the original's stay until they lose their broker
	case t.Mode == "all":
		return true
	case t.Randomize || t.Failback <= 0 || len(t.Pool) < 2:
		return false
	}
	at := slices.Index(t.Pool, p.Broker)
	if at < 0 && len(t.Brokers) == 1 { // its own name for it
		at = slices.Index(t.Pool, t.Brokers[0])
	}
	if at < 0 || at == len(t.Pool)-1 {
		return false // it goes to an earlier one, and that is where it wants to be
	}
	return !slices.ContainsFunc(t.Pool[:at], func(a string) bool { return slices.Contains(p.Others, a) })
}

// homeOf is the longest time that a node takes to return, as it tells; its failback, where it does not.
func (p *Plan) homeOf() (longest time.Duration) {
	for i := range p.Status.Nodes {
		n := &p.Status.Nodes[i]
		if t := n.Told; t != nil && t.Mode != "all" && slices.Contains(p.Return, n.Identity) {
			longest = max(longest, time.Duration(max(t.Home, t.Failback)*float64(time.Second)))
		}
	}
	return longest
}
