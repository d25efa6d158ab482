package facts

import (
	"cmp"
	"slices"
	"strings"
)

// joined gives the addresses of labels to the interfaces that they are labels of, and sorts those.
func joined(nics []nic) []Interface {
	slices.SortStableFunc(nics, func(a, b nic) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.label, b.label)) })
	named := make(map[string]*nic, len(nics))
	for i := range nics {
		if nics[i].label == "" {
			named[nics[i].Name] = &nics[i]
		}
	}
	var all []Interface
	at := make(map[string]int, len(nics))
	for _, n := range nics {
		if n.label == "" && base(&n, named) == "" {
			at[n.Name] = len(all)
			all = append(all, n.Interface)
		}
	}
	for _, n := range nics {
		name := n.Name
		if n.label == "" {
			name = base(&n, named)
		}
		if i, ok := at[name]; ok && name != "" {
			for _, p := range n.IPv4 {
				if !slices.Contains(all[i].IPv4, p) {
					all[i].IPv4 = append(all[i].IPv4, p)
				}
			}
			all[i].IPv6 = usable(append(all[i].IPv6, n.IPv6...))
		} else if name != "" {
			at[name] = len(all)
			all = append(all, Interface{Name: name, IPv4: n.IPv4, IPv6: n.IPv6})
		}
	}
	slices.SortFunc(all, func(a, b Interface) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// base returns the interface that n, as X_n without a MAC address of its own, is a label of: flat facts spell eth0:1 like that. It is
// the longest X that is no label itself.
func base(n *nic, named map[string]*nic) string {
	if !n.legacy || n.MAC != "" || n.MACFault != nil {
		return ""
	}
	for i := strings.LastIndexByte(n.Name, '_'); i > 0; i = strings.LastIndexByte(n.Name[:i], '_') {
		if o := named[n.Name[:i]]; o != nil && base(o, named) == "" {
			return o.Name
		}
	}
	return ""
}
