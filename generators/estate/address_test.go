package estate_test

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func mask4(bits int) string        { return net.IP(net.CIDRMask(bits, 32)).String() }
func mask6(bits int) string        { return net.IP(net.CIDRMask(bits, 128)).String() }

const oneBroker = "version: 1\nestate: e\nsoftware: {rabbitmq: \"3.10.8\"}\nbrokers: {main: {kind: standalone, nodes: [a], %s}}\n%s"

func TestInterfaceAndAddress(t *testing.T) {
	two := map[string][]string{"lo": {"127.0.0.1/8"}, "eth0": {"10.0.0.1/24"}, "eth1": {"10.1.0.1/24"}}
	six := map[string][]string{"lo": {"127.0.0.1/8", "::1/128"}, "eth0": {"2001:db8::1/64"}}
	for _, c := range []struct {
		name string
		host host
		keys string // of the group
		more string // of the topology
		want string // interface, IPv4, IPv6; or the class
	}{
		{"the primary", host{interfaces: two, primary: "eth1"}, "", "", "eth1 10.1.0.1/24 invalid Prefix"},
		{"by name", host{interfaces: two, primary: "eth0"}, "interface: eth1", "", "eth1 10.1.0.1/24 invalid Prefix"},
		{"by subnet", host{interfaces: two, primary: "eth0"}, "interface: 10.1.0.0/24", "", "eth1 10.1.0.1/24 invalid Prefix"},
		{"by a wider subnet", host{interfaces: two, primary: "eth0"}, "interface: 10.1.0.0/16", "", "eth1 10.1.0.1/24 invalid Prefix"},
		{"by a subnet of two", host{interfaces: two, primary: "eth0"}, "interface: 10.0.0.0/8", "", "interface.ambiguous"},
		{"by a subnet of none", host{interfaces: two, primary: "eth0"}, "interface: 10.2.0.0/24", "", "interface.no-address"},
		{"by a subnet that is none", host{interfaces: two, primary: "eth0"}, "interface: 10.2.0.0/240", "", "topology.type"},
		{"by a name that is none", host{interfaces: two, primary: "eth0"}, "interface: \"eth 0\"", "", "topology.type"},
		{"unknown", host{interfaces: two, primary: "eth0"}, "interface: eth7", "", "interface.unknown"},
		{"lo, when it is named", host{interfaces: two, primary: "eth0"}, "interface: lo", "", "lo 127.0.0.1/8 invalid Prefix"},
		{"no primary", host{interfaces: two}, "", "", "interface.ambiguous"},
		{"no primary, and an address", host{interfaces: two}, "", "addresses: {a: 10.1.0.1}", "eth1 10.1.0.1/24 invalid Prefix"},
		{"an address of nobody", host{interfaces: two}, "", "addresses: {a: 10.1.0.9}", "interface.no-address"},
		{"an address that is none", host{interfaces: two}, "", "addresses: {a: 10.1.0.09}", "topology.type"},
		{"an address of an unknown node", host{interfaces: two, primary: "eth0"}, "", "addresses: {z: 10.1.0.9}", "node.unknown"},
		{"a primary without address", host{interfaces: map[string][]string{"lo": {"127.0.0.1/8"}, "eth0": {}, "eth1": {"10.1.0.1/24"}}, primary: "eth0"}, "", "", "eth1 10.1.0.1/24 invalid Prefix"},
		{"no address at all", host{interfaces: map[string][]string{"lo": {"127.0.0.1/8"}, "eth0": {}}, primary: "eth0"}, "", "", "interface.no-address"},
		{"a lone address behind the first", host{interfaces: map[string][]string{"eth0": {"10.9.9.9/32", "10.0.0.1/24", "10.0.0.2/24"}}, primary: "eth0"}, "", "", "eth0 10.0.0.1/24 invalid Prefix"},
		{"lone addresses alone", host{interfaces: map[string][]string{"eth0": {"10.9.9.9/32", "10.9.9.10/32"}}, primary: "eth0"}, "", "", "eth0 10.9.9.9/32 invalid Prefix"},
		{"by the subnet's own address", host{interfaces: map[string][]string{"eth0": {"10.0.0.1/24", "10.1.0.1/24"}}, primary: "eth0"}, "interface: 10.1.0.0/24", "", "eth0 10.1.0.1/24 invalid Prefix"},
		{"IPv6 alone", host{interfaces: six, primary: "eth0"}, "", "", "eth0 invalid Prefix 2001:db8::1/64"},
		{"IPv4 asked, IPv6 there", host{interfaces: six, primary: "eth0"}, "family: 4, interface: eth0", "", "interface.no-address"},
		{"both, of which one is there", host{interfaces: six, primary: "eth0"}, "family: both", "", "interface.no-address"},
		{"both", host{interfaces: map[string][]string{"eth0": {"10.0.0.1/24", "2001:db8::1/64"}}, primary: "eth0"}, "family: both", "", "eth0 10.0.0.1/24 2001:db8::1/64"},
		{"IPv4 of both", host{interfaces: map[string][]string{"eth0": {"10.0.0.1/24", "2001:db8::1/64"}}, primary: "eth0"}, "", "", "eth0 10.0.0.1/24 invalid Prefix"},
		{"IPv6 of both", host{interfaces: map[string][]string{"eth0": {"10.0.0.1/24", "2001:db8::1/64"}}, primary: "eth0"}, "family: 6", "", "eth0 invalid Prefix 2001:db8::1/64"},
		{"two IPv6", host{interfaces: map[string][]string{"eth0": {"2001:db8::1/64", "2001:db8::2/64"}}, primary: "eth0"}, "", "", "interface.ambiguous"},
		{"two IPv6, one alone", host{interfaces: map[string][]string{"eth0": {"2001:db8::1/128", "2001:db8::2/64"}}, primary: "eth0"}, "", "", "eth0 invalid Prefix 2001:db8::2/64"},
		{"two IPv6, one given", host{interfaces: map[string][]string{"eth0": {"2001:db8::1/64", "2001:db8::2/64"}}, primary: "eth0"}, "", "addresses: {a: \"2001:db8::2\"}", "eth0 invalid Prefix 2001:db8::2/64"},
		{"family of nothing", host{interfaces: two, primary: "eth0"}, "family: 5", "", "topology.type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.host.name = "a"
			e, problems := loadWith(t, fmt.Sprintf(oneBroker, c.keys, c.more), c.host)
			if e == nil {
				if !strings.Contains(problems, "\t"+c.want+":") {
					t.Errorf("want %s, got\n%s", c.want, problems)
				}
				return
			}
			m := e.Brokers[0].Members[0]
			if got := fmt.Sprint(m.Interface, " ", m.IPv4, " ", m.IPv6); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

const twoBalancers = "version: 1\nestate: e\nsoftware: {rabbitmq: \"3.10.8\", haproxy: \"2.6\", keepalived: \"2.2.7\"}\n" +
	"brokers: {main: {kind: standalone, nodes: [q]}}\nbalancers: {b: {kind: haproxy, nodes: [x, y], to: main, vip: %s, ports: {amqp: 5672}}}\n"

func TestVIPs(t *testing.T) {
	q := eth("q", "10.0.0.9/24", "2001:db8::9/64")
	y := eth("y", "10.0.0.2/24", "2001:db8::2/64")
	for _, c := range []struct {
		name, vip string
		x         host
		want      string // address of x, or the class
	}{
		{"not held", "10.0.0.100/24", eth("x", "10.0.0.1/24"), "10.0.0.1/24"},
		{"held", "10.0.0.100/24", eth("x", "10.0.0.1/24", "10.0.0.100/24"), "10.0.0.1/24"},
		{"held, and listed first", "10.0.0.100/24", eth("x", "10.0.0.100/24", "10.0.0.1/24"), "10.0.0.1/24"},
		{"held as one address", "10.0.0.100/24", eth("x", "10.0.0.1/24", "10.0.0.100/32"), "10.0.0.1/24"},
		{"on lo", "10.0.0.100/24", host{name: "x", primary: "eth0", interfaces: map[string][]string{"lo": {"127.0.0.1/8", "10.0.0.100/32"}, "eth0": {"10.0.0.1/24"}}}, "10.0.0.1/24"},
		{"IPv6, held", "\"2001:db8::100/64\"", eth("x", "10.0.0.1/24", "2001:db8::100/64", "2001:db8::1/64"), "2001:db8::1/64"},
		{"the node's own", "10.0.0.1/24", eth("x", "10.0.0.1/24"), "vip.is-node-address"},
		{"a broker's own", "10.0.0.9/24", eth("x", "10.0.0.1/24"), "vip.is-node-address"},
		{"off the subnet", "10.0.1.100/24", eth("x", "10.0.0.1/24"), "vip.off-subnet"},
		{"in a part of the subnet that the node is not in", "10.0.0.100/28", eth("x", "10.0.0.1/24"), "vip.off-subnet"},
		{"one address", "10.0.0.100/32", eth("x", "10.0.0.1/24"), "10.0.0.1/24"},
		{"on the other interface", "10.0.0.100/24", host{name: "x", primary: "eth0", interfaces: map[string][]string{"eth0": {"10.7.0.1/24"}, "eth1": {"10.0.0.1/24"}}}, "10.0.0.1/24"},
		{"on two interfaces", "10.0.0.100/24", host{name: "x", primary: "eth0", interfaces: map[string][]string{"eth0": {"10.0.0.1/24"}, "eth1": {"10.0.0.3/24"}}}, "interface.ambiguous"},
		{"network", "10.0.0.0/24", eth("x", "10.0.0.1/24"), "vip.network-address"},
		{"broadcast", "10.0.0.255/24", eth("x", "10.0.0.1/24"), "vip.network-address"},
		{"broadcast of the node's subnet", "10.0.0.255/32", eth("x", "10.0.0.1/24"), "vip.network-address"},
		{"loopback", "127.0.0.2/8", eth("x", "10.0.0.1/24"), "vip.network-address"},
		{"multicast", "224.0.0.18/24", eth("x", "10.0.0.1/24"), "vip.network-address"},
		{"no address", "10.0.0.100/240", eth("x", "10.0.0.1/24"), "topology.type"},
		{"twice", "[10.0.0.100/24, 10.0.0.100/24]", eth("x", "10.0.0.1/24"), "vip.duplicate"},
		{"two", "[10.0.0.100/24, 10.0.0.101/24]", eth("x", "10.0.0.1/24"), "topology.type"},
		{"of both families", "[10.0.0.100/24, \"2001:db8::100/64\"]", eth("x", "10.0.0.1/24"), "vip.family"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, problems := loadWith(t, fmt.Sprintf(twoBalancers, c.vip), q, c.x, y)
			if e == nil {
				if !strings.Contains(problems, "\t"+c.want+":") {
					t.Errorf("want %s, got\n%s", c.want, problems)
				}
				return
			}
			if got := e.Balancers[0].Members[0].Address.String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestAVIPOnAStrangersInterface(t *testing.T) {
	_, problems := loadWith(t, fmt.Sprintf(twoBalancers, "10.0.0.100/24"), eth("q", "10.0.0.9/24", "10.0.0.100/24"), eth("x", "10.0.0.1/24"), eth("y", "10.0.0.2/24"))
	if !strings.Contains(problems, "vip.is-node-address: node q:") {
		t.Errorf("got\n%s", problems)
	}
}

// TestFailoverChangesNothing: facts of a node that holds a VIP, and of the same node without, make one estate.
func TestFailoverChangesNothing(t *testing.T) {
	for _, c := range []struct{ name, vip, a, b string }{
		{"IPv4", "192.168.233.110/24", "ha1.run1.json", "ha1.holding-vip.json"},
		{"a later run", "192.168.233.110/24", "ha1.run1.json", "ha1.run2.json"},
		{"IPv6", "", "dual01.without-vip6.json", "dual01.holding-vip6.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, file := range []string{c.a, c.b} {
				set := estates.Fleet(t, estates.Corpus("facts", "volatile", file))
				vip := c.vip
				if vip == "" {
					vip = `"` + strangeIPv6(t, estates.Corpus("facts", "volatile", c.b), estates.Corpus("facts", "volatile", c.a)) + `/64"`
				}
				name := set.Nodes()[0].Identity
				topology := "version: 1\nestate: e\nsoftware: {rabbitmq: \"3.10.8\", haproxy: \"2.6\", keepalived: \"2.2.7\"}\nbrokers: {main: {kind: standalone, nodes: [" + name +
					"]}}\nbalancers: {b: {kind: haproxy, nodes: [" + name + "], to: main, vip: " + vip + ", ports: {amqp: 5672}}}\n"
				e, problems := loadText(t, topology, estate.Options{Facts: set})
				if e == nil {
					t.Fatal(show(problems))
				}
				m := e.Nodes[0]
				got = append(got, fmt.Sprint(m.Broker.IPv4, m.Broker.IPv6, m.Broker.Interface, m.Broker.Watermark, m.Broker.DiskLimit, m.Balancers[0].Address,
					m.Balancers[0].Interface, m.Balancers[0].MaxConn, m.Facts.Interfaces, m.Facts.Custom))
			}
			if got[0] != got[1] {
				t.Errorf("%s gives\n%s\n%s gives\n%s", c.a, got[0], c.b, got[1])
			}
		})
	}
}

// strangeIPv6 is the address that one file has and the other has not.
func strangeIPv6(t *testing.T, with, without string) string {
	t.Helper()
	known := make(map[netip.Addr]bool)
	for _, i := range estates.Fleet(t, without).Nodes()[0].Interfaces {
		for _, p := range i.IPv6 {
			known[p.Addr()] = true
		}
	}
	for _, i := range estates.Fleet(t, with).Nodes()[0].Interfaces {
		for _, p := range i.IPv6 {
			if !known[p.Addr()] {
				return p.Addr().String()
			}
		}
	}
	t.Fatal("the files have the same addresses")
	return ""
}
