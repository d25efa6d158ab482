package topology

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators/problem"
)

const smallest = "version: 1\nestate: e\n"

func TestFaultsOfForm(t *testing.T) {
	for _, c := range []struct{ name, text, class, where, says string }{
		{"not YAML", smallest + "brokers: [", "input.syntax", "t.yaml:3", ""},
		{"tabs", smallest + "brokers:\n\tmain: {}\n", "input.syntax", "t.yaml:4", ""},
		{"empty", "", "input.syntax", "t.yaml", "empty"},
		{"a comment alone", "# nothing\n", "input.syntax", "t.yaml", "empty"},
		{"a list", "- a\n", "input.syntax", "t.yaml", "map"},
		{"two documents", smallest + "---\n" + smallest, "input.syntax", "t.yaml", "second"},
		{"not UTF-8", smallest + "# \xff\n", "input.encoding", "t.yaml", ""},
		{"a key twice", smallest + "estate: f\n", "input.duplicate-key", "t.yaml:3: estate", ""},
		{"a key twice below", smallest + "limits: {nofile: 1, nofile: 2}\n", "input.duplicate-key", "t.yaml:3: limits.nofile", ""},
		{"a tag", smallest + "software: {rabbitmq: !!str 3.10}\n", "input.tag", "t.yaml:3: software.rabbitmq", ""},
		{"a tag of Ruby", smallest + "software: !ruby/object:Object {}\n", "input.tag", "t.yaml:3: software", ""},
		{"a merge key", smallest + "limits: {<<: {nofile: 1}}\n", "topology.unknown-key", "t.yaml:3: limits.<<", ""},
		{"a map as key", smallest + "limits: {[a]: 1}\n", "topology.type", "t.yaml:3: limits", ""},
		{"deep", smallest + "include: " + strings.Repeat("[", 70) + strings.Repeat("]", 70) + "\n", "input.limit", "", "deep"},
		{"bomb", smallest + bomb(), "input.limit", "", ""},
		{"alias of itself", smallest + "include: &a [*a]\n", "input.limit", "", ""},
		{"too long", smallest + "# " + strings.Repeat("x", maxBytes), "input.limit", "t.yaml", "long"},
		{"unknown key", smallest + "brokerz: {}\n", "topology.unknown-key", "t.yaml:3: brokerz", "did you mean brokers?"},
		{"unknown key that is near none", smallest + "flavour: mint\n", "topology.unknown-key", "t.yaml:3: flavour", "one of addresses, "},
		{"key with escapes", smallest + "\"bro\\nkers\": {}\n", "topology.unknown-key", `t.yaml:3: "bro\nkers"`, ""},
		{"no estate", "version: 1\n", "topology.type", "t.yaml:1", "estate is missing"},
		{"number for text", "version: 1\nestate: 5\n", "topology.type", "t.yaml:2: estate", "want text"},
		{"text for number", "version: one\nestate: e\n", "topology.type", "t.yaml:1: version", "whole number"},
		{"octal", smallest + "limits: {nofile: 010000}\n", "topology.type", "t.yaml:3: limits.nofile", "decimal"},
		{"number with point", smallest + "limits: {nofile: 1.5}\n", "topology.type", "t.yaml:3: limits.nofile", ""},
		{"huge number", smallest + "limits: {nofile: 99999999999999999999}\n", "topology.type", "t.yaml:3: limits.nofile", ""},
		{"yes for true", balancer("vrrp: {preempt: yes}"), "topology.type", "t.yaml:3: balancers.b.vrrp.preempt", "true or false"},
		{"list for map", smallest + "brokers: [a]\n", "topology.type", "t.yaml:3: brokers", "a map"},
		{"text for list", smallest + "brokers: {a: {kind: cluster, nodes: bhz76}}\n", "topology.type", "t.yaml:3: brokers.a.nodes", "a list"},
		{"map in list", smallest + "brokers: {a: {kind: cluster, nodes: [{}]}}\n", "topology.type", "t.yaml:3: brokers.a.nodes[0]", "text"},
		{"no unit", balancer("check: {inter: \"5\"}"), "topology.type", "t.yaml:3: balancers.b.check.inter", "unit"},
		{"number for duration", balancer("check: {inter: 5}"), "topology.type", "t.yaml:3: balancers.b.check.inter", "unit"},
		{"priority of nothing", balancer("vrrp: {priority: high}"), "topology.type", "t.yaml:3: balancers.b.vrrp.priority", "auto"},
		{"selector of nothing", collective("servers: web"), "topology.type", "t.yaml:3: collectives.c.servers", "role = web"},
		{"secret as text", collective("servers: all, psk: hunter2"), "secret.inline", "t.yaml:3: collectives.c.psk", ""},
		{"secret under another key", collective("servers: all, psk: {value: hunter2}"), "secret.inline", "t.yaml:3: collectives.c.psk.value", ""},
		{"name of a secret that is none", collective("psk: {secret: 'hunter2 is it'}"), "secret.inline", "t.yaml:3: collectives.c.psk.secret", ""},
		{"password of a user", smallest + "brokers: {a: {kind: cluster, nodes: [n], users: {u: {password: hunter2}}}}\n", "secret.inline", "t.yaml:3: brokers.a.users.u.password", ""},
		{"user that is a password", smallest + "brokers: {a: {kind: cluster, nodes: [n], users: {u: hunter2}}}\n", "secret.inline", "t.yaml:3: brokers.a.users.u", ""},
		{"password of VRRP", balancer("vrrp: {auth_pass: hunter2}"), "secret.inline", "t.yaml:3: balancers.b.vrrp.auth_pass", ""},
		{"include without a folder", smallest + "include: other.yaml\n", "topology.reference", "t.yaml:3: include", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := Parse("t.yaml", []byte(c.text))
			for _, p := range problems {
				if string(p.Class) == c.class && strings.HasPrefix(p.Where, c.where) && strings.Contains(p.Error(), c.says) {
					if strings.Contains(fmt.Sprint(problems), "hunter2") {
						t.Errorf("the problems show the secret: %v", problems)
					}
					return
				}
			}
			t.Errorf("got %v, want %s: %s: ... %s", problems, c.class, c.where, c.says)
		})
	}
}

func balancer(keys string) string {
	return smallest + "balancers: {b: {kind: haproxy, nodes: [n], to: main, " + keys + "}}\n"
}

func collective(keys string) string {
	return smallest + "collectives: {c: {via: main, user: {name: u, secret: s}, " + keys + "}}\n"
}

// bomb is ten levels of ten aliases.
func bomb() string {
	s := "limits:\n  a0: &a0 [x]\n"
	for i := 1; i < 10; i++ {
		s += fmt.Sprintf("  a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	return s
}

func TestAllFaultsAtOnce(t *testing.T) {
	_, problems := Parse("t.yaml", []byte("version: x\nestate: [a]\nbrokerz: {}\nlimits: {nofile: a, files: 1}\n"))
	if len(problems) != 5 {
		t.Errorf("got %d problems, want 5: %v", len(problems), problems)
	}
}

func TestValues(t *testing.T) {
	f, problems := Parse("t.yaml", []byte(`version: 1
estate: "5"
software: {rabbitmq: 3.10, openstack: 2023.1}
brokers:
  main:
    kind: cluster
    nodes: [a, b]
    listen: {amqp: 5672, stomp: null}
    paths: {data: null}
    node_name: {a: rabbit@a.x, b: rabbit@b.x}
    policies: [{name: p, pattern: "^", definition: {max-length: 5, ha-params: [a, 1], x: {y: true, z: 1.5, n: null}}}]
    vhosts: {/: {}, tao: null}
balancers:
  one: {kind: haproxy, nodes: [c], to: main, vip: 10.0.0.1/24, check: {inter: 500ms}, vrrp: {id: auto, priority: {c: 7}, preempt: true}}
  two: {kind: haproxy, nodes: [c], to: main, vip: [10.0.0.2/24, "fd00::1/64"], vrrp: {id: 7, priority: auto}}
collectives:
  c: {via: [main, other], servers: "role = web and os.name = Debian", psk: {secret: s}, user: {name: u, secret: t}}
  d: {via: main, servers: all, psk: {secret: s}, user: {name: u, secret: t}}
  e: {via: main, servers: [x, y], psk: {secret: s}, user: {name: u, secret: t}}
`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	main, one, two := f.Brokers["main"], f.Balancers["one"], f.Balancers["two"]
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"quoted number", f.Estate.V, "5"},
		{"version as a number", f.Software.RabbitMQ.V, "3.10"},
		{"line", f.Software.RabbitMQ.Line, 3},
		{"key", main.Listen.AMQP.Key, "brokers.main.listen.amqp"},
		{"set to null", [2]bool{main.Listen.STOMP.Off, main.Listen.STOMP.Set}, [2]bool{true, false}},
		{"left out", [2]bool{main.Listen.Management.Off, main.Listen.Management.Set}, [2]bool{false, false}},
		{"null text", main.Paths.Data.Set, false},
		{"item's key", main.Nodes[1].Key, "brokers.main.nodes[1]"},
		{"node names", main.NodeName.Each["b"].V, "rabbit@b.x"},
		{"plain values", fmt.Sprint(main.Policies[0].Definition["x"].V), "map[n:<nil> y:true z:1.5]"},
		{"list of values", fmt.Sprintf("%#v", main.Policies[0].Definition["ha-params"].V), `[]interface {}{"a", 1}`},
		{"null in a map of things", main.VHosts["tao"] != nil, true},
		{"duration", one.Check.Inter.V, 500 * time.Millisecond},
		{"word for a number", one.VRRP.ID.Word, "auto"},
		{"number for a word", two.VRRP.ID.Number, 7},
		{"priorities", one.VRRP.Priority.Each["c"].V, 7},
		{"no priorities", two.VRRP.Priority.Auto, true},
		{"one of many", len(one.VIP), 1},
		{"many", two.VIP[1].V, "fd00::1/64"},
		{"terms", fmt.Sprint(f.Collectives["c"].Servers.Terms), "[{role web} {os.name Debian}]"},
		{"all", f.Collectives["d"].Servers.All, true},
		{"listed", len(f.Collectives["e"].Servers.List), 2},
		{"name of a secret", f.Collectives["c"].PSK.Name, "s"},
		{"bare name of a secret", f.Collectives["c"].User.Secret.Name, "t"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
}

func files(t *testing.T, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range contents {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestIncludes(t *testing.T) {
	dir := files(t, map[string]string{
		"top.yaml":      "include: [base.yaml, sub/more.yaml]\nlimits: {nofile: 3000}\nbrokers: {main: {nodes: [c]}}\n",
		"base.yaml":     smallest + "limits: {nofile: 1000}\nbrokers: {main: {kind: cluster, nodes: [a, b], format: conf}}\n",
		"sub/more.yaml": "include: third.yaml\nlimits: {nofile: 2000}\nbrokers: {main: {format: classic}}\n",
		"third.yaml":    "addresses: {c: 10.0.0.1}\n",
	})
	f, problems := Read(filepath.Join(dir, "top.yaml"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	main := f.Brokers["main"]
	if f.Limits.NoFile.V != 3000 || main.Format.V != "classic" || main.Kind.V != "cluster" || len(main.Nodes) != 1 || f.Addresses["c"][0].V != "10.0.0.1" {
		t.Errorf("merged to %+v and %+v", f, main)
	}
	if want := filepath.Join(dir, "sub/more.yaml") + ":3"; !strings.HasPrefix(main.Format.String(), want) {
		t.Errorf("format is at %s, want %s", main.Format.Place, want)
	}
}

func TestIncludesThatAreRefused(t *testing.T) {
	outside := files(t, map[string]string{"secret.yaml": smallest})
	for _, c := range []struct{ name, include, class, says string }{
		{"itself", "top.yaml", "topology.reference", "loop"},
		{"each other", "back.yaml", "topology.reference", "top.yaml -> back.yaml -> top.yaml"},
		{"nothing", "none.yaml", "topology.reference", "no such file"},
		{"the folder above", "../x.yaml", "topology.reference", "outside"},
		{"an absolute path", "/etc/passwd", "topology.reference", "outside"},
		{"a link out", "link.yaml", "topology.reference", "escapes"},
		{"a folder", "folder", "topology.reference", "not a regular file"},
		{"a number", "5", "topology.type", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := files(t, map[string]string{"top.yaml": smallest + "include: " + c.include + "\n", "back.yaml": "include: top.yaml\n", "folder/x": ""})
			if err := os.Symlink(filepath.Join(outside, "secret.yaml"), filepath.Join(dir, "link.yaml")); err != nil {
				t.Fatal(err)
			}
			f, problems := Read(filepath.Join(dir, "top.yaml"))
			if f != nil || len(problems) != 1 || string(problems[0].Class) != c.class || !strings.Contains(problems[0].Error(), c.says) {
				t.Errorf("got %v", problems)
			}
		})
	}
}

func TestATopologyThatIsALink(t *testing.T) {
	dir := files(t, map[string]string{"top.yaml": smallest + "include: base.yaml\n", "base.yaml": "limits: {nofile: 1000}\n"})
	link := filepath.Join(t.TempDir(), "topology.yaml")
	if err := os.Symlink(filepath.Join(dir, "top.yaml"), link); err != nil {
		t.Fatal(err)
	}
	f, problems := Read(link)
	if len(problems) > 0 || f.Limits.NoFile.V != 1000 {
		t.Errorf("got %+v, %v", f, problems)
	}
	if _, problems := Read(link + ".none"); len(problems) != 1 || problems[0].Class != "input.syntax" {
		t.Errorf("no file: %v", problems)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"seed000.yaml", "seed001.fixed.yaml", "seed003.yaml", "seed004.target.yaml"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "generators", "topology", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(smallest + bomb()))
	f.Add([]byte(smallest + "include: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, problems := Parse("t.yaml", data)
		if file == nil && !problems.Failed() {
			t.Error("there is no topology, and nothing is wrong")
		}
		checkOneLine(t, problems)
	})
}

func checkOneLine(t *testing.T, problems problem.List) {
	t.Helper()
	for _, p := range problems {
		for _, c := range p.Error() {
			if c < ' ' || c > '~' {
				t.Fatalf("a problem is not one line of ASCII: %q", p.Error())
			}
		}
	}
}
