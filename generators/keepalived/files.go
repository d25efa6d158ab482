package keepalived

import (
	"fmt"
	"slices"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/version"
)

// Path is where the configuration lies on a node.
const Path = "/etc/keepalived/keepalived.conf"

// config is what one node's Keepalived is there for.
type config struct {
	node    *estate.Node
	version version.Version
	members []*estate.BalancerMember // with a VIP; at least one
}

// Files returns the configuration of a node that takes part in holding a VIP.
func Files(_ *estate.Estate, n *estate.Node) (target.Set, problem.List) {
	c := config{node: n, version: n.Software.Keepalived}
	var secrets []secret.Value
	for _, m := range n.Balancers {
		if m.Balancer.VRRP != nil {
			c.members = append(c.members, m)
			if s := m.Balancer.VRRP.Secret; s.Set() {
				secrets = append(secrets, s)
			}
		}
	}
	if len(c.members) == 0 {
		return target.Set{}, nil
	}
	problems := c.check()
	if problems.Failed() {
		return target.Set{}, problems
	}
	f, err := Language(c.version).File(target.File{
		Kind: "keepalived.conf", Path: Path, Owner: "root", Group: "root", Mode: 0o600, Order: 40, Secrets: secrets,
		Service: target.Action{Service: "keepalived", How: target.Reload},
	}, c.statements())
	if err != nil {
		problems.Add(problem.Problem{Class: "fact.unsafe", Node: n.Name, Where: Path, What: err.Error()})
		return target.Set{}, problems
	}
	return target.Set{Files: []target.File{f}}, problems
}

func (c config) statements() []block.Statement {
	statements := []block.Statement{c.global()}
	if c.asksHAProxy() {
		statements = append(statements, c.script())
	}
	for _, m := range c.members {
		statements = append(statements, c.instance(m))
	}
	for _, m := range c.directors() {
		statements = append(statements, c.virtualServer(m))
	}
	return statements
}

func (c config) asksHAProxy() bool {
	return slices.ContainsFunc(c.members, func(m *estate.BalancerMember) bool { return m.Balancer.Kind == estate.HAProxy })
}

func (c config) directors() []*estate.BalancerMember {
	return slices.DeleteFunc(slices.Clone(c.members), func(m *estate.BalancerMember) bool { return m.Balancer.Kind != estate.LVSDR })
}

// check returns what keepalived.conf cannot say, or cannot say to this version.
func (c config) check() problem.List {
	var list problem.List
	add := func(m *estate.BalancerMember, class problem.Class, what, want string) {
		list.Add(problem.Problem{Class: class, Node: c.node.Name, Where: Path, What: "balancer " + m.Balancer.Name + ": " + what, Want: want})
	}
	for _, m := range c.members {
		v, s := m.Balancer.VRRP, m.Balancer.VRRP.Secret
		if s.Set() && !third(m.Balancer) {
			pass := s.Reveal()
			switch {
			case pass == "" || len(pass) > 8:
				add(m, "vrrp.auth", fmt.Sprintf("%v has %d bytes", s, len(pass)), "1 to 8")
			case alive(pass):
				add(m, "secret.unrepresentable", fmt.Sprintf("%v cannot be written in keepalived.conf", s), `printable ASCII without "\${}, not @ or include in front`)
			case c.version.Below(2) && !block.Plain(pass, plainBytes):
				add(m, "secret.unrepresentable", fmt.Sprintf("%v cannot be written in keepalived.conf of this version", s), "letters, digits and "+plainBytes)
			}
		}
		if v.Unicast && c.version.Below(1, 2, 8) {
			add(m, "version.unsupported", "unicast came with Keepalived 1.2.8", c.version.String()+" would need transport: multicast")
		}
		if v.Version == 3 && m.Balancer.VIP.Addr().Is4() && c.version.Below(1, 3) {
			add(m, "version.unsupported", "VRRP 3 for IPv4 came with Keepalived 1.3", c.version.String()+" would need version: 2")
		}
		if m.Balancer.Kind != estate.LVSDR {
			continue
		}
		if m.Balancer.VIP.Addr().Is6() && c.version.Below(2) {
			add(m, "version.unsupported", "marks for IPv6 are written for Keepalived 2.0 and later", "an IPv4 VIP")
		}
		if len(m.Balancer.Ports) == 0 {
			add(m, "cross.mismatch", "a director without ports", "at least one port")
		}
		for _, p := range m.Balancer.Ports {
			if p.Port != p.Backend {
				add(m, "cross.mismatch", fmt.Sprintf("direct routing cannot turn port %d into %d", p.Port, p.Backend), "one port on both sides")
			}
		}
	}
	return list
}
