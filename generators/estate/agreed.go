package estate

import "slices"

// CheckScript is where the script lies by which Keepalived asks HAProxy.
const CheckScript = "/etc/keepalived/haproxy_check.sh"

// AdminSocket is HAProxy's socket for commands on this node: haproxy.cfg makes it, the check script asks it. Its folder is one that the
// system's package makes: Debian's from HAProxy 1.5 on has /run/haproxy, the others have the folder of the chroot alone.
func (n *Node) AdminSocket() string {
	if n.Facts.OS.Family == "Debian" && n.Software.HAProxy.AtLeast(1, 5) {
		return "/run/haproxy/admin.sock"
	}
	return "/var/lib/haproxy/stats"
}

// HostName is what the node's kernel calls it (uname -n), as far as facts tell: the short name. Corosync, DRBD and Pacemaker find
// themselves by it.
func (n *Node) HostName() string { return n.Facts.Hostname }

// Mark is the firewall mark of the connections that m forwards when it is the director: its place among the members, from 1, behind
// the marks that the machine uses already.
func (m *BalancerMember) Mark() int {
	return slices.Index(m.Balancer.Members, m) + 1 + m.Balancer.LVS.Marks
}
