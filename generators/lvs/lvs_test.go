package lvs_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/lvs"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestHostileStringsStayWords(t *testing.T) { estates.Hostilities(t, lvs.Files) }

// files are those of mq1 in the full estate, after change of its LVS balancer; by kind.
func files(t *testing.T, change func(*estate.Balancer, *estate.Node)) (map[string]string, problem.List) {
	t.Helper()
	e := estates.Full()
	b := e.Balancers[1]
	n := b.Members[0].Node
	if change != nil {
		change(b, n)
	}
	return estates.Writer(lvs.Files).Written(t, e, n)
}

// centOS6 makes n a machine of the time before systemd and nftables.
func centOS6(n *estate.Node) {
	n.Facts.OS, n.Facts.Systemd = facts.OS{Family: "RedHat", Name: "CentOS", Release: "6.4", Major: "6"}, false
}

func TestNFT(t *testing.T) {
	got, problems := files(t, func(b *estate.Balancer, _ *estate.Node) {
		b.Ports = append(b.Ports, estate.BalancedPort{Name: "stomp", Port: 61613, Backend: 61613})
	})
	if len(problems) > 0 {
		t.Error(problems)
	}
	want := map[string]string{
		"sysctl-lvs.conf": `# Managed file: written by mco generate, local edits are lost.
net.ipv4.conf.all.arp_ignore = 1
net.ipv4.conf.all.arp_announce = 2
net.ipv4.conf.lo.arp_ignore = 1
net.ipv4.conf.lo.arp_announce = 2
`,
		"lvs.nft": `# Managed file: written by mco generate, local edits are lost.
table ip mco_lvs
delete table ip mco_lvs
table ip mco_lvs {
    chain prerouting {
        type filter hook prerouting priority -150; policy accept;
        ip daddr 192.0.2.120 tcp dport { 5672, 61613 } ether saddr != { 52:54:00:00:00:20, 52:54:00:00:00:21 } meta mark set 1
    }
}
`,
		"mco-lvs.service": `# Managed file: written by mco generate, local edits are lost.
[Unit]
Description=VIPs and marks of LVS by direct routing
After=systemd-sysctl.service nftables.service
Before=keepalived.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/sbin/ip address replace 192.0.2.120/32 dev lo
ExecStart=/usr/sbin/nft -f /etc/mco/lvs.nft
ExecStop=/sbin/ip address delete 192.0.2.120/32 dev lo

[Install]
WantedBy=multi-user.target
`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestIPTables(t *testing.T) {
	const head = "# Managed file: written by mco generate, local edits are lost.\n*mangle\n:PREROUTING ACCEPT [0:0]\n"
	rows := []struct {
		name      string
		directors int
		want      string
	}{
		{"one director has no peers", 1, head +
			"-A PREROUTING -d 192.0.2.120/32 -p tcp -m tcp --dport 5672 -j MARK --set-xmark 0x1/0xffffffff\nCOMMIT\n"},
		{"two", 2, head +
			"-A PREROUTING -d 192.0.2.120/32 -p tcp -m tcp --dport 5672 -m mac ! --mac-source 52:54:00:00:00:20 -j MARK --set-xmark 0x1/0xffffffff\nCOMMIT\n"},
		{"three have a chain of their own", 3, head + ":MCO-LVS - [0:0]\n-A PREROUTING -j MCO-LVS\n" +
			"-A MCO-LVS -d 192.0.2.120/32 -m mac --mac-source 52:54:00:00:00:20 -j RETURN\n" +
			"-A MCO-LVS -d 192.0.2.120/32 -m mac --mac-source 52:54:00:00:00:21 -j RETURN\n" +
			"-A MCO-LVS -d 192.0.2.120/32 -p tcp -m tcp --dport 5672 -j MARK --set-xmark 0x1/0xffffffff\nCOMMIT\n"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got, problems := files(t, func(b *estate.Balancer, n *estate.Node) {
				centOS6(n)
				b.Members = b.Members[:r.directors]
			})
			if len(problems) > 0 {
				t.Error(problems)
			}
			if diff := cmp.Diff(r.want, got["lvs.iptables"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// How the files are loaded depends on the system.
func TestBoot(t *testing.T) {
	rows := []struct {
		name    string
		os      facts.OS
		systemd bool
		kinds   []string
		has     map[string]string
	}{
		{"CentOS 6", facts.OS{Family: "RedHat", Name: "CentOS", Major: "6"}, false, []string{"ifcfg-lo", "lvs.iptables", "sysctl-lvs.conf"},
			map[string]string{"ifcfg-lo": "DEVICE=lo:mco0\nIPADDR=192.0.2.120\nNETMASK=255.255.255.255\nONBOOT=yes\n"}},
		{"CentOS 7", facts.OS{Family: "RedHat", Name: "CentOS", Major: "7"}, true, []string{"lvs.iptables", "mco-lvs.service", "sysctl-lvs.conf"},
			map[string]string{"mco-lvs.service": "ExecStart=-/sbin/iptables -t mangle -D PREROUTING -j MCO-LVS\nExecStart=/sbin/iptables-restore --noflush /etc/mco/lvs.iptables\n"}},
		{"Rocky 9", facts.OS{Family: "RedHat", Name: "Rocky", Major: "9"}, true, []string{"lvs.nft", "mco-lvs.service", "sysctl-lvs.conf"}, nil},
		{"Ubuntu 14.04", facts.OS{Family: "Debian", Name: "Ubuntu", Major: "14.04"}, false, []string{"lo-interfaces", "lvs.iptables", "sysctl-lvs.conf"},
			map[string]string{"lo-interfaces": "auto lo:mco0\niface lo:mco0 inet static\naddress 192.0.2.120\nnetmask 255.255.255.255\n" +
				"up /sbin/iptables -t mangle -D PREROUTING -j MCO-LVS || true\nup /sbin/iptables-restore --noflush /etc/mco/lvs.iptables\n"}},
		{"Ubuntu 22.04", facts.OS{Family: "Debian", Name: "Ubuntu", Major: "22.04"}, true, []string{"lvs.nft", "mco-lvs.service", "sysctl-lvs.conf"}, nil},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got, problems := files(t, func(_ *estate.Balancer, n *estate.Node) { n.Facts.OS, n.Facts.Systemd = r.os, r.systemd })
			if len(problems) > 0 {
				t.Error(problems)
			}
			if diff := cmp.Diff(r.kinds, slices.Sorted(maps.Keys(got))); diff != "" {
				t.Error(diff)
			}
			for kind, text := range r.has {
				if !strings.Contains(got[kind], text) {
					t.Errorf("%s has no %q:\n%s", kind, text, got[kind])
				}
			}
		})
	}
}

func TestARealServerThatIsNoDirector(t *testing.T) {
	got, problems := files(t, func(b *estate.Balancer, _ *estate.Node) { b.Members = b.Members[1:] })
	if len(problems) > 0 {
		t.Error(problems)
	}
	if _, marks := got["lvs.nft"]; marks || got["sysctl-lvs.conf"] == "" || strings.Contains(got["mco-lvs.service"], "nft -f") {
		t.Errorf("got %v", got)
	}
}

func TestRefusals(t *testing.T) {
	rows := []struct {
		name   string
		change func(*estate.Balancer, *estate.Node)
		class  problem.Class
	}{
		{"a peer without a MAC address", func(b *estate.Balancer, _ *estate.Node) { b.Members[1].MAC = "" }, "fact.missing"},
		{"a MAC address that is none", func(b *estate.Balancer, _ *estate.Node) { b.Members[1].MAC = "52:54:00:00:00:2" }, "fact.invalid"},
		{"one in capitals", func(b *estate.Balancer, _ *estate.Node) { b.Members[1].MAC = "52:54:00:00:00:AA" }, "fact.invalid"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got, problems := files(t, r.change)
			if len(got) > 0 || !problems.Failed() || problems[0].Class != r.class {
				t.Errorf("%v, want %s", problems, r.class)
			}
		})
	}
}

func FuzzParseNFT(f *testing.F) {
	f.Add("table ip a {\n chain b {\n  tcp dport { 1, 2 } accept\n }\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		estates.Reread(t, lvs.NFT(), text)
	})
}
