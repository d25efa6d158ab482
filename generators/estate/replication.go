package estate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/estate/topology"
)

// replicate (D10) decides how a group's queues survive the loss of a node.
func (r *resolver) replicate(g *BrokerGroup, t *topology.Broker, key string) {
	n := len(g.Members)
	asked := r.choice(key+".replication", t.Replication, "auto", "none", "mirrored", "quorum")
	at := t.Replication.Place
	if !t.Replication.Set {
		at = t.Place
	}
	switch {
	case asked == "none" || n == 0:
		g.Replication = NotReplicated
	case asked == "mirrored" || asked == auto && t.Mirror != nil:
		g.Replication = Mirrored
	case asked == "quorum":
		g.Replication = Quorum
	case g.Kind != Cluster || n == 1:
		g.Replication = NotReplicated
		r.note(key+".replication", g.Replication, "rule D10: "+string(g.Kind))
	default:
		g.Replication = r.autoReplication(g, at)
		r.note(key+".replication", g.Replication, fmt.Sprintf("rule D10: %d nodes, RabbitMQ %s", n, g.Version))
	}
	if g.Replication != NotReplicated && g.Kind != Cluster {
		r.bad("cluster.size", at, "queues are replicated within a cluster", string(g.Kind), "kind: cluster")
		return
	}
	switch g.Replication {
	case Quorum:
		r.quorum(g, at)
	case Mirrored:
		r.mirrored(g, t, at)
	case NotReplicated:
		if t.Mirror != nil {
			r.bad("policy.invalid", t.Mirror.Place, "mirror says how, and replication none says not", "", "replication: mirrored")
		}
	}
}

func (r *resolver) autoReplication(g *BrokerGroup, at topology.Place) Replication {
	n := len(g.Members)
	switch {
	case n >= 3 && g.Version.AtLeast(3, 8):
		return Quorum
	case n >= 3:
		return Mirrored
	case g.Version.Below(4):
		r.warn("cluster.size", at, "queues are mirrored over two nodes, which cannot tell a cut network from a dead node", "add a third node")
		return Mirrored
	}
	r.warn("cluster.size", at, "queues are not replicated: quorum queues need three nodes", "add a third node")
	return NotReplicated
}

func (r *resolver) quorum(g *BrokerGroup, at topology.Place) {
	if n := len(g.Members); n < 3 {
		r.bad("cluster.size", at, "quorum queues need three nodes", fmt.Sprint(n), "3 or more")
	}
	if g.Version.Below(3, 8) {
		r.bad("version.unsupported", at, "there are quorum queues from RabbitMQ 3.8 on", g.Version.String(), "replication: mirrored")
	}
	if g.Version.Below(3, 10) {
		r.warn("policy.unsupported", at, "vhosts have no default type of queues before RabbitMQ 3.10", "declare queues with x-queue-type quorum")
	}
	g.DefaultType = string(Quorum)
	for i := range g.VHosts {
		if g.VHosts[i].DefaultQueueType == "" {
			g.VHosts[i].DefaultQueueType = string(Quorum)
		}
	}
}

// mirrored makes the policy that mirrors, in each vhost that it is asked for in.
func (r *resolver) mirrored(g *BrokerGroup, t *topology.Broker, at topology.Place) {
	if g.Version.AtLeast(4) {
		r.bad("policy.unsupported", at, "RabbitMQ 4 mirrors no queues", g.Version.String(), "replication: quorum")
		return
	}
	if g.Version.AtLeast(3, 8) {
		r.warn("policy.unsupported", at, "mirrored queues are deprecated and end with RabbitMQ 3", "take quorum queues")
	}
	n := len(g.Members)
	policy := Policy{Pattern: "^", ApplyTo: "queues"}
	mode, sync := "exactly", "automatic"
	var params any = min(n, n/2+1)
	var vhosts []string
	for _, v := range g.VHosts {
		vhosts = append(vhosts, v.Name)
	}
	if m := t.Mirror; m != nil {
		at = m.Place
		key := "brokers." + g.Name + ".mirror"
		mode = r.choice(key+".mode", m.Mode, "all", "exactly", "nodes")
		sync = r.choice(key+".sync", m.Sync, "automatic", "manual")
		policy.Pattern = r.text(key+".pattern", m.Pattern, "^")
		if m.Pattern.Set {
			r.checkPattern(m.Pattern)
		}
		if m.Params.Set || mode == "all" {
			params = r.mirrorParams(g, m.Params.V)
		}
		if len(m.VHosts) > 0 {
			vhosts = nil
		}
		for _, v := range m.VHosts {
			if r.checkVHost(v.Place, v.V) {
				r.addVHost(g, v.Place, v.V)
				vhosts = append(vhosts, v.V)
			}
		}
	}
	policy.Name = "ha-" + mode
	for _, v := range vhosts {
		policy.VHost = v
		policy.Definition = map[string]any{"ha-mode": mode, "ha-sync-mode": sync}
		if params != nil {
			policy.Definition["ha-params"] = params
		}
		if v == vhosts[0] {
			r.mirrorPolicy(g, at, policy)
		}
		r.addPolicy(g, at, policy)
	}
}

// mirrorParams turns names of nodes into those of Erlang.
func (r *resolver) mirrorParams(g *BrokerGroup, params any) any {
	names, ok := params.([]any)
	if !ok {
		return params
	}
	var erlang []any
	for _, v := range names {
		name, ok := v.(string)
		if !ok {
			return params
		}
		i := slices.IndexFunc(g.Members, func(m *BrokerMember) bool { return m.NodeName == name || r.node(name) == m.Node })
		if i >= 0 {
			name = g.Members[i].NodeName
		} else if !strings.Contains(name, "@") {
			name = "rabbit@" + name
		}
		erlang = append(erlang, name)
	}
	return erlang
}
