package estate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

const head = "version: 1\nestate: e\nsoftware: {rabbitmq: \"3.10.8\", haproxy: \"2.6\", keepalived: \"2.2.7\"}\n"

// TestEstates makes small estates and looks at one value of each, or at the class of the problem.
func TestEstates(t *testing.T) {
	three := []host{eth("q1", "10.0.0.1/24"), eth("q2", "10.0.0.2/24"), eth("q3", "10.0.0.3/24"), eth("n1", "10.0.0.11/24"), eth("n2", "10.0.0.12/24")}
	three[3].more = map[string]any{"role": "web", "site": map[string]any{"rack": "r1"}}
	three[4].more = map[string]any{"role": "web", "site": map[string]any{"rack": "r2"}}
	const cluster = "brokers: {main: {kind: cluster, nodes: [q1, q2, q3]}}\n"
	const psk = "psk: {secret: mc_psk}, user: {name: mc, secret: mc_pass}"
	first := func(e *estate.Estate) *estate.Collective { return e.Collectives[0] }
	run(t, three, []sample{
		// Collectives.
		{"servers by a fact", cluster + "collectives: {c: {servers: role = web, via: main, " + psk + "}}", func(e *estate.Estate) any { return nodeNames(first(e).Servers) }, "n1.example.test n2.example.test"},
		{"servers by two facts", cluster + "collectives: {c: {servers: role=web and site.rack=r2, via: main, " + psk + "}}", func(e *estate.Estate) any { return nodeNames(first(e).Servers) }, "n2.example.test"},
		{"servers by a fact of the system", cluster + "collectives: {c: {servers: os.name = Debian and hostname = q2, via: main, " + psk + "}}", func(e *estate.Estate) any { return nodeNames(first(e).Servers) }, "q2"},
		{"servers by a fact of nobody", cluster + "collectives: {c: {servers: role = db, via: main, " + psk + "}}", func(e *estate.Estate) any { return len(first(e).Servers) }, "0"},
		{"all servers", cluster + "collectives: {c: {via: main, " + psk + "}}", func(e *estate.Estate) any { return nodeNames(first(e).Servers) }, "n1.example.test n2.example.test q1 q2 q3"},
		{"the usual collective first", cluster + "collectives: {a: {servers: [n1], via: main, " + psk + "}, mcollective: {servers: [n1], via: main, " + psk + "}}",
			func(e *estate.Estate) any { return first(e).Name + " " + e.Nodes[0].Servers[1].Name }, "mcollective a"},
		{"two collectives that differ", cluster + "collectives: {a: {servers: [n1], via: main, vhost: /a, " + psk + "}, b: {servers: [n1], via: main, " + psk + "}}", nil, "cross.mismatch"},
		{"two collectives of other nodes", cluster + "collectives: {a: {servers: [n1], via: main, vhost: /a, " + psk + "}, b: {servers: [n2], via: main, " + psk + "}}",
			func(e *estate.Estate) any {
				return names(e.Brokers[0].VHosts, func(v estate.VHost) string { return v.Name })
			}, "/|/a|/mcollective"},
		{"a reply exchange", cluster + "collectives: {c: {servers: [n1], via: main, pool: {use_reply_exchange: true}, " + psk + "}}",
			func(e *estate.Estate) any {
				return names(e.Brokers[0].Exchanges, func(x estate.Exchange) string { return x.Name + " " + x.Type })
			},
			"c_broadcast topic|c_directed direct|mcollective_reply direct"},
		{"settings of the pool", cluster + "collectives: {c: {servers: [n1], via: main, pool: {max_hbread_fails: 2, randomize: false, max_reconnect_delay: 30.0}, " + psk + "}}",
			func(e *estate.Estate) any { return first(e).Pool.ServerSettings }, "map[max_hbread_fails:2 max_reconnect_delay:30.0 randomize:false]"},
		{"STOMP is turned on", cluster + "collectives: {c: {servers: [n1], via: main, " + psk + "}}", func(e *estate.Estate) any { return e.Brokers[0].Listen.STOMP }, "61613"},
		{"STOMP is turned off", "brokers: {main: {kind: cluster, nodes: [q1, q2, q3], listen: {stomp: null}}}\ncollectives: {c: {servers: [n1], via: main, " + psk + "}}", nil, "cross.mismatch"},
		{"by a VIP", cluster + "balancers: {b: {kind: haproxy, nodes: [n1], to: main, vip: 10.0.0.100/24, ports: {stomp: 61613}}}\ncollectives: {c: {servers: [n2], via: b, " + psk + "}}",
			func(e *estate.Estate) any { return hosts(first(e).EndpointsOf(first(e).Servers[0])) }, "10.0.0.100:61613"},
		{"by balancers without a VIP", cluster + "balancers: {b: {kind: haproxy, nodes: [n1, n2], to: main, ports: {stomp: 61700}}}\ncollectives: {c: {servers: [q1], via: b, " + psk + "}}",
			func(e *estate.Estate) any { return hosts(first(e).Pool.Endpoints) }, "10.0.0.11:61700 10.0.0.12:61700"},
		{"by a balancer and a group", cluster + "balancers: {b: {kind: haproxy, nodes: [n1], to: main, ports: {stomp: 61613}}}\ncollectives: {c: {servers: [n2], via: [b, main], " + psk + "}}", nil, "topology.reference"},
		{"by nothing", cluster + "collectives: {c: {servers: [n2], via: mian, " + psk + "}}", nil, "topology.reference"},
		{"by brokers that a balancer chooses from", "brokers: {main: {kind: standalone-set, nodes: [q1, q2]}}\nbalancers: {b: {kind: haproxy, nodes: [n1], to: main, ports: {stomp: 61613}}}\ncollectives: {c: {servers: [n2], via: b, " + psk + "}}",
			func(e *estate.Estate) any { return e.Balancers[0].Mode }, "active-backup"},
		{"by brokers that a balancer spreads over", "brokers: {main: {kind: standalone-set, nodes: [q1, q2]}}\nbalancers: {b: {kind: haproxy, mode: leastconn, nodes: [n1], to: main, ports: {stomp: 61613}}}\ncollectives: {c: {servers: [n2], via: b, " + psk + "}}", nil, "cross.mismatch"},
		{"by the only broker of a set, which a director chooses", "brokers: {main: {kind: standalone-set, nodes: [q1]}}\nbalancers: {b: {kind: lvs-dr, nodes: [q1], to: main, vip: 10.0.0.100/24, ports: {stomp: 61613}}}\ncollectives: {c: {servers: [n2], via: b, " + psk + "}}",
			func(e *estate.Estate) any { return hosts(first(e).Pool.Endpoints) }, "10.0.0.100:61613"},
		{"strangers of one group", "brokers: {main: {kind: standalone-set, nodes: [q1, q2]}}\ncollectives: {c: {servers: [n2], via: main, pool: {order: rotate}, " + psk + "}}", nil, "cross.mismatch"},
		{"paths of TLS", cluster + "collectives: {c: {servers: [n1], via: main, ssl: {ca: ca.pem, cert: /c, key: /k}, " + psk + "}}", nil, "topology.type"},

		// Ports.
		{"a VIP beside a broker", cluster + "balancers: {b: {kind: haproxy, nodes: [q1, q2], to: main, vip: 10.0.0.100/24, ports: {amqp: 5672, stomp: 61613}}}",
			func(e *estate.Estate) any {
				return fmt.Sprint(e.Balancers[0].BindVIP, e.Brokers[0].Members[0].StompBound, e.Brokers[0].Members[2].StompBound)
			}, "true true false"},
		{"no VIP beside a broker", cluster + "balancers: {b: {kind: haproxy, nodes: [q1, q2], to: main, ports: {stomp: 61613}}}", nil, "port.clash"},
		{"two balancers of one port", cluster + "balancers: {a: {kind: haproxy, nodes: [n1], to: main, ports: {amqp: 5672}}, b: {kind: haproxy, nodes: [n1], to: main, ports: {amqp: 5672}}}", nil, "port.clash"},
		{"two VIPs of one port", cluster + "balancers: {a: {kind: haproxy, nodes: [n1], to: main, vip: 10.0.0.100/24}, b: {kind: haproxy, nodes: [n1], to: main, vip: 10.0.0.101/24}}",
			func(e *estate.Estate) any { return fmt.Sprint(e.Balancers[0].BindVIP, e.Balancers[1].BindVIP) }, "true true"},
		{"management on STOMP's port", "brokers: {main: {kind: standalone, nodes: [q1], listen: {stomp: 15672}}}", nil, "port.clash"},
		{"storage on AMQP's port", "brokers: {main: {kind: active-passive, nodes: [q1, q2], vip: 10.0.0.50/24}}\nstorage: {main: {kind: drbd, disk: /dev/vg/r, port: 5672}}", nil, "port.clash"},
		{"a port of nothing", cluster + "balancers: {b: {kind: haproxy, nodes: [n1], to: main, ports: {web: 80}}}", nil, "cross.mismatch"},
		{"a port twice", cluster + "balancers: {b: {kind: haproxy, nodes: [n1], to: main, ports: {amqp: 5672, amqp2: 5672}}}", nil, "port.clash"},
		{"a port too high", cluster + "balancers: {b: {kind: haproxy, nodes: [n1], to: main, ports: {amqp: 65536}}}", nil, "port.range"},
		{"AMQP off, and balanced", "brokers: {main: {kind: standalone, nodes: [q1], listen: {amqp: null}}}\nbalancers: {b: {kind: haproxy, nodes: [n1], to: main, ports: {amqp: 5672}}}", nil, "cross.mismatch"},

		// Groups.
		{"limits of the topology's own", "brokers: {main: {kind: standalone, nodes: [q1], extra: {vm_memory_high_watermark.relative: 0.5, disk_free_limit.relative: 1.5, heartbeat: 90}}}",
			func(e *estate.Estate) any {
				m := e.Brokers[0].Members[0]
				return fmt.Sprint(m.Watermark.Relative, m.DiskLimit, e.Brokers[0].Heartbeat, e.Brokers[0].Extra)
			}, "0 0 90 map[disk_free_limit.relative:1.5 vm_memory_high_watermark.relative:0.5]"},
		{"long names", "brokers: {main: {kind: cluster, nodes: [q1, q2, q3], node_name: long}}", func(e *estate.Estate) any {
			return fmt.Sprint(e.Brokers[0].Members[0].NodeName, e.Brokers[0].LongNames)
		}, "rabbit@q1.example.testtrue"},
		{"a name that is none", "brokers: {main: {kind: standalone, nodes: [q1], node_name: \"rabbit q1\"}}", nil, "cluster.names"},
		{"a plugin", "brokers: {main: {kind: standalone, nodes: [q1], plugins: [rabbitmq_prometheus]}}", func(e *estate.Estate) any { return e.Brokers[0].Extensions }, "[rabbitmq_prometheus]"},
		{"a VIP of a cluster's own", "brokers: {main: {kind: cluster, nodes: [q1, q2, q3], vip: 10.0.0.50/24}}", nil, "topology.reference"},
		{"permissions of its own", "brokers: {main: {kind: standalone, nodes: [q1], users: {u: {secret: mq_admin}}, permissions: [{user: u, vhost: /, read: \"^a\"}]}}",
			func(e *estate.Estate) any { return e.Brokers[0].Permissions }, "[{u /   ^a}]"},
		{"a bad permission", "brokers: {main: {kind: standalone, nodes: [q1], users: {u: {secret: mq_admin}}, permissions: [{user: u, vhost: /, read: \"^(\"}]}}", nil, "policy.invalid"},
		{"a user with two secrets", cluster[:len(cluster)-3] + ", users: {mc: {secret: mq_admin}}}}\ncollectives: {c: {servers: [n1], via: main, " + psk + "}}", nil, "cross.mismatch"},
		{"a path upwards", "brokers: {main: {kind: standalone, nodes: [q1], paths: {data: /var/../etc}}}", nil, "topology.type"},
		{"one node twice", "brokers: {main: {kind: cluster, nodes: [q1, q1.example.test, q3]}}", nil, "node.duplicate"},
		{"mirrors of two nodes", "brokers: {main: {kind: cluster, nodes: [q1, q2]}}", func(e *estate.Estate) any {
			return fmt.Sprint(e.Brokers[0].Replication, e.Brokers[0].Policies[0].Definition["ha-params"])
		}, "mirrored2"},

		{"a VIP of an active and a passive node", "brokers: {main: {kind: active-passive, nodes: [q1, q2], vip: 10.0.0.50/24}}\nclients: {app: {via: main}}",
			func(e *estate.Estate) any {
				return fmt.Sprint(hosts(e.Clients[0].Endpoints), " ", e.Brokers[0].Members[1].Wildcard, " ", *e.Brokers[0].Stonith)
			}, "10.0.0.50:5672 true false"},
		{"a VIP that they cannot hold", "brokers: {main: {kind: active-passive, nodes: [q1, q2], vip: 10.1.0.50/24, interface: eth0}}", nil, "vip.off-subnet"},
		{"an active node alone", "brokers: {main: {kind: active-passive, nodes: [q1], vip: 10.0.0.50/24}}", nil, "cluster.size"},

		{"STOMP on Corosync's number", "brokers: {main: {kind: active-passive, nodes: [q1, q2], vip: 10.0.0.50/24, listen: {stomp: 5405}}}", func(e *estate.Estate) any { return e.Brokers[0].Listen.STOMP }, "5405"},
		{"a disk that is a file", "brokers: {main: {kind: active-passive, nodes: [q1, q2], vip: 10.0.0.50/24}}\nstorage: {main: {kind: drbd, disk: /srv/disk}}", nil, "topology.type"},
		{"a chain of links", chain(2) + "collectives: {c: {servers: [n1], via: [a, b, c], pool: {order: rotate}, " + psk + "}}", func(e *estate.Estate) any { return len(e.Links) }, "2"},
		{"a chain that is too long for its hops", chain(1) + "collectives: {c: {servers: [n1], via: [a, b, c], pool: {order: rotate}, " + psk + "}}", nil, "cross.mismatch"},

		// Links, clients, OpenStack.
		{"a shovel", "brokers: {a: {kind: standalone, nodes: [q1]}, b: {kind: standalone, nodes: [q2]}}\nlinks: [{kind: shovel, between: [a, b], direction: a-to-b, queues: ^work$, user: mover, secret: mq_fed}]",
			func(e *estate.Estate) any {
				return fmt.Sprint(e.Links[0].Kind, e.Links[0].Both, e.Links[0].Static, e.Brokers[1].Users[0].Name)
			}, "shovelfalse falsemover"},
		{"a link with itself", cluster + "links: [{kind: shovel, between: [main, main], queues: ^work$, user: mover, secret: mq_fed}]", nil, "topology.reference"},
		{"a link of nothing", "brokers: {a: {kind: standalone, nodes: [q1]}, b: {kind: standalone, nodes: [q2]}}\nlinks: [{kind: shovel, between: [a, b], user: mover, secret: mq_fed}]", nil, "topology.type"},
		{"a link to nowhere", cluster + "links: [{kind: shovel, between: [main, other], queues: ^work$, user: mover, secret: mq_fed}]", nil, "topology.reference"},
		{"a client with a user", cluster + "clients: {app: {via: main, user: app, secret: mq_admin}}", func(e *estate.Estate) any { return fmt.Sprint(e.Clients[0].User.Name, " ", e.Brokers[0].Permissions) }, "app [{app / .* .* .*}]"},
		{"a client with an unknown user", cluster + "clients: {app: {via: main, user: app}}", nil, "user.unknown"},
		{"a client of an unknown vhost", cluster + "clients: {app: {via: main, vhost: tao}}", nil, "vhost.unknown"},
		{"a client of a strange node", cluster + "clients: {app: {via: main, nodes: [n1]}}", nil, "topology.reference"},
		{"OpenStack of a cluster", cluster + "openstack: {via: main, user: os, secret: os_mq, nodes: [n1]}", func(e *estate.Estate) any { return hosts(e.OpenStack.Endpoints) + " " + nodeNames(e.OpenStack.Nodes) },
			"10.0.0.1:5672 10.0.0.2:5672 10.0.0.3:5672 n1"},

		// Names.
		{"spelt in capitals", "brokers: {main: {kind: standalone, nodes: [Q1]}}", func(e *estate.Estate) any { return e.Nodes[0].Name }, "Q1"},
		{"spelt with the domain", "brokers: {main: {kind: standalone, nodes: [q1.example.test]}}", func(e *estate.Estate) any { return e.Nodes[0].Name + " " + e.Brokers[0].Members[0].NodeName }, "q1.example.test rabbit@q1"},
		{"spelt in two ways", "brokers: {main: {kind: standalone, nodes: [q1]}}\ncollectives: {c: {servers: [q1.example.test], via: main, " + psk + "}}", func(e *estate.Estate) any { return nodeNames(e.Nodes) }, "q1"},
		{"spelt wrongly", "brokers: {main: {kind: standalone, nodes: [qq1]}}", nil, "node.unknown"},
		{"no name", "brokers: {main: {kind: standalone, nodes: [\"q 1\"]}}", nil, "topology.type"},
		{"a balancer called as a group", cluster + "balancers: {main: {kind: haproxy, nodes: [n1], to: main}}", nil, "topology.reference"},
		{"a group called by no name", "brokers: {\"a b\": {kind: standalone, nodes: [q1]}}", nil, "topology.type"},
		{"a limit too low", cluster + "limits: {nofile: 1}\nbalancers: {b: {kind: haproxy, nodes: [n1], to: main}}", nil, "topology.type"},
	})
}

// chain is three brokers with a link from each to the next.
func chain(hops int) string {
	const link = "{kind: federation, between: [%s, %s], vhost: /mcollective, exchanges: ^c_, max_hops: %d, user: federator, secret: mq_fed}"
	return "brokers: {a: {kind: standalone, nodes: [q1]}, b: {kind: standalone, nodes: [q2]}, c: {kind: standalone, nodes: [q3]}}\n" +
		"links: [" + fmt.Sprintf(link, "a", "b", hops) + ", " + fmt.Sprintf(link, "b", "c", hops) + "]\n"
}

// sample is a topology with what it must come to: a value of its estate, or, without one, the class of the problem; with a minus in
// front, the class of a warning.
type sample struct {
	name, topology string
	value          func(e *estate.Estate) any
	want           string
}

func run(t *testing.T, machines []host, samples []sample) {
	t.Helper()
	for _, c := range samples {
		t.Run(c.name, func(t *testing.T) {
			e, problems := loadWith(t, head+c.topology, machines...)
			if c.value != nil {
				if e == nil {
					t.Fatal(problems)
				}
				if got := fmt.Sprint(c.value(e)); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
				return
			}
			class, warning := strings.CutPrefix(c.want, "-")
			if warning {
				class = "warning: " + class
			}
			if (e != nil) != warning || !strings.Contains(problems, "\t"+class+":") {
				t.Errorf("want %s, got\n%s", c.want, problems)
			}
		})
	}
}

func nodeNames(nodes []*estate.Node) string {
	var all []string
	for _, n := range nodes {
		all = append(all, n.Name)
	}
	return strings.Join(all, " ")
}

func TestNodesThatAreAlike(t *testing.T) {
	const one = head + "brokers: {main: {kind: cluster, nodes: [%s]}}\n"
	a, b := eth("q1", "10.0.0.1/24"), eth("q2", "10.0.0.1/24")
	if _, problems := loadWith(t, fmt.Sprintf(one, "q1, q2"), a, b); !strings.Contains(problems, "node.duplicate: node q2:") {
		t.Errorf("one address: got\n%s", problems)
	}
	b = eth("q2", "10.0.0.2/24")
	b.more = map[string]any{"networking": map[string]any{"hostname": "q1", "fqdn": "q1.other.test", "primary": "eth0",
		"interfaces": map[string]any{"eth0": map[string]any{"bindings": []any{map[string]any{"address": "10.0.0.2", "netmask": "255.255.255.0"}}}}}}
	if _, problems := loadWith(t, fmt.Sprintf(one, "q1"), a, b); !strings.Contains(problems, "node.duplicate: node q1:") {
		t.Errorf("one short name: got\n%s", problems)
	}
	e, problems := loadWith(t, fmt.Sprintf(one, "q1.other.test, q1.example.test"), a, b)
	if e == nil || !e.Brokers[0].LongNames || e.Brokers[0].Members[0].NodeName != "rabbit@q1.other.test" {
		t.Errorf("one short name, written in full: got\n%s", problems)
	}
}

func TestVersionsOfOneCluster(t *testing.T) {
	a, b := eth("q1", "10.0.0.1/24"), eth("q2", "10.0.0.2/24")
	a.more, b.more = map[string]any{"rabbitmq_version": "3.10.8"}, map[string]any{"rabbitmq_version": "3.9.1"}
	const topology = "version: 1\nestate: e\nbrokers: {main: {kind: cluster, nodes: [q1, q2]}}\n"
	if _, problems := loadWith(t, topology, a, b); !strings.Contains(problems, "cluster.version-mix: node q2:") {
		t.Errorf("got\n%s", problems)
	}
}

func TestWhereVersionsComeFrom(t *testing.T) {
	const topology = "version: 1\nestate: e\n%sbrokers: {main: {kind: standalone, nodes: [q]}}\n"
	fact := map[string]any{"rabbitmq_version": "3.9.1"}
	fedora := map[string]any{"os": map[string]any{"family": "RedHat", "name": "Fedora", "release": map[string]any{"full": "40", "major": "40"}}}
	for _, c := range []struct {
		name, keys string
		more       map[string]any
		option     map[string]string
		want       string
	}{
		{"the option", "software: {rabbitmq: 3.8.2}\n", fact, map[string]string{"rabbitmq": "3.7.1"}, "3.7.1"},
		{"the topology", "software: {rabbitmq: 3.8.2}\n", fact, nil, "3.8.2"},
		{"the fact", "", fact, nil, "3.9.1"},
		{"the system's packages", "", nil, nil, "3.10.8"},
		{"nothing", "", fedora, nil, "unknown"},
	} {
		q := eth("q", "10.0.0.1/24")
		q.more = c.more
		e, problems := loadText(t, fmt.Sprintf(topology, c.keys), estate.Options{Facts: gather(t, q), Software: c.option})
		if e == nil {
			t.Errorf("%s:\n%s", c.name, show(problems))
			continue
		}
		if got := e.Brokers[0].Version.String(); got != c.want || has(problems, "version.unsupported", true) != (c.want == "unknown") {
			t.Errorf("%s: got %s, want %s\n%s", c.name, got, c.want, show(problems))
		}
	}
	for option, class := range map[[2]string]string{{"rabitmq", "3.8"}: "topology.unknown-key", {"rabbitmq", "new"}: "topology.type", {"keepalived", "1.0"}: "version.unsupported", {"rabbitmq", "3.8; x"}: "topology.type"} {
		_, problems := loadText(t, fmt.Sprintf(topology, ""), estate.Options{Facts: gather(t, eth("q", "10.0.0.1/24")), Software: map[string]string{option[0]: option[1]}})
		if !has(problems, class, false) {
			t.Errorf("%v: want %s, got\n%s", option, class, show(problems))
		}
	}
}

func TestSecretsThatTheTopologyNames(t *testing.T) {
	dir := t.TempDir()
	topology := filepath.Join(dir, "topology.yaml")
	text := head + "secrets: {file: s.yaml, directory: more, environment: true}\nbrokers: {main: {kind: standalone, nodes: [q], users: {a: {secret: in_file}, b: {secret: in_dir}, c: {secret: in_env}}}}\n"
	for name, content := range map[string]string{"topology.yaml": text, "s.yaml": "in_file: x\nerlang_cookie: 12345678901234567890\n", "more/in_dir": "y\n"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("MCO_SECRET_IN_ENV", "z")
	facts := gather(t, eth("q", "10.0.0.1/24"))
	e, problems := estate.Load(topology, estate.Options{Facts: facts})
	if e == nil {
		t.Fatal(show(problems))
	}
	got := ""
	for _, u := range e.Brokers[0].Users {
		got += u.Secret.Reveal()
	}
	if got != "xyz" || !e.Brokers[0].Cookie.Set() {
		t.Errorf("got %q, cookie %v", got, e.Brokers[0].Cookie.Set())
	}
	e, problems = estate.Load(topology, estate.Options{Facts: facts, Secrets: estates.Secrets(t, map[string]string{"in_file": "given"})})
	if e == nil || e.Brokers[0].Users[0].Secret.Reveal() != "given" {
		t.Errorf("what is given does not come first: %s", show(problems))
	}
	if err := os.Chmod(filepath.Join(dir, "s.yaml"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, problems := estate.Load(topology, estate.Options{Facts: facts}); !has(problems, "secret.mode", false) {
		t.Errorf("got\n%s", show(problems))
	}
}
