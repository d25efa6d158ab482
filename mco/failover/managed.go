package failover

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/mco-go/mco-go/mco/management"
)

// Managed is what the management API of one member of the pool tells of its broker and of that one's cluster.
type Managed struct {
	Broker string           `json:"broker"` // the member of the pool
	Error  string           `json:"error,omitempty"`
	View   *management.View `json:"view,omitempty"` // nil: the API could not be asked
}

// manage asks every management API at once.
func (l *look) manage(ctx context.Context) []Managed {
	ctx, cancel := context.WithTimeoutCause(ctx, l.Timeout, fmt.Errorf("no answer within %s", l.Timeout))
	defer cancel()
	all := make([]Managed, len(l.Management))
	var wg sync.WaitGroup
	for i, api := range l.Management {
		wg.Go(func() {
			m := Managed{Broker: l.Pool.Members[api.Member-1].Addr}
			var err error
			if m.View, err = api.Look(ctx); err != nil {
				m.Error = err.Error()
			}
			all[i] = m
		})
	}
	wg.Wait()
	return all
}

// managed tells whether every API is one of a member's.
func (o *Options) managed() error {
	for _, api := range o.Management {
		if api.Member < 1 || api.Member > len(o.Pool.Members) {
			return fmt.Errorf("plugin.mco.management.%d: the pool has %s", api.Member, count(len(o.Pool.Members), "member"))
		}
	}
	return nil
}

// Clusters returns what was told, one for each cluster: its members tell the same.
func (s *Status) Clusters() (all []Managed) {
	seen := map[string]bool{}
	for _, m := range s.Managed {
		if m.View == nil {
			continue
		}
		cluster := clusterOf(m)
		if !seen[cluster] {
			all = append(all, m)
		}
		seen[cluster] = true
	}
	return all
}

// clusterOf names the cluster that a view is of: by its members, because each calls the cluster after itself until somebody gives it a
// name. A broker alone is told from others by its place in the pool; several may call themselves rabbit@localhost.
func clusterOf(m Managed) string {
	if len(m.View.Members) < 2 {
		return m.Broker
	}
	var names []string
	for _, x := range m.View.Members {
		names = append(names, x.Node)
	}
	return strings.Join(names, " ")
}

// ofManaged tells what brokers know of themselves. What several members of one cluster tell is told once.
func ofManaged(s *Status) (all []Finding) {
	told := map[string]bool{}
	for _, m := range s.Managed {
		if m.View == nil {
			f := Finding{Level: Warning, Kind: Unmanaged, Broker: m.Broker, Text: "its management API cannot be asked: " + m.Error,
				Mend: "the user needs the tag monitoring, and rabbitmq_management has to be enabled"}
			if slices.ContainsFunc(s.Brokers, func(b Broker) bool { return b.Addr == m.Broker && b.Error != "" }) {
				f.Level, f.Mend = Note, "" // the broker itself is gone, which is told
			}
			all = append(all, f)
			continue
		}
		for _, f := range slices.Concat(ofCluster(m.View), ofQueues(m.View), ofLinks(m.View)) {
			f.Broker = m.Broker
			key := clusterOf(m) + " " + f.Text
			if !told[key] {
				all = append(all, f)
			}
			told[key] = true
		}
	}
	return all
}

func ofCluster(v *management.View) (all []Finding) {
	for _, a := range v.Alarms {
		all = append(all, Finding{Level: Critical, Kind: Alarm, Text: fmt.Sprintf("%s ran out at %s: its cluster takes no messages, so that requests and replies wait", a.Resource, a.Node),
			Mend: "see what holds it (rabbitmq-diagnostics status), or raise the limit"})
	}
	parted := map[[2]string]bool{}
	for _, m := range v.Members {
		if !m.Running {
			all = append(all, Finding{Level: Warning, Kind: MemberDown, Text: m.Node + ", a member of the cluster, does not run", Mend: "start it, or rabbitmqctl forget_cluster_node"})
		}
		for _, other := range m.Partitions {
			parted[[2]string{min(m.Node, other), max(m.Node, other)}] = true
		}
	}
	for pair := range parted {
		all = append(all, Finding{Level: Critical, Kind: Partition, Text: fmt.Sprintf("the cluster is parted: %s and %s went on without each other", pair[0], pair[1]),
			Mend: "restart the members of the side whose messages may be lost; cluster_partition_handling can do that by itself"})
	}
	slices.SortFunc(all, func(a, b Finding) int { return strings.Compare(a.Text, b.Text) })
	return all
}

func ofQueues(v *management.View) (all []Finding) {
	if n := len(v.Queues.Away); n > 0 {
		all = append(all, Finding{Level: Note, Kind: Away,
			Text: fmt.Sprintf("%d of %s that take messages are not at the leader of their queue", n, count(v.Queues.Consumers, "connection"))})
	}
	type lack struct {
		kind, at   string
		leaderless bool
	}
	groups := map[lack][]string{}
	for _, q := range v.Queues.Replicated {
		if lacking := q.Lacking(); len(lacking) > 0 {
			g := lack{q.Kind, strings.Join(lacking, ", "), q.Leader == ""}
			groups[g] = append(groups[g], q.Name)
		}
	}
	for g, names := range groups {
		f := Finding{Level: Warning, Kind: Unsynchronised}
		what := count(len(names), g.kind+" queue") + " (" + few(names) + ")"
		switch {
		case g.leaderless:
			f = Finding{Level: Critical, Kind: Leaderless, Text: what + " without a majority of members, as it lacks " + g.at, Mend: "start the members that it lacks"}
		case g.kind == "quorum":
			f.Text, f.Mend = what+" without a copy that follows at "+g.at, "start the member"
		default:
			f.Text, f.Mend = what+" without a whole copy at "+g.at, "rabbitmqctl sync_queue, or ha-sync-mode = automatic in the policy"
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b Finding) int { return strings.Compare(a.Text, b.Text) })
	return all
}

func ofLinks(v *management.View) (all []Finding) {
	for _, l := range v.Links {
		if !l.Up() {
			f := Finding{Level: Warning, Kind: LinkDown, Text: fmt.Sprintf("the %s %s of vhost %s is down (%s)", l.Kind, l.Name, l.VHost, l.State), Mend: "look at the broker at its other end, and at its URI"}
			if l.Error != "" {
				f.Text += ": " + l.Error
			}
			all = append(all, f)
		}
	}
	return all
}
