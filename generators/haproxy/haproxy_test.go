package haproxy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/haproxy"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/version"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestHostileStringsStayWords(t *testing.T) { estates.Hostilities(t, haproxy.Files) }

// front is the file of ha1 in the full estate, after change.
func front(t *testing.T, change func(*estate.Estate, *estate.Balancer)) (text string, problems problem.List) {
	t.Helper()
	e := estates.Full()
	if change != nil {
		change(e, e.Balancers[0])
	}
	written, problems := estates.Writer(haproxy.Files).Written(t, e, e.Balancers[0].Members[0].Node)
	return written["haproxy.cfg"], problems
}

func TestFile(t *testing.T) {
	text, problems := front(t, nil)
	if len(problems) > 0 {
		t.Error(problems)
	}
	const want = `# Managed file: written by mco generate, local edits are lost.
global
    log 127.0.0.1:514 local0 info
    maxconn 8192
    chroot /var/lib/haproxy
    user haproxy
    group haproxy
    daemon
    stats socket /run/haproxy/admin.sock mode 660 level admin

defaults
    log global
    mode tcp
    option tcplog
    option dontlognull
    option redispatch
    option clitcpka
    option srvtcpka
    retries 3
    maxconn 4091
    timeout connect 5s
    timeout client 3h
    timeout server 3h
    timeout check 5s

listen front_amqp
    bind 0.0.0.0:5672
    balance roundrobin
    default-server inter 5s rise 2 fall 2 on-marked-down shutdown-sessions
    server mq1 192.0.2.31:5672 check
    server mq2 192.0.2.32:5672 check
    server mq3 192.0.2.33:5672 check

listen front_stomp
    bind 0.0.0.0:61613
    balance roundrobin
    default-server inter 5s rise 2 fall 2 on-marked-down shutdown-sessions
    server mq1 192.0.2.31:61613 check
    server mq2 192.0.2.32:61613 check
    server mq3 192.0.2.33:61613 check

listen front_stats
    bind 192.0.2.21:8100
    mode http
    option httplog
    maxconn 10
    stats enable
    stats uri /rabbitmq-stats
    stats refresh 5s
    stats auth admin:change-me
`
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
}

// What the topology asks for, and what the version knows, decide about single lines.
func TestLines(t *testing.T) {
	v := func(v ...int) version.Version { var w version.Version; copy(w[:], v); return w }
	rows := []struct {
		name     string
		version  version.Version
		change   func(*estate.Balancer)
		has, not []string
	}{
		{"one active, others wait", v(2, 6), func(b *estate.Balancer) { b.Mode = estate.ActiveBackup },
			[]string{"balance roundrobin", "mq1 192.0.2.31:5672 check on-marked-up shutdown-backup-sessions\n", "mq2 192.0.2.32:5672 check backup\n"}, nil},
		{"1.4 cannot end sessions", v(1, 4, 18), func(b *estate.Balancer) { b.Mode = estate.ActiveBackup },
			[]string{"mq1 192.0.2.31:5672 check\n", "rise 2 fall 2\n"}, []string{"on-marked", "tcp-check"}},
		{"1.4 has its socket beside the chroot", v(1, 4), nil, []string{"stats socket /var/lib/haproxy/stats"}, []string{"/run/"}},
		{"fewest connections", v(2, 6), func(b *estate.Balancer) { b.Mode = estate.LeastConn }, []string{"balance leastconn"}, nil},
		{"AMQP asked", v(2, 6), func(b *estate.Balancer) { b.Check.Kind = "amqp" },
			[]string{"option tcp-check\n    tcp-check send-binary 414d515000000901\n    tcp-check expect rbinary ^01000000\n", "192.0.2.31:61613 check port 5672\n",
				"192.0.2.31:5672 check\n"}, nil},
		{"AMQP asked, old", v(1, 5), func(b *estate.Balancer) { b.Check.Kind = "amqp" }, []string{"tcp-check expect binary 01000000\n"}, []string{"rbinary"}},
		{"STOMP asked", v(2, 6), func(b *estate.Balancer) { b.Check.Kind = "stomp" }, []string{"expect rstring ^(CONNECTED|ERROR)", "192.0.2.31:5672 check port 61613\n"}, nil},
		{"management asked", v(2, 6), func(b *estate.Balancer) { b.Check.Kind = "http" }, []string{"option httpchk GET /\n", "check port 15672\n"}, nil},
		{"a broker has the port", v(2, 6), func(b *estate.Balancer) { b.BindVIP = true }, []string{"bind 192.0.2.110:5672"}, []string{"0.0.0.0"}},
		{"a password that is quoted", v(2, 6), func(b *estate.Balancer) { b.Stats.Secret = secret.New("s", `p w#x$HOME"\'`) },
			[]string{`stats auth "admin:p w#x\$HOME\"\\'"`}, nil},
		{"a password before there were quotes", v(1, 5), func(b *estate.Balancer) { b.Stats.Secret = secret.New("s", `p w#x$HOME"\'`) },
			[]string{`stats auth admin:p\ w\#x$HOME"\\'`}, nil},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			text, problems := front(t, func(e *estate.Estate, b *estate.Balancer) {
				b.Members[0].Node.Software.HAProxy = r.version
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
		name   string
		change func(*estate.Balancer)
		class  problem.Class
	}{
		{"a colon in the user", func(b *estate.Balancer) { b.Stats.User = "a:b" }, "fact.unsafe"},
		{"a line in the password", func(b *estate.Balancer) { b.Stats.Secret = secret.New("s", "a\nb") }, "secret.unrepresentable"},
		{"no password", func(b *estate.Balancer) { b.Stats.Secret = secret.Value{} }, "secret.unrepresentable"},
		{"a path that is none", func(b *estate.Balancer) { b.Stats.Path = "stats" }, "fact.unsafe"},
		{"two proxies of one name", func(b *estate.Balancer) { b.Ports[0].Name = "stats" }, "cross.mismatch"},
		{"a blank in a server's name", func(b *estate.Balancer) { b.To[0].Node.Name = "mq 1" }, "fact.unsafe"},
		{"too old", func(b *estate.Balancer) { b.Members[0].Node.Software.HAProxy = version.Version{1, 3, 26} }, "version.unsupported"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			text, problems := front(t, func(_ *estate.Estate, b *estate.Balancer) { r.change(b) })
			if text != "" || !problems.Failed() || problems[0].Class != r.class {
				t.Errorf("%v, want %s", problems, r.class)
			}
		})
	}
}

// HAProxy's own rules of words, as 2.6.12 was seen to apply them.
func TestWords(t *testing.T) {
	rows := []struct {
		name, line string
		version    version.Version
		want       []string // nil: refused
	}{
		{"a comment", `user a#b`, version.Version{2, 6}, []string{"user", "a"}},
		{"quotes keep it", `user "a#b"`, version.Version{2, 6}, []string{"user", "a#b"}},
		{"strong quotes keep a backslash", `user 'a\'`, version.Version{2, 6}, []string{"user", `a\`}},
		{"a variable", `user "$HOME"`, version.Version{2, 6}, nil},
		{"an open quote", `user "a`, version.Version{2, 6}, nil},
		{"quotes are letters before 1.6", `user "a#b"`, version.Version{1, 5}, []string{"user", `"a`}},
		{"a section in spite of blanks", `   frontend evil`, version.Version{2, 6}, nil},
		{"a condition", `.if true`, version.Version{2, 6}, nil},
		{"a tab", "user\ta", version.Version{2, 6}, nil},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			tree, err := haproxy.Language(r.version).Parse([]byte("global\n" + r.line + "\n"))
			if r.want == nil {
				if err == nil {
					t.Errorf("read as %v", tree)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]block.Statement{block.Section([]string{"global"}, block.Line(r.want...))}, tree); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("global\n    user \"a b\\\"\"\n", true)
	f.Add("defaults\nuser a\\ b\n", false)
	f.Fuzz(func(t *testing.T, text string, quotes bool) {
		v := version.Version{1, 4}
		if quotes {
			v = version.Version{2, 6}
		}
		estates.Reread(t, haproxy.Language(v), text)
	})
}
