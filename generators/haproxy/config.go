package haproxy

import (
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
)

// config is what one node's HAProxy is there for.
type config struct {
	node    *estate.Node
	members []*estate.BalancerMember // at least one
}

// statsConnections is how many connections the statistics page may have, of those that the process may have in all.
const statsConnections = 10

func (c config) sections() []block.Statement {
	sections := []block.Statement{c.global(), c.defaults()}
	for _, m := range c.members {
		for _, p := range m.Balancer.Ports {
			sections = append(sections, c.listen(m.Balancer, p))
		}
		if m.Balancer.Stats != nil {
			sections = append(sections, c.stats(m))
		}
	}
	return sections
}

// maxConn is what the process may have. The bounds of D4 are the machine's, so that the largest member's holds for all.
func (c config) maxConn() int {
	n := 0
	for _, m := range c.members {
		n = max(n, m.MaxConn)
	}
	return n
}

// proxyConn is each balanced port's share of the connections.
func (c config) proxyConn() int {
	ports, left := 0, c.maxConn()
	for _, m := range c.members {
		ports += len(m.Balancer.Ports)
		if m.Balancer.Stats != nil {
			left -= statsConnections
		}
	}
	return max(1, left/max(1, ports))
}

func (c config) global() block.Statement {
	return block.Section([]string{"global"},
		block.Line("log", "127.0.0.1:514", "local0", "info"),
		block.Line("maxconn", strconv.Itoa(c.maxConn())),
		block.Line("chroot", "/var/lib/haproxy"),
		block.Line("user", "haproxy"),
		block.Line("group", "haproxy"),
		block.Line("daemon"),
		block.Line("stats", "socket", c.node.AdminSocket(), "mode", "660", "level", "admin"),
	)
}

func (c config) defaults() block.Statement {
	// Connections to a broker live for days and say nothing but heartbeats. One timeout for all: the longest is right for each.
	idle := c.members[0].Balancer.Timeout
	for _, m := range c.members {
		idle = max(idle, m.Balancer.Timeout)
	}
	return block.Section([]string{"defaults"},
		block.Line("log", "global"),
		block.Line("mode", "tcp"),
		block.Line("option", "tcplog"),
		block.Line("option", "dontlognull"),
		block.Line("option", "redispatch"),
		block.Line("option", "clitcpka"),
		block.Line("option", "srvtcpka"),
		block.Line("retries", "3"),
		block.Line("maxconn", strconv.Itoa(c.proxyConn())),
		block.Line("timeout", "connect", "5s"),
		block.Line("timeout", "client", span(idle)),
		block.Line("timeout", "server", span(idle)),
		block.Line("timeout", "check", "5s"),
	)
}

// listen is the proxy of one balanced port.
func (c config) listen(b *estate.Balancer, p estate.BalancedPort) block.Statement {
	mode := string(b.Mode)
	if b.Mode == estate.ActiveBackup {
		mode = string(estate.RoundRobin) // among the active, of which there is one
	}
	lines := []block.Statement{
		block.Line("bind", c.join(c.bind(b), p.Port)),
		block.Line("balance", mode),
	}
	check, checkPort := c.serverCheck(b, p)
	lines = append(lines, check...)
	server := []string{"default-server", "inter", span(b.Check.Inter), "rise", strconv.Itoa(b.Check.Rise), "fall", strconv.Itoa(b.Check.Fall)}
	ends := c.node.Software.HAProxy.AtLeast(1, 5) // it knows how to end sessions when a server comes or goes
	if ends {
		server = append(server, "on-marked-down", "shutdown-sessions")
	}
	lines = append(lines, block.Line(server...))
	for i, to := range b.To {
		words := []string{"server", to.Node.Name, c.join(to.Address(), p.Backend), "check"}
		if checkPort != 0 && checkPort != p.Backend {
			words = append(words, "port", strconv.Itoa(checkPort))
		}
		if b.Mode == estate.ActiveBackup {
			switch {
			case i > 0:
				words = append(words, "backup")
			case ends:
				words = append(words, "on-marked-up", "shutdown-backup-sessions")
			}
		}
		lines = append(lines, block.Line(words...))
	}
	return block.Section([]string{"listen", portName(b, p)}, lines...)
}

// bind is the address that a balanced port is listened for on.
func (c config) bind(b *estate.Balancer) netip.Addr {
	switch {
	case b.BindVIP && b.VIP.IsValid():
		return b.VIP.Addr()
	case b.VIP.IsValid() && b.VIP.Addr().Is6():
		return netip.IPv6Unspecified()
	case !b.VIP.IsValid() && slices.ContainsFunc(b.Members, func(m *estate.BalancerMember) bool { return m.Address.IsValid() && m.Address.Addr().Is6() }):
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// stats is the proxy of the statistics page, on the node's own address.
func (c config) stats(m *estate.BalancerMember) block.Statement {
	s := m.Balancer.Stats
	address := c.bind(m.Balancer)
	if m.Address.IsValid() {
		address = m.Address.Addr()
	}
	return block.Section([]string{"listen", statsName(m.Balancer)},
		block.Line("bind", c.join(address, s.Port)),
		block.Line("mode", "http"),
		block.Line("option", "httplog"),
		block.Line("maxconn", strconv.Itoa(statsConnections)),
		block.Line("stats", "enable"),
		block.Line("stats", "uri", s.Path),
		block.Line("stats", "refresh", span(s.Refresh)),
		block.Line("stats", "auth", s.User+":"+s.Secret.Reveal()),
	)
}

// nonlocal lists the settings of the kernel that binding a VIP takes while another member holds it.
func (c config) nonlocal() []block.Statement {
	var lines []block.Statement
	for _, v6 := range []bool{false, true} {
		if slices.ContainsFunc(c.members, func(m *estate.BalancerMember) bool {
			return m.Balancer.BindVIP && m.Balancer.VIP.IsValid() && m.Balancer.VIP.Addr().Is6() == v6
		}) {
			key := "net.ipv4.ip_nonlocal_bind"
			if v6 {
				key = "net.ipv6.ip_nonlocal_bind"
			}
			lines = append(lines, block.Line(key, "1"))
		}
	}
	return lines
}

func portName(b *estate.Balancer, p estate.BalancedPort) string { return b.Name + "_" + p.Name }

func statsName(b *estate.Balancer) string { return b.Name + "_stats" }

func proxyNames(b *estate.Balancer) []string {
	var names []string
	for _, p := range b.Ports {
		names = append(names, portName(b, p))
	}
	if b.Stats != nil {
		names = append(names, statsName(b))
	}
	return names
}

// join writes an address with its port. Before 2.0, brackets are left out: HAProxy takes what follows the last colon for the port, and
// not every old release strips them.
func (c config) join(a netip.Addr, port int) string {
	if a.Is6() && c.node.Software.HAProxy.AtLeast(2) {
		return "[" + a.String() + "]:" + strconv.Itoa(port)
	}
	return a.String() + ":" + strconv.Itoa(port)
}

// span writes a duration in the largest unit that divides it.
func span(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d > 0 && d%u.unit == 0 {
			return strconv.Itoa(int(d/u.unit)) + u.name
		}
	}
	return strconv.Itoa(int(d.Milliseconds())) + "ms"
}
