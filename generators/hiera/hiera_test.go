package hiera

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/estate/topology"
)

// imported is what comes of one level of hiera for everybody, with two balancers.
func imported(t *testing.T, text string) (*Result, string) {
	t.Helper()
	level, problems := parse("common.yaml", []byte(text))
	if problems.Failed() {
		return nil, problems[0].Error()
	}
	r, problems := Import([]*Level{level}, Options{Balancers: []string{"ha1", "ha2"}})
	if r == nil {
		return nil, problems[0].Error()
	}
	return r, ""
}

// Each way to write a thing comes to the same estate, and what has no place in it is named with its line.
func TestImport(t *testing.T) {
	const nodes = "rabbitmq::cluster_nodes: [mq1, mq2]\n"
	rows := []struct {
		name, hiera string
		has, left   []string
	}{
		{"node names of Erlang", "rabbitmq::cluster_nodes: ['rabbit@mq1', 'rabbit@mq2']\n", []string{"nodes: [mq1, mq2]", "kind: cluster"}, nil},
		{"one node", "rabbitmq::cluster_nodes: [mq1]\n", []string{"kind: standalone\n"}, nil},
		{"nodes without a cluster", nodes + "rabbitmq::config_cluster: false\n", []string{"kind: standalone-set"}, nil},
		{"a profile's own key", nodes + "profile::mq::rabbitmq::port: 5671\n", []string{"amqp: 5671"}, nil},
		{"ports as texts", nodes + "rabbitmq::stomp_port: '6163'\n", []string{"stomp: 6163"}, nil},
		{"STOMP turned off", nodes + "rabbitmq::config_stomp: false\n", []string{"stomp: null"}, nil},
		{"the default user", nodes + "rabbitmq::default_user: boss\nrabbitmq::default_pass: hunter2\n", []string{"secret: mq_default", "tags: [administrator]"}, nil},
		{"a version with epoch and release", nodes + "rabbitmq::package_ensure: '1:3.8.9-3'\n", []string{"rabbitmq: 3.8.9"}, nil},
		{"no version", nodes + "rabbitmq::package_ensure: latest\n", []string{"version: 1"}, nil},
		{"a policy that mirrors two vhosts", nodes + "rabbitmq_policy:\n  'ha@/': &ha {pattern: '^', definition: {ha-mode: all}}\n  'ha@b': *ha\n",
			[]string{"mirror: {mode: all, sync: manual, pattern: ^, vhosts: [/, b]}"}, nil},
		{"a policy that mirrors and more", nodes + "rabbitmq_policy:\n  'ha@/': {pattern: '^', definition: {ha-mode: all, max-length: '9'}}\n",
			[]string{"ha-mode: all", "max-length: 9"}, nil},
		{"an exchange whose name has an @", nodes + "rabbitmq_exchange: {'a@b@/v': {type: direct, durable: true}}\n", []string{"name: a@b", "vhost: /v"}, nil},
		{"a value that hiera fills in", nodes + "rabbitmq::port: \"%{lookup('port')}\"\n", nil, []string{"common.yaml:2: \"rabbitmq::port\" is filled in"}},
		{"a password that hiera has encrypted", nodes + "rabbitmq::erlang_cookie: ENC[PKCS7,MIIB]\n", []string{"secret: erlang_cookie"}, []string{"common.yaml:2"}},
		{"a parameter that nobody knows", nodes + "rabbitmq::ldap_auth: true\n", nil, []string{`common.yaml:2: "rabbitmq::ldap_auth" has no place`}},
		{"an Erlang term", nodes + "rabbitmq::config_variables: {ssl_options: '[]'}\n", nil, []string{"ssl_options"}},
		{"what must be absent", nodes + "rabbitmq_user: {old: {ensure: absent}}\n", nil, []string{"rabbitmq_user.old"}},
		{"a RAM cluster", nodes + "rabbitmq::cluster_node_type: ram\n", nil, []string{"disc nodes"}},
		{"other modules", nodes + "ntp::servers: [a]\nclasses: [rabbitmq]\n", nil, nil},
		{"a listen with its members", nodes + "haproxy::listen: {mq: {ipaddress: '*', ports: '5672', options: {balance: leastconn}}}\n" +
			"haproxy::balancermember: {all: {listening_service: mq, server_names: [mq1, mq2], ports: 5672, options: 'check inter 2s rise 3'}}\n",
			[]string{"ports: {amqp: 5672}", "mode: leastconn", "check: {inter: 2s, rise: 3}", "nodes: [ha1, ha2]"}, nil},
		{"a frontend with its backend", nodes + "haproxy::frontend: {in: {bind: {'0.0.0.0:61613': []}, options: [{default_backend: stomp}]}}\n" +
			"haproxy::backend: {stomp: {collect_exported: true, options: [{balance: roundrobin}]}}\n", []string{"ports: {stomp: 61613}", "mode: roundrobin"}, nil},
		{"a backup", nodes + "haproxy::listen: {mq: {ports: 5672}}\nhaproxy::balancermember:\n" +
			"  a: {listening_service: mq, server_names: mq1, options: check}\n  b: {listening_service: mq, server_names: mq2, options: [check, backup]}\n",
			[]string{"mode: active-backup"}, nil},
		{"a part of the brokers", nodes + "haproxy::listen: {mq: {ports: 5672}}\nhaproxy::balancermember: {a: {listening_service: mq, server_names: mq1}}\n",
			[]string{"to_nodes: [mq1]"}, nil},
		{"other servers", nodes + "haproxy::listen: {web: {ports: 80}}\n", nil, []string{`"web" balances something else`}},
		{"statistics for everybody", nodes + "haproxy::listen: {s: {ports: 8100, options: {stats: [enable, uri /]}}}\n", []string{"secret: hap_stats"}, []string{"to everybody"}},
		{"an instance that preempts", nodes + "keepalived::vrrp_script: {chk: {script: pidof haproxy, weight: -20}}\nkeepalived::vrrp_instance:\n" +
			"  VI: {virtual_router_id: 7, virtual_ipaddress: 192.0.2.9, track_script: chk, unicast_peers: [192.0.2.1]}\n",
			[]string{"vip: 192.0.2.9/32", "preempt: true", "weight: -20", "transport: unicast"}, nil},
		{"virtual servers by NAT", nodes + "keepalived::lvs_virtual_server: {v: {ip_address: 192.0.2.9, port: 5672, lb_kind: NAT}}\n", nil, []string{`"v" does not route directly`}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got, why := imported(t, r.hiera)
			if got == nil {
				t.Fatal(why)
			}
			for _, want := range r.has {
				if !strings.Contains(string(got.Estate), want) {
					t.Errorf("the estate lacks %q:\n%s", want, got.Estate)
				}
			}
			var left strings.Builder
			for _, p := range got.Left {
				fmt.Fprintln(&left, p.Error())
			}
			for _, want := range r.left {
				if !strings.Contains(left.String(), want) {
					t.Errorf("what is left lacks %q:\n%s", want, &left)
				}
			}
			if r.left == nil && left.Len() > 0 {
				t.Errorf("left is\n%s", &left)
			}
			if strings.Contains(string(got.Estate)+left.String(), "hunter2") {
				t.Error("a password is shown")
			}
			path := filepath.Join(t.TempDir(), "estate.yaml")
			if err := os.WriteFile(path, got.Estate, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, problems := topology.Read(path); problems.Failed() {
				t.Errorf("the estate is no topology: %v\n%s", problems, got.Estate)
			}
		})
	}
}

// What is no hiera, or tells too little, is an error with its class.
func TestImportRefuses(t *testing.T) {
	deep := strings.Repeat("[", maxDepth+2) + strings.Repeat("]", maxDepth+2)
	rows := []struct{ name, hiera, want string }{
		{"no YAML", "a: [", "input.syntax"},
		{"no map", "- a\n", "input.syntax"},
		{"no UTF-8", "a: \xff\n", "input.encoding"},
		{"an alias in itself", "a: &a [*a]\n", "input.limit"},
		{"too deep", "a: " + deep + "\n", "input.limit"},
		{"too many values", "a: [" + strings.Repeat("1,", maxNodes) + "]\n", "input.limit"},
		{"no brokers", "rabbitmq::port: 5672\n", "import.unknown"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if got, why := imported(t, r.hiera); got != nil || !strings.HasPrefix(why, r.want) {
				t.Errorf("got %v, %q, want %s", got, why, r.want)
			}
		})
	}
}

// FuzzImport: whatever hiera says, what comes of it is a list of problems, or a file that is YAML and has none but a topology's keys.
func FuzzImport(f *testing.F) {
	for _, name := range []string{"seed001/common.yaml", "seed004/common.yaml", "seed001/nodes/bhz79.yaml"} {
		text, err := os.ReadFile(filepath.Join("testdata/hiera", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		level, _ := parse("common.yaml", []byte(text))
		if level == nil {
			return
		}
		r, problems := Import([]*Level{level}, Options{Balancers: []string{"ha1"}})
		if r == nil {
			if !problems.Failed() {
				t.Fatal("neither an estate nor a problem")
			}
			return
		}
		_, problems = topology.Parse("estate.yaml", r.Estate)
		for _, p := range problems {
			if p.Class == "input.syntax" || p.Class == "topology.unknown-key" {
				t.Fatalf("%v in\n%s", p, r.Estate)
			}
		}
	})
}
