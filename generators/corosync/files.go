package corosync

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/version"
)

// Where the files lie on a node.
const (
	Path    = "/etc/corosync/corosync.conf"
	KeyPath = "/etc/corosync/authkey"
)

// Bounds of a key, as Corosync 2 and the library behind Corosync 3's transport have them, in bytes.
const (
	minKey = 128
	maxKey = 4096
)

// Files returns the configuration of a node of an active-passive group, and the key where the group has one.
func Files(e *estate.Estate, n *estate.Node) (target.Set, problem.List) {
	var (
		set      target.Set
		problems problem.List
	)
	if n.Broker == nil || n.Broker.Group.Kind != estate.ActivePassive {
		return set, nil
	}
	group, v := n.Broker.Group, n.Software.Corosync
	if v.Below(2) {
		problems.Add(problem.Problem{Class: "version.unsupported", Node: n.Name, Where: Path, What: "no dialect of so old a Corosync is known",
			Got: v.String(), Want: "2.0 or later"})
		return set, problems
	}
	if key := group.ClusterKey; key.Set() {
		if size := len(key.Reveal()); size < minKey || size > maxKey {
			problems.Add(problem.Problem{Class: "secret.unrepresentable", Node: n.Name, Where: KeyPath, What: key.String() + " cannot be Corosync's key",
				Got: fmt.Sprintf("%d bytes", size), Want: fmt.Sprintf("%d to %d", minKey, maxKey)})
			return set, problems
		}
		set.Files = append(set.Files, keyFile(key))
	}
	f, err := Language().File(target.File{
		Kind: "corosync.conf", Path: Path, Owner: "root", Group: "root", Mode: 0o644, Order: 51,
		Service: target.Action{Service: "corosync", How: target.Restart},
	}, statements(n, group, e.Name))
	if err != nil {
		problems.Add(problem.Problem{Class: "fact.unsafe", Node: n.Name, Where: Path, What: err.Error()})
		return target.Set{}, problems
	}
	set.Files = append(set.Files, f)
	return set, problems
}

// keyFile is the secret, byte for byte.
func keyFile(key secret.Value) target.File {
	return target.File{
		Kind: "authkey", Path: KeyPath, Owner: "root", Group: "root", Mode: 0o400, Order: 50, Content: []byte(key.Reveal()),
		Secrets: []secret.Value{key}, Service: target.Action{Service: "corosync", How: target.Restart},
		Check: func(content []byte) error {
			if !bytes.Equal(content, []byte(key.Reveal())) {
				return errors.New("is not the key")
			}
			return nil
		},
	}
}

// statements are those of the cluster that is called name, unless its group says otherwise.
func statements(n *estate.Node, group *estate.BrokerGroup, name string) []block.Statement {
	v := n.Software.Corosync
	if group.ClusterName != "" {
		name = group.ClusterName
	}
	return []block.Statement{
		totem(group, name, v),
		nodelist(group, v),
		quorum(group),
		logging(n),
	}
}

// totem chooses the transport: knet from Corosync 3 on where there is a key, else udpu. Corosync 2 encrypts unless it is told not to.
func totem(group *estate.BrokerGroup, name string, v version.Version) block.Statement {
	encrypted := group.ClusterKey.Set()
	transport := "udpu"
	if knet(group, v) {
		transport = "knet"
	}
	lines := []block.Statement{
		block.Line("version", "2"), // of the file's format, in all releases
		block.Line("cluster_name", name),
		block.Line("transport", transport),
	}
	if v.Below(3) && slices.ContainsFunc(group.Members, func(m *estate.BrokerMember) bool { return m.Address().Is6() }) {
		lines = append(lines, block.Line("ip_version", "ipv6"))
	}
	switch {
	case encrypted:
		lines = append(lines, block.Line("crypto_cipher", "aes256"), block.Line("crypto_hash", "sha256"))
	case v.Below(3):
		lines = append(lines, block.Line("crypto_cipher", "none"), block.Line("crypto_hash", "none"))
	}
	return block.Section([]string{"totem"}, lines...)
}

func knet(group *estate.BrokerGroup, v version.Version) bool {
	return v.AtLeast(3) && group.ClusterKey.Set()
}

// nodelist names the members in the topology's order. A second ring needs a transport that has links.
func nodelist(group *estate.BrokerGroup, v version.Version) block.Statement {
	var second map[*estate.BrokerMember]netip.Addr
	if knet(group, v) {
		second = secondRing(group.Members)
	}
	list := block.Section([]string{"nodelist"})
	for i, m := range group.Members {
		node := block.Section([]string{"node"}, block.Line("ring0_addr", m.Address().String()))
		if a, ok := second[m]; ok {
			node.Block = append(node.Block, block.Line("ring1_addr", a.String()))
		}
		node.Block = append(node.Block, block.Line("name", m.Node.HostName()), block.Line("nodeid", strconv.Itoa(i+1)))
		list.Block = append(list.Block, node)
	}
	return list
}

// secondRing finds the first subnet beside ring 0's, in the order of the first member's interfaces, on which every member has exactly
// one address.
func secondRing(members []*estate.BrokerMember) map[*estate.BrokerMember]netip.Addr {
	for _, i := range members[0].Node.Facts.Interfaces {
		for _, p := range i.IPv4 {
			subnet := p.Masked()
			if subnet.Contains(members[0].Address()) || p.Addr().IsLoopback() || p.IsSingleIP() {
				continue
			}
			ring := make(map[*estate.BrokerMember]netip.Addr)
			for _, m := range members {
				if a, ok := only(m, subnet); ok {
					ring[m] = a
				}
			}
			if len(ring) == len(members) {
				return ring
			}
		}
	}
	return nil
}

// only returns m's address on the subnet if there is one and no other.
func only(m *estate.BrokerMember, subnet netip.Prefix) (netip.Addr, bool) {
	var found []netip.Addr
	for _, i := range m.Node.Facts.Interfaces {
		for _, p := range i.IPv4 {
			if p.Masked() == subnet {
				found = append(found, p.Addr())
			}
		}
	}
	if len(found) != 1 {
		return netip.Addr{}, false
	}
	return found[0], true
}

// quorum of two is kept by the one that is left.
func quorum(group *estate.BrokerGroup) block.Statement {
	lines := []block.Statement{block.Line("provider", "corosync_votequorum")}
	if len(group.Members) == 2 {
		lines = append(lines, block.Line("two_node", "1"))
	}
	return block.Section([]string{"quorum"}, lines...)
}

func logging(n *estate.Node) block.Statement {
	folder := "/var/log/corosync"
	if n.Facts.OS.Family == "RedHat" {
		folder = "/var/log/cluster"
	}
	return block.Section([]string{"logging"},
		block.Line("to_logfile", "yes"),
		block.Line("logfile", folder+"/corosync.log"),
		block.Line("to_syslog", "yes"),
		block.Line("syslog_facility", "daemon"),
		block.Line("debug", "off"),
		block.Line("timestamp", "on"),
	)
}
