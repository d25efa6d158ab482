package rabbitmq

import (
	"net/netip"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/version"
)

func release(t testing.TB, s string) version.Version {
	t.Helper()
	v, err := version.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// group makes a broker group of nodes a1, a2, ... at 192.0.2.1, .2, ...; with all that a file can say.
func group(t testing.TB, name, v string, kind estate.Kind, nodes int) *estate.BrokerGroup {
	t.Helper()
	g := &estate.BrokerGroup{
		Name: name, Kind: kind, Version: release(t, v), ClusterName: "cluster-" + name,
		Listen: estate.Listen{AMQP: 5672, STOMP: 61613, Management: 15672, Dist: 25672}, Stomp: true, Management: true, Heartbeat: 60,
		VHosts:      []estate.VHost{{Name: "/"}, {Name: "/mcollective"}},
		Users:       []estate.User{{Name: "admin", Secret: secret.New("mq_admin", "change-me"), Tags: []string{"administrator"}}, {Name: "mc", Secret: secret.New("mc", "123.com")}},
		Permissions: []estate.Permission{{User: "mc", VHost: "/mcollective", Configure: ".*", Write: ".*", Read: ".*"}},
		Exchanges:   []estate.Exchange{{VHost: "/mcollective", Name: "mcollective_directed", Type: "direct", Durable: true}, {VHost: "/mcollective", Name: "mcollective_broadcast", Type: "topic", Durable: true}},
		Policies:    []estate.Policy{{VHost: "/", Name: "ttl", Pattern: "^tmp\\.", ApplyTo: "queues", Definition: map[string]any{"message-ttl": 60000}}},
		Queues:      []estate.Queue{{VHost: "/", Name: "work", Durable: true, Arguments: map[string]any{"x-queue-type": "classic"}}},
		Cookie:      secret.New("erlang_cookie", "GENCOOKIEFORTESTSONLY"),
	}
	for i := range nodes {
		m := &estate.BrokerMember{Group: g, IPv4: netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), 24), NodeName: "rabbit@" + name + string('1'+rune(i)),
			Watermark: estate.Watermark{Relative: 0.4}, DiskLimit: 8_200_000_000}
		m.Node = &estate.Node{Name: name + string('1'+rune(i)), Broker: m, Facts: &facts.Node{Memory: 8 << 30}}
		g.Members = append(g.Members, m)
	}
	if kind == estate.Cluster {
		g.Partitions = "pause_minority"
	}
	return g
}

// written returns the files of a node, which must have no problem.
func written(t testing.TB, e *estate.Estate, n *estate.Node) map[string]target.File {
	t.Helper()
	set, problems := Files(e, n)
	for _, p := range problems {
		t.Error(p)
	}
	files := make(map[string]target.File)
	for _, f := range set.Files {
		if err := f.Check(f.Content); err != nil {
			t.Errorf("%s does not read back: %v\n%s", f.Kind, err, f.Content)
		}
		files[f.Kind] = f
	}
	return files
}
