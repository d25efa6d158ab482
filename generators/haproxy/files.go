package haproxy

import (
	"fmt"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
)

// Path is where the configuration lies on a node.
const Path = "/etc/haproxy/haproxy.cfg"

// nonlocalPath holds the setting that lets a standby bind an address that it does not have yet.
const nonlocalPath = "/etc/sysctl.d/90-mco-haproxy.conf"

// Files returns what a node needs to balance with HAProxy: the configuration, the check script where Keepalived asks it, and the
// kernel's leave to bind the VIP alone where a broker of the node has the same port.
func Files(_ *estate.Estate, n *estate.Node) (target.Set, problem.List) {
	var (
		set      target.Set
		problems problem.List
	)
	members := membersOf(n)
	if len(members) == 0 {
		return set, nil
	}
	add := func(l block.Language, f target.File, s []block.Statement) {
		f, err := l.File(f, s)
		if err != nil {
			problems.Add(problem.Problem{Class: "fact.unsafe", Node: n.Name, Where: f.Path, What: err.Error()})
			return
		}
		set.Files = append(set.Files, f)
	}
	c := config{node: n, members: members}
	problems.Add(c.check()...)
	if problems.Failed() {
		return set, problems
	}
	add(Language(n.Software.HAProxy), target.File{
		Kind: "haproxy.cfg", Path: Path, Owner: "root", Group: "haproxy", Mode: 0o640, Order: 21, Secrets: c.secrets(),
		Service: target.Action{Service: "haproxy", How: target.Reload},
	}, c.sections())
	if nonlocal := c.nonlocal(); len(nonlocal) > 0 {
		add(block.INI(target.Managed, " = "), target.File{
			Kind: "sysctl-haproxy.conf", Path: nonlocalPath, Owner: "root", Group: "root", Mode: 0o644, Order: 20,
			Service: target.Action{Service: "sysctl", How: target.Reload},
		}, nonlocal)
	}
	for _, m := range members {
		if m.Balancer.VRRP != nil {
			set.Files = append(set.Files, checkScript())
			break
		}
	}
	return set, problems
}

// membersOf lists what n is in balancers that are HAProxy's.
func membersOf(n *estate.Node) []*estate.BalancerMember {
	var members []*estate.BalancerMember
	for _, m := range n.Balancers {
		if m.Balancer.Kind == estate.HAProxy {
			members = append(members, m)
		}
	}
	return members
}

// check returns what haproxy.cfg cannot say, or cannot say to this version.
func (c config) check() problem.List {
	var list problem.List
	add := func(class problem.Class, warning bool, what, got, want string) {
		list.Add(problem.Problem{Class: class, Warning: warning, Node: c.node.Name, Where: Path, What: what, Got: got, Want: want})
	}
	v := c.node.Software.HAProxy
	if v.Below(1, 4) {
		add("version.unsupported", false, "no dialect of so old a HAProxy is known", v.String(), "1.4 or later")
	}
	if v.Below(1, 5) {
		add("version.unsupported", true, "sessions of a server that is down are not ended: on-marked-down came with 1.5", v.String(), "1.5 or later")
	}
	names := make(map[string]bool)
	for _, m := range c.members {
		b := m.Balancer
		for _, name := range proxyNames(b) {
			if !block.Plain(name, "_.-:") {
				add("fact.unsafe", false, "the name of a proxy", fmt.Sprintf("%+q", name), "letters, digits and _.-:")
			}
			if names[name] {
				add("cross.mismatch", false, "two proxies would have one name", name, "another name for a balancer or a port")
			}
			names[name] = true
		}
		for _, server := range b.To {
			if !block.Plain(server.Node.Name, "_.-:") {
				add("fact.unsafe", false, "the name of a server", fmt.Sprintf("%+q", server.Node.Name), "letters, digits and _.-:")
			}
		}
		if v.Below(1, 5) && (b.Check.Kind == "amqp" || b.Check.Kind == "stomp") {
			add("version.unsupported", true, "balancer "+b.Name+" checks by a TCP connection alone: tcp-check came with 1.5", v.String(), "1.5 or later")
		}
		if b.Stats != nil {
			list.Add(checkStats(c.node.Name, b)...)
		}
	}
	return list
}

// checkStats judges the credentials: HAProxy splits them at the first colon, and the file carries printable ASCII.
func checkStats(node string, b *estate.Balancer) problem.List {
	var list problem.List
	refuse := func(class problem.Class, what, want string) {
		list.Add(problem.Problem{Class: class, Node: node, Where: Path, What: "balancer " + b.Name + ": " + what, Want: want})
	}
	if !printable(b.Stats.User) || !block.Plain(b.Stats.User, ` !"#$%&'()*+,-./;<=>?@[\]^_{|}~`+"`") {
		refuse("fact.unsafe", "the user of the statistics page", "printable ASCII without a colon")
	}
	if !b.Stats.Secret.Set() || !printable(b.Stats.Secret.Reveal()) || len(b.Stats.Secret.Reveal()) > maxPassword {
		refuse("secret.unrepresentable", b.Stats.Secret.String()+" cannot be written in haproxy.cfg",
			fmt.Sprintf("1 to %d printable ASCII characters", maxPassword))
	}
	if !printable(b.Stats.Path) || b.Stats.Path[0] != '/' {
		refuse("fact.unsafe", "the path of the statistics page", "printable ASCII that begins with a slash")
	}
	return list
}

// maxPassword leaves room for the user, and for a backslash before each byte, on one line.
const maxPassword = 256

func printable(s string) bool {
	for _, r := range s {
		if !block.Printable(r) {
			return false
		}
	}
	return s != ""
}

// secrets lists those that the file holds, as they stand there.
func (c config) secrets() []secret.Value {
	var all []secret.Value
	for _, m := range c.members {
		if s := m.Balancer.Stats; s != nil {
			all = append(all, secret.New(s.Secret.Name(), protect(s.Secret.Reveal(), c.node.Software.HAProxy.AtLeast(1, 6))))
		}
	}
	return all
}
