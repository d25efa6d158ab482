package drbd

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
)

// maxSecret is the longest shared secret, in bytes.
const maxSecret = 63

// Files returns the resource of a node whose active-passive group keeps its data on DRBD.
func Files(_ *estate.Estate, n *estate.Node) (target.Set, problem.List) {
	if n.Broker == nil || n.Broker.Group.Storage == nil {
		return target.Set{}, nil
	}
	group := n.Broker.Group
	s := group.Storage
	f := target.File{
		Kind: "drbd.res", Path: "/etc/drbd.d/" + s.Resource + ".res", Owner: "root", Group: "root", Mode: 0o600, Order: 52,
		Service: target.Action{Service: "drbd", How: target.Reload},
	}
	problems := check(n, group)
	if problems.Failed() {
		return target.Set{}, problems
	}
	if s.Secret.Set() {
		f.Secrets = []secret.Value{s.Secret}
	}
	f, err := Language().File(f, []block.Statement{resource(n, group)})
	if err != nil {
		problems.Add(problem.Problem{Class: "fact.unsafe", Node: n.Name, Where: "/etc/drbd.d", What: err.Error()})
		return target.Set{}, problems
	}
	return target.Set{Files: []target.File{f}}, problems
}

func check(n *estate.Node, group *estate.BrokerGroup) problem.List {
	var list problem.List
	add := func(class problem.Class, what, got, want string) {
		list.Add(problem.Problem{Class: class, Node: n.Name, Where: "/etc/drbd.d", What: what, Got: got, Want: want})
	}
	s, v := group.Storage, n.Software.DRBD
	if !block.Plain(s.Resource, "_-") || s.Resource[0] == '-' {
		add("fact.unsafe", "the name of the resource", fmt.Sprintf("%+q", s.Resource), "letters, digits, _ and -")
	}
	if secret := s.Secret; secret.Set() && !fits(secret.Reveal()) {
		add("secret.unrepresentable", secret.String()+" cannot be written in a resource", "", fmt.Sprintf(`1 to %d printable ASCII characters without "\`, maxSecret))
	}
	if v.Below(8, 4) {
		add("version.unsupported", "no dialect of so old a DRBD is known", v.String(), "8.4 or later")
	}
	if v.Below(9) && len(group.Members) != 2 {
		add("version.unsupported", "DRBD 8.4 joins two nodes", strconv.Itoa(len(group.Members)), "two members, or DRBD 9")
	}
	return list
}

func fits(secret string) bool {
	for _, c := range secret {
		if !block.Printable(c) || c == '"' || c == '\\' {
			return false
		}
	}
	return secret != "" && len(secret) <= maxSecret
}

// resource is the same on every member. Dirt on one side alone is repaired by DRBD; when both sides wrote, people decide.
func resource(n *estate.Node, group *estate.BrokerGroup) block.Statement {
	s := group.Storage
	net := block.Section([]string{"net"}, block.Line("protocol", "C"))
	if s.Secret.Set() {
		net.Block = append(net.Block, block.Line("cram-hmac-alg", "sha1"), block.Line("shared-secret", s.Secret.Reveal()))
	}
	net.Block = append(net.Block,
		block.Line("after-sb-0pri", "discard-zero-changes"),
		block.Line("after-sb-1pri", "discard-secondary"),
		block.Line("after-sb-2pri", "disconnect"),
	)
	body := []block.Statement{
		net,
		block.Line("device", "minor", strconv.Itoa(s.Minor)),
		block.Line("disk", s.Disk),
		block.Line("meta-disk", "internal"),
	}
	mesh := block.Line("hosts")
	for i, m := range group.Members {
		on := block.Section([]string{"on", m.Node.HostName()}, address(m.Address(), s.Port))
		if n.Software.DRBD.AtLeast(9) {
			on.Block = append(on.Block, block.Line("node-id", strconv.Itoa(i)))
		}
		body = append(body, on)
		mesh.Words = append(mesh.Words, m.Node.HostName())
	}
	if len(group.Members) > 2 {
		body = append(body, block.Section([]string{"connection-mesh"}, mesh))
	}
	return block.Section([]string{"resource", s.Resource}, body...)
}

func address(a netip.Addr, port int) block.Statement {
	if a.Is6() {
		return block.Line("address", "ipv6", "["+a.String()+"]:"+strconv.Itoa(port))
	}
	return block.Line("address", "ipv4", a.String()+":"+strconv.Itoa(port))
}
