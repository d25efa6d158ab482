package facts

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/problem"
)

func TestWrapped(t *testing.T) {
	entries, err := os.ReadDir(data(t, "wrapped"))
	if err != nil {
		t.Fatal(err)
	}
	plain := map[string]*Node{}
	for _, folder := range []string{"debian12-facter4", "fleet-*"} {
		dirs, _ := filepath.Glob(data(t, folder))
		for _, dir := range dirs {
			for _, n := range read(t, dir) {
				plain[n.Identity] = n
			}
		}
	}
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			nodes := read(t, data(t, "wrapped", e.Name()))
			if len(nodes) != 1 {
				t.Fatalf("%d nodes", len(nodes))
			}
			n := *nodes[0]
			if want := plain[n.Identity]; want != nil {
				n.Custom, n.Ruby, n.Memory, n.Processors = want.Custom, want.Ruby, want.Memory, want.Processors
				if got := dump(t, &n); got != dump(t, want) {
					t.Errorf("it differs from %s:\n%s\n%s", want.Source, got, dump(t, want))
				}
			}
		})
	}
}

// The three endpoints tell the same of the same nodes.
func TestPuppetDB(t *testing.T) {
	inventory := read(t, data(t, "puppetdb", "inventory.json"))
	if len(inventory) < 2 {
		t.Fatalf("%d nodes", len(inventory))
	}
	byIdentity := map[string]*Node{}
	for _, n := range inventory {
		byIdentity[n.Identity] = n
	}
	for _, endpoint := range []string{"factsets.json", "facts.json"} {
		t.Run(endpoint, func(t *testing.T) {
			nodes := read(t, data(t, "puppetdb", endpoint))
			if len(nodes) == 0 {
				t.Fatal("no nodes")
			}
			for _, n := range nodes {
				want := byIdentity[n.Identity]
				if want == nil {
					t.Errorf("%s is not in the inventory", n.Identity)
					continue
				}
				got := *n
				got.Custom = want.Custom // rows were left out of facts.json
				if got, want := dump(t, &got), dump(t, want); got != want {
					t.Errorf("it differs from the inventory:\n%s\n%s", got, want)
				}
			}
		})
	}
}

// What changes while a machine runs, a VIP that comes included, changes nothing.
func TestVolatile(t *testing.T) {
	entries, err := os.ReadDir(data(t, "volatile"))
	if err != nil {
		t.Fatal(err)
	}
	groups := map[string][]string{}
	for _, e := range entries {
		host, _, _ := strings.Cut(e.Name(), ".")
		groups[host] = append(groups[host], e.Name())
	}
	for host, names := range groups {
		t.Run(host, func(t *testing.T) {
			if len(names) < 2 {
				t.Fatal("nothing to compare with")
			}
			var nodes []*Node
			for _, name := range names {
				nodes = append(nodes, read(t, data(t, "volatile", name))...)
			}
			// The rules know the VIPs; here they are what some have and some have not.
			everywhere := func(p netip.Prefix) bool {
				return !slices.ContainsFunc(nodes, func(n *Node) bool {
					return !slices.ContainsFunc(n.Interfaces, func(i Interface) bool { return slices.Contains(i.IPv4, p) || slices.Contains(i.IPv6, p) })
				})
			}
			var dumps []string
			for _, n := range nodes {
				stripped := *n
				stripped.Interfaces = nil
				for _, i := range n.Interfaces {
					i.IPv4 = slices.DeleteFunc(slices.Clone(i.IPv4), func(p netip.Prefix) bool { return !everywhere(p) })
					i.IPv6 = slices.DeleteFunc(slices.Clone(i.IPv6), func(p netip.Prefix) bool { return !everywhere(p) })
					stripped.Interfaces = append(stripped.Interfaces, i)
				}
				dumps = append(dumps, dump(t, &stripped))
			}
			for i, d := range dumps[1:] {
				if d != dumps[0] {
					t.Errorf("%s and %s differ:\n%s\n%s", names[i+1], names[0], d, dumps[0])
				}
			}
		})
	}
}

// text reads facts from standard input.
func fromText(s string, limits Limits) ([]*Node, problem.List) {
	set, problems := Read([]string{Stdin}, strings.NewReader(s), limits)
	return set.Nodes(), problems
}

const eth0 = `"networking":{"hostname":"a1","primary":"eth0","interfaces":{"eth0":{"ip":"10.0.0.1","netmask":"255.255.255.0","mac":"02:00:00:00:00:01","mtu":1500}}}`

func TestRules(t *testing.T) {
	tests := []struct {
		name, facts string
		want        func(n *Node) (got, want any)
	}{
		{"fqdn of hostname and domain", `{"hostname":"a1","domain":"x.test"}`, func(n *Node) (any, any) { return n.Identity, "a1.x.test" }},
		{"empty domain", `{"hostname":"a1","domain":""}`, func(n *Node) (any, any) { return n.Identity, "a1" }},
		{"only fqdn", `{"fqdn":"a1.x.test"}`, func(n *Node) (any, any) { return n.Hostname, "a1" }},
		{"certname", `{"name":"cert.test","values":{"hostname":"a1"}}`, func(n *Node) (any, any) { return n.Identity + " " + n.Hostname, "cert.test a1" }},
		{"empty is absent in Puppet's form", `{"name":"a1","values":{"hostname":"a1","fqdn":"","networking":{"interfaces":{"eth0":{"ip":""}}}}}`,
			func(n *Node) (any, any) { return n.FQDN, "a1" }},
		{"facts called name and values", `{"hostname":"a1","name":"x","values":{"a":1}}`, func(n *Node) (any, any) { return n.Custom["values.a"], "1" }},
		{"structured memory", `{"hostname":"a1","memory":{"system":{"total_bytes":4123168604}},"memorysize_mb":"3932.16"}`, func(n *Node) (any, any) { return n.Memory, int64(4123168604) }},
		{"legacy memory", `{"hostname":"a1","memorysize_mb":"1869.45"}`, func(n *Node) (any, any) { return n.Memory, int64(1960260403) }},
		{"a container's memory", `{"hostname":"a1","memory":{"system":{"total_bytes":4123168604},"cgroup":{"limit_bytes":1073741824}}}`, func(n *Node) (any, any) { return n.Memory, int64(1 << 30) }},
		{"no limit in a container", `{"hostname":"a1","memorysize_mb":"1024","cgroup_memory_limit_bytes":"9223372036854771712"}`, func(n *Node) (any, any) { return n.Memory, int64(1 << 30) }},
		{"processors as text", `{"hostname":"a1","processorcount":"4"}`, func(n *Node) (any, any) { return n.Processors, 4 }},
		{"open files", `{"hostname":"a1","nofile_hard":1048576}`, func(n *Node) (any, any) { return n.OpenFiles, 1048576 }},
		{"versions", `{"hostname":"a1","rabbitmq_version":"3.10.8","keepalived_version":"1:2.2.7-1","facterversion":"1.7.3","rubyversion":"1.8.7","haproxy_version":null}`,
			func(n *Node) (any, any) {
				return fmt.Sprint(n.Software, n.Facter, n.Ruby), "map[keepalived:2.2.7 rabbitmq:3.10.8] 1.7.3 1.8.7"
			}},
		{"systemd of EL 7", `{"hostname":"a1","os":{"name":"CentOS","family":"RedHat","release":{"full":"7.9"}}}`, func(n *Node) (any, any) { return fmt.Sprint(n.Systemd, n.OS.Major), "true7" }},
		{"no systemd on EL 6", `{"hostname":"a1","osfamily":"RedHat","operatingsystemrelease":"6.4"}`, func(n *Node) (any, any) { return n.Systemd, false }},
		{"no systemd on Ubuntu 14.04", `{"hostname":"a1","osfamily":"Debian","operatingsystem":"Ubuntu","operatingsystemrelease":"14.04"}`, func(n *Node) (any, any) { return n.Systemd, false }},
		{"a fact says systemd", `{"hostname":"a1","systemd":true}`, func(n *Node) (any, any) { return n.Systemd, true }},
		{"cloud", `{"hostname":"a1","cloud":{"provider":"azure"}}`, func(n *Node) (any, any) { return n.Cloud, true }},
		{"cloud metadata", `{"hostname":"a1","ec2_metadata":{"ami-id":"x"}}`, func(n *Node) (any, any) { return n.Cloud, true }},
		{"no cloud", `{"hostname":"a1","cloud":{},"gce":null,"ec2_metadata":{}}`, func(n *Node) (any, any) { return n.Cloud, false }},
		{"volatile facts are not for selectors", `{"hostname":"a1","uptime_seconds":"5","swapfree":"1","memoryfree_mb":1,"role":"lb"}`, func(n *Node) (any, any) { return fmt.Sprint(n.Custom), "map[role:lb]" }},
		{"a site's own map", `{"hostname":"a1","mq":{"role":"lb","n":2,"on":true,"none":null,"odd":"a\nb"}}`, func(n *Node) (any, any) { return fmt.Sprint(n.Custom), "map[mq.n:2 mq.on:true mq.role:lb]" }},
		{"a label joins its base", `{"hostname":"a1","networking":{"interfaces":{"lo:1":{"ip":"10.0.0.9","netmask":"255.255.255.255"},"lo":{"ip":"127.0.0.1","netmask":"255.0.0.0"}}}}`,
			func(n *Node) (any, any) {
				return fmt.Sprint(n.Interfaces[0].Name, n.Interfaces[0].IPv4, len(n.Interfaces)), "lo[127.0.0.1/8 10.0.0.9/32] 1"
			}},
		{"a label without its base", `{"hostname":"a1","networking":{"interfaces":{"eth0:vip":{"ip":"10.0.0.9"}}}}`,
			func(n *Node) (any, any) {
				return fmt.Sprint(n.Interfaces[0].Name, n.Interfaces[0].IPv4), "eth0[10.0.0.9/32]"
			}},
		{"a flat label", `{"hostname":"a1","interfaces":"eth0,eth0_1,eth0_1_2,lo","ipaddress_eth0":"10.0.0.1","macaddress_eth0":"02:00:00:00:00:01","ipaddress_eth0_1":"10.0.0.2","ipaddress_eth0_1_2":"10.0.0.3"}`,
			func(n *Node) (any, any) {
				return fmt.Sprint(n.Interfaces[0].Name, n.Interfaces[0].IPv4, len(n.Interfaces)), "eth0[10.0.0.1/32 10.0.0.2/32 10.0.0.3/32] 2"
			}},
		{"a flat VLAN is no label", `{"hostname":"a1","interfaces":"eth0,eth0_100","macaddress_eth0":"02:00:00:00:00:01","macaddress_eth0_100":"02:00:00:00:00:01","ipaddress_eth0_100":"10.0.0.2"}`,
			func(n *Node) (any, any) { return len(n.Interfaces), 2 }},
		{"facter 4's flat spelling", `{"hostname":"a1","interfaces":"vlan.101","ipaddress_vlan.101":"10.0.0.2","netmask_vlan.101":"255.255.255.0"}`,
			func(n *Node) (any, any) {
				return fmt.Sprint(n.Interfaces[0].Name, n.Interfaces[0].IPv4), "vlan.101[10.0.0.2/24]"
			}},
		{"addresses without a list", `{"hostname":"a1","ipaddress_eth1":"10.0.0.2","ipaddress_eth0":"10.0.0.1"}`, func(n *Node) (any, any) { return n.Interfaces[0].Name + n.Interfaces[1].Name, "eth0eth1" }},
		{"IPv6 that lasts", `{"hostname":"a1","networking":{"interfaces":{"eth0":{"bindings6":[{"address":"2001:db8::9","netmask":"ffff:ffff:ffff:ffff::","scope6":"global","flags":["temporary"]},
			{"address":"2001:db8::8","netmask":"ffff:ffff:ffff:ffff::","scope6":"global","flags":["deprecated"]},{"address":"fe80::1","netmask":"ffff:ffff:ffff:ffff::","scope6":"link"},
			{"address":"2001:db8::2","netmask":"ffff:ffff:ffff:ffff::","scope6":"global"},{"address":"2001:db8::1","netmask":"ffff:ffff:ffff:ffff::","scope6":"global","flags":["permanent"]}]}}}}`,
			func(n *Node) (any, any) { return fmt.Sprint(n.Interfaces[0].IPv6), "[2001:db8::1/64 2001:db8::2/64]" }},
		{"an interface called like a large fact", `{"hostname":"a1","networking":{"interfaces":{"zfs":{"ip":"10.0.0.1"}}}}`, func(n *Node) (any, any) { return len(n.Interfaces[0].IPv4), 1 }},
		{"MAC in lower case", `{"hostname":"a1","interfaces":"eth0","macaddress_eth0":"52:54:00:E2:A4:EE"}`, func(n *Node) (any, any) { return n.Interfaces[0].MAC, "52:54:00:e2:a4:ee" }},
		{"flat and structured agree", `{` + eth0 + `,"hostname":"A1","ipaddress_eth0":"10.0.0.1","netmask_eth0":"255.255.255.0","macaddress_eth0":"02:00:00:00:00:01","mtu_eth0":"1500"}`,
			func(n *Node) (any, any) { return n.Primary, "eth0" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			nodes, problems := fromText(tt.facts, DefaultLimits())
			if len(problems) > 0 || len(nodes) != 1 {
				t.Fatalf("%d nodes, %v", len(nodes), problems)
			}
			if got, want := tt.want(nodes[0]); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	deep := strings.Repeat("[", 70) + strings.Repeat("]", 70)
	tests := []struct {
		name, facts string
		class       problem.Class
		where       string // part of the problem's line
	}{
		{"flat address differs", `{` + eth0 + `,"ipaddress_eth0":"10.0.0.2"}`, factConflict, "ipaddress_eth0"},
		{"flat mask differs", `{` + eth0 + `,"ipaddress_eth0":"10.0.0.1","netmask_eth0":"255.255.0.0"}`, factConflict, "netmask_eth0"},
		{"flat MAC differs", `{` + eth0 + `,"macaddress_eth0":"02:00:00:00:00:02"}`, factConflict, "macaddress_eth0"},
		{"flat MTU differs", `{` + eth0 + `,"mtu_eth0":"9000"}`, factConflict, "mtu_eth0"},
		{"flat first address differs", `{"networking":{"hostname":"a1","ip":"10.0.0.1","interfaces":{"eth0":{"ip":"10.0.0.1"}}},"ipaddress":"10.0.0.2"}`, factConflict, "networking.ip"},
		{"flat interface is unknown", `{` + eth0 + `,"interfaces":"eth0,eth1,down","ipaddress_eth1":"10.0.1.2"}`, factConflict, "eth1"},
		{"flat name differs", `{` + eth0 + `,"hostname":"a2"}`, factConflict, "networking.hostname"},
		{"flat memory differs", `{"hostname":"a1","memory":{"system":{"total_bytes":4123168604}},"memorysize_mb":"1869.45"}`, factConflict, "memory.system.total_bytes"},
		{"flat processors differ", `{"hostname":"a1","processors":{"count":4},"processorcount":"2"}`, factConflict, "processors.count"},
		{"flat system differs", `{"hostname":"a1","os":{"family":"Debian"},"osfamily":"RedHat"}`, factConflict, "os.family"},
		{"two spellings in one", `{"hostname":"a1","interfaces":"eth0_1,eth0_1"}`, factConflict, "interfaces"},
		{"memory as text", `{"hostname":"a1","memory":{"system":{"total_bytes":"4123168604"}}}`, factType, "memory.system.total_bytes"},
		{"no memory at all", `{"hostname":"a1","memory":{"system":{"total_bytes":0}}}`, "fact.invalid", "memory.system.total_bytes"},
		{"bindings are a map", `{"hostname":"a1","networking":{"interfaces":{"eth0":{"bindings":{}}}}}`, factType, "networking.interfaces.eth0.bindings"},
		{"interfaces are a list", `{"hostname":"a1","networking":{"interfaces":[]}}`, factType, "networking.interfaces"},
		{"datacenter with an escape", `{"hostname":"a1","datacenter":"d\u001b[2J"}`, "fact.unsafe", "datacenter"},
		{"MAC with a line end", `{"hostname":"a1","interfaces":"eth0","macaddress_eth0":"02:00:00:00:00:01\n"}`, "fact.unsafe", "macaddress_eth0"},
		{"certname", `{"name":"../x","values":{"hostname":"a1"}}`, "fact.unsafe", "certname"},
		{"JSON of nothing", ``, inputSyntax, "empty"},
		{"JSON of two", `{"hostname":"a1"} {}`, inputSyntax, ":1:"},
		{"key twice, escaped", "{\"hostname\":\"a1\",\n\"h\\u006fstname\":\"a1\"}", inputDuplicate, ":2: hostname"},
		{"key twice in what is not kept", `{"hostname":"a1","disks":{"sda":{"a":1,"a":2}}}`, inputDuplicate, "disks.sda.a"},
		{"surrogate in what is not kept", `{"hostname":"a1","disks":{"sda":"\udc00\ud800"}}`, inputEncoding, "disks.sda"},
		{"depth of what is not kept", `{"hostname":"a1","disks":` + deep + `}`, inputLimit, "disks"},
		{"byte that is no UTF-8", "{\"hostname\":\"a1\",\n\"x\":\"\xe9\"}", inputEncoding, ":2:"},
		{"UTF-16", "\xff\xfe{\x00}\x00", inputEncoding, ":1:"},
		{"cut number", `{"a":1.}`, inputSyntax, ":1:"},
		{"leading zero", `{"a":01}`, inputSyntax, ":1:"},
		{"array of numbers", `[1,2]`, inputSyntax, "none of PuppetDB's"},
		{"array of facts", `[{"hostname":"a1"}]`, inputSyntax, "none of PuppetDB's"},
		{"array cut", `[{"certname":"a1","facts":{"hostname":"a1"}},`, inputSyntax, "ends in the middle"},
		{"array and more", `[] []`, inputSyntax, "behind the end"},
		{"array without commas", "[{\"certname\":\"a1\",\"facts\":{\"hostname\":\"a1\"}}\n{}]", inputSyntax, ":2:"},
		{"array with a hole", `[,]`, inputSyntax, "missing"},
		{"key twice in an element", "[\n{\"certname\":\"a1\",\"facts\":{\n\"hostname\":\"a1\",\n\"hostname\":\"a1\"}}]", inputDuplicate, ":4: facts.hostname"},
		{"factset not expanded", `[{"certname":"a1","facts":{"href":"/pdb/query/v4/factsets/a1/facts"}}]`, inputSyntax, "inventory"},
		{"fact twice in rows", `[{"certname":"a1","name":"hostname","value":"a1"},{"certname":"a1","name":"hostname","value":"a1"}]`, inputDuplicate, "hostname"},
		{"one node twice", `[{"certname":"a1","facts":{"hostname":"a1"}},{"certname":"A1","facts":{"hostname":"a1"}}]`, nodeDuplicate, "[2]"},
		{"YAML of a list", "- a\n", inputSyntax, "map"},
		{"YAML of two documents", "hostname: a1\n--- \nhostname: a2\n", inputSyntax, "second document"},
		{"YAML key twice", "hostname: a1\nhostname: a1\n", inputDuplicate, ":2: hostname"},
		{"YAML tag within", "hostname: !ruby/object:Gem::Installer a1\n", inputTag, ":1: hostname"},
		{"YAML binary", "hostname: !!binary YTE=\n", inputTag, ":1: hostname"},
		{"YAML wrapper within", "a: !ruby/object:Puppet::Node::Facts\n  name: a1\n", inputTag, ":1: a"},
		{"YAML symbol as another key", "!ruby/sym hostname: a1\n", inputTag, "hostname"},
		{"YAML surrogate", `hostname: "\ud800"`, inputEncoding, ""},
		{"YAML alias within itself", "a: &a\n  b: *a\n", inputSyntax, "within itself"},
		{"YAML number for a name", "hostname: 7601\n", factType, "hostname"},
		{"YAML merge", "a: &a\n  b: 1\n<<: *a\n", inputSyntax, "merged"},
		{"YAML wrapper of nothing", "--- !ruby/object:Puppet::Node::Facts\nname: a1\n", inputSyntax, "values"},
		{"YAML deep", "a: " + deep, inputLimit, "deep"},
		{"YAML very deep", "a: " + strings.Repeat("[", 20_000), inputLimit, ""},
		{"YAML of many values", "a: [" + strings.Repeat("x,", 100_001) + "x]", inputLimit, "values"},
		{"YAML of many aliases", "a: &a x\nb: [" + strings.Repeat("*a ,", 1001) + "x]", inputLimit, "aliases"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := fromText(tt.facts, DefaultLimits())
			if len(problems) != 1 || problems[0].Class != tt.class || !strings.Contains(problems[0].Error(), tt.where) {
				t.Errorf("got %v, want one %s with %q", problems, tt.class, tt.where)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	limits := DefaultLimits()
	limits.File, limits.Array = 200_000, 300_000
	long := strings.Repeat("x", 199_000)
	node := func(name string) string {
		return `{"certname":"` + name + `","facts":{"hostname":"` + name + `","x":"` + long[:100_000] + `"}}`
	}
	tests := []struct {
		name, facts string
		class       problem.Class // empty: accepted
	}{
		{"a file as long as may be", `{"hostname":"a1","x":"` + long + `"}`, ""},
		{"a file that is longer", `{"hostname":"a1","x":"` + long + long + `"}`, inputLimit},
		{"an array as long as may be", "[" + node("a1") + "," + node("a2") + "]", ""},
		{"an array that is longer", "[" + node("a1") + "," + node("a2") + "," + node("a3") + "]", inputLimit},
		{"an element that is longer", `[{"certname":"` + long + long[:50_000] + `"}]`, inputLimit},
		{"a YAML file that is longer", "hostname: a1\nx: " + long + long, inputLimit},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := fromText(tt.facts, limits)
			switch {
			case tt.class == "" && len(problems) > 0:
				t.Errorf("refused: %v", problems)
			case tt.class != "" && (len(problems) != 1 || problems[0].Class != tt.class):
				t.Errorf("got %v, want %s", problems, tt.class)
			}
		})
	}
}

// All problems of all files come at once, sorted, whatever the order of the files.
func TestAllProblems(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"b.json": `{"hostname":"b 1","memory":{"system":{"total_bytes":-1}},"processorcount":"many"}`,
		"a.yaml": "hostname: a1\nhostname: a2\nos: !x y\n",
		"c.json": `{"hostname":"c1"}`, "d.json": `{"hostname":"C1"}`,
	}
	var paths []string
	for name, content := range files {
		paths = append(paths, filepath.Join(dir, name))
		if err := os.WriteFile(paths[len(paths)-1], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	paths = append(paths, filepath.Join(dir, "none.json"))
	slices.Sort(paths)
	_, want := Read(paths, nil, DefaultLimits())
	var classes []string
	for _, p := range want {
		classes = append(classes, string(p.Class))
	}
	if got := strings.Join(classes, " "); got != "input.duplicate-key input.tag fact.unsafe fact.invalid fact.invalid input.syntax node.duplicate" {
		t.Errorf("classes %s in\n%v", got, want)
	}
	slices.Reverse(paths)
	if _, got := Read(paths, nil, DefaultLimits()); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("another order of files:\n%v\n%v", got, want)
	}
}

func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"any-name": `{"hostname":"a1"}`, ".hidden": "{", "b.txt": "hostname: b1\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if nodes := read(t, dir); len(nodes) != 2 || nodes[0].Identity != "a1" || nodes[1].Identity != "b1" {
		t.Errorf("nodes %v", nodes)
	}
}
