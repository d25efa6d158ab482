package estate_test

import (
	"fmt"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestDefinitions(t *testing.T) {
	machines := []host{eth("q1", "10.0.0.1/24"), eth("q2", "10.0.0.2/24"), eth("q3", "10.0.0.3/24")}
	group := func(keys string) string {
		return "brokers: {main: {kind: cluster, nodes: [q1, q2, q3], " + keys + "}}\n"
	}
	g := func(e *estate.Estate) *estate.BrokerGroup { return e.Brokers[0] }
	run(t, machines, []sample{
		{"queues", group("queues: [{name: b, arguments: {x-queue-type: quorum}}, {name: a, durable: false}]"), func(e *estate.Estate) any { return g(e).Queues },
			"[{/ a false map[]} {/ b true map[x-queue-type:quorum]}]"},
		{"a queue twice", group("queues: [{name: a}, {name: a}]"), nil, "exchange.clash"},
		{"a transient quorum queue", group("queues: [{name: a, durable: false, arguments: {x-queue-type: quorum}}]"), nil, "policy.invalid"},
		{"a queue of an unknown vhost", group("queues: [{name: a, vhost: tao}]"), nil, "vhost.unknown"},
		{"a queue without a name", group("queues: [{name: \"\"}]"), nil, "topology.type"},
		{"exchanges", group("exchanges: [{name: b, type: fanout, durable: false}, {name: a, type: topic}]"), func(e *estate.Estate) any { return g(e).Exchanges }, "[{/ a topic true} {/ b fanout false}]"},
		{"an exchange of the broker's own", group("exchanges: [{name: amq.topic, type: topic}]"), nil, "exchange.clash"},
		{"an exchange that is transient and not", group("exchanges: [{name: a, type: topic}, {name: a, type: topic, durable: false}]"), nil, "exchange.clash"},
		{"an exchange of an unknown vhost", group("exchanges: [{name: a, type: topic, vhost: tao}]"), nil, "vhost.unknown"},
		{"an exchange of no type", group("exchanges: [{name: a, type: tpic}]"), nil, "topology.type"},
		{"types of queues by vhost", group("vhosts: {/: {}, tao: {default_queue_type: classic}}"), func(e *estate.Estate) any { return g(e).VHosts }, "[{/ quorum} {tao classic}]"},
		{"a vhost with a quote", group("vhosts: {\"a\\\"b\": {}}"), nil, "topology.type"},
		{"policies by priority", group("replication: none, policies: [{name: a, pattern: ^a, priority: 1, definition: {max-length: 5}}, {name: b, pattern: ^b, priority: 9, definition: {expires: 5}}, {name: c, pattern: ^c, definition: {alternate-exchange: x}}]"),
			func(e *estate.Estate) any {
				return names(g(e).Policies, func(p estate.Policy) string { return fmt.Sprint(p.Name, " ", p.ApplyTo) })
			}, "b queues|a queues|c all"},
		{"two policies of one name", group("policies: [{name: a, pattern: ^a, definition: {expires: 5}}, {name: a, pattern: ^b, definition: {expires: 5}}]"), nil, "policy.invalid"},
		{"a policy of nothing", group("policies: [{name: a, pattern: ^a, definition: {}}]"), nil, "policy.invalid"},
		{"a policy of text", group("policies: [{name: a, pattern: ^a, definition: {max-length: many}}]"), nil, "policy.invalid"},
		{"a policy of an unknown word", group("policies: [{name: a, pattern: ^a, definition: {overflow: drop}}]"), nil, "policy.invalid"},
		{"mirrors everywhere of five", group("policies: [{name: a, pattern: ^a, definition: {ha-mode: all, ha-params: 5}}]"), nil, "policy.invalid"},
		{"mirrors on nodes", group("replication: mirrored, mirror: {mode: nodes, params: [q1, rabbit@q2]}"), func(e *estate.Estate) any { return g(e).Policies[0].Definition["ha-params"] }, "[rabbit@q1 rabbit@q2]"},
		{"mirrors on no nodes", group("replication: mirrored, mirror: {mode: nodes, params: []}"), nil, "policy.invalid"},
		{"mirrors synchronised somehow", group("policies: [{name: a, pattern: ^a, definition: {ha-mode: all, ha-sync-mode: eager}}]"), nil, "policy.invalid"},
		{"mirror and none", group("replication: none, mirror: {mode: all}"), nil, "policy.invalid"},
		{"two users of one name", group("users: {u: {secret: mq_admin}}") + "clients: {app: {via: main, user: u, secret: mq_web}}", nil, "cross.mismatch"},
		{"tags", group("users: {u: {secret: mq_admin, tags: [monitoring, administrator, monitoring]}}"), func(e *estate.Estate) any { return g(e).Users[0].Tags }, "[administrator monitoring]"},
		{"a user with a blank", group("users: {\"a b\": {secret: mq_admin}}"), nil, "topology.type"},
		{"permissions twice", group("users: {u: {secret: mq_admin}}, permissions: [{user: u, vhost: /}, {user: u, vhost: /}]"), nil, "policy.invalid"},
		{"replication of a lone broker", "brokers: {main: {kind: standalone, nodes: [q1], replication: quorum}}", nil, "cluster.size"},
	})
}

func TestReplicationByVersion(t *testing.T) {
	const two = "version: 1\nestate: e\nbrokers: {main: {kind: cluster, nodes: [q1, q2]}}\n"
	facts := gather(t, eth("q1", "10.0.0.1/24"), eth("q2", "10.0.0.2/24"))
	for v, want := range map[string]estate.Replication{"3.6": estate.Mirrored, "3.13": estate.Mirrored, "4.0": estate.NotReplicated} {
		e, problems := loadText(t, two, estate.Options{Facts: facts, Software: map[string]string{"rabbitmq": v}})
		if e == nil {
			t.Fatal(show(problems))
		}
		if g := e.Brokers[0]; g.Replication != want || g.Partitions != "autoheal" || !has(problems, "cluster.size", true) {
			t.Errorf("RabbitMQ %s: got %s, %s, want %s\n%s", v, g.Replication, g.Partitions, want, show(problems))
		}
	}
}

func TestLinksByVersion(t *testing.T) {
	const pair = "version: 1\nestate: e\nbrokers: {a: {kind: standalone, nodes: [q1]}, b: {kind: standalone, nodes: [q2]}}\nlinks: [{between: [a, b], user: l, secret: mq_fed, %s}]\n"
	facts := gather(t, eth("q1", "10.0.0.1/24"), eth("q2", "10.0.0.2/24"))
	for _, c := range []struct{ version, keys, want string }{
		{"3.1.5", "kind: federation, exchanges: ^x", "false"},
		{"2.8.7", "kind: federation, exchanges: ^x", "version.unsupported"},
		{"3.1.5", "kind: federation, queues: ^x", "version.unsupported"},
		{"3.2.4", "kind: federation, queues: ^x", "false"},
		{"3.2.4", "kind: shovel, queues: ^x", "true"},
		{"3.3.1", "kind: shovel, queues: ^x", "false"},
		{"3.10.8", "kind: shovel, queues: ^x, static: true", "true"},
		{"3.10.8", "kind: shovel, queues: ^x, exchanges: ^y", "topology.type"},
		{"3.10.8", "kind: shovel, queues: \"^(\"", "policy.invalid"},
		{"3.10.8", "kind: shovel, queues: ^x, direction: b-to-a", "topology.type"},
		{"3.10.8", "kind: tunnel, queues: ^x", "topology.type"},
	} {
		e, problems := loadText(t, fmt.Sprintf(pair, c.keys), estate.Options{Facts: facts, Secrets: estates.Secrets(t, nil), Software: map[string]string{"rabbitmq": c.version}})
		if e == nil {
			if !has(problems, c.want, false) {
				t.Errorf("%s, %s: want %s, got\n%s", c.version, c.keys, c.want, show(problems))
			}
			continue
		}
		if got := fmt.Sprint(e.Links[0].Static); got != c.want {
			t.Errorf("%s, %s: static %s, want %s", c.version, c.keys, got, c.want)
		}
	}
}
