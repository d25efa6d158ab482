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

// wanted says which interface and addresses of a node are asked for.
type wanted struct {
	key    string // for origins
	output string // the file that needs the address
	at     topology.Place
	spec   topology.Text // auto, a name or a subnet
	vip    netip.Prefix  // whose subnet the interface must hold; zero: none
	family string        // 4, 6, both or auto: 4, or 6 where there is no 4
}

// place is where a node is reached.
type place struct {
	iface  facts.Interface
	v4, v6 netip.Prefix
}

// locate chooses the interface, and on it the addresses. It reports what it cannot decide.
func (r *resolver) locate(n *Node, w wanted) (place, bool) {
	w.key += "." + n.Name
	if len(n.Facts.Interfaces) == 0 {
		r.fault(n, w, "fact.missing", "the fact networking is absent, which "+w.output+" needs", "")
		return place{}, false
	}
	within, ok := r.subnet(w)
	if !ok {
		return place{}, false
	}
	iface, from, ok := r.choose(n, w, within)
	if !ok {
		return place{}, false
	}
	p := place{iface: iface}
	if w.family != "6" {
		p.v4 = r.own(n, iface.IPv4)
		if !p.v4.IsValid() {
			p.v4 = firstIPv4(prefer(iface.IPv4, within))
		}
	}
	if w.family == "6" || w.family == "both" || !p.v4.IsValid() && w.family != "4" {
		if p.v6, ok = r.firstIPv6(n, w, prefer(iface.IPv6, within)); !ok {
			return place{}, false
		}
	}
	if !p.v4.IsValid() && w.family != "6" && w.family != "auto" || !p.v6.IsValid() && (w.family == "6" || w.family == "both") || !p.v4.IsValid() && !p.v6.IsValid() {
		r.fault(n, w, "interface.no-address", "the interface "+iface.Name+" has no address of the family that is asked for", w.family)
		return place{}, false
	}
	r.note(w.key+".interface", iface.Name, from)
	for _, a := range []netip.Prefix{p.v4, p.v6} {
		if a.IsValid() {
			r.note(w.key+".address", a, "fact networking.interfaces."+iface.Name+" of "+n.Name)
		}
	}
	return p, true
}

func (r *resolver) fault(n *Node, w wanted, class problem.Class, what, got string) {
	r.problems.Add(problem.Problem{Class: class, Node: n.Name, Where: w.at.String(), What: what, Got: got})
}

// subnet is what addresses must lie in: the topology's, or the VIP's.
func (r *resolver) subnet(w wanted) (netip.Prefix, bool) {
	if strings.Contains(w.spec.V, "/") {
		p, err := safe.Prefix(w.spec.V)
		if err != nil {
			if r.once("subnet " + w.spec.String()) {
				r.bad("topology.type", w.spec.Place, "not a subnet", safe.Quote(w.spec.V), "as 192.168.11.0/24")
			}
			return p, false
		}
		return p.Masked(), true
	}
	return w.vip, true
}

// choose finds the interface and tells by what rule.
func (r *resolver) choose(n *Node, w wanted, within netip.Prefix) (facts.Interface, string, bool) {
	switch {
	case w.spec.Set && w.spec.V != "auto" && !strings.Contains(w.spec.V, "/"):
		return r.byName(n, w)
	case w.spec.Set && w.spec.V != "auto":
		found := connected(n, within)
		return r.only(n, w, found, "interface.no-address", "no interface has an address in "+within.String(), fromTopology(w.spec.Place))
	case len(r.addresses(n)) > 0:
		var found []facts.Interface
		for _, i := range n.Facts.Interfaces {
			if r.own(n, i.IPv4).IsValid() || r.own(n, i.IPv6).IsValid() {
				found = append(found, i)
			}
		}
		return r.only(n, w, found, "interface.no-address", "no interface has the address that addresses gives the node", "topology addresses")
	case w.vip.IsValid():
		found := connected(n, w.vip)
		return r.only(n, w, found, "vip.off-subnet", "no interface is in the VIP's subnet "+w.vip.Masked().String(), "rule D7: the VIP's subnet")
	}
	if i, ok := n.Facts.Interface(n.Facts.Primary); ok && r.usable(i, w) {
		return i, "fact networking.primary of " + n.Name, true
	}
	var found []facts.Interface
	for _, i := range n.Facts.Interfaces {
		if !loopback(i) && r.usable(i, w) {
			found = append(found, i)
		}
	}
	return r.only(n, w, found, "interface.no-address", "no interface has an address", "rule D7: the only interface with an address")
}

func (r *resolver) only(n *Node, w wanted, found []facts.Interface, none problem.Class, what, from string) (facts.Interface, string, bool) {
	switch len(found) {
	case 1:
		return found[0], from, true
	case 0:
		r.fault(n, w, none, what, "")
	default:
		var names []string
		for _, i := range found {
			names = append(names, i.Name)
		}
		r.problems.Add(problem.Problem{Class: "interface.ambiguous", Node: n.Name, Where: w.at.String(), What: "several interfaces could be meant",
			Got: listed(names), Todo: "name one in the topology"})
	}
	return facts.Interface{}, "", false
}

func (r *resolver) byName(n *Node, w wanted) (facts.Interface, string, bool) {
	if err := safe.Ifname(w.spec.V); err != nil {
		if r.once("ifname " + w.spec.String()) {
			r.bad("topology.type", w.spec.Place, "not the name of an interface, nor a subnet", safe.Quote(w.spec.V), "auto, a name, or ADDRESS/LENGTH")
		}
		return facts.Interface{}, "", false
	}
	if i, ok := n.Facts.Interface(w.spec.V); ok {
		return i, fromTopology(w.spec.Place), true
	}
	// Facter before 3 writes _ for all but letters, digits and _.
	var found []facts.Interface
	for _, i := range n.Facts.Interfaces {
		if i.Name == facts.Underscored(w.spec.V) {
			i.Name = w.spec.V
			found = append(found, i)
		} else if facts.Underscored(i.Name) == w.spec.V {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 1:
		return found[0], fromTopology(w.spec.Place), true
	case 0:
		r.fault(n, w, "interface.unknown", "the node has no such interface", safe.Quote(w.spec.V))
	default:
		r.fault(n, w, "fact.conflict", "two interfaces' names are written so", safe.Quote(w.spec.V))
	}
	return facts.Interface{}, "", false
}

func (r *resolver) usable(i facts.Interface, w wanted) bool {
	switch w.family {
	case "4":
		return len(i.IPv4) > 0
	case "6":
		return len(i.IPv6) > 0
	}
	return len(i.IPv4)+len(i.IPv6) > 0
}

// connected lists the interfaces that have an address of their own in the subnet.
func connected(n *Node, subnet netip.Prefix) []facts.Interface {
	var found []facts.Interface
	for _, i := range n.Facts.Interfaces {
		if !loopback(i) && slices.ContainsFunc(slices.Concat(i.IPv4, i.IPv6), func(b netip.Prefix) bool { return sees(b, subnet) }) {
			found = append(found, i)
		}
	}
	return found
}

// sees tells whether an address lies in a subnet and its own subnet holds the subnet's address (a VIP, for one).
func sees(binding, subnet netip.Prefix) bool {
	if subnet.IsSingleIP() {
		return binding.Contains(subnet.Addr())
	}
	return subnet.Masked().Contains(binding.Addr()) && (subnet.Addr() == subnet.Masked().Addr() || binding.Contains(subnet.Addr()))
}

// prefer keeps those in the subnet, if there are any.
func prefer(bindings []netip.Prefix, within netip.Prefix) []netip.Prefix {
	var inside []netip.Prefix
	for _, b := range bindings {
		if within.IsValid() && sees(b, within) {
			inside = append(inside, b)
		}
	}
	if len(inside) > 0 {
		return inside
	}
	return bindings
}

// firstIPv4 is the first that is not alone in its subnet: the kernel lists an interface's primary address first.
func firstIPv4(bindings []netip.Prefix) netip.Prefix {
	for _, b := range bindings {
		if b.Bits() != 32 {
			return b
		}
	}
	if len(bindings) > 0 {
		return bindings[0]
	}
	return netip.Prefix{}
}

// firstIPv6 is the only one: the kernel lists IPv6 addresses by age, so that no place in the list means anything.
func (r *resolver) firstIPv6(n *Node, w wanted, bindings []netip.Prefix) (netip.Prefix, bool) {
	if own := r.own(n, bindings); own.IsValid() {
		return own, true
	}
	var wide []netip.Prefix
	for _, b := range bindings {
		if b.Bits() != 128 {
			wide = append(wide, b)
		}
	}
	if len(wide) == 0 {
		wide = bindings
	}
	if len(wide) > 1 {
		r.problems.Add(problem.Problem{Class: "interface.ambiguous", Node: n.Name, Where: w.at.String(), What: "the node has several IPv6 addresses",
			Got: wide[0].Addr().String() + " and " + wide[1].Addr().String(), Todo: "write one under addresses"})
		return netip.Prefix{}, false
	}
	if len(wide) == 0 {
		return netip.Prefix{}, true
	}
	return wide[0], true
}

// addresses are those that the topology gives a node.
func (r *resolver) addresses(n *Node) []netip.Addr {
	var all []netip.Addr
	for _, name := range sortedKeys(r.file.Addresses) {
		if r.node(name) != n {
			continue
		}
		for _, t := range r.file.Addresses[name] {
			a, err := safe.IP(t.V)
			if err == nil {
				all = append(all, a)
			} else if r.once("address " + t.String()) {
				r.bad("topology.type", t.Place, "not an address", safe.Quote(t.V), "")
			}
		}
	}
	return all
}

// own is the binding whose address the topology gives the node.
func (r *resolver) own(n *Node, bindings []netip.Prefix) netip.Prefix {
	if len(r.file.Addresses) == 0 {
		return netip.Prefix{}
	}
	given := r.addresses(n)
	for _, b := range bindings {
		if slices.Contains(given, b.Addr()) {
			return b
		}
	}
	return netip.Prefix{}
}
