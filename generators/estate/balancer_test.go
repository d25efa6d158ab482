package estate_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators/estate"
)

func TestBalancers(t *testing.T) {
	machines := []host{eth("q1", "10.0.0.1/24"), eth("q2", "10.0.0.2/24"), eth("x", "10.0.0.11/24"),
		eth("bare", "10.0.0.12/24"), eth("small", "10.0.0.13/24"), eth("far", "10.5.0.1/24"), eth("d1", "10.0.0.21/24", "2001:db8::21/64"), eth("d2", "10.0.0.22/24", "2001:db8::22/64")}
	machines[3].more = map[string]any{"memory": nil, "processors": nil}
	machines[4].more = map[string]any{"memory": map[string]any{"system": map[string]any{"total_bytes": 64 << 20}}}
	const to = "brokers: {main: {kind: cluster, nodes: [q1, q2]}}\nbalancers: {b: {kind: haproxy, to: main, ports: {amqp: 5672}, "
	lvs := func(brokers, keys string) string {
		return "brokers: {main: {kind: cluster, " + brokers + "}}\nbalancers: {b: {kind: lvs-dr, to: main, " + keys + "}}\n"
	}
	b := func(e *estate.Estate) *estate.Balancer { return e.Balancers[0] }
	run(t, machines, []sample{
		{"defaults", to + "nodes: [x]}}", func(e *estate.Estate) any {
			return fmt.Sprint(b(e).Mode, " ", b(e).Check, " ", b(e).Stats, " ", b(e).MaxConn)
		}, "leastconn {tcp 5s 2 3} <nil> 0"},
		{"checks", to + "nodes: [x], check: {kind: amqp, inter: 1500ms, rise: 1, fall: 5}}}", func(e *estate.Estate) any { return b(e).Check }, "{amqp 1.5s 1 5}"},
		{"checks too often", to + "nodes: [x], check: {inter: 10ms}}}", nil, "topology.type"},
		{"a check of nothing", to + "nodes: [x], check: {kind: ping}}}", nil, "topology.type"},
		{"a page", to + "nodes: [x], stats: {secret: hap_stats}}}", func(e *estate.Estate) any { return *b(e).Stats }, "{8100 /rabbitmq-stats 5s admin [secret hap_stats]}"},
		{"a page without a secret", to + "nodes: [x], stats: {port: 8100}}}", nil, "topology.type"},
		{"a page for a user with a colon", to + "nodes: [x], stats: {user: \"a:b\", secret: hap_stats}}}", nil, "topology.type"},
		{"a part of the brokers", to + "nodes: [x], to_nodes: [q2]}}", func(e *estate.Estate) any { return b(e).To[0].Node.Name }, "q2"},
		{"a part that is none", to + "nodes: [x], to_nodes: [x]}}", nil, "topology.reference"},
		{"no ports named", "brokers: {main: {kind: cluster, nodes: [q1, q2]}}\nbalancers: {b: {kind: haproxy, to: main, nodes: [x]}}", func(e *estate.Estate) any { return b(e).Ports }, "[{amqp 5672 5672}]"},
		{"descriptors of the topology", to + "nodes: [x], maxconn: 90000}}\nlimits: {nofile: 10000}", func(e *estate.Estate) any { return b(e).Members[0].MaxConn }, "4934"},
		{"no facts to derive from", to + "nodes: [bare]}}", nil, "fact.missing"},
		{"little memory", to + "nodes: [small]}}", func(e *estate.Estate) any { return b(e).Members[0].MaxConn }, "963"},
		{"a timeout over long heart-beats", "brokers: {main: {kind: cluster, nodes: [q1, q2], extra: {heartbeat: 7200}}}\nbalancers: {b: {kind: haproxy, to: main, nodes: [x]}}",
			func(e *estate.Estate) any { return b(e).Timeout == 5*time.Hour }, "true"},
		{"vrrp without a vip", to + "nodes: [x], vrrp: {id: 7}}}", nil, "-topology.reference"},
		{"lvs for HAProxy", to + "nodes: [x], lvs: {weight: 1}}}", nil, "topology.reference"},
		{"no nodes", to + "nodes: []}}", nil, "cluster.size"},
		{"mode of nothing", to + "nodes: [x], mode: random}}", nil, "topology.type"},

		{"directors", lvs("nodes: [q1, q2]", "nodes: [q1, q2], vip: 10.0.0.100/24"), func(e *estate.Estate) any { return b(e).LVS }, "{wrr 10 0 10 true 3 3 3 0}"},
		{"marks behind others", lvs("nodes: [q1, q2]", "nodes: [q1, q2], vip: 10.0.0.100/24, lvs: {marks: 16}"), func(e *estate.Estate) any { return b(e).Members[1].Mark() }, "18"},
		{"scheduler of nothing", lvs("nodes: [q1, q2]", "nodes: [q1, q2], vip: 10.0.0.100/24, lvs: {scheduler: fair}"), nil, "topology.type"},
		{"directors without a VIP", lvs("nodes: [q1, q2]", "nodes: [q1, q2]"), nil, "topology.type"},
		{"directors with a mode", lvs("nodes: [q1, q2]", "nodes: [q1, q2], vip: 10.0.0.100/24, mode: source"), nil, "topology.reference"},
		{"directors with a page", lvs("nodes: [q1, q2]", "nodes: [q1, q2], vip: 10.0.0.100/24, stats: {secret: hap_stats}"), nil, "topology.reference"},
		{"directors with a weight", lvs("nodes: [q1, q2]", "nodes: [q1, q2], vip: 10.0.0.100/24, vrrp: {preempt: true, weight: -50}"), nil, "vrrp.preempt-weight"},
		{"a real server in another subnet", lvs("nodes: [q1, q2, far]", "nodes: [q1, q2], vip: 10.0.0.100/24"), nil, "vip.off-subnet"},
		{"a VIP of IPv6", lvs("nodes: [d1, d2], family: both", "nodes: [d1, d2], vip: \"2001:db8::100/64\""), func(e *estate.Estate) any { return b(e).Members[0].Address }, "2001:db8::21/64"},
		{"a VIP of IPv6 for brokers of IPv4", lvs("nodes: [d1, d2]", "nodes: [d1, d2], vip: \"2001:db8::100/64\""), nil, "vip.family"},
		{"version 2 for IPv6", lvs("nodes: [d1, d2], family: both", "nodes: [d1, d2], vip: \"2001:db8::100/64\", vrrp: {version: 2}"), nil, "vip.family"},
	})
}
