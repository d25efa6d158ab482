package corpus

import (
	"fmt"
	"net/netip"
)

// system is an operating system.
type system struct{ family, name, release, major string }

func systems(d Dialect) []system {
	switch d {
	case Old:
		return []system{{"RedHat", "CentOS", "6.10", "6"}, {"RedHat", "CentOS", "7.9.2009", "7"}, {"RedHat", "RedHat", "6.9", "6"},
			{"Debian", "Ubuntu", "12.04", "12.04"}, {"Debian", "Ubuntu", "14.04", "14.04"}, {"Debian", "Debian", "8.11", "8"}}
	case Newer:
		return []system{{"Debian", "Debian", "13.1", "13"}, {"RedHat", "Rocky", "9.4", "9"}, {"Debian", "Ubuntu", "24.04", "24.04"}, {"RedHat", "Fedora", "41", "41"}}
	}
	return []system{{"Debian", "Debian", "12.11", "12"}, {"Debian", "Debian", "12.5", "12"}, {"Debian", "Ubuntu", "22.04", "22.04"}, {"RedHat", "AlmaLinux", "9.4", "9"}}
}

// machine is a node before its facts are told.
type machine struct {
	name, domain string
	os           system
	cpus         int
	memory       int64
	nics         []nic
	primary      string
	subnet       int  // of its first interface
	more         tree // facts of the site
}

// nic is an interface with its addresses.
type nic struct {
	name, mac string
	v4, v6    []netip.Prefix
}

// family tells what addresses the machine has: 4, 6 or both.
func (n *machine) family() string {
	switch i := n.nics[0]; {
	case len(i.v4) == 0:
		return "6"
	case len(i.v6) == 0:
		return "4"
	}
	return "both"
}

// newSubnet opens another subnet. Their lengths differ; machines take the first addresses of one, VIPs the last.
func (m *maker) newSubnet() int {
	m.subnets++
	return m.subnets
}

func bits(subnet int) int { return []int{24, 25, 23, 26, 22, 16}[subnet%6] }

func v4(subnet, host int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(subnet), 0, byte(host)}), bits(subnet))
}

func v6(subnet, host int) netip.Prefix {
	return netip.PrefixFrom(netip.MustParseAddr(fmt.Sprintf("2001:db8:%x::%x", subnet, host)), 64)
}

// newMachine adds one in a subnet, with addresses of one family or both.
func (m *maker) newMachine(prefix string, subnet int, family string) *machine {
	k := len(m.machines) + 1
	n := &machine{name: fmt.Sprintf("%s%d", prefix, k), domain: "mq.example.test", os: pick(m.dice, systems(m.dialect)...), subnet: subnet,
		cpus: pick(m.dice, 1, 2, 4, 16, 64), memory: pick[int64](m.dice, 512<<20, 1<<30, 4123168604, 8<<30, 64<<30, 512<<30), more: make(tree)}
	names := []string{"eth0", "ens32", "enp3s0", "bond0", "em1"}
	if !m.legacy {
		names = append(names, "bond0.17", "br-lan", "vlan.101")
	}
	first := nic{name: pick(m.dice, names...), mac: fmt.Sprintf("52:54:00:%02X:00:%02x", subnet, k)}
	if family != "6" {
		first.v4 = append(first.v4, v4(subnet, k))
	}
	if family != "4" {
		first.v6 = append(first.v6, v6(subnet, k))
	}
	n.primary = first.name
	n.nics = append(n.nics, first)
	if m.chance(20) { // a line of its own for storage
		n.nics = append(n.nics, nic{name: "stor0", mac: fmt.Sprintf("52:54:01:%02x:00:%02x", subnet, k), v4: []netip.Prefix{v4(200, k)}})
	}
	if m.chance(20) { // bridges of containers are alike everywhere
		n.nics = append(n.nics, nic{name: "docker0", mac: "02:42:5e:00:00:01", v4: []netip.Prefix{netip.MustParsePrefix("172.17.0.1/16")}})
	}
	n.more["role"] = pick(m.dice, "web", "db", "mq")
	m.sometimes(30, n.more, "datacenter", pick(m.dice, "east", "west"))
	if m.dialect != Old {
		m.sometimes(10, n.more, "cloud", tree{"provider": "aws"})
	}
	m.machines = append(m.machines, n)
	return n
}

// addresses says which one is meant where facts leave that open: those of facter 1 and 2 name no primary interface.
func (m *maker) addresses() {
	given := make(tree)
	for _, n := range m.machines {
		if len(n.nics) == 1 || !m.legacy && m.chance(80) {
			continue
		}
		switch i := n.nics[0]; n.family() {
		case "4":
			given[n.name] = i.v4[0].Addr().String()
		case "6":
			given[n.name] = i.v6[0].Addr().String()
		default:
			given[n.name] = []any{i.v4[0].Addr().String(), i.v6[0].Addr().String()}
		}
	}
	if len(given) > 0 {
		m.topology["addresses"] = given
	}
}

// vip is the k-th of a subnet, with its prefix.
func vip(subnet, k int, six bool) netip.Prefix {
	if six {
		return netip.PrefixFrom(netip.MustParseAddr(fmt.Sprintf("2001:db8:%x::ff%02x", subnet, k)), 64)
	}
	return v4(subnet, 50+k)
}
