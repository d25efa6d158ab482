// Package lvs writes what the kernel of an LVS director or real server must hold besides Keepalived's part: who answers for the VIP,
// the VIP on the loopback interface, and the marks by which a director forwards only what comes from clients and not what another
// director has forwarded to it.
//
// What it promises: every director marks with its own mark, nobody marks what comes from a director's MAC address, everything is in
// files that survive a boot, and loading one again changes nothing. Rules are nftables' where the system has them, else iptables'.
package lvs

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/target"
)

// Where the files lie on a node.
const (
	sysctlPath   = "/etc/sysctl.d/90-mco-lvs.conf"
	nftPath      = "/etc/mco/lvs.nft"
	iptablesPath = "/etc/mco/lvs.iptables"
)

// config is what one node is to the balancers that forward by LVS.
type config struct {
	node     *estate.Node
	serves   []netip.Addr             // VIPs whose connections it takes, as a real server
	director []*estate.BalancerMember // VIPs whose connections it may forward
}

// Files returns the files of a node that is a director or a real server.
func Files(e *estate.Estate, n *estate.Node) (target.Set, problem.List) {
	c := config{node: n}
	for _, b := range e.Balancers {
		if b.Kind != estate.LVSDR || !b.VIP.IsValid() {
			continue
		}
		if n.Broker != nil && slices.Contains(b.To, n.Broker) {
			c.serves = append(c.serves, b.VIP.Addr())
		}
		for _, m := range b.Members {
			if m.Node == n {
				c.director = append(c.director, m)
			}
		}
	}
	var set target.Set
	if len(c.serves)+len(c.director) == 0 {
		return set, nil
	}
	problems := c.check()
	if problems.Failed() {
		return set, problems
	}
	for _, p := range c.parts() {
		if len(p.statements) == 0 {
			continue
		}
		p.file.Owner, p.file.Group, p.file.Mode = "root", "root", 0o644
		f, err := p.language.File(p.file, p.statements)
		if err != nil {
			problems.Add(problem.Problem{Class: "fact.unsafe", Node: n.Name, Where: p.file.Path, What: err.Error()})
			continue
		}
		set.Files = append(set.Files, f)
	}
	return set, problems
}

// part is one file before it is text.
type part struct {
	file       target.File
	language   block.Language
	statements []block.Statement
}

func (c config) parts() []part {
	parts := []part{{
		target.File{Kind: "sysctl-lvs.conf", Path: sysctlPath, Order: 20, Service: target.Action{Service: "sysctl", How: target.Reload}},
		block.INI(target.Managed, " = "), c.sysctl(),
	}}
	if c.nft() {
		parts = append(parts, part{
			target.File{Kind: "lvs.nft", Path: nftPath, Order: 22, Service: target.Action{Service: "mco-lvs", How: target.Restart}},
			NFT(), c.table(),
		})
	} else {
		parts = append(parts, part{
			target.File{Kind: "lvs.iptables", Path: iptablesPath, Order: 22, Service: target.Action{Service: "mco-lvs", How: target.Restart}},
			IPTables(), c.rules(),
		})
	}
	return append(parts, c.boot()...)
}

// sysctl keeps a real server silent about addresses that it has on the loopback interface: the director alone answers for the VIP.
// IPv6 does that by itself.
func (c config) sysctl() []block.Statement {
	if !slices.ContainsFunc(c.serves, netip.Addr.Is4) {
		return nil
	}
	return []block.Statement{
		block.Line("net.ipv4.conf.all.arp_ignore", "1"),
		block.Line("net.ipv4.conf.all.arp_announce", "2"),
		block.Line("net.ipv4.conf.lo.arp_ignore", "1"),
		block.Line("net.ipv4.conf.lo.arp_announce", "2"),
	}
}

// nft tells whether the system's packet filter is nftables: Debian from 10 on, Ubuntu from 20.04, RHEL from 8.
func (c config) nft() bool {
	since := map[string]int{"Debian": 10, "Ubuntu": 20, "RedHat": 8}
	os := c.node.Facts.OS
	first, known := since[os.Name]
	if !known {
		first, known = since[os.Family]
	}
	major, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(os.Major, ".", 2)[0]))
	return known && err == nil && major >= first
}

// peers lists the MAC addresses of the other directors of m's balancer.
func peers(m *estate.BalancerMember) []string {
	var macs []string
	for _, peer := range m.Balancer.Members {
		if peer != m {
			macs = append(macs, peer.MAC)
		}
	}
	return macs
}

func (c config) check() problem.List {
	var list problem.List
	for _, m := range c.director {
		for _, peer := range m.Balancer.Members {
			if peer != m && !isMAC(peer.MAC) {
				class, got := problem.Class("fact.invalid"), fmt.Sprintf("%+q", peer.MAC)
				if peer.MAC == "" {
					class, got = "fact.missing", "nothing"
				}
				list.Add(problem.Problem{Class: class, Node: peer.Node.Name, Where: c.where(),
					What: "balancer " + m.Balancer.Name + ": the MAC address of interface " + fmt.Sprintf("%+q", peer.Interface), Got: got,
					Want: "six pairs of hexadecimal digits"})
			}
		}
		if m.Balancer.VIP.Addr().Is6() && !c.nft() {
			list.Add(problem.Problem{Class: "vip.family", Node: c.node.Name, Where: c.where(),
				What: "balancer " + m.Balancer.Name + ": marks for IPv6 are written for nftables alone", Want: "an IPv4 VIP, or a newer system"})
		}
	}
	for _, vip := range c.serves {
		if vip.Is6() && !c.node.Facts.Systemd && c.node.Facts.OS.Family != "Debian" {
			list.Add(problem.Problem{Class: "vip.family", Node: c.node.Name, Where: "ifcfg-lo",
				What: "network scripts give the loopback interface no second IPv6 address", Want: "an IPv4 VIP, or a newer system"})
		}
	}
	return list
}

func (c config) where() string {
	if c.nft() {
		return nftPath
	}
	return iptablesPath
}

// isMAC tells whether s is a MAC address in lower case.
func isMAC(s string) bool {
	if len(s) != 17 {
		return false
	}
	for i := range len(s) {
		digit := s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'f'
		if i%3 == 2 && s[i] != ':' || i%3 != 2 && !digit {
			return false
		}
	}
	return true
}
