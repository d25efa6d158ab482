package facts

import (
	"encoding/json"
	"io"
	"net/netip"

	"github.com/mco-go/mco-go/generators/version"
)

// Dump writes a node's facts as the rules see them: JSON with sorted keys, the same for the same facts wherever they were read.
func Dump(w io.Writer, n *Node) error {
	type iface struct {
		Name     string         `json:"name"`
		MAC      string         `json:"mac,omitempty"`
		MACFault string         `json:"mac_fault,omitempty"`
		MTU      int            `json:"mtu,omitempty"`
		IPv4     []netip.Prefix `json:"ipv4,omitempty"`
		IPv6     []netip.Prefix `json:"ipv6,omitempty"`
	}
	out := struct {
		Identity   string            `json:"identity"`
		Hostname   string            `json:"hostname"`
		FQDN       string            `json:"fqdn"`
		OS         map[string]string `json:"os"`
		Facter     string            `json:"facter"`
		Ruby       string            `json:"ruby"`
		Memory     int64             `json:"memory_bytes"`
		Processors int               `json:"processors"`
		OpenFiles  int               `json:"open_files"`
		Systemd    bool              `json:"systemd"`
		Cloud      bool              `json:"cloud"`
		Datacenter string            `json:"datacenter"`
		Primary    string            `json:"primary"`
		Interfaces []iface           `json:"interfaces"`
		Software   map[string]string `json:"software"`
		Custom     map[string]string `json:"custom"`
	}{
		Identity: n.Identity, Hostname: n.Hostname, FQDN: n.FQDN,
		OS:     map[string]string{"family": n.OS.Family, "name": n.OS.Name, "release": n.OS.Release, "major": n.OS.Major},
		Facter: versionText(n.Facter), Ruby: versionText(n.Ruby),
		Memory: n.Memory, Processors: n.Processors, OpenFiles: n.OpenFiles, Systemd: n.Systemd, Cloud: n.Cloud, Datacenter: n.Datacenter,
		Primary: n.Primary, Interfaces: []iface{}, Software: map[string]string{}, Custom: n.Custom,
	}
	for _, i := range n.Interfaces {
		shown := iface{Name: i.Name, MAC: i.MAC, MTU: i.MTU, IPv4: i.IPv4, IPv6: i.IPv6}
		if i.MACFault != nil {
			shown.MACFault = i.MACFault.Error()
		}
		out.Interfaces = append(out.Interfaces, shown)
	}
	for name, v := range n.Software {
		out.Software[name] = versionText(v)
	}
	if out.Custom == nil {
		out.Custom = map[string]string{}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

// versionText is a version as text, empty if it is not known.
func versionText(v version.Version) string {
	if !v.Known() {
		return ""
	}
	return v.String()
}
