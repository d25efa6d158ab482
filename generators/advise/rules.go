package advise

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/estate"
)

// rule is a change of a program: what of an estate it concerns (nothing: the empty string), what happens, what to do.
type rule struct {
	software         string
	at               []int
	step             int
	uses             func(*estate.Estate) string
	happens, instead string
}

// rules are all that is known, by program and version.
func rules() []rule {
	return []rule{
		{"rabbitmq", []int{3, 7}, During, groups("classic configuration", func(g *estate.BrokerGroup) bool { return g.Classic }),
			"a second format, rabbitmq.conf, is there; the old one still works, and wins in silence where both files are",
			"format: conf writes rabbitmq.conf and removes a rabbitmq.config that mco generate wrote; do not leave both"},
		{"rabbitmq", []int{3, 8}, After, groups("mirrored queues", mirrored),
			"quorum queues are there, and feature flags, which decide what a later upgrade may do",
			"replication: quorum for new queues; enable all feature flags after each upgrade (rabbitmqctl enable_feature_flag all)"},
		{"rabbitmq", []int{3, 8, 2}, During, groups("definitions", always),
			"load_definitions belongs to the core instead of the management plugin",
			"load_definitions in place of management.load_definitions"},
		{"rabbitmq", []int{3, 9}, Before, groups("mirrored queues", mirrored),
			"mirroring of classic queues is deprecated, and warned about",
			"plan for replication: quorum"},
		{"rabbitmq", []int{3, 13}, Before, groups("mirrored queues", mirrored),
			"it is the last series with mirroring, and the only one from which 4.0 can be reached",
			"go to 3.13, enable all feature flags, move to quorum queues there"},
		{"rabbitmq", []int{4, 0}, Before, groups("mirrored queues", mirrored),
			"ha-mode policies are ignored: queues that were mirrored are on one node alone",
			"replication: quorum, with the queues declared anew; policies of ha-* keys are refused here"},
		{"rabbitmq", []int{4, 0}, Before, groups("a node that is upgraded", always),
			"it starts only on data of 3.13 with every feature flag enabled, and needs Erlang 26.2",
			"upgrade to 3.13 first, enable all feature flags, then Erlang, then this"},
		{"rabbitmq", []int{4, 0}, During, groups("extra keys classic_queue.default_version or cluster_formation.randomized_startup_delay_range", func(g *estate.BrokerGroup) bool {
			return g.Extra["classic_queue.default_version"] == "1" || hasPrefix(g, "cluster_formation.randomized_startup_delay_range.")
		}), "the node does not start", "leave these keys out of extra"},
		{"rabbitmq", []int{4, 0}, After, groups("quorum queues", quorum),
			"a message is dropped or dead-lettered after 20 deliveries",
			"a policy with delivery-limit where consumers may fail more often"},
		{"rabbitmq", []int{4, 0}, After, groups("messages of any size", always),
			"the largest message is 16 MiB instead of 128", "max_message_size in extra where larger ones are sent"},
		{"rabbitmq", []int{4, 0}, During, groups("memory watermark", always),
			"the relative watermark's default is 0.6 instead of 0.4", "the value is written out, so nothing changes unseen"},
		{"rabbitmq", []int{4, 2}, After, groups("a cluster", clustered),
			"new clusters keep their metadata in Khepri instead of Mnesia", "nothing for clusters that are there already, until 4.3"},
		{"rabbitmq", []int{4, 2}, During, groups("extra keys with cacerts", func(g *estate.BrokerGroup) bool {
			for k := range g.Extra {
				if strings.HasSuffix(k, ".cacerts") {
					return true
				}
			}
			return false
		}), "the keys are gone and stop the node", "the cacertfile keys"},
		{"rabbitmq", []int{4, 3}, Before, groups("a node that is upgraded", always),
			"Mnesia is gone: it starts only on data of 4.2 that were moved to Khepri",
			"go to 4.2, enable khepri_db, then this"},
		{"rabbitmq", []int{4, 3}, During, groups("cluster_partition_handling", func(g *estate.BrokerGroup) bool { return g.Partitions != "" }),
			"the keys about partitions are gone", "cluster_partition_handling is left out"},
		{"rabbitmq", []int{4, 3}, Before, groups("RAM nodes", func(g *estate.BrokerGroup) bool {
			return slices.ContainsFunc(g.Members, func(m *estate.BrokerMember) bool { return m.RAM })
		}), "there are no RAM nodes any more", "an empty ram list"},
		{"rabbitmq", []int{4, 3}, Before, groups("reply queues of MCollective", func(g *estate.BrokerGroup) bool { return g.Stomp }),
			"transient queues that are not exclusive are refused by default; those of STOMP's temp queues are exclusive and stay",
			"check other clients for such queues before the upgrade"},
		{"rabbitmq", []int{4, 3}, Before, policies("x-queue-mode", "queue-mode"),
			"queue-mode is refused", "leave it out: classic queues work as the lazy ones did"},
		{"haproxy", []int{1, 5}, During, balancers(estate.HAProxy), "stick and TLS words are there", "nothing: the dialect follows the version"},
		{"haproxy", []int{2, 1}, During, balancers(estate.HAProxy), "clitimeout, srvtimeout and contimeout are gone", "timeout client, server and connect are written since 1.4"},
		{"haproxy", []int{2, 5}, During, balancers(estate.HAProxy), "nbproc is gone", "nothing: it is never written"},
		{"keepalived", []int{2, 0}, During, vip, "scripts run as keepalived_script or not at all unless script_user says otherwise; enable_script_security is strict", "script_user root and enable_script_security are written"},
		{"keepalived", []int{2, 2, 8}, After, vip, "the configuration test works again with another script_user than root", "nothing: validation does not need its workaround any more"},
		{"puppet", []int{8}, Before, func(e *estate.Estate) string { return "facts of every node" },
			"no legacy facts are sent", "nothing: structured facts are read first; selectors by legacy names (servers: role = ...) need a custom fact"},
		{"ruby", []int{3, 1}, Before, collectives, "the original's 2.12.5 reads no YAML facts", "mcollectived of this project on those nodes, or Ruby below 3.1"},
		{"ruby", []int{3, 2}, Before, collectives, "the original's daemon does not start", "mcollectived of this project on those nodes, or Ruby below 3.2"},
		{"pacemaker", []int{2, 0}, During, pacemaker, "the master resource type is a clone with promotable=true", "clone with promotable=true"},
		{"pacemaker", []int{2, 1}, During, pacemaker, "roles are called Promoted and Unpromoted; Master and Slave are deprecated", "the new names"},
		{"pacemaker", []int{3, 0}, Before, pacemaker, "the old role names are gone", "the new names, while 2.1 still takes both"},
	}
}

func always(*estate.BrokerGroup) bool      { return true }
func mirrored(g *estate.BrokerGroup) bool  { return g.Replication == estate.Mirrored }
func quorum(g *estate.BrokerGroup) bool    { return g.Replication == estate.Quorum }
func clustered(g *estate.BrokerGroup) bool { return g.Kind == estate.Cluster }

func hasPrefix(g *estate.BrokerGroup, prefix string) bool {
	for k := range g.Extra {
		if strings.HasPrefix(k, prefix) {
			return true
		}
	}
	return false
}

// groups names the broker groups that have what.
func groups(what string, has func(*estate.BrokerGroup) bool) func(*estate.Estate) string {
	return func(e *estate.Estate) string {
		var names []string
		for _, g := range e.Brokers {
			if has(g) {
				names = append(names, g.Name)
			}
		}
		return in(what, names)
	}
}

func in(what string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("%s in %s", what, strings.Join(names, ", "))
}

// policies names the groups with a policy that sets key.
func policies(what, key string) func(*estate.Estate) string {
	return groups(what, func(g *estate.BrokerGroup) bool {
		return slices.ContainsFunc(g.Policies, func(p estate.Policy) bool { _, ok := p.Definition[key]; return ok })
	})
}

func balancers(kind estate.BalancerKind) func(*estate.Estate) string {
	return func(e *estate.Estate) string {
		var names []string
		for _, b := range e.Balancers {
			if b.Kind == kind {
				names = append(names, b.Name)
			}
		}
		return in(string(kind), names)
	}
}

func vip(e *estate.Estate) string {
	var names []string
	for _, b := range e.Balancers {
		if b.VIP.IsValid() {
			names = append(names, b.Name)
		}
	}
	return in("a VIP", names)
}

func collectives(e *estate.Estate) string {
	var names []string
	for _, c := range e.Collectives {
		names = append(names, c.Name)
	}
	return in("nodes of Ruby MCollective", names)
}

func pacemaker(e *estate.Estate) string {
	return groups("Pacemaker", func(g *estate.BrokerGroup) bool { return g.Kind == estate.ActivePassive })(e)
}
