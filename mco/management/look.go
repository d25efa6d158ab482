package management

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	rabbithole "github.com/michaelklishin/rabbit-hole/v3"
)

// View is a cluster as one of its members tells it; a broker alone is a cluster of one.
type View struct {
	Cluster     string       `json:"cluster"` // its name
	Node        string       `json:"node"`    // the member that told
	Version     string       `json:"version"` // of RabbitMQ
	Members     []Member     `json:"members"`
	Alarms      []Alarm      `json:"alarms"`
	Connections []Connection `json:"connections"` // those that speak STOMP
	Others      int          `json:"others"`      // connections that speak something else
	Queues      Queues       `json:"queues"`
	Links       []Link       `json:"links"`
}

// Member is one node of the cluster.
type Member struct {
	Node       string   `json:"node"`
	Running    bool     `json:"running"`
	Partitions []string `json:"partitions,omitempty"` // the members that it was parted from, until somebody decides
}

// Alarm is a resource that ran out at a member. All of its cluster then takes no messages.
type Alarm struct {
	Node     string `json:"node"`
	Resource string `json:"resource"` // memory, disk, file_descriptor_limit
}

// Look asks for everything that the API tells. The user needs the tag monitoring, and sees the queues of the vhosts that it may enter.
func (a *API) Look(ctx context.Context) (*View, error) {
	v := &View{}
	err := a.call(ctx, "", func(g guard, c *rabbithole.Client) error {
		return errors.Join(v.cluster(c), v.clients(c), v.queues(g), v.links(g, c))
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// At counts the STOMP connections to a member.
func (v *View) At(node string) (n int) {
	for _, c := range v.Connections {
		if c.Node == node {
			n++
		}
	}
	return n
}

func (v *View) cluster(c *rabbithole.Client) error {
	o, err := c.Overview()
	if err != nil {
		return err
	}
	v.Node, v.Version = o.Node, o.RabbitMQVersion
	name, err := c.GetClusterName()
	if err != nil {
		return err
	}
	v.Cluster = name.Name
	nodes, err := c.ListNodes()
	if err != nil {
		return err
	}
	for _, n := range nodes {
		v.Members = append(v.Members, Member{Node: n.Name, Running: n.IsRunning, Partitions: n.Partitions})
	}
	slices.SortFunc(v.Members, func(a, b Member) int { return strings.Compare(a.Node, b.Node) })
	alarms, err := c.HealthCheckAlarms()
	if err != nil {
		return err
	}
	for _, x := range alarms.Alarms {
		v.Alarms = append(v.Alarms, Alarm(x))
	}
	return nil
}

func (v *View) clients(c *rabbithole.Client) error {
	all, err := connections(c)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.STOMP() {
			v.Connections = append(v.Connections, x)
		} else {
			v.Others++
		}
	}
	slices.SortFunc(v.Connections, func(a, b Connection) int {
		return cmp.Or(strings.Compare(a.Node, b.Node), strings.Compare(a.Name, b.Name))
	})
	return nil
}
