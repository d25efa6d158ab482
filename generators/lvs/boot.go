package lvs

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/target"
)

// boot returns what puts the VIPs on the loopback interface and loads the marks when the machine starts: a unit of systemd's, else
// what the system's own network scripts read.
func (c config) boot() []part {
	switch {
	case c.node.Facts.Systemd:
		return []part{{
			target.File{Kind: "mco-lvs.service", Path: "/etc/systemd/system/mco-lvs.service", Order: 23,
				Service: target.Action{Service: "mco-lvs", How: target.Restart}},
			block.INI(target.Managed, "="), c.unit(),
		}}
	case c.node.Facts.OS.Family == "Debian":
		return []part{{
			target.File{Kind: "lo-interfaces", Path: "/etc/network/interfaces.d/mco-lvs", Order: 23,
				Service: target.Action{Service: "networking", How: target.Manual}},
			block.Lines(target.Managed, "_.-/:!|"), c.stanzas(),
		}}
	}
	var parts []part
	for i, vip := range c.serves {
		label := "lo:mco" + strconv.Itoa(i)
		parts = append(parts, part{
			target.File{Kind: "ifcfg-lo", Path: "/etc/sysconfig/network-scripts/ifcfg-" + label, Order: 23,
				Service: target.Action{Service: "network", How: target.Manual}},
			block.INI(target.Managed, "="), ifcfg(label, vip),
		})
	}
	return parts
}

// unit is a oneshot that can be started again without harm.
func (c config) unit() []block.Statement {
	service := []block.Statement{block.Line("Type", "oneshot"), block.Line("RemainAfterExit", "yes")}
	for _, vip := range c.serves {
		service = append(service, block.Line("ExecStart", "/sbin/ip address replace "+host(vip)+" dev lo"))
	}
	for _, command := range c.load() {
		service = append(service, block.Line("ExecStart", command))
	}
	for _, vip := range c.serves {
		service = append(service, block.Line("ExecStop", "/sbin/ip address delete "+host(vip)+" dev lo"))
	}
	return []block.Statement{
		block.Section([]string{"Unit"},
			block.Line("Description", "VIPs and marks of LVS by direct routing"),
			block.Line("After", "systemd-sysctl.service nftables.service"), // silent about the VIP before it is there
			block.Line("Before", "keepalived.service")),
		block.Section([]string{"Service"}, service...),
		block.Section([]string{"Install"}, block.Line("WantedBy", "multi-user.target")),
	}
}

// load lists the commands that load the marks; "-" in front: as far as systemd goes, it may fail.
func (c config) load() []string {
	if len(c.director) == 0 {
		return nil
	}
	if c.nft() {
		return []string{"/usr/sbin/nft -f " + nftPath}
	}
	var commands []string
	for _, spec := range c.inPrerouting() {
		commands = append(commands, "-/sbin/iptables -t mangle -D "+strings.Join(spec, " "))
	}
	return append(commands, "/sbin/iptables-restore --noflush "+iptablesPath)
}

// stanzas are ifupdown's: an alias of lo for each VIP, and the marks with the first.
func (c config) stanzas() []block.Statement {
	var lines []block.Statement
	for i, vip := range c.serves {
		label := "lo:mco" + strconv.Itoa(i)
		family, mask := "inet", "255.255.255.255"
		if vip.Is6() {
			family, mask = "inet6", "128"
		}
		lines = append(lines,
			block.Line("auto", label),
			block.Line("iface", label, family, "static"),
			block.Line("address", vip.String()),
			block.Line("netmask", mask))
		if i > 0 {
			continue
		}
		for _, command := range c.load() {
			command, may := strings.CutPrefix(command, "-")
			words := append([]string{"up"}, strings.Fields(command)...)
			if may {
				words = append(words, "||", "true")
			}
			lines = append(lines, block.Line(words...))
		}
	}
	return lines
}

// ifcfg is an alias of lo as RHEL's network scripts read it. They have no place for the marks: those are loaded by hand.
func ifcfg(label string, vip netip.Addr) []block.Statement {
	return []block.Statement{
		block.Line("DEVICE", label),
		block.Line("IPADDR", vip.String()),
		block.Line("NETMASK", "255.255.255.255"),
		block.Line("ONBOOT", "yes"),
		block.Line("NAME", "loopback-mco"),
	}
}
