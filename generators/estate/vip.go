package estate

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
)

// heldVIP is a VIP that a node had when its facts were read.
type heldVIP struct {
	node *Node
	vip  netip.Addr
}

// claimVIPs collects every VIP of the topology before any node is looked at, and reports those that no subnet can have or that are
// claimed twice.
func (r *resolver) claimVIPs() {
	for _, name := range sortedKeys(r.file.Balancers) {
		for _, t := range r.file.Balancers[name].VIP {
			r.claim(t)
		}
	}
	for _, name := range sortedKeys(r.file.Brokers) {
		if b := r.file.Brokers[name]; b.VIP.Set {
			r.claim(b.VIP)
		}
	}
}

func (r *resolver) claim(t topology.Text) {
	vip, ok := r.vip(t)
	if !ok {
		return
	}
	key := vip.Addr().String()
	if others := r.vips[key]; len(others) > 0 {
		r.bad("vip.duplicate", t.Place, "the VIP is claimed at "+others[0].String()+" too", key, "")
	}
	r.vips[key] = append(r.vips[key], t)
	if edge(vip) {
		r.bad("vip.network-address", t.Place, "the VIP is its subnet's network or broadcast address", vip.String(), "")
	}
	if a := vip.Addr(); a.IsLoopback() || a.IsMulticast() || a.IsUnspecified() || a.IsLinkLocalUnicast() {
		r.bad("vip.network-address", t.Place, "no node can share such an address", vip.String(), "a unicast address")
	}
}

// vip parses without reporting a second time.
func (r *resolver) vip(t topology.Text) (netip.Prefix, bool) {
	if !t.Set {
		return netip.Prefix{}, false
	}
	vip, err := safe.Prefix(t.V)
	if err != nil {
		if r.once("vip " + t.String()) {
			r.bad("topology.type", t.Place, "not a VIP", safe.Quote(t.V), "an address with the length of its subnet's prefix, as 192.168.10.110/24")
		}
		return netip.Prefix{}, false
	}
	return vip, true
}

// edge tells whether p's address is the first or last of its subnet, where those mean the subnet itself.
func edge(p netip.Prefix) bool {
	if p.Bits() >= p.Addr().BitLen()-1 {
		return false
	}
	if p.Addr() == p.Masked().Addr() {
		return true
	}
	if !p.Addr().Is4() {
		return false
	}
	last := p.Masked().Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	return p.Addr() == netip.AddrFrom4(last)
}

// withoutVIPs returns the facts as they are when the node holds no VIP: a failover must not change a file. An address that is claimed
// as a VIP though the node has no other in that subnet is the node's own.
func (r *resolver) withoutVIPs(n *Node, f *facts.Node) *facts.Node {
	if len(r.vips) == 0 {
		return f
	}
	var clean *facts.Node
	for i, iface := range f.Interfaces {
		v4, v6 := r.strip(n, f, iface, iface.IPv4), r.strip(n, f, iface, iface.IPv6)
		if len(v4) == len(iface.IPv4) && len(v6) == len(iface.IPv6) {
			continue
		}
		if clean == nil {
			copied := *f
			copied.Interfaces = slices.Clone(f.Interfaces)
			clean = &copied
		}
		clean.Interfaces[i].IPv4, clean.Interfaces[i].IPv6 = v4, v6
	}
	if clean == nil {
		return f
	}
	return clean
}

func (r *resolver) strip(n *Node, f *facts.Node, iface facts.Interface, bindings []netip.Prefix) []netip.Prefix {
	var kept []netip.Prefix
	for _, b := range bindings {
		claims, claimed := r.vips[b.Addr().String()]
		switch {
		case !claimed:
			kept = append(kept, b)
		case loopback(iface):
			// A real server of direct routing, or one that was: it answers nobody's ARP.
		case r.hasNeighbour(f, b.Addr()):
			r.held = append(r.held, heldVIP{n, b.Addr()})
		default:
			kept = append(kept, b)
			r.problems.Add(problem.Problem{Class: "vip.is-node-address", Node: n.Name, Where: claims[0].String(),
				What: "the VIP is the node's own address", Got: b.Addr().String()})
		}
	}
	return kept
}

// hasNeighbour tells whether the node has an address of its own in the subnet of vip.
func (r *resolver) hasNeighbour(f *facts.Node, vip netip.Addr) bool {
	for _, i := range f.Interfaces {
		if loopback(i) {
			continue
		}
		for _, b := range slices.Concat(i.IPv4, i.IPv6) {
			_, claimed := r.vips[b.Addr().String()]
			if !claimed && b.Contains(vip) {
				return true
			}
		}
	}
	return false
}

// checkHeldVIPs reports VIPs on nodes that have no business with them.
func (r *resolver) checkHeldVIPs() {
	for _, h := range r.held {
		if !r.mayHold(h.node, h.vip) {
			r.problems.Add(problem.Problem{Class: "vip.is-node-address", Node: h.node.Name, Where: r.vips[h.vip.String()][0].String(),
				What: "a node has the VIP that is no member of what it belongs to", Got: h.vip.String()})
		}
	}
}

func (r *resolver) mayHold(n *Node, vip netip.Addr) bool {
	if n.Broker != nil && n.Broker.Group.VIP.Addr() == vip {
		return true
	}
	for _, b := range r.estate.Balancers {
		if b.VIP.Addr() != vip {
			continue
		}
		if slices.ContainsFunc(b.Members, func(m *BalancerMember) bool { return m.Node == n }) ||
			b.Kind == LVSDR && slices.ContainsFunc(b.To, func(m *BrokerMember) bool { return m.Node == n }) {
			return true
		}
	}
	return false
}

// loopback tells whether an interface is lo, or a label of it that facter 1 and 2 list beside it.
func loopback(i facts.Interface) bool {
	label, ok := strings.CutPrefix(i.Name, "lo_")
	return i.Name == "lo" || ok && label != "" && strings.Trim(label, "0123456789") == ""
}
