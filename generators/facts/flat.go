package facts

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/safe"
)

// flat reads the interfaces of facter 1 and 2, and those of facter 3 and 4 where structured facts were left out.
func (r *reader) flat() []nic {
	names := r.flatNames()
	var nics []nic
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		n := nic{legacy: true}
		var ok bool
		if n.Name, n.label, ok = r.ifname(name, "interfaces"); !ok {
			continue
		}
		if seen[name] {
			r.bad(factConflict, "interfaces", "two interfaces have one name in these facts", safe.Quote(name), "")
			continue
		}
		seen[name] = true
		if p, ok := r.prefix(r.exact("ipaddress_"+name), r.exact("netmask_"+name), "ipaddress_"+name, "netmask_"+name, false); ok {
			n.IPv4 = []netip.Prefix{p}
		}
		if p, ok := r.prefix(r.exact("ipaddress6_"+name), r.exact("netmask6_"+name), "ipaddress6_"+name, "netmask6_"+name, true); ok {
			n.IPv6 = usable([]netip.Prefix{p})
		}
		n.mac(r, r.exact("macaddress_"+name), "macaddress_"+name, "")
		if mtu, ok := r.count(r.exact("mtu_"+name), "mtu_"+name, 0, 1<<32); ok {
			n.MTU = int(mtu)
		}
		nics = append(nics, n)
	}
	return nics
}

// exact returns a flat fact of an interface, whose name may hold dots.
func (r *reader) exact(name string) *value {
	v, ok := r.index[name]
	if !ok || r.puppet && v.kind == text && v.text == "" {
		return &none
	}
	return v
}

// flatNames are those that the fact interfaces lists, else those that addresses are named after.
func (r *reader) flatNames() []string {
	v := r.get("interfaces")
	if v.there() && r.is(v, "interfaces", text, text) && v.text != "" {
		return strings.Split(v.text, ",")
	}
	var names []string
	for key := range r.index {
		for _, prefix := range [...]string{"ipaddress_", "ipaddress6_", "macaddress_"} {
			if name, ok := strings.CutPrefix(key, prefix); ok {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
