package facts

import (
	"net/netip"

	"github.com/mco-go/mco-go/generators/version"
)

// Node is what the rules may know of one machine: normalised, and nothing that changes while it runs.
type Node struct {
	Identity string // certname of the wrapper, else fqdn, else hostname
	Hostname string // short
	FQDN     string // equals Hostname without a domain
	Source   string // the file, and the place in it, that the node was read from

	OS         OS
	Facter     version.Version
	Ruby       version.Version
	Memory     int64 // bytes, the container's limit where a fact names one; 0: the facts do not say
	Processors int   // 0: the facts do not say
	OpenFiles  int   // hard limit of descriptors; 0: the facts do not say
	Systemd    bool
	Cloud      bool // the facts show a provider's network, where multicast does not pass
	Datacenter string

	Primary    string      // the interface that the facts call primary; may be empty
	Interfaces []Interface // sorted by name; labels are joined to their base

	Software map[string]version.Version // rabbitmq, haproxy, keepalived, ...: what *_version facts tell

	// Custom are the remaining facts that are single values of printable ASCII, for selectors: name to text. Those within maps of a
	// site's own are named with dots. What changes while a machine runs is not among them.
	Custom map[string]string
}

// OS is the operating system, as facts name it.
type OS struct{ Family, Name, Release, Major string }

// Interface is one network interface with the addresses that can be used, in the kernel's order.
type Interface struct {
	Name string
	MAC  string // lower case; may be empty
	// MACFault says what is wrong with the MAC address that the facts give, a [*safe.Fault]: only some files need one.
	MACFault error
	MTU      int
	IPv4     []netip.Prefix // address with the length of its subnet's prefix
	IPv6     []netip.Prefix // global, neither temporary nor deprecated; sorted, since the kernel's order is by age
}

// Loopback tells whether this is the kernel's loopback interface.
func (i *Interface) Loopback() bool { return i.Name == "lo" }

// Interface returns the interface of that name, spelled as the facts spell it (see [Underscored]).
func (n *Node) Interface(name string) (Interface, bool) {
	for _, i := range n.Interfaces {
		if i.Name == name {
			return i, true
		}
	}
	return Interface{}, false
}
