package facts

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/safe"
)

// compare holds the flat facts of an interface against the structured ones.
func (r *reader) compare(n *nic, name, key string, four, six []binding) {
	for _, f := range []struct {
		address, mask string
		all           []binding
		ipv6          bool
	}{{"ipaddress_", "netmask_", four, false}, {"ipaddress6_", "netmask6_", six, true}} {
		legacy, spelt := r.spelt(f.address, name)
		if !r.is(legacy, spelt, text, text) {
			continue
		}
		p, ok := r.prefix(legacy, &none, spelt, "", f.ipv6)
		if !ok {
			continue
		}
		i := slices.IndexFunc(f.all, func(b binding) bool { return b.Addr() == p.Addr() })
		if i < 0 {
			r.bad(factConflict, spelt, "it differs from "+key, p.Addr().String(), listed(f.all))
			continue
		}
		mask, spelt := r.spelt(f.mask, name)
		if mask.kind != text {
			continue
		}
		if bits, err := safe.Netmask(mask.text, f.ipv6); err != nil {
			r.refuse(spelt, err)
		} else if bits != f.all[i].Bits() {
			r.bad(factConflict, spelt, "it differs from "+key, safe.Quote(mask.text), f.all[i].String())
		}
	}
	if v, spelt := r.spelt("macaddress_", name); v.kind == text && n.MAC != "" && !strings.EqualFold(v.text, n.MAC) {
		r.conflict(spelt, key+".mac", v.text, n.MAC)
	}
	if v, spelt := r.spelt("mtu_", name); v.there() && n.MTU != 0 {
		if mtu, ok := r.count(v, spelt, 0, 1<<32); ok && int(mtu) != n.MTU {
			r.bad(factConflict, spelt, "it differs from "+key+".mtu", safe.Quote(v.text), "")
		}
	}
}

// compareNode holds the flat facts of the whole node against the structured ones.
func (r *reader) compareNode(interfaces *value) {
	four := func(v *value, key string) (netip.Prefix, bool) { return r.prefix(v, &none, key, "", false) }
	six := func(v *value, key string) (netip.Prefix, bool) { return r.prefix(v, &none, key, "", true) }
	same := func(a, b netip.Prefix) bool { return a == b }
	either(r, "networking.ip", "ipaddress", four, four, same)
	either(r, "networking.ip6", "ipaddress6", six, six, same)
	either(r, "networking.mac", "macaddress", r.word, r.word, strings.EqualFold)
	names := r.get("interfaces")
	if names.kind != text {
		return
	}
	known := make(map[string]bool, 2*len(interfaces.members))
	for i := range interfaces.members {
		known[interfaces.members[i].key] = true
		known[Underscored(interfaces.members[i].key)] = true
	}
	for name := range strings.SplitSeq(names.text, ",") {
		if !known[name] && r.exact("ipaddress_"+name).there() {
			r.bad(factConflict, "interfaces", "networking.interfaces lacks an interface that has an address", safe.Quote(name), "")
		}
	}
}

// spelt finds a flat fact of an interface in either spelling.
func (r *reader) spelt(prefix, name string) (v *value, key string) {
	key = prefix + name
	if v = r.index[key]; v == nil {
		if key = prefix + Underscored(name); r.index[key] == nil {
			return &none, key
		}
	}
	return r.exact(key), key
}

func listed(bindings []binding) string {
	if len(bindings) == 0 {
		return "none"
	}
	var all []string
	for _, p := range bindings {
		all = append(all, p.String())
	}
	return strings.Join(all, ", ")
}
