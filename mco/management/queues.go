package management

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Queues is where queues have their leaders, and who gets messages over another member.
type Queues struct {
	Leaders    map[string]int `json:"leaders"`    // queues by the member that leads them
	Consumers  int            `json:"consumers"`  // connections that take messages from a queue
	Away       []Away         `json:"away"`       // those that take some from a queue that another member leads
	Replicated []Queue        `json:"replicated"` // queues that several members should have
}

// Away is a connection to another member than the one that leads its queue: each message takes a way more.
type Away struct {
	Connection string   `json:"connection"`
	Node       string   `json:"node"`
	Leaders    []string `json:"leaders"` // of its queues that are elsewhere
}

// Queue is a queue of which several members have a copy.
type Queue struct {
	Name    string   `json:"name"`
	VHost   string   `json:"vhost"`
	Kind    string   `json:"kind"`   // mirrored or quorum
	Leader  string   `json:"leader"` // "": none that a majority follows
	Members []string `json:"members"`
	Whole   []string `json:"whole"` // those of Members that have all of it: the leader, synchronised mirrors, members of a quorum that are online
}

// Lacking names the members whose copy is not whole.
func (q Queue) Lacking() []string {
	return slices.DeleteFunc(slices.Clone(q.Members), func(m string) bool { return slices.Contains(q.Whole, m) })
}

// queue is what the API tells of one.
type queue struct {
	Name         string   `json:"name"`
	VHost        string   `json:"vhost"`
	Type         string   `json:"type"`
	Node         string   `json:"node"`
	Leader       string   `json:"leader"`
	Members      []string `json:"members"`
	Online       []string `json:"online"`
	Mirrors      []string `json:"slave_nodes"`
	Synchronised []string `json:"synchronised_slave_nodes"`
}

type pageOfQueues struct {
	Pages int     `json:"page_count"`
	Items []queue `json:"items"`
}

// consumer is a subscription. Its channel's details are a list where the channel has just gone.
type consumer struct {
	Queue struct {
		Name  string `json:"name"`
		VHost string `json:"vhost"`
	} `json:"queue"`
	Channel channel `json:"channel_details"`
}

func (v *View) queues(g guard) error {
	leader := map[[2]string]string{} // by vhost and name
	v.Queues.Leaders = map[string]int{}
	for page := 1; ; page++ {
		if page > maxPages {
			return fmt.Errorf("there are more than %d queues", maxPages*pageSize)
		}
		var p pageOfQueues
		err := g.get(fmt.Sprintf("queues?page=%d&page_size=%d&columns=name,vhost,type,node,leader,members,online,slave_nodes,synchronised_slave_nodes", page, pageSize), &p)
		if err != nil {
			return err
		}
		for _, q := range p.Items {
			at := cmp.Or(q.Leader, q.Node)
			leader[[2]string{q.VHost, q.Name}] = at
			v.Queues.Leaders[at]++
			if r, ok := q.replicated(at); ok {
				v.Queues.Replicated = append(v.Queues.Replicated, r)
			}
		}
		if page >= p.Pages {
			break
		}
	}
	slices.SortFunc(v.Queues.Replicated, func(a, b Queue) int {
		return cmp.Or(strings.Compare(a.VHost, b.VHost), strings.Compare(a.Name, b.Name))
	})
	return v.consumers(g, leader)
}

// replicated tells of a queue with copies.
func (q queue) replicated(leader string) (Queue, bool) {
	r := Queue{Name: q.Name, VHost: q.VHost, Leader: leader}
	switch {
	case q.Type == "quorum":
		r.Kind, r.Members, r.Whole = "quorum", q.Members, q.Online
		if !slices.Contains(q.Online, leader) || 2*len(q.Online) <= len(q.Members) {
			r.Leader = "" // the one that it had is gone, or leads nobody
		}
	case len(q.Mirrors) > 0:
		r.Kind, r.Members, r.Whole = "mirrored", append([]string{q.Node}, q.Mirrors...), append([]string{q.Node}, q.Synchronised...)
	default:
		return r, false
	}
	slices.Sort(r.Members)
	slices.Sort(r.Whole)
	return r, true
}

// consumers compares where connections are with where their queues are led.
func (v *View) consumers(g guard, leader map[[2]string]string) error {
	var all []consumer
	if err := g.get("consumers?columns=queue.name,queue.vhost,channel_details.connection_name,channel_details.node", &all); err != nil {
		return err
	}
	seen := map[string]*Away{}
	for _, c := range all {
		name, at := c.Channel.Connection, leader[[2]string{c.Queue.VHost, c.Queue.Name}]
		if name == "" || at == "" {
			continue
		}
		a := seen[name]
		if a == nil {
			a = &Away{Connection: name, Node: c.Channel.Node}
			seen[name] = a
		}
		if at != c.Channel.Node && !slices.Contains(a.Leaders, at) {
			a.Leaders = append(a.Leaders, at)
		}
	}
	v.Queues.Consumers = len(seen)
	for _, a := range seen {
		if len(a.Leaders) > 0 {
			slices.Sort(a.Leaders)
			v.Queues.Away = append(v.Queues.Away, *a)
		}
	}
	slices.SortFunc(v.Queues.Away, func(a, b Away) int { return strings.Compare(a.Connection, b.Connection) })
	return nil
}
