package corpus

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/validate"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// mistake is a row of docs/mistakes.md, as it would stand in one file of a topology's node.
type mistake struct {
	name, topology, node, kind string
	old, new                   string
	seen                       bool // by the programs that judge such files
}

// The programs alone see few of the mistakes that the rules see: the rest would be found when the estate runs, or when it fails.
func TestWhatTheProgramsSeeAlone(t *testing.T) {
	needPrograms(t)
	if os.Getenv("MCO_TESTDATA") != "" {
		t.Skip("the mistakes are changes to the project's own topologies")
	}
	const pair, balanced, directors, passive = "seed000.yaml", "seed001.fixed.yaml", "seed004.yaml", "seed003.yaml"
	rows := []mistake{
		{"vip-off-subnet", balanced, "bhz79", "keepalived.conf", "192.168.11.110/24", "192.168.10.110/24", false},
		{"vip-twice", balanced, "bhz79", "keepalived.conf", "192.168.11.110/24 dev ens32\n", "192.168.11.110/24 dev ens32\n        192.168.11.110/24 dev ens32\n", false},
		{"vip-is-node", balanced, "bhz79", "keepalived.conf", "192.168.11.110/24", "192.168.11.79/24", false},
		{"vip-network-address", balanced, "bhz79", "keepalived.conf", "192.168.11.110/24", "192.168.11.0/24", false},
		{"vip-broadcast", balanced, "bhz79", "keepalived.conf", "192.168.11.110/24", "192.168.11.255/24", false},
		{"vip-no-prefix", balanced, "bhz79", "keepalived.conf", "192.168.11.110/24", "192.168.11.110", false},
		{"vip-of-two-families", balanced, "bhz79", "keepalived.conf", "192.168.11.110/24 dev ens32\n", "192.168.11.110/24 dev ens32\n        2001:db8::110/64 dev ens32\n", true},
		{"vrid-0", balanced, "bhz79", "keepalived.conf", "virtual_router_id 103", "virtual_router_id 0", true},
		{"vrid-256", balanced, "bhz79", "keepalived.conf", "virtual_router_id 103", "virtual_router_id 256", true},
		{"priority-equal", balanced, "bhz79", "keepalived.conf", "priority 100", "priority 90", false},
		{"priority-255", balanced, "bhz79", "keepalived.conf", "priority 100", "priority 255", true},
		{"auth-9", balanced, "bhz79", "keepalived.conf", `"root"`, `"ninechars"`, true},
		{"nopreempt-weight", balanced, "bhz79", "keepalived.conf", "    fall 2\n", "    fall 2\n    weight -20\n", false},
		{"weight-too-small", balanced, "bhz79", "keepalived.conf", "    nopreempt\n", "", false},
		{"secret-in-vrrp-3", balanced, "bhz79", "keepalived.conf", "global_defs {\n", "global_defs {\n    vrrp_version 3\n", true},
		{"port-clash-stats", balanced, "bhz79", "haproxy.cfg", "192.168.11.79:8100", "192.168.11.79:5672", false},
		{"haproxy-on-broker-wildcard", balanced, "bhz79", "haproxy.cfg", "bind 192.168.11.79:8100", "bind :5672", false},
		{"epmd-balanced", balanced, "bhz79", "haproxy.cfg", "bind 0.0.0.0:5672", "bind 0.0.0.0:4369", false},
		{"distribution-balanced", balanced, "bhz79", "haproxy.cfg", "bind 0.0.0.0:5672", "bind 0.0.0.0:25672", false},
		{"interface-unknown", balanced, "bhz76", "rabbitmq.conf", "192.168.11.76:5672", "192.168.99.1:5672", false},
		{"port-0", balanced, "bhz76", "rabbitmq.conf", "192.168.11.76:5672", "192.168.11.76:0", false},
		{"port-clash-dist", balanced, "bhz76", "rabbitmq.conf", "192.168.11.76:5672", "192.168.11.76:25672", false},
		{"listeners-misspelt", balanced, "bhz76", "rabbitmq.conf", "listeners.tcp.1", "tcp_listerners.1", true},
		{"listeners-twice", balanced, "bhz76", "rabbitmq.conf", "heartbeat = 60\n", "heartbeat = 60\nlisteners.tcp.2 = 192.168.11.76:5672\n", false},
		{"hash-in-conf-value", balanced, "bhz76", "rabbitmq.conf", "cluster_name = rabbitmq_cluster1", "cluster_name = rabbit#1", false},
		{"variable-in-conf-value", balanced, "bhz76", "rabbitmq.conf", "cluster_name = rabbitmq_cluster1", "cluster_name = $(HOME)", false},
		{"watermark-too-high", balanced, "bhz76", "rabbitmq.conf", "relative = 0.4", "relative = 0.9", false},
		{"password-in-conf", balanced, "bhz76", "rabbitmq.conf", "heartbeat = 60\n", "heartbeat = 60\ndefault_pass = guest\n", false},
		{"long-and-short-names", balanced, "bhz76", "rabbitmq.conf", "rabbit@bhz77", "rabbit@bhz77.bhz.example.test", false},
		{"one-name-for-two", balanced, "bhz76", "rabbitmq-env.conf", "rabbit@bhz76", "rabbit@localhost", false},
		{"hipe", pair, "linuxmaster1poc", "rabbitmq.config", "{heartbeat, 60}", "{hipe_compile, true}, {heartbeat, 60}", false},
		{"topicprefix", pair, "linuxmaster1poc", "client.cfg", "direct_addressing = 1\n", "direct_addressing = 1\ntopicprefix = /topic/\n", true},
		{"comment-behind-value", pair, "linux57poc", "server.cfg", "max_reconnect_delay = 30.0", "max_reconnect_delay = 30.0 # seconds", true},
		{"setting-not-ascii", pair, "linux57poc", "server.cfg", "logfile = /var/log", "logfile = /var/日志", false},
		{"setting-of-wrong-type", pair, "linux57poc", "server.cfg", "keeplogs = 5", "keeplogs = five", true},
		{"setting-misspelt", pair, "linux57poc", "server.cfg", "keeplogs = 5", "keeplogz = 5", true},
		{"heartbeat-too-short", pair, "linux57poc", "server.cfg", "heartbeat_interval = 30", "heartbeat_interval = 2", true},
		{"no-heartbeat", pair, "linux57poc", "server.cfg", "heartbeat_interval = 30", "heartbeat_interval = 0", false},
		{"psk-newline", pair, "linux57poc", "server.cfg", "plugin.psk = a36c", "plugin.psk = a\nb36c", false},
		{"password-for-user", pair, "linux57poc", "server.cfg", "pool.1.password = 123.com", "pool.1.password = password=123.com", false},
		{"unicast-before-1.2.8", directors, "rabbitmq01", "keepalived.conf", "advert_int 5", "unicast_src_ip 192.168.1.1\n    unicast_peer {\n        192.168.1.2\n    }\n    advert_int 5", false},
		{"lvs-3-nodes-no-mac", directors, "rabbitmq01", "lvs.iptables", "-m mac ! --mac-source 52:54:00:00:d8:2a ", "", false},
		{"direct-routing-to-another-port", directors, "rabbitmq01", "keepalived.conf", "real_server 192.168.1.1 {", "real_server 192.168.1.1 5670 {", true},
		{"mount-option-with-blank", passive, "compute1", "cluster.crm", "options=relatime", "options=relatime; rm", false},
	}
	folder := t.TempDir()
	made := make(map[string][]written)
	for _, r := range estates.Rendering(t) {
		if r.Software != nil {
			files, problems, err := render(r.Load(t), r.Topology, filepath.Join(folder, r.Topology))
			if err != nil || len(problems) > 0 {
				t.Fatal(err, problems)
			}
			made[r.Topology] = files
		}
	}
	var seen []string
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := row.seenIn(t, made[row.topology])
			if got != row.seen {
				t.Errorf("seen: %v, want %v", got, row.seen)
			}
			if got {
				seen = append(seen, "`"+row.name+"`")
			}
		})
	}
	page, err := os.ReadFile(filepath.Join(lab.Root(), "docs", "mistakes.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(page)), " ")
	for _, want := range []string{
		fmt.Sprintf("Of %d of these mistakes, put into files that are right otherwise, the programs see %d", len(rows), len(seen)),
		": " + strings.Join(seen, ", ") + ".",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("docs/mistakes.md does not say: %s", want)
		}
	}
	for _, row := range rows {
		if !strings.Contains(string(page), "| `"+row.name+"` |") {
			t.Errorf("docs/mistakes.md does not tell of %s", row.name)
		}
	}
}

// seenIn has the programs judge the file with the mistake in it.
func (m mistake) seenIn(t *testing.T, files []written) bool {
	t.Helper()
	for _, f := range files {
		if f.node != m.node || f.Kind != m.kind {
			continue
		}
		right := f.Content
		f.Content = bytes.Replace(right, []byte(m.old), []byte(m.new), 1)
		if !bytes.Contains(right, []byte(m.old)) {
			t.Fatalf("no %q in\n%s", m.old, right)
		}
		rewrite := func(f written) {
			if err := validate.Write(f.scratch, []target.File{f.File}); err != nil {
				t.Fatal(err)
			}
		}
		rewrite(f)
		refused := false
		for _, v := range judge(t.Context(), []written{f}) {
			if v.Status != validate.Accepted && v.Status != validate.Refused {
				t.Errorf("%s: %s: %s", v.program, v.Status, brief(v.Text))
			}
			refused = refused || v.Status == validate.Refused
		}
		f.Content = right
		rewrite(f)
		return refused
	}
	t.Fatalf("%s has no %s", m.node, m.kind)
	return false
}
