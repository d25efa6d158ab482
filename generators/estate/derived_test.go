package estate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/version"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// own is a file of the project's own corpus: these tests are about values of its topologies.
func own(t testing.TB, elem ...string) string {
	t.Helper()
	return filepath.Join(append([]string{"..", "..", "testdata", "generators"}, elem...)...)
}

func load(t testing.TB, topology, facts string, software map[string]string) *estate.Estate {
	t.Helper()
	e, problems := estate.Load(own(t, "topology", topology), estate.Options{Facts: estates.Fleet(t, own(t, "facts", facts)), Secrets: estates.Secrets(t, nil), Software: software})
	if e == nil {
		t.Fatalf("%s:\n%s", topology, show(problems))
	}
	return e
}

type check struct {
	name      string
	got, want any
}

func compare(t *testing.T, checks []check) {
	t.Helper()
	for _, c := range checks {
		if got, want := fmt.Sprint(c.got), fmt.Sprint(c.want); got != want {
			t.Errorf("%s: got %s, want %s", c.name, got, want)
		}
	}
}

func TestClusterBehindTwoBalancers(t *testing.T) {
	e := load(t, "seed001.fixed.yaml", "fleet-seed001", nil)
	g, b := e.Brokers[0], e.Balancers[0]
	first, ha := g.Members[0], b.Members[0]
	compare(t, []check{
		{"nodes", len(e.Nodes), 5},
		{"node name", first.NodeName, "rabbit@bhz76"},
		{"long names", g.LongNames, false},
		{"address", first.Address(), "192.168.11.76"},
		{"interface", first.Interface, "ens32"},
		{"wildcard", first.Wildcard, false},
		{"watermark", first.Watermark, estate.Watermark{Relative: 0.4}},
		{"disk limit", first.DiskLimit, 8_300_000_000},
		{"partitions", g.Partitions, "pause_minority"},
		{"format", g.Classic, false},
		{"version", g.Version, version.Version{3, 10, 8}},
		{"listeners", g.Listen, estate.Listen{AMQP: 5672, Management: 15672, Dist: 25672}},
		{"vhosts", g.VHosts, []estate.VHost{{Name: "/"}}},
		{"policy", g.Policies, []estate.Policy{{VHost: "/", Name: "ha-all", Pattern: "^", ApplyTo: "queues", Definition: map[string]any{"ha-mode": "all", "ha-sync-mode": "automatic"}}}},
		{"cookie", g.Cookie, "[secret erlang_cookie]"},
		{"backends", len(b.To), 3},
		{"VIP", b.VIP, "192.168.11.110/24"},
		{"binding", b.BindVIP, false},
		{"ports", b.Ports, []estate.BalancedPort{{Name: "amqp", Port: 5672, Backend: 5672}}},
		{"timeout", b.Timeout, 3 * time.Hour},
		{"balancer's own", fmt.Sprint(ha.Interface, ha.Address, ha.Priority, ha.State, ha.MaxConn), "ens32192.168.11.79/24 100BACKUP8192"},
		{"VRRP", fmt.Sprint(b.VRRP.ID, b.VRRP.Version, b.VRRP.Unicast, b.VRRP.Preempt, b.VRRP.Weight), "103 2 false false 0"},
		{"HAProxy", ha.Node.Software.HAProxy, "2.6.12"},
	})
}

func TestPairOfBrokersWithALink(t *testing.T) {
	e := load(t, "seed000.linked.yaml", "fleet-seed000", nil)
	g, c := e.Brokers[0], e.Collectives[0]
	node, client := e.Nodes[0], c.Clients[0]
	compare(t, []check{
		{"format", g.Classic, true},
		{"listens for STOMP", g.Listen.STOMP, 61613},
		{"vhosts", g.VHosts, []estate.VHost{{Name: "/"}, {Name: "/mcollective"}}},
		{"users", names(g.Users, func(u estate.User) string { return u.Name + " " + u.Secret.Name() + " " + strings.Join(u.Tags, ",") }),
			"admin mq_admin administrator|federator mq_fed |mc_rabbitmq mc_pass |web_admin mq_web monitoring"},
		{"permissions", names(g.Permissions, func(p estate.Permission) string { return p.VHost + " " + p.User + " " + p.Configure + p.Write + p.Read }),
			"/mcollective admin .*.*.*|/mcollective federator .*.*.*|/mcollective mc_rabbitmq .*.*.*|/mcollective web_admin .*.*.*"},
		{"exchanges", g.Exchanges, []estate.Exchange{{VHost: "/mcollective", Name: "mcollective_broadcast", Type: "topic", Durable: true},
			{VHost: "/mcollective", Name: "mcollective_directed", Type: "direct", Durable: true}}},
		{"heart-beat", g.StompHeart, 30},
		{"node", node.Name, "linux57poc"},
		{"node's collectives", len(node.Servers), 1},
		{"client", client.Name, "linuxmaster1poc"},
		{"client is a broker too", client.Broker.Group.Name, "mq1"},
		{"pool", hosts(c.EndpointsOf(node)), "192.168.100.120:61613 192.168.100.121:61613"},
		{"client's pool", hosts(c.ClientEndpoints), "192.168.100.120:61613 192.168.100.121:61613"},
		{"setting", c.Server["plugin.puppet.splaylimit"], "30"},
		{"client has none of them", len(c.Client), 0},
		{"link", fmt.Sprint(e.Links[0].A.Name, e.Links[0].B.Name, e.Links[0].Both, e.Links[0].MaxHops, e.Links[0].Static), "mq1mq2true 1 false"},
	})
}

func TestBrokersThatAreTheirOwnDirectors(t *testing.T) {
	e := load(t, "seed004.yaml", "fleet-seed004", nil)
	g, b := e.Brokers[0], e.Balancers[0]
	compare(t, []check{
		{"wildcard, for the VIP", g.Members[0].Wildcard, true},
		{"the VIP on lo is no address", g.Members[0].Addresses(), "[192.168.1.1]"},
		{"MAC", b.Members[0].MAC, "52:54:00:98:91:32"},
		{"marks", fmt.Sprint(b.Members[0].Mark(), b.Members[1].Mark()), "1 2"},
		{"states", b.Members[0].State + " " + b.Members[1].State, "MASTER BACKUP"},
		{"no script, no weight", b.VRRP.Weight, 0},
		{"ram", fmt.Sprint(g.Members[0].RAM, g.Members[1].RAM), "false true"},
		{"small share of memory", g.Members[0].Watermark.Relative, 0.0},
		{"permissions", names(g.Permissions, func(p estate.Permission) string { return p.VHost + " " + p.User }), "/ admin|tao jasee"},
		{"policy", names(g.Policies, func(p estate.Policy) string { return p.VHost + " " + p.Name }), "tao ha-all"},
		{"Keepalived", b.Members[0].Node.Software.Keepalived, "1.1.20"},
	})
}

func TestSafeAndFastTraffic(t *testing.T) {
	e := load(t, "seed004.target.yaml", "fleet-seed004", nil)
	g := e.Brokers[0]
	compare(t, []check{
		{"policy", g.Policies[0].Definition["ha-params"], "[rabbit@rabbitmq02 rabbit@rabbitmq03]"},
		{"vhosts", g.VHosts, "[{fast } {tao }]"},
		{"fast", e.Clients[0].VHost + " " + hosts(e.Clients[0].Endpoints), "fast 192.168.1.1:5672 192.168.1.4:5672"},
		{"safe", e.Clients[1].VHost + " " + hosts(e.Clients[1].Endpoints), "tao 192.168.1.100:5672"},
		{"real servers", len(e.Balancers[0].To), 2},
		{"not behind the VIP", g.Members[0].Wildcard, false},
		{"version of the system's packages", g.Version, "3.1.5"},
		{"weight", e.Balancers[0].VRRP.Weight, 0},
	})
}

func TestActiveAndPassive(t *testing.T) {
	e := load(t, "seed003.yaml", "fleet-seed003", map[string]string{"openstack": "2023.1"})
	g := e.Brokers[0]
	compare(t, []check{
		{"node names", g.Members[0].NodeName + " " + g.Members[1].NodeName, "rabbit@localhost rabbit@localhost"},
		{"interface by subnet", g.Members[0].Interface, "eth0"},
		{"VIP", g.VIP, "192.168.1.222/24"},
		{"stonith", *g.Stonith, false},
		{"resource", *g.Storage, "{rabbitmq 1 7701 /dev/mapper/vg_rabbit-rabbit xfs relatime [secret ]}"},
		{"programs", fmt.Sprint(g.Members[0].Node.Software.Corosync, g.Members[0].Node.Software.Pacemaker, g.Members[0].Node.Software.DRBD), "2.3.3 1.1.10 8.4"},
		{"OpenStack", fmt.Sprint(hosts(e.OpenStack.Endpoints), e.OpenStack.Release, e.OpenStack.VHost, len(e.OpenStack.Nodes)), "192.168.1.222:56722023.1/2"},
		{"its user", names(g.Users, func(u estate.User) string { return u.Name }), "openstack"},
		{"partitions", g.Partitions, ""},
	})
}

func TestBalancerBesideABroker(t *testing.T) {
	e := load(t, "seed004.haproxy.yaml", "fleet-seed004", nil)
	compare(t, []check{
		{"vhost of the mirrors", names(e.Brokers[0].VHosts, func(v estate.VHost) string { return v.Name }), "/|tao"},
		{"small share of memory", e.Brokers[0].Members[0].Watermark.Relative, 0.0},
		{"usual share of memory", e.Brokers[0].Members[1].Watermark.Relative, 0.4},
		{"descriptors", e.Balancers[0].Members[0].MaxConn, 1982},
		{"no VIP, no VRRP", e.Balancers[0].VRRP == nil, true},
	})
}

func TestQuorumByDefault(t *testing.T) {
	topology := strings.ReplaceAll(string(read(t, own(t, "topology", "seed001.fixed.yaml"))), "    replication: mirrored\n    mirror: {mode: all, sync: automatic, pattern: \"^\", vhosts: [\"/\"]}\n", "")
	for v, want := range map[string]string{
		"3.6.4":  "mirrored [{/ }] [ha-exactly map[ha-mode:exactly ha-params:2 ha-sync-mode:automatic]] pause_minority",
		"3.10.8": "quorum [{/ quorum}] [] pause_minority",
		"4.3.0":  "quorum [{/ quorum}] [] ",
	} {
		e, problems := loadText(t, topology, estate.Options{Facts: estates.Fleet(t, own(t, "facts", "fleet-seed001")), Secrets: estates.Secrets(t, nil), Software: map[string]string{"rabbitmq": v}})
		if e == nil {
			t.Fatal(show(problems))
		}
		g := e.Brokers[0]
		var policies []string
		for _, p := range g.Policies {
			policies = append(policies, p.Name+" "+fmt.Sprint(p.Definition))
		}
		if got := fmt.Sprint(g.Replication, " ", g.VHosts, " ", policies, " ", g.Partitions); got != want {
			t.Errorf("RabbitMQ %s: got %s, want %s", v, got, want)
		}
	}
}

func TestOriginsTellWhereValuesCameFrom(t *testing.T) {
	e := load(t, "seed001.fixed.yaml", "fleet-seed001", map[string]string{"haproxy": "2.6"})
	from := make(map[string]string)
	for _, o := range e.Origins {
		from[o.Key] = o.Value + " <- " + strings.ReplaceAll(o.From, own(t, "topology")+"/", "")
		if strings.Contains(o.Value, "change-me") || strings.Contains(o.Value, "GENCOOKIE") {
			t.Errorf("%s shows a secret", o.Key)
		}
	}
	for key, want := range map[string]string{
		"balancers.front.vrrp.id":            "103 <- topology seed001.fixed.yaml:25",
		"balancers.front.vrrp.advert":        "1 <- topology seed001.fixed.yaml:25",
		"balancers.front.bhz79.interface":    "ens32 <- rule D7: the VIP's subnet",
		"brokers.main.bhz76.address":         "192.168.11.76/24 <- fact networking.interfaces.ens32 of bhz76",
		"brokers.main.bhz76.interface":       "ens32 <- fact networking.primary of bhz76",
		"brokers.main.listen.amqp":           "5672 <- default",
		"brokers.main.partitions":            "pause_minority <- rule D3: 3 nodes, RabbitMQ 3.10.8",
		"node bhz76 disk_free_limit":         "8300000000 <- rule D2: memory of 8203387535 bytes",
		"node bhz79 software.haproxy":        "2.6 <- option --software",
		"node bhz76 software.rabbitmq":       "3.10.8 <- topology seed001.fixed.yaml:4",
		"brokers.main.users.admin":           "administrator <- topology seed001.fixed.yaml:12",
		"balancers.front.vrrp.transport":     "multicast <- rule D11",
		"brokers.main.policies.ha-all":       "^ in / <- topology seed001.fixed.yaml:10",
		"balancers.front.timeout":            "3h0m0s <- rule D12: heart-beats of 60 s",
		"node bhz79 balancers.front.maxconn": "8192 <- rule D4",
	} {
		if from[key] != want {
			t.Errorf("%s: got %q, want %q", key, from[key], want)
		}
	}
}

func names[T any](all []T, name func(T) string) string {
	var s []string
	for _, one := range all {
		s = append(s, name(one))
	}
	return strings.Join(s, "|")
}

func hosts(all []estate.Endpoint) string {
	var s []string
	for _, e := range all {
		s = append(s, fmt.Sprintf("%s:%d", e.Host, e.Port))
	}
	return strings.Join(s, " ")
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
