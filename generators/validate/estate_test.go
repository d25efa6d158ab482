package validate

import (
	"bytes"
	"testing"

	corosyncfiles "github.com/mco-go/mco-go/generators/corosync"
	drbdfiles "github.com/mco-go/mco-go/generators/drbd"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	haproxyfiles "github.com/mco-go/mco-go/generators/haproxy"
	keepalivedfiles "github.com/mco-go/mco-go/generators/keepalived"
	"github.com/mco-go/mco-go/generators/lvs"
	oslofiles "github.com/mco-go/mco-go/generators/oslo"
	"github.com/mco-go/mco-go/generators/pacemaker"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// writers are those whose files the programs of this test judge.
var writers = []func(*estate.Estate, *estate.Node) (target.Set, problem.List){
	haproxyfiles.Files,
	keepalivedfiles.Files,
	lvs.Files,
	corosyncfiles.Files,
	drbdfiles.Files,
	pacemaker.Files,
	oslofiles.Files,
}

// render writes all files of one node of the estate below a scratch folder.
func render(t *testing.T, e *estate.Estate, node string) (scratch string, files []target.File) {
	t.Helper()
	for _, n := range e.Nodes {
		if n.Name != node {
			continue
		}
		for _, w := range writers {
			set, problems := w(e, n)
			if problems.Failed() {
				t.Fatal(problems)
			}
			files = append(files, set.Files...)
		}
	}
	scratch = t.TempDir()
	if err := Write(scratch, files); err != nil {
		t.Fatal(err)
	}
	return scratch, files
}

// The programs take what the writers write, and not what they would not.
func TestProgramsJudgeTheFullEstate(t *testing.T) {
	lab.Need(t, lab.Superuser, lab.HAProxy, lab.Keepalived, lab.NetFilter, lab.Cluster, lab.OsloMessaging)
	rows := []struct {
		node, kind string
		bad        [2]string // what to replace in the file, by what, so that each of its programs refuses it
	}{
		{"ha1", "haproxy.cfg", [2]string{"timeout client 3h", "timeout klient 3h"}},
		{"ha1", "haproxy.cfg", [2]string{"    timeout client 3h\n", ""}},
		{"ha1", "haproxy.cfg", [2]string{"server mq2 ", "server mq1 "}},
		{"ha1", "keepalived.conf", [2]string{"virtual_router_id 103", "virtual_router_id 256"}},
		{"ha1", "keepalived.conf", [2]string{"state BACKUP", "state MASTER"}},
		{"ha1", "keepalived.conf", [2]string{`"root"`, `"ninechars"`}},
		{"ha1", "keepalived.conf", [2]string{"haproxy_check.sh", "nothing.sh"}},
		{"mq1", "keepalived.conf", [2]string{"lvs_sched", "lvs_shed"}},
		{"mq1", "lvs.nft", [2]string{"ether saddr", "ether sadr"}},
		{"mq1", "sysctl-lvs.conf", [2]string{"conf.lo.arp_ignore", "conf.nothere.arp_ignore"}},
		{"ap1", "corosync.conf", [2]string{"version: 2\n", "version: 3\n"}},
		{"ap2", "drbd.res", [2]string{"protocol C;", "protokol C;"}},
		{"ap1", "cluster.crm", [2]string{"stonith-enabled=false", "stonith-enabled=maybe"}},
		{"ap1", "cluster.crm", [2]string{"p_fs_rabbitmq p_ip_rabbitmq p_rabbitmq", "p_fs_rabbitmq p_nothing p_rabbitmq"}},
		{"ap1", "oslo-messaging.conf", [2]string{"amqp_durable_queues", "rabbit_durable_queues"}},
		{"mq2", "lvs.iptables", [2]string{"--mac-source", "--mac-sauce"}},
	}
	for _, r := range rows {
		t.Run(r.node+" "+r.kind+" "+r.bad[1], func(t *testing.T) {
			e := estates.Full()
			old := e.Balancers[1].Members[1].Node // mq2, of the time before nftables
			old.Facts.OS = facts.OS{Family: "RedHat", Name: "CentOS", Release: "7.9", Major: "7"}
			scratch, files := render(t, e, r.node)
			for _, f := range files {
				if f.Kind != r.kind {
					continue
				}
				judged(t, scratch, f, Accepted)
				spoilt := bytes.Replace(f.Content, []byte(r.bad[0]), []byte(r.bad[1]), 1)
				if bytes.Equal(spoilt, f.Content) {
					t.Fatalf("no %q in\n%s", r.bad[0], f.Content)
				}
				f.Content = spoilt
				if err := Write(scratch, []target.File{f}); err != nil {
					t.Fatal(err)
				}
				judged(t, scratch, f, Refused)
				return
			}
			t.Fatalf("%s has no %s", r.node, r.kind)
		})
	}
}

// judged has every program that knows the file judge it.
func judged(t *testing.T, scratch string, f target.File, want Status) {
	t.Helper()
	programs := For(f.Kind)
	if len(programs) == 0 {
		t.Fatalf("no program knows %s", f.Kind)
	}
	for _, p := range programs {
		if r := p.Judge(t.Context(), scratch, f); r.Status != want {
			t.Errorf("%s: %s, want %s: %s\n%s", p.Name, r.Status, want, r.Text, f.Content)
		}
	}
}

// 2.2.7 kills itself over a script user who is not root; what else the file says is judged all the same.
func TestKeepalivedWithAnotherScriptUser(t *testing.T) {
	lab.Need(t, lab.Superuser, lab.Keepalived)
	for _, row := range []struct {
		name, old, new string
		want           Status
	}{
		{"good", "", "", Accepted},
		{"bad", "virtual_router_id 103", "virtual_router_id 0", Refused},
	} {
		t.Run(row.name, func(t *testing.T) {
			scratch, files := render(t, estates.Full(), "ha1")
			for _, f := range files {
				if f.Kind == "keepalived.conf" {
					f.Content = bytes.Replace(f.Content, []byte("script_user root"), []byte("script_user nobody"), 1)
					f.Content = bytes.Replace(f.Content, []byte(row.old), []byte(row.new), 1)
					if err := Write(scratch, []target.File{f}); err != nil {
						t.Fatal(err)
					}
					judged(t, scratch, f, row.want)
				}
			}
		})
	}
}

// Where namespaces cannot be made, nothing was judged.
func TestNoNamespaceIsNoRefusal(t *testing.T) {
	lab.Need(t, lab.Superuser)
	dir := t.TempDir()
	rows := []struct {
		name string
		n    namespace
	}{
		{"a folder that is not there", namespace{mount: [2]string{dir + "/nothing", dir}}},
		{"an interface that has another's name", namespace{interfaces: []string{"a", "a"}}},
		{"a name that is none", namespace{interfaces: []string{"a b"}}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if got := r.n.run(t.Context(), command{name: "true", dir: dir}); got.Status != Unable {
				t.Errorf("%s: %s", got.Status, got.Text)
			}
		})
	}
	if got := (namespace{}).run(t.Context(), command{name: "true", dir: dir}); got.Status != Accepted {
		t.Errorf("%s: %s", got.Status, got.Text)
	}
}
