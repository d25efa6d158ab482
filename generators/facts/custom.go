package facts

import (
	"strings"
	"unique"

	"github.com/mco-go/mco-go/generators/safe"
)

// Bounds of what is kept for selectors.
const (
	maxCustomText  = 255
	maxCustomFacts = 1000
	maxCustomDepth = 4
)

// kept returns a copy of s that does not hold the file, shared by all nodes that have the same text.
func kept(s string) string { return unique.Make(s).Value() }

// used tells that the rules read a fact by themselves.
func used(name string) bool {
	switch name {
	case "cloud", "datacenter", "domain", "ec2_metadata", "ec2_userdata", "facterversion", "fqdn", "gce", "az_metadata", "hostname", "interfaces",
		"ipaddress", "ipaddress6", "limits", "cgroup", "macaddress", "memory", "netmask", "netmask6", "network", "network6", "networking",
		"operatingsystem", "operatingsystemmajrelease", "operatingsystemrelease", "os", "osfamily", "processorcount", "processors", "ruby",
		"rubyversion", "scope6":
		return true
	}
	return false
}

// perInterface are the prefixes of flat facts that tell of one interface. Those of IPv6 change when a VIP comes.
var perInterface = [...]string{"ipaddress_", "ipaddress6_", "netmask_", "netmask6_", "network_", "network6_", "macaddress_", "mtu_", "scope6_"}

// custom keeps what remains.
func (r *reader) custom() {
	for i := range r.facts.members {
		m := &r.facts.members[i]
		if !used(m.key) && !ballast(m.key) && !volatile(m.key) && !ofInterface(m.key) {
			r.keep(m.key, &m.value, 1)
		}
	}
}

func ofInterface(key string) bool {
	for _, prefix := range perInterface {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func (r *reader) keep(name string, v *value, depth int) {
	switch v.kind {
	case text, boolean, number:
		if len(r.node.Custom) == maxCustomFacts || v.text == "" || len(v.text) > maxCustomText || !plain(v.text) || !plain(name) {
			return
		}
		if r.node.Custom == nil {
			r.node.Custom = make(map[string]string)
		}
		r.node.Custom[kept(name)] = kept(v.text)
	case mapping:
		if depth < maxCustomDepth {
			for i := range v.members {
				r.keep(name+"."+v.members[i].key, &v.members[i].value, depth+1)
			}
		}
	}
}

func plain(s string) bool { return safe.Plain("", s) == nil }

// Fact returns a fact as a selector names it, structured or flat: what the rules know, or a fact of the site's own.
func (n *Node) Fact(name string) (string, bool) {
	known := ""
	switch name {
	case "hostname", "networking.hostname":
		known = n.Hostname
	case "fqdn", "networking.fqdn":
		known = n.FQDN
	case "certname", "clientcert", "trusted.certname":
		known = n.Identity
	case "domain", "networking.domain":
		_, known, _ = strings.Cut(n.FQDN, ".")
	case "osfamily", "os.family":
		known = n.OS.Family
	case "operatingsystem", "os.name":
		known = n.OS.Name
	case "operatingsystemrelease", "os.release.full":
		known = n.OS.Release
	case "operatingsystemmajrelease", "os.release.major":
		known = n.OS.Major
	case "datacenter":
		known = n.Datacenter
	default:
		v, ok := n.Custom[name]
		return v, ok
	}
	return known, known != ""
}
