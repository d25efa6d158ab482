package pacemaker_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/pacemaker"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/version"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestHostileStringsStayWords(t *testing.T) { estates.Hostilities(t, pacemaker.Files) }

// cluster is the file of the first member of the full estate's pair, after change.
func cluster(t *testing.T, change func(*estate.BrokerGroup)) (string, problem.List) {
	t.Helper()
	e := estates.Full()
	g := e.Brokers[1]
	if change != nil {
		change(g)
	}
	written, problems := estates.Writer(pacemaker.Files).Written(t, e, g.Members[0].Node)
	return written["cluster.crm"], problems
}

func TestFile(t *testing.T) {
	const head = `# Managed file: written by mco generate, local edits are lost.
node 1: ap1
node 2: ap2
property cib-bootstrap-options: stonith-enabled=true cluster-recheck-interval=2min pe-warn-series-max=1000 pe-input-series-max=1000 pe-error-series-max=1000
rsc_defaults rsc-options: resource-stickiness=100
primitive p_drbd_rabbitmq ocf:linbit:drbd params drbd_resource=rabbitmq op start timeout=240s interval=0 op stop timeout=180s interval=0 op promote timeout=180s interval=0 op demote timeout=180s interval=0 op monitor interval=30s role=UNPROMOTED timeout=20s op monitor interval=29s role=PROMOTED timeout=20s
primitive p_fs_rabbitmq ocf:heartbeat:Filesystem params device=/dev/drbd1 directory=/var/lib/rabbitmq fstype=xfs options=relatime op start timeout=60s interval=0 op stop timeout=180s interval=0 op monitor interval=60s timeout=60s
primitive p_ip_rabbitmq ocf:heartbeat:IPaddr2 params ip=192.0.2.100 cidr_netmask=24 op monitor interval=10s timeout=20s
primitive p_rabbitmq ocf:rabbitmq:rabbitmq-server params nodename=rabbit@passive mnesia_base=/var/lib/rabbitmq op monitor interval=20s timeout=30s op start timeout=600s interval=0 op stop timeout=120s interval=0
group g_rabbitmq p_fs_rabbitmq p_ip_rabbitmq p_rabbitmq
CLONE
colocation c_rabbitmq_on_drbd inf: g_rabbitmq ms_drbd_rabbitmq:PROMOTED
order o_drbd_before_rabbitmq Mandatory: ms_drbd_rabbitmq:promote g_rabbitmq:start
`
	now := strings.NewReplacer("UNPROMOTED", "Unpromoted", "PROMOTED", "Promoted", "CLONE",
		"clone ms_drbd_rabbitmq p_drbd_rabbitmq meta promotable=true notify=true promoted-max=1 promoted-node-max=1 clone-max=2 clone-node-max=1")
	before := strings.NewReplacer("UNPROMOTED", "Slave", "PROMOTED", "Master", "CLONE",
		"ms ms_drbd_rabbitmq p_drbd_rabbitmq meta master-max=1 master-node-max=1 clone-max=2 clone-node-max=1 notify=true")
	rows := []struct {
		version version.Version
		words   *strings.Replacer
	}{
		{version.Version{1, 1, 10}, before},
		{version.Version{2, 0, 5}, before},
		{version.Version{2, 1, 5}, now},
		{version.Version{3, 0}, now},
		{version.Version{}, now},
	}
	for _, r := range rows {
		t.Run(r.version.String(), func(t *testing.T) {
			text, problems := cluster(t, func(g *estate.BrokerGroup) {
				g.Stonith = new(true)
				g.Members[0].Node.Software.Pacemaker = r.version
			})
			if len(problems) != 1 || !problems[0].Warning || !strings.Contains(problems[0].What, "no device for fencing") {
				t.Errorf("%v, want a warning that the device is missing", problems)
			}
			if diff := cmp.Diff(r.words.Replace(head), text); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParts(t *testing.T) {
	rows := []struct {
		name     string
		change   func(*estate.BrokerGroup)
		has, not []string
	}{
		{"no storage", func(g *estate.BrokerGroup) { g.Storage = nil }, []string{"group g_rabbitmq p_ip_rabbitmq p_rabbitmq\n"}, []string{"drbd", "Filesystem"}},
		{"no address", func(g *estate.BrokerGroup) { g.VIP = netip.Prefix{} }, []string{"group g_rabbitmq p_fs_rabbitmq p_rabbitmq\n"}, []string{"IPaddr2"}},
		{"a folder with a blank", func(g *estate.BrokerGroup) { g.Data = "/srv/rabbit data" }, []string{`directory="/srv/rabbit data"`}, nil},
		{"nobody said anything about fencing", func(g *estate.BrokerGroup) { g.Stonith = nil }, []string{"stonith-enabled=false"}, nil},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			text, problems := cluster(t, r.change)
			if problems.Failed() || len(problems) != 1 || problems[0].Class != "cross.mismatch" {
				t.Errorf("%v, want a warning about fencing", problems)
			}
			estates.WantParts(t, text, r.has, r.not)
		})
	}
	if text, problems := cluster(t, func(g *estate.BrokerGroup) { g.Members[1].NodeName = "rabbit@ap2" }); text != "" || !problems.Failed() {
		t.Errorf("two names for one broker: %v", problems)
	}
	if text, problems := cluster(t, func(g *estate.BrokerGroup) { g.Members[0].Node.Software.Pacemaker = version.Version{1, 0, 13} }); text != "" || !problems.Failed() {
		t.Errorf("Pacemaker 1.0: %v", problems)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("primitive a b params c=\"d e\" op x\n")
	f.Fuzz(func(t *testing.T, text string) {
		estates.Reread(t, pacemaker.Language(), text)
	})
}
