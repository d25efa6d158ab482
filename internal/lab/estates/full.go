// Package estates has estates for the tests of those who write files, and proves what they wrote: one estate that is made by hand and
// uses every part of the model ([Full]), hostile strings to put into it ([Hostilities]), and those of the corpus with files that are
// known to be right ([Rendering], [References]). Only tests import it.
package estates

import (
	"net/netip"
	"strings"
	"time"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/version"
)

// Full returns a new estate: two HAProxy machines (ha1, ha2) with a VIP before three brokers (mq1 to mq3) which are LVS directors for a
// VIP of their own, and an active-passive pair (ap1, ap2) that OpenStack uses.
func Full() *estate.Estate {
	e := &estate.Estate{Name: "full"}
	node := func(name, address string, last byte) *estate.Node {
		n := &estate.Node{Name: name, Software: Today(), Facts: &facts.Node{
			Identity: name + ".example.test", Hostname: name, FQDN: name + ".example.test", Processors: 2, Memory: 4 << 30, Systemd: true,
			OS: facts.OS{Family: "Debian", Name: "Debian", Release: "12.11", Major: "12"}, Primary: "eth0",
			Interfaces: []facts.Interface{{Name: "eth0", MAC: mac(last), MTU: 1500, IPv4: []netip.Prefix{netip.MustParsePrefix(address)}}},
		}}
		e.Nodes = append(e.Nodes, n)
		return n
	}
	group := func(name string, kind estate.Kind, nodes ...*estate.Node) *estate.BrokerGroup {
		g := &estate.BrokerGroup{Name: name, Kind: kind, ClusterName: name, Listen: estate.Listen{AMQP: 5672, STOMP: 61613, Management: 15672, Dist: 25672},
			Stomp: true, Management: true, Heartbeat: 60, StompHeart: 30, Replication: estate.Quorum, Data: "/var/lib/rabbitmq"}
		for _, n := range nodes {
			n.Broker = &estate.BrokerMember{Node: n, Group: g, Interface: "eth0", IPv4: n.Facts.Interfaces[0].IPv4[0], NodeName: "rabbit@" + n.Name}
			g.Members = append(g.Members, n.Broker)
		}
		e.Brokers = append(e.Brokers, g)
		return g
	}
	balancer := func(b *estate.Balancer, nodes ...*estate.Node) {
		for i, n := range nodes {
			m := &estate.BalancerMember{Node: n, Balancer: b, Interface: "eth0", Address: n.Facts.Interfaces[0].IPv4[0], MAC: n.Facts.Interfaces[0].MAC,
				Priority: 200 - 10*i, State: "BACKUP", MaxConn: 8192}
			b.Members = append(b.Members, m)
			n.Balancers = append(n.Balancers, m)
		}
		e.Balancers = append(e.Balancers, b)
	}
	ap1, ap2 := node("ap1", "192.0.2.11/24", 11), node("ap2", "192.0.2.12/24", 12)
	ha1, ha2 := node("ha1", "192.0.2.21/24", 21), node("ha2", "192.0.2.22/24", 22)
	mq1, mq2, mq3 := node("mq1", "192.0.2.31/24", 31), node("mq2", "192.0.2.32/24", 32), node("mq3", "192.0.2.33/24", 33)

	main := group("main", estate.Cluster, mq1, mq2, mq3)
	passive := group("passive", estate.ActivePassive, ap1, ap2)
	passive.Replication = estate.NotReplicated
	for _, m := range passive.Members {
		m.NodeName = "rabbit@passive" // one broker, that runs here or there
	}
	passive.VIP = netip.MustParsePrefix("192.0.2.100/24")
	passive.Stonith = new(false)
	passive.ClusterKey = secret.New("corosync", strings.Repeat("0123456789abcdef", 8))
	passive.Storage = &estate.Storage{Resource: "rabbitmq", Minor: 1, Port: 7701, Disk: "/dev/mapper/vg_rabbit-rabbit", FS: "xfs", Options: "relatime",
		Secret: secret.New("drbd", "s3cret-drbd")}

	balancer(&estate.Balancer{
		Name: "front", Kind: estate.HAProxy, To: main.Members, Group: main, VIP: netip.MustParsePrefix("192.0.2.110/24"), Mode: estate.RoundRobin,
		Ports:   []estate.BalancedPort{{Name: "amqp", Port: 5672, Backend: 5672}, {Name: "stomp", Port: 61613, Backend: 61613}},
		Check:   estate.Check{Kind: "tcp", Inter: 5 * time.Second, Rise: 2, Fall: 2},
		Stats:   &estate.Stats{Port: 8100, Path: "/rabbitmq-stats", Refresh: 5 * time.Second, User: "admin", Secret: secret.New("stats", "change-me")},
		Timeout: 3 * time.Hour, VRRP: &estate.VRRP{ID: 103, Advert: 1, Version: 2, Unicast: true, Secret: secret.New("vrrp", "root"), Track: []string{"eth0"}},
	}, ha1, ha2)
	balancer(&estate.Balancer{
		Name: "direct", Kind: estate.LVSDR, To: main.Members, Group: main, VIP: netip.MustParsePrefix("192.0.2.120/24"), Mode: estate.RoundRobin,
		Ports: []estate.BalancedPort{{Name: "amqp", Port: 5672, Backend: 5672}},
		VRRP:  &estate.VRRP{ID: 7, Advert: 1, Version: 2, Preempt: true, Secret: secret.New("vrrp-direct", "passwd")},
		LVS:   estate.LVS{Scheduler: "wrr", Weight: 10, DelayLoop: 10, Inhibit: true, Timeout: 3, Retry: 3, Delay: 3},
	}, mq1, mq2, mq3)

	user := estate.User{Name: "openstack", Secret: secret.New("openstack", "change-me")}
	e.OpenStack = &estate.OpenStack{Group: passive, Endpoints: []estate.Endpoint{{Host: "192.0.2.100", Port: 5672}}, VHost: "/", User: user,
		Release: "2023.1", Durable: true, ConnPool: 30, ResponseTimeout: 60, ThreadPool: 64, Nodes: []*estate.Node{ap1}}
	e.Clients = []*estate.ClientProfile{{Name: "shop", VHost: "shop", User: user,
		Endpoints: []estate.Endpoint{{Host: "192.0.2.110", Port: 5672}, {Host: "2001:db8::1", Port: 5672}}}}
	furnish(e, main, passive, []*estate.Node{ha1, mq1}, []*estate.Node{ha2})
	return e
}

// Today is the software that the laboratory has.
func Today() estate.Software {
	return estate.Software{
		RabbitMQ: version.Version{3, 10, 8}, HAProxy: version.Version{2, 6, 12}, Keepalived: version.Version{2, 2, 7},
		MCollective: version.Version{2, 12, 5}, Corosync: version.Version{3, 1, 7}, Pacemaker: version.Version{2, 1, 5}, DRBD: version.Version{9, 22},
	}
}

func mac(last byte) string {
	const digits = "0123456789abcdef"
	return "52:54:00:00:00:" + string([]byte{digits[last>>4], digits[last&15]})
}
