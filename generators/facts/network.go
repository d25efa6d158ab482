package facts

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/safe"
)

// nic is an interface as it is read: labels are not yet joined to what they are labels of.
type nic struct {
	Interface
	label  string // of lo:1, "1"
	legacy bool
}

// Underscored is how facter 1 and 2 spell an interface's name: "_" for all but letters, digits and "_".
func Underscored(name string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return '_'
	}, name)
}

// network reads the interfaces: the structured ones, else those that flat facts tell of.
func (r *reader) network() {
	var nics []nic
	const key = "networking.interfaces"
	if v := r.get(key); v.there() && r.is(v, key, mapping, mapping) {
		for i := range v.members {
			if m := &v.members[i]; m.value.kind != null {
				nics = r.structured(nics, m.key, &m.value)
			}
		}
		r.compareNode(v)
	} else if !v.there() {
		nics = r.flat()
	}
	r.node.Interfaces = joined(nics)
	r.primary()
}

// primary is believed where it names an interface that is there.
func (r *reader) primary() {
	const key = "networking.primary"
	v := r.get(key)
	if !r.is(v, key, text, text) || v.text == "" {
		return
	}
	name, _, ok := r.ifname(v.text, key)
	if !ok {
		return
	}
	if _, ok := r.node.Interface(name); !ok {
		r.bad(factConflict, key, "it names no interface of networking.interfaces", safe.Quote(v.text), "")
		return
	}
	r.node.Primary = kept(name)
}

// ifname checks a name, and takes the label off.
func (r *reader) ifname(s, key string) (name, label string, ok bool) {
	name, label, labelled := strings.Cut(s, ":")
	err := safe.Ifname(name)
	if err == nil && labelled {
		err = safe.Token(label)
	}
	if err != nil {
		r.refuse(key, err)
		return "", "", false
	}
	return kept(name), label, true
}

// structured reads one member of networking.interfaces.
func (r *reader) structured(nics []nic, name string, v *value) []nic {
	key := join("networking.interfaces", name)
	var n nic
	var ok bool
	if n.Name, n.label, ok = r.ifname(name, key); !ok || !r.is(v, key, mapping, mapping) {
		return nics
	}
	four := r.bindings(v, key, "bindings", "ip", "netmask", false)
	six := r.bindings(v, key, "bindings6", "ip6", "netmask6", true)
	n.IPv4, n.IPv6 = addresses(four), usable(addresses(six))
	n.mac(r, v.get("mac"), key, "mac")
	if mtu, ok := r.whole(v.get("mtu"), key+".mtu", 0, 1<<32); ok {
		n.MTU = int(mtu)
	}
	r.compare(&n, name, key, four, six)
	return append(nics, n)
}

// binding is an address of an interface with its subnet.
type binding struct {
	netip.Prefix
	passing bool // temporary, deprecated, or known to the link or the host alone
}

// addresses are those that last.
func addresses(bindings []binding) []netip.Prefix {
	var all []netip.Prefix
	for _, b := range bindings {
		if !b.passing {
			all = append(all, b.Prefix)
		}
	}
	return all
}

// bindings reads the addresses of an interface, in their order.
func (r *reader) bindings(v *value, key, several, single, mask string, ipv6 bool) []binding {
	bindings := v.get(several)
	if !bindings.there() {
		if p, ok := r.prefix(v.get(single), v.get(mask), key+"."+single, key+"."+mask, ipv6); ok {
			return []binding{{Prefix: p}}
		}
		return nil
	}
	key += "." + several
	if !r.is(bindings, key, list, list) {
		return nil
	}
	all := make([]binding, 0, len(bindings.members))
	for i := range bindings.members {
		b := &bindings.members[i].value
		if !r.is(b, key, mapping, mapping) {
			continue
		}
		if p, ok := r.prefix(b.get("address"), b.get("netmask"), key, key, ipv6); ok {
			all = append(all, binding{p, ipv6 && passing(b)})
		}
	}
	return all
}

// passing tells that an IPv6 binding is not for others to connect to.
func passing(binding *value) bool {
	if scope := binding.get("scope6"); scope.kind == text && scope.text != "global" {
		return true
	}
	for _, f := range binding.get("flags").members {
		if f.value.text == "temporary" || f.value.text == "deprecated" {
			return true
		}
	}
	return false
}

// usable keeps the IPv6 addresses that are known beyond the link, in an order that means nothing but is always the same.
func usable(six []netip.Prefix) []netip.Prefix {
	six = slices.DeleteFunc(six, func(p netip.Prefix) bool { return !p.Addr().IsGlobalUnicast() })
	slices.SortFunc(six, func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	return slices.Compact(six)
}

// prefix reads an address and its mask. Without a mask the address is alone in its subnet.
func (r *reader) prefix(v, mask *value, key, maskKey string, ipv6 bool) (netip.Prefix, bool) {
	if r.puppet && v.text == "" || !r.is(v, key, text, text) {
		return netip.Prefix{}, false
	}
	a, err := safe.IP(v.text)
	if err != nil {
		r.refuse(key, err)
		return netip.Prefix{}, false
	}
	if a.Is6() != ipv6 {
		r.bad(safe.Invalid, key, "an address of the other family", safe.Quote(v.text), "")
		return netip.Prefix{}, false
	}
	bits := a.BitLen()
	if r.puppet && mask.text == "" || !r.is(mask, maskKey, text, text) {
		return netip.PrefixFrom(a, bits), !mask.there() || mask.kind == text
	}
	if bits, err = safe.Netmask(mask.text, ipv6); err != nil {
		r.refuse(maskKey, err)
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, bits), true
}

// mac takes a MAC address. One of the wrong form is noted, since few files need it; one that could be an attack is refused.
func (n *nic) mac(r *reader, v *value, key, name string) {
	if name != "" {
		key += "." + name
	}
	if r.puppet && v.text == "" || !r.is(v, key, text, text) {
		return
	}
	mac, err := safe.MAC(v.text)
	f, _ := errors.AsType[*safe.Fault](err)
	switch {
	case err == nil:
		n.MAC = kept(mac)
	case f.Class == safe.Unsafe:
		r.refuse(key, err)
	default:
		n.MACFault = err
	}
}
