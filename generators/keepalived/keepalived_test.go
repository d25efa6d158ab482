package keepalived_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/keepalived"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/version"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestHostileStringsStayWords(t *testing.T) { estates.Hostilities(t, keepalived.Files) }

// file is what the first member of the full estate's balancer gets, after change.
func file(t *testing.T, balancer int, change func(*estate.Balancer)) (text string, problems problem.List) {
	t.Helper()
	e := estates.Full()
	b := e.Balancers[balancer]
	if change != nil {
		change(b)
	}
	written, problems := estates.Writer(keepalived.Files).Written(t, e, b.Members[0].Node)
	return written["keepalived.conf"], problems
}

func TestFileOfABalancer(t *testing.T) {
	text, problems := file(t, 0, nil)
	if len(problems) > 0 {
		t.Error(problems)
	}
	const want = `# Managed file: written by mco generate, local edits are lost.
global_defs {
    router_id ha1
    enable_script_security
    script_user root
}

vrrp_script chk_haproxy {
    script "/etc/keepalived/haproxy_check.sh /run/haproxy/admin.sock 1"
    interval 2
    timeout 2
    rise 2
    fall 2
}

vrrp_instance front {
    state BACKUP
    nopreempt
    interface eth0
    virtual_router_id 103
    priority 200
    advert_int 1
    unicast_src_ip 192.0.2.21
    unicast_peer {
        192.0.2.22
    }
    authentication {
        auth_type PASS
        auth_pass "root"
    }
    virtual_ipaddress {
        192.0.2.110/24 dev eth0
    }
    track_script {
        chk_haproxy
    }
}
`
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
}

func TestFileOfADirector(t *testing.T) {
	text, problems := file(t, 1, func(b *estate.Balancer) {
		b.To = b.To[:1]
		b.Members[0].State = "MASTER"
		b.LVS.Persistence = 600
	})
	if len(problems) > 0 {
		t.Error(problems)
	}
	const want = `# Managed file: written by mco generate, local edits are lost.
global_defs {
    router_id mq1
    enable_script_security
    lvs_sync_daemon eth0 direct
}

vrrp_instance direct {
    state MASTER
    interface eth0
    virtual_router_id 7
    priority 200
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass "passwd"
    }
    virtual_ipaddress {
        192.0.2.120/24 dev eth0
    }
}

virtual_server fwmark 1 {
    delay_loop 10
    lvs_sched wrr
    lvs_method DR
    persistence_timeout 600
    real_server 192.0.2.31 {
        weight 10
        inhibit_on_failure
        TCP_CHECK {
            connect_port 5672
            connect_timeout 3
            retry 3
            delay_before_retry 3
        }
    }
}
`
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
}

// What the topology asks for, and what the version knows, decide about single lines.
func TestLines(t *testing.T) {
	rows := []struct {
		name     string
		balancer int
		version  version.Version
		change   func(*estate.Balancer)
		has, not []string
	}{
		{"a director of old", 1, version.Version{1, 1, 20}, nil,
			[]string{"lb_algo wrr", "lb_kind DR", "nb_get_retry 3", "real_server 192.0.2.31 5672 {", "lvs_sync_daemon_interface eth0", "auth_pass passwd\n"},
			[]string{"lvs_sched", "lvs_method", " retry", "enable_script_security", "lvs_sync_daemon eth0"}},
		{"a balancer of old", 0, version.Version{1, 2, 13}, nil,
			[]string{`script "/etc/keepalived/haproxy_check.sh `, "rise 2", "auth_pass root\n", "unicast_src_ip"}, []string{"script_user", "enable_script_security", "timeout"}},
		{"preempting, with a weight", 0, version.Version{2, 2, 7}, func(b *estate.Balancer) { b.VRRP.Preempt, b.VRRP.Weight, b.Members[0].State = true, -20, "MASTER" },
			[]string{"state MASTER", "chk_haproxy weight -20\n"}, []string{"nopreempt"}},
		{"preempting late", 0, version.Version{2, 2, 7}, func(b *estate.Balancer) { b.VRRP.Preempt, b.VRRP.PreemptDelay, b.Members[0].State = true, 30, "MASTER" },
			[]string{"state BACKUP", "preempt_delay 30"}, []string{"nopreempt"}},
		{"multicast", 0, version.Version{2, 2, 7}, func(b *estate.Balancer) { b.VRRP.Unicast = false }, nil, []string{"unicast"}},
		{"the third version has no password", 0, version.Version{2, 2, 7}, func(b *estate.Balancer) { b.VRRP.Version = 3 }, []string{"version 3\n"}, []string{"auth"}},
		{"two ports, two checks", 1, version.Version{2, 2, 7}, func(b *estate.Balancer) {
			b.Ports = append(b.Ports, estate.BalancedPort{Name: "stomp", Port: 61613, Backend: 61613})
		}, []string{"connect_port 5672", "connect_port 61613"}, nil},
		{"another interface is tracked, its own is in any case", 0, version.Version{2, 2, 7}, func(b *estate.Balancer) { b.VRRP.Track = []string{"eth0", "eth1"} },
			[]string{"track_interface {\n        eth1\n    }"}, nil},
		{"a password that looks like a comment", 0, version.Version{2, 2, 7}, func(b *estate.Balancer) { b.VRRP.Secret = secret.New("s", "ab#c !d") },
			[]string{`auth_pass "ab#c !d"`}, nil},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			text, problems := file(t, r.balancer, func(b *estate.Balancer) {
				b.Members[0].Node.Software.Keepalived = r.version
				if r.change != nil {
					r.change(b)
				}
			})
			if problems.Failed() {
				t.Fatal(problems)
			}
			estates.WantParts(t, text, r.has, r.not)
		})
	}
}

func TestRefusals(t *testing.T) {
	rows := []struct {
		name     string
		balancer int
		change   func(*estate.Balancer)
		class    problem.Class
	}{
		{"nine bytes", 0, func(b *estate.Balancer) { b.VRRP.Secret = secret.New("s", "ninechars") }, "vrrp.auth"},
		{"none", 0, func(b *estate.Balancer) { b.VRRP.Secret = secret.New("s", "") }, "vrrp.auth"},
		{"a quote", 0, func(b *estate.Balancer) { b.VRRP.Secret = secret.New("s", `a"b`) }, "secret.unrepresentable"},
		{"a variable", 0, func(b *estate.Balancer) { b.VRRP.Secret = secret.New("s", "$A") }, "secret.unrepresentable"},
		{"a blank, before quotes were quotes", 0, func(b *estate.Balancer) {
			b.Members[0].Node.Software.Keepalived = version.Version{1, 2, 13}
			b.VRRP.Secret = secret.New("s", "a b")
		}, "secret.unrepresentable"},
		{"unicast too early", 0, func(b *estate.Balancer) { b.Members[0].Node.Software.Keepalived = version.Version{1, 2, 7} }, "version.unsupported"},
		{"another port behind", 1, func(b *estate.Balancer) { b.Ports[0].Port = 5670 }, "cross.mismatch"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			text, problems := file(t, r.balancer, r.change)
			if text != "" || !problems.Failed() || problems[0].Class != r.class {
				t.Errorf("%v, want %s", problems, r.class)
			}
		})
	}
}

// Keepalived's own rules of words and blocks, as 2.2.7 was seen to apply them.
func TestParse(t *testing.T) {
	rows := []struct {
		name, text string
		want       []block.Statement // nil: refused
	}{
		{"comments", "a b#c\nd !e\n# f\n", []block.Statement{block.Line("a", "b"), block.Line("d")}},
		{"quotes", `a "b#c d" e` + "\n", []block.Statement{block.Line("a", "b#c d", "e")}},
		{"blocks", "a b {\n c {\n }\n}\n", []block.Statement{block.Section([]string{"a", "b"}, block.Section([]string{"c"}))}},
		{"not closed", "a {\n", nil},
		{"not opened", "}\n", nil},
		{"two blocks on a line", "a { b {\n}\n}\n", nil},
		{"an open quote", "a \"b\n", nil},
		{"inclusion", "include /etc/passwd\n", nil},
		{"a condition", "@main a b\n", nil},
		{"a variable", "$A = b\n", nil},
		{"a sequence", "a ~SEQ(1,2)\n", nil},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			tree, err := keepalived.Language(version.Version{2, 2}).Parse([]byte(r.text))
			if r.want == nil {
				if err == nil {
					t.Errorf("read as %v", tree)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.want, tree); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("a \"b c\" {\n d\n}\n")
	f.Add("a b # c\n")
	f.Fuzz(func(t *testing.T, text string) {
		estates.Reread(t, keepalived.Language(version.Version{2, 2}), text)
	})
}
