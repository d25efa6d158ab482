package acceptance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/internal/lab"
)

// oldDay is the fleet that an operator of the original knows: two brokers that know nothing of each other, and five nodes with both in
// their pool, of which two run the original and three ours.
type oldDay struct {
	dir     string
	brokers []*lab.Broker
	nodes   []*lab.Node
	clients []*lab.Client // the original's and ours
	service string
	runs    int // of Puppet, on each node
}

// puppetProgram stands for Puppet, which has a test with the real one: it tells its settings, and a run is a new summary.
const puppetProgram = `#!/bin/sh
set -eu
dir=$(dirname "$0")
case $1 in
config)
	for name in agent_disabled_lockfile agent_catalog_run_lockfile pidfile lastrunfile lastrunreport resourcefile config; do
		echo "$name = $dir/$name"
	done ;;
agent)
	printf -- '---\ntime:\n  last_run: %s\n  total: 1.5\nresources:\n  total: 7\n  changed: 1\n' "$(date +%s)" >"$dir/new"
	mv "$dir/new" "$dir/lastrunfile"
	echo run >>"$dir/runs" ;;
*) exit 1 ;;
esac
`

func newOldDay(t *testing.T) *oldDay {
	t.Helper()
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	d := &oldDay{dir: t.TempDir(), brokers: lab.Brokers(t, lab.RabbitMQKind, 2, lab.BrokerOptions{})}
	s := everyDay{dir: d.dir, lib: t.TempDir()} // one service and one set of plugins do for all
	s.prepareLib(t)
	s.prepareService(t)
	d.service = s.service
	if out, err := exec.Command(filepath.Join("/etc/init.d", d.service), "start").CombinedOutput(); err != nil {
		t.Fatalf("start the service: %v\n%s", err, out)
	}
	libs := []string{s.lib, shellLib(t, "day"), shellLib(t, "execute")}
	for i, name := range []string{"web1.ruby", "db1.ruby", "web2.go", "db2.go", "web3.go"} {
		c := lab.ServerCfg{Identity: name, Classes: []string{"base", "role::" + name[:len(name)-len("1.go")]}}
		if strings.HasSuffix(name, ".ruby") {
			c.Classes[1] = "role::" + name[:len(name)-len("1.ruby")]
		}
		c.Facts = fmt.Sprintf("---\nrole: %s\nosfamily: Debian\nrack: %d\n", strings.TrimPrefix(c.Classes[1], "role::"), i%2)
		c.Cfg = lab.Cfg{Brokers: d.brokers, LibDirs: libs, Extra: []string{
			"plugin.puppet.command = " + d.puppet(t, name) + " agent", "plugin.service.provider = init", "plugin.package.provider = apt",
			"plugin.rabbitmq.max_reconnect_delay = 2", "plugin.mco.pool.failback = 5",
		}}
		start := lab.GoNode
		if strings.HasSuffix(name, ".ruby") {
			start = lab.RubyNode
		}
		d.nodes = append(d.nodes, start(t, c))
	}
	cfg := lab.ClientCfg{Cfg: lab.Cfg{Brokers: d.brokers, LibDirs: libs}}
	d.clients = []*lab.Client{lab.RubyMco(t, cfg), lab.GoMco(t, cfg)}
	return d
}

// puppet makes a node's Puppet and returns its program.
func (d *oldDay) puppet(t *testing.T, node string) string {
	t.Helper()
	dir := filepath.Join(d.dir, node)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "puppet")
	if err := os.WriteFile(program, []byte(puppetProgram), 0o755); err != nil {
		t.Fatal(err)
	}
	return program
}

// settled waits until every node has made as many runs of Puppet as were asked for.
func (d *oldDay) settled(t *testing.T) {
	t.Helper()
	lab.Wait(t, "the runs of Puppet", time.Minute, func() error {
		for _, n := range d.nodes {
			raw, err := os.ReadFile(filepath.Join(d.dir, n.Identity, "runs"))
			if err != nil {
				return err
			}
			if got := strings.Count(string(raw), "run\n"); got != d.runs {
				return fmt.Errorf("%s ran %d times, not %d", n.Identity, got, d.runs)
			}
		}
		return nil
	})
}

// at waits until all nodes are at a broker.
func (d *oldDay) at(t *testing.T, b *lab.Broker) {
	t.Helper()
	for _, n := range d.nodes {
		n.WaitReady(t, b, 90*time.Second)
	}
}

// oldCommands is what the operator does, as one types it. The original's applications for service, puppet and package are in no package;
// mco rpc asks the same agents.
var oldCommands = []struct {
	line   string
	exit   int
	nodes  int    // how many are named in the answer; -1: not compared
	wanted string // in the answer of each program
}{
	{"ping", 0, 5, "5 replies"},
	{"find", 0, 5, "web1.ruby"},
	{"find -F role=web", 0, 3, "web3.go"},
	{"find -C role::db -F rack=1", 0, 2, "db2.go"},
	{"facts role", 0, -1, "found 2 times"},
	{"inventory web1.ruby", 0, 1, "Agents:"},
	{"inventory web2.go", 0, 1, "Agents:"},
	{"shell uptime", 0, 5, "load average"},
	{"rpc service status service=SERVICE -F role=web", 0, 3, "running = 3"},
	{"rpc puppet runonce force=true", 0, 0, "5 / 5"},
	{"rpc puppet status", 0, 5, "stopped = 5"},
	{"rpc package status package=bash", 0, 5, "5 / 5"},
}

// TestOldFleetsDay plays an operator's commands one after the other with the original's mco and with ours, before one fleet of nodes of both
// programs: with both brokers, without the first, and without the second. Both programs say the same.
func TestOldFleetsDay(t *testing.T) {
	t.Parallel()
	d := newOldDay(t)
	first, second := d.brokers[0], d.brokers[1]
	d.at(t, first)
	t.Run("both brokers", d.play)
	t.Run("all nodes answer the same", d.agree)

	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	d.at(t, second)
	t.Run("broker 1 stopped", d.play)

	if err := second.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	d.at(t, first)
	t.Run("broker 2 stopped, 1 started", d.play)
	for _, n := range d.nodes {
		n.Alive(t)
	}
}

func (d *oldDay) play(t *testing.T) {
	for _, c := range oldCommands {
		t.Run(c.line, func(t *testing.T) {
			var said [2]string
			for i, mco := range d.clients {
				args := strings.Fields(strings.ReplaceAll(c.line, "SERVICE", d.service))
				stdin := "" // else both take it for a list of nodes
				if args[0] == "shell" {
					stdin = "y\n"
				}
				out := mco.RunWith(t, stdin, nil, args...)
				if strings.Contains(c.line, "runonce") {
					d.runs++
					d.settled(t)
				}
				if out.Exit != c.exit {
					t.Errorf("%s: exit code %d, want %d\n%s", mco.Name, out.Exit, c.exit, out.All())
				}
				if !strings.Contains(colours.ReplaceAllString(out.Stdout, ""), c.wanted) {
					t.Errorf("%s: no %q in\n%s", mco.Name, c.wanted, out.All())
				}
				if n := d.named(out.Stdout); c.nodes >= 0 && n != c.nodes {
					t.Errorf("%s: %d nodes are named, want %d\n%s", mco.Name, n, c.nodes, out.All())
				}
				said[i] = plainDay(out.Stdout)
			}
			if diff := cmp.Diff(said[0], said[1]); diff != "" {
				t.Errorf("(-original +ours)\n%s", diff)
			}
		})
	}
}

// agree compares what nodes of both programs answer to the same questions.
func (d *oldDay) agree(t *testing.T) {
	for _, line := range []string{"service status service=" + d.service, "puppet status", "package status package=bash",
		"package status package=mco-go-nosuch", "shell execute cmd=true"} {
		answers, out, err := rpc(t, d.clients[1], strings.Fields(line)...)
		if err != nil || len(answers) != len(d.nodes) {
			t.Fatalf("%s: %d answers, %v\n%s", line, len(answers), err, out.All())
		}
		for node, a := range answers {
			a.Sender = ""
			answers[node] = a
			for _, moment := range []string{"lastrun", "since_lastrun", "message"} {
				delete(a.Data, moment)
			}
		}
		original := answers[d.nodes[0].Identity]
		for _, n := range d.nodes[1:] {
			if diff := cmp.Diff(original, answers[n.Identity]); diff != "" {
				t.Errorf("%s: (-%s +%s)\n%s", line, d.nodes[0].Identity, n.Identity, diff)
			}
		}
	}
}

// named counts the nodes that a text names.
func (d *oldDay) named(text string) (n int) {
	for _, node := range d.nodes {
		if strings.Contains(text, node.Identity) {
			n++
		}
	}
	return n
}

// What differs from one moment to the next.
var oldTimes = []struct{ pattern, instead string }{
	{`time=[ \d.]+ ms`, "time=T ms"},
	{`max: [\d.]+ min: [\d.]+ avg: [\d.]+`, "max: T min: T avg: T"},
	{`in +[\d.]+ (ms|seconds)`, "in T"},
	{` \d\d:\d\d:\d\d up .*`, " TIME up"},
	{`((Last Run|Since Last Run|Initiated at): ).*`, "${1}T"},
	{`last completed run .* ago`, "last completed run T ago"},
	{`((Start Time|Process ID|Total Messages|Messages Passed Filters|Messages Filtered|Expired Messages|Replies Sent|Total Processor Time|System Time): ).*`, "${1}N"},
}

// plainDay masks times, process ids and counters, and sorts the lines: nodes answer in any order.
func plainDay(text string) string {
	for _, m := range oldTimes {
		text = regexp.MustCompile(m.pattern).ReplaceAllString(text, m.instead)
	}
	lines := strings.Split(strings.ReplaceAll(text, "(y/n): ", "(y/n): \n"), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
