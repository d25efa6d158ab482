package corosync_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/corosync"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/version"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestHostileStringsStayWords(t *testing.T) { estates.Hostilities(t, corosync.Files) }

// pair are the files of the first member of the full estate's pair, after change; by kind.
func pair(t *testing.T, change func(*estate.BrokerGroup)) (map[string]string, problem.List) {
	t.Helper()
	e := estates.Full()
	g := e.Brokers[1]
	if change != nil {
		change(g)
	}
	return estates.Writer(corosync.Files).Written(t, e, g.Members[0].Node)
}

// second gives every member an address on a second network.
func second(g *estate.BrokerGroup) {
	for i, m := range g.Members {
		m.Node.Facts.Interfaces = append(m.Node.Facts.Interfaces, facts.Interface{Name: "eth1",
			IPv4: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(i + 1)}), 24)}})
	}
}

func TestFiles(t *testing.T) {
	const want = `# Managed file: written by mco generate, local edits are lost.
totem {
    version: 2
    cluster_name: passive
    transport: knet
    crypto_cipher: aes256
    crypto_hash: sha256
}
nodelist {
    node {
        ring0_addr: 192.0.2.11
        ring1_addr: 198.51.100.1
        name: ap1
        nodeid: 1
    }
    node {
        ring0_addr: 192.0.2.12
        ring1_addr: 198.51.100.2
        name: ap2
        nodeid: 2
    }
}
quorum {
    provider: corosync_votequorum
    two_node: 1
}
logging {
    to_logfile: yes
    logfile: /var/log/corosync/corosync.log
    to_syslog: yes
    syslog_facility: daemon
    debug: off
    timestamp: on
}
`
	got, problems := pair(t, second)
	if len(problems) > 0 {
		t.Error(problems)
	}
	if diff := cmp.Diff(map[string]string{"corosync.conf": want, "authkey": strings.Repeat("0123456789abcdef", 8)}, got); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyRootReadsTheKey(t *testing.T) {
	e := estates.Full()
	set, _ := corosync.Files(e, e.Brokers[1].Members[0].Node)
	for _, f := range set.Files {
		if f.Path == corosync.KeyPath && f.Mode == 0o400 && f.Owner == "root" {
			return
		}
	}
	t.Errorf("no key with mode 0400 among %v", set.Files)
}

func TestLines(t *testing.T) {
	of := func(v version.Version, key bool) func(*estate.BrokerGroup) {
		return func(g *estate.BrokerGroup) {
			second(g)
			g.Members[0].Node.Software.Corosync = v
			if !key {
				g.ClusterKey = secret.Value{}
			}
		}
	}
	rows := []struct {
		name     string
		change   func(*estate.BrokerGroup)
		has, not []string
	}{
		{"3 without a key", of(version.Version{3, 1, 7}, false), []string{"transport: udpu"}, []string{"crypto", "ring1"}},
		{"2 with a key", of(version.Version{2, 4}, true), []string{"transport: udpu", "crypto_cipher: aes256"}, []string{"ring1"}},
		{"2 without a key is told so", of(version.Version{2, 3, 3}, false), []string{"crypto_cipher: none", "crypto_hash: none"}, nil},
		{"one member has two addresses there", func(g *estate.BrokerGroup) {
			second(g)
			i := &g.Members[1].Node.Facts.Interfaces[1]
			i.IPv4 = append(i.IPv4, netip.MustParsePrefix("198.51.100.77/24"))
		}, []string{"ring0_addr"}, []string{"ring1"}},
		{"the estate's name", func(g *estate.BrokerGroup) { g.ClusterName = "" }, []string{"cluster_name: full\n"}, nil},
		{"RHEL logs elsewhere", func(g *estate.BrokerGroup) { g.Members[0].Node.Facts.OS.Family = "RedHat" }, []string{"/var/log/cluster/"}, nil},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got, problems := pair(t, r.change)
			if problems.Failed() {
				t.Fatal(problems)
			}
			estates.WantParts(t, got["corosync.conf"], r.has, r.not)
		})
	}
}

func TestRefusals(t *testing.T) {
	rows := []struct {
		name   string
		change func(*estate.BrokerGroup)
		class  problem.Class
	}{
		{"a key that is too short", func(g *estate.BrokerGroup) { g.ClusterKey = secret.New("k", "short") }, "secret.unrepresentable"},
		{"too old", func(g *estate.BrokerGroup) { g.Members[0].Node.Software.Corosync = version.Version{1, 4} }, "version.unsupported"},
		{"a name that opens a section", func(g *estate.BrokerGroup) { g.ClusterName = "a {" }, "fact.unsafe"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got, problems := pair(t, r.change)
			if len(got) > 0 || !problems.Failed() || problems[0].Class != r.class {
				t.Errorf("%v, want %s", problems, r.class)
			}
		})
	}
}

// A key that Corosync does not know would be ignored in silence.
func TestUnknownKeysAreNotWritten(t *testing.T) {
	for _, s := range []block.Statement{
		block.Section([]string{"totem"}, block.Line("secauht", "on")),
		block.Section([]string{"totem"}, block.Line("two_node", "1")),
		block.Section([]string{"node"}, block.Section([]string{"totem"})),
		block.Line("version", "2"),
	} {
		if text, err := corosync.Language().Encode([]block.Statement{s}); err == nil {
			t.Errorf("written: %s", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("totem {\n version: 2\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		estates.Reread(t, corosync.Language(), text)
	})
}
