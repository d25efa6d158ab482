package acceptance

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/lab"
)

// puppetTopology is an estate of four machines, and a second balancer that is never there.
const puppetTopology = `version: 1
estate: lab
brokers:
  main:
    kind: standalone
    nodes: [mq1]
    vhosts: {"/": {}, "/mcollective": {}}
    users: {app: {secret: mq_app, tags: [monitoring]}}
    permissions: [{user: app, vhost: "/", configure: ".*", write: ".*", read: ".*"}]
balancers:
  front:
    kind: haproxy
    nodes: [ha1, ha2]
    to: main
    vip: 192.0.2.100/24
    ports: {amqp: 5672, stomp: 61613}
    check: {inter: 1s, rise: 1, fall: 1}
    stats: {port: 8100, user: admin, secret: hap_stats}
    vrrp: {id: 77, advert: 1, secret: vrrp_front}
collectives:
  mcollective:
    servers: [web1]
    clients: [op1]
    via: front
    psk: {secret: mc_psk}
    user: {name: mcollective, secret: mc_pass}
`

// puppetSecrets are the estate's; none of them may be found where Puppet writes.
var puppetSecrets = map[string]string{
	"mq_app": "Zq-app-73915", "hap_stats": `Zq-s"ats'\73915`, "vrrp_front": "Zq#73915", "mc_psk": "Zq psk 73915", "mc_pass": "Zq$pass-73915",
	"erlang_cookie": "ZQCOOKIE739150000000",
}

func addressOf(t *testing.T, name string) netip.Prefix {
	t.Helper()
	last, ok := map[string]int{"ha1": 11, "ha2": 12, "mq1": 21, "web1": 31, "op1": 41}[name]
	if !ok {
		t.Fatalf("nobody is called %s", name)
	}
	return netip.MustParsePrefix("192.0.2." + strconv.Itoa(last) + "/24")
}

// puppet is what Puppet runs for one machine: its own configuration, its own state, and the module as it stands in this tree.
type puppet struct {
	dir      string // with topology, manifest, and Puppet's folders
	node     string
	topology string
	classes  string // what the manifest declares besides class mco
	mco      string // further attributes of class mco
	services string // the program of machine_test.go
}

func newPuppet(t *testing.T, node, classes string) *puppet {
	t.Helper()
	lab.Need(t, lab.Puppet, lab.Facter)
	p := &puppet{dir: t.TempDir(), node: node, topology: puppetTopology, classes: classes}
	for _, dir := range []string{"modules", "confdir/data", "vardir"} {
		if err := os.MkdirAll(filepath.Join(p.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(p.dir, 0o755); err != nil { // files in it are asked for by others than root
		t.Fatal(err)
	}
	if err := os.Symlink(lab.Root(), filepath.Join(p.dir, "modules", "mco")); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(map[string]any{"mco::nodes": inventory(t, "ha1", "ha2", "mq1", "web1", "op1")})
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "confdir/data/common.json", string(data))
	p.write(t, "confdir/hiera.yaml", "version: 5\nhierarchy: [{name: all, path: common.json, data_hash: json_data}]\ndefaults: {datadir: data}\n")
	p.services = filepath.Join(p.dir, "service")
	if err := os.WriteFile(p.services, []byte(strings.ReplaceAll(services, "MCOLLECTIVED", lab.Program(t, "mcollectived"))), 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *puppet) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// inventory is what PuppetDB would return of the named nodes.
func inventory(t *testing.T, names ...string) []any {
	t.Helper()
	var rows []any
	for _, name := range names {
		a := addressOf(t, name)
		rows = append(rows, map[string]any{"certname": name, "facts": map[string]any{
			"os":         map[string]any{"family": "Debian", "name": "Debian", "release": map[string]any{"full": "12.11", "major": "12"}},
			"memory":     map[string]any{"system": map[string]any{"total_bytes": 4 << 30}},
			"processors": map[string]any{"count": 2},
			"networking": map[string]any{"hostname": name, "fqdn": name, "primary": "eth0", "ip": a.Addr(), "interfaces": map[string]any{
				"eth0": map[string]any{"ip": a.Addr(), "bindings": []any{map[string]any{"address": a.Addr(), "netmask": "255.255.255.0", "network": "192.0.2.0"}}},
			}},
		}})
	}
	return rows
}

// attributes of a service resource that knows no service manager. restart is what a refresh does.
func (p *puppet) attributes(service, restart string) string {
	call := func(verb string) string { return fmt.Sprintf("'%s' => '%s %s %s'", verb, p.services, service, verb) }
	return fmt.Sprintf("{ 'provider' => 'base', %s, %s, %s, 'restart' => '%s %s %s' }", call("start"), call("stop"), call("status"), p.services, service, restart)
}

// apply runs Puppet on the machine and returns what it said. Whatever it does, no secret may be in that or in Puppet's own files.
func (p *puppet) apply(t *testing.T, m *machine, options ...string) (string, int) {
	t.Helper()
	p.write(t, "estate.yaml", p.topology)
	var secrets strings.Builder
	for _, name := range slices.Sorted(maps.Keys(puppetSecrets)) {
		fmt.Fprintf(&secrets, "    '%s' => '%s',\n", name, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(puppetSecrets[name]))
	}
	p.write(t, "site.pp", fmt.Sprintf("class { 'mco':\n  command  => '%s',\n  topology => file('%s/estate.yaml'),\n%s  secrets  => Sensitive({\n%s  }),\n}\n%s",
		lab.Program(t, "mco"), p.dir, p.mco, &secrets, p.classes))
	out, exit := m.try(t, append(p.command("apply", "--detailed-exitcodes", "--report", "--reports", "store", "--show_diff"),
		append(options, filepath.Join(p.dir, "site.pp"))...)...)
	p.keepsSecrets(t, out)
	return out, exit
}

// command is Puppet with nothing of this machine's Puppet.
func (p *puppet) command(face string, more ...string) []string {
	args := []string{"env", "HOME=" + p.dir, "timeout", "300", "puppet", face, "--color=false", "--certname", p.node, "--modulepath", p.dir + "/modules",
		"--confdir", p.dir + "/confdir", "--vardir", p.dir + "/vardir"}
	for _, dir := range []string{"rundir", "logdir", "publicdir"} {
		args = append(args, "--"+dir, p.dir+"/vardir/"+dir)
	}
	return append(args, more...)
}

func (p *puppet) keepsSecrets(t *testing.T, output string) {
	t.Helper()
	check := func(where, text string) {
		for name, value := range puppetSecrets {
			quoted, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(text, value) || strings.Contains(text, strings.Trim(string(quoted), `"`)) {
				t.Errorf("%s holds the secret %s:\n%s", where, name, text)
			}
		}
	}
	check("the output", output)
	err := filepath.WalkDir(filepath.Join(p.dir, "vardir"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		check(path, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// mentions tells what of the texts the output lacks.
func mentions(t *testing.T, output string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(output, text) {
			t.Errorf("the output lacks %q:\n%s", text, output)
		}
	}
}

// ends fails the test when a run did not end with the code.
func ends(t *testing.T, output string, exit, want int) {
	t.Helper()
	if exit != want {
		t.Fatalf("exit code %d, want %d:\n%s", exit, want, output)
	}
}

// tree is a folder's files with mode, time of change and content.
func tree(t *testing.T, m *machine, folders ...string) string {
	t.Helper()
	return m.run(t, "sh", "-c", `find "$@" -type f -printf '%p %m %u %g %i %T@\n' -exec cksum {} + | sort`, "sh", strings.Join(folders, " "))
}

// Below a scratch root: noop shows what would be and writes nothing, the first run writes, the second does not, a hand's edit is put
// right, and a topology with a mistake leaves everything as it is.
func TestPuppetRoot(t *testing.T) {
	t.Parallel()
	m := newMachine(t, lab.NewNetwork(t), "ha1")
	p := newPuppet(t, "ha1", "class { 'mco::balancer': packages => [] }\n")
	root := filepath.Join(p.dir, "root")
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	p.mco = fmt.Sprintf("  root => '%s', confdir => '%s/mco', manage_services => false,\n", root, p.dir)
	file := filepath.Join(root, "etc/haproxy/haproxy.cfg")

	out, exit := p.apply(t, m, "--noop")
	ends(t, out, exit, 0)
	mentions(t, out, "Mco_target[estate:/etc/haproxy/haproxy.cfg]", "+    bind 0.0.0.0:5672", "Mco_target[estate:/etc/keepalived/keepalived.conf]", "Mco_files[haproxy]", "(noop)")
	if exists(file) || exists(filepath.Join(p.dir, "mco")) {
		t.Error("noop wrote something")
	}
	out, exit = p.apply(t, m)
	ends(t, out, exit, 2)
	first := tree(t, m, root)
	for _, want := range []string{"/etc/haproxy/haproxy.cfg 640 root haproxy", "/etc/keepalived/keepalived.conf 600 root root", "/etc/keepalived/haproxy_check.sh 755 root root"} {
		if !strings.Contains(first, want) {
			t.Errorf("there is no %q in\n%s", want, first)
		}
	}
	out, exit = p.apply(t, m)
	ends(t, out, exit, 0)
	if again := tree(t, m, root); again != first {
		t.Errorf("the second run made of\n%s\nthis:\n%s", first, again)
	}

	right := p.topology
	p.topology = strings.Replace(right, "to: main", "to: mian", 1)
	out, exit = p.apply(t, m)
	if exit != 4 && exit != 6 {
		t.Errorf("a topology with a mistake: exit code %d", exit)
	}
	mentions(t, out, "topology.reference", "mian")
	if again := tree(t, m, root); again != first {
		t.Errorf("a topology with a mistake made of\n%s\nthis:\n%s", first, again)
	}

	p.topology = right
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, "# by hand\n"...), 0o640); err != nil {
		t.Fatal(err)
	}
	out, exit = p.apply(t, m)
	ends(t, out, exit, 2)
	mentions(t, out, "-# by hand", "Mco_files[haproxy]")
	if strings.Contains(out, "Mco_files[keepalived]") {
		t.Errorf("keepalived has to do with it:\n%s", out)
	}
	if put, err := os.ReadFile(file); err != nil || string(put) != string(text) {
		t.Errorf("the file is now %q (%v)", put, err)
	}
}
