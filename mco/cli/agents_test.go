package cli

import (
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
)

// served makes a node's agent that always answers the same.
func served(code int64, text string, pairs ...any) func(string, mco.Value) (int64, string, *mco.Map) {
	m := new(mco.Map)
	for i := 0; i < len(pairs); i += 2 {
		var v mco.Value
		switch x := pairs[i+1].(type) {
		case string:
			v = mco.String(x)
		case int:
			v = mco.Int(int64(x))
		case float64:
			v = mco.Float(x)
		case bool:
			v = mco.Bool(x)
		case mco.Value:
			v = x
		}
		m.SetSymbol(mco.Symbol(pairs[i].(string)), v)
	}
	return func(string, mco.Value) (int64, string, *mco.Map) { return code, text, m }
}

type agents = map[string]func(string, mco.Value) (int64, string, *mco.Map)

// two returns two nodes with one agent each of that name.
func two(agent string, first, second func(string, mco.Value) (int64, string, *mco.Map)) []node {
	return []node{{identity: "a.example.net", serves: agents{agent: first}}, {identity: "node2.example.net", serves: agents{agent: second}}}
}

// masked replaces times, and puts lines of summaries into an order: it depends on who answers first.
func masked(text string) string {
	text = regexp.MustCompile(`in \d+\.\d\d ms`).ReplaceAllString(text, "in <t> ms")
	text = regexp.MustCompile(`(?m)(^ +\S+ [=:] \d+\n)+`).ReplaceAllStringFunc(text, sorted)
	return regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`).ReplaceAllString(text, "<time>")
}

// progressOf is what a command that shows progress prints first, for two nodes.
const progressOf = "\n\r0 / 2\r1 / 2\r2 / 2\n\n"

const finished = "\nFinished processing \x1b[32m2\x1b[0m / \x1b[32m2\x1b[0m hosts in <t> ms\n\n"

func TestApplicationsOfAgents(t *testing.T) {
	outdated := mco.List(mco.Hash(inputs("package", "bash", "version", "5", "repo", "main")), mco.Hash(inputs("package", "vim", "version", "9", "repo", "main")))
	for _, tc := range []struct {
		name        string
		nodes       []node
		args, stdin string
		want        string // standard output, lines of nodes sorted
		exit        int
	}{
		{"service status", two("service", served(0, "OK", "status", "running"), served(0, "OK", "status", "stopped")), "service status httpd --sort", "",
			progressOf + "       a.example.net: running\n   node2.example.net: stopped\n\n\x1b[1mSummary of Service Status:\x1b[0m\n\n   running = 1\n   stopped = 1\n\n" + finished, 0},
		{"service start, asked", two("service", served(0, "OK", "status", "running"), served(1, "Could not start service 'httpd': no", "status", "stopped")), "service httpd start --sort", "yes\n",
			"Do you really want to operate on services unfiltered? (y/n): " + progressOf + "   node2.example.net: Could not start service 'httpd': no\n\n" +
				"\x1b[1mSummary of Service Status:\x1b[0m\n\n   running = 1\n   stopped = 1\n\n" + finished, 2},
		{"service start, refused", two("service", served(0, "OK"), served(0, "OK")), "service httpd start", "no\n",
			"Do you really want to operate on services unfiltered? (y/n): ", 1},
		{"package status", two("package", served(0, "OK", "name", "bash", "ensure", "5.2-1", "arch", "amd64"), served(0, "OK", "name", "bash", "ensure", "absent")), "package status bash --sort --np", "",
			"       a.example.net: bash-5.2-1.amd64\n   node2.example.net: absent\n\n\x1b[1mSummary of Arch:\x1b[0m\n\n   amd64 = 1\n\n" +
				"\x1b[1mSummary of Ensure:\x1b[0m\n\n    5.2-1 = 1\n   absent = 1\n\n" + finished, 0},
		{"package install, all well", two("package", served(0, "OK", "ensure", "5"), served(0, "OK", "ensure", "5")), "package install bash -y --np", "",
			"\n\x1b[1mSummary of Ensure:\x1b[0m\n\n   5 = 2\n\n" + finished, 0},
		{"package checkupdates", two("package", served(0, "OK", "outdated_packages", outdated), served(0, "OK", "outdated_packages", mco.List())), "package checkupdates --yes --np --sort", "",
			"       a.example.net: bash vim\n   node2.example.net: \n\n" + finished, 0},
		{"package count", two("package", served(0, "OK", "output", "12"), served(5, "no rpm")), "package count --np --sort", "",
			"       a.example.net: 12\n   node2.example.net: no rpm\n\n\x1b[1mSummary of Count:\x1b[0m\n\n   12 = 1\n\n" + finished, 2},
		{"puppet status", two("puppet", served(0, "OK", "message", "Currently stopped; last completed run 1 minutes 00 seconds ago", "enabled", true, "applying", false), served(1, "broken")), "puppet status --np --sort", "",
			"       a.example.net: Currently stopped; last completed run 1 minutes 00 seconds ago\n   node2.example.net: \x1b[31mbroken\x1b[0m\n\n" +
				"\x1b[1mSummary of Applying:\x1b[0m\n\n   false = 1\n\n\x1b[1mSummary of Daemon Running:\x1b[0m\n\n\x1b[33m     No aggregate summary could be computed\x1b[0m\n\n" +
				"\x1b[1mSummary of Enabled:\x1b[0m\n\n   enabled = 1\n\n\x1b[1mSummary of Idling:\x1b[0m\n\n\x1b[33m     No aggregate summary could be computed\x1b[0m\n\n" +
				"\x1b[1mSummary of Status:\x1b[0m\n\n\x1b[33m     No aggregate summary could be computed\x1b[0m\n\n" + finished, 2},
		{"puppet count", two("puppet", served(0, "OK", "enabled", true, "applying", true, "daemon_present", true, "idling", false), served(0, "OK", "enabled", false, "applying", false, "daemon_present", false, "idling", false)), "puppet count", "",
			"Total Puppet nodes: 2\n\n          Nodes currently enabled: 1\n         Nodes currently disabled: 1\n\nNodes currently doing puppet runs: 1\n          Nodes currently stopped: 1\n\n" +
				"       Nodes with daemons started: 1\n    Nodes without daemons started: 1\n       Daemons started but idling: 0\n\n", 0},
		{"puppet summary", two("puppet", served(0, "OK", "total_resources", 1000, "total_time", 1.5), served(0, "OK", "total_resources", 0, "total_time", 1.5)), "puppet summary", "",
			"Summary statistics for 2 nodes:\n\n                  Total resources: ▇▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▇  min: 0.0    avg: 500.0  max: 1.0k  \n" +
				"            Out Of Sync resources: \n                 Failed resources: \n                Changed resources: \n              Corrected resources: \n" +
				"  Config Retrieval time (seconds): \n         Total run-time (seconds): ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  min: 1.5    avg: 1.5    max: 1.5   \n    Time since last run (seconds): \n\n", 0},
		{"puppet runonce", two("puppet", served(0, "OK", "summary", "Started"), served(1, "Puppet is disabled", "summary", "Puppet is disabled")), "puppet runonce --np", "",
			"\nnode2.example.net                        \x1b[31mRequest Aborted\x1b[0m\n   \x1b[33mPuppet is disabled\x1b[0m\n\n\n" + finished, 2},
		{"filemgr status", two("filemgr", served(0, "OK", "output", "present"), served(1, "/x does not exist", "output", "not present")), "filemgr --file /x status --sort --np", "",
			"a.example.net                           : present\nnode2.example.net                       : not present\n" + finished, 2},
		{"nrpe", two("nrpe", served(0, "OK", "exitcode", 0, "output", "fine"), served(1, "CRITICAL", "exitcode", 2, "output", "gone")), "nrpe check_disk --np", "",
			"node2.example.net                        status=CRITICAL\n    gone                                    \n\n" +
				"\x1b[1mSummary of Exit Code:\x1b[0m\n\n           OK : 1\n      UNKNOWN : 0\n      WARNING : 0\n     CRITICAL : 1\n\n" + finished, 0},
		{"nettest ping", two("nettest", served(0, "OK", "rtt", 0.429), served(1, "Cannot reach host")), "nettest ping www.example.net -A nettest --np --sort", "",
			"a.example.net                            time = 0.429\nnode2.example.net                         \t\tCannot reach host\n\n" +
				"\x1b[1mSummary of RTT:\x1b[0m\n\n   Min: 0.429ms  Max: 0.429ms  Average: 0.429ms\n\n" + finished, 2},
		{"nettest connect", two("nettest", served(0, "OK", "connect", true), served(0, "OK", "connect", false)), "nettest connect www.example.net 80 -I a.example.net -I node2.example.net --np --sort", "",
			"a.example.net                            status = true\nnode2.example.net                        status = false\n\n" +
				"\x1b[1mSummary of Connection Status:\x1b[0m\n\n\x1b[33m     No aggregate summary could be computed\x1b[0m\n\n" + finished, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFleet(t, tc.nodes...)
			got := f.run(t, strings.NewReader(tc.stdin), strings.Fields(tc.args)...)
			if out := masked(got.stdout); got.exit != tc.exit || out != tc.want {
				t.Errorf("exit %d, stderr %s\ngot  %q\nwant %q", got.exit, got.stderr, out, tc.want)
			}
		})
	}
}

func TestWrongCommandLines(t *testing.T) {
	f := newFleet(t)
	for args, want := range map[string]string{
		"service httpd":                         "Please specify service name and action",
		"service httpd jump":                    "Action has to be one of start, stop, restart or status",
		"package bash":                          "Please specify package name and action",
		"package bash jump":                     "Action has to be one of install, uninstall,",
		"puppet":                                "Please specify a command.",
		"puppet jump":                           "Action must be count, enable, disable, resource, runall, runonce, status or summary",
		"puppet runonce --force --splay":        "Cannot set splay when forcing runs",
		"puppet runonce --force --splaylimit 5": "Cannot set splaylimit when forcing runs",
		"puppet runall":                         "The runall command needs a concurrency limit",
		"puppet runall 0":                       "The concurrency for the runall command has to be greater than 0",
		"puppet runall x":                       `invalid value for Integer(): "x"`,
		"puppet resource":                       "The resource command needs a type to operate on",
		"puppet resource file":                  "The resource command needs a name to operate on",
		"puppet resource file /x ensure":        "Could not parse argument 'ensure'",
		"puppet runonce --environment --x":      "Cannot validate input environment",
		"filemgr status":                        "The file option is mandatory",
		"filemgr -f /x jump":                    "",
		"nrpe":                                  "Please specify a check name",
		"nettest ping":                          "Please specify an action and optional arguments",
		"nettest jump x":                        "Action can only to be ping or connect",
		"nettest connect x y":                   "y does not look like a number",
	} {
		got := f.run(t, nil, strings.Fields(args)...)
		if got.exit != 1 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: exit %d, %q; want %q", args, got.exit, got.stderr, want)
		}
	}
}

// A version of a package is no wish for the program's version.
func TestPackageVersion(t *testing.T) {
	f := newFleet(t, two("package", served(0, "OK"), served(0, "OK"))...)
	if got := f.run(t, nil, "package", "install", "bash", "--version", "5.2-1", "-y"); got.exit != 0 {
		t.Fatalf("%+v", got)
	}
	for _, r := range f.requests() {
		if data := inspect.Text(r.Body.Field("data")); !strings.Contains(data, `:version=>"5.2-1"`) {
			t.Errorf("sent %s", data)
		}
	}
	if len(f.requests()) != 2 {
		t.Errorf("%d requests", len(f.requests()))
	}
}

// fakePuppet is a Puppet whose runs take one look at its status.
type fakePuppet struct {
	disabled bool

	mu                   sync.Mutex
	lastRun, initiatedAt int64
	running              bool
	runs                 int
}

func (p *fakePuppet) serve(action string, _ mco.Value) (int64, string, *mco.Map) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if action == "runonce" {
		p.runs++
		p.running, p.initiatedAt = true, p.lastRun+10
		_, _, out := served(0, "OK", "summary", "Started a Puppet run", "initiated_at", int(p.initiatedAt))("", mco.Nil())
		return 0, "OK", out
	}
	running := p.running
	if running {
		p.running, p.lastRun = false, p.initiatedAt
	}
	_, _, out := served(0, "OK", "enabled", !p.disabled, "applying", running, "lastrun", int(p.lastRun))("", mco.Nil())
	return 0, "OK", out
}

func TestPuppetRunAll(t *testing.T) {
	first, second, off := &fakePuppet{}, &fakePuppet{}, &fakePuppet{disabled: true}
	f := newFleet(t,
		node{identity: "a", serves: agents{"puppet": first.serve}},
		node{identity: "b", serves: agents{"puppet": second.serve}},
		node{identity: "c", serves: agents{"puppet": off.serve}})
	got := f.run(t, io.NopCloser(strings.NewReader("")), "puppet", "runall", "1", "--noop")
	out := masked(got.stdout)
	for _, line := range []string{
		"<time>: Running all nodes with a concurrency of 1\n<time>: Discovering enabled Puppet nodes to manage\n<time>: Found 2 enabled nodes\n",
		"<time>: a schedule status: Started a Puppet run\n", "<time>: b schedule status: Started a Puppet run\n",
		"<time>: Iteration complete. Initiated a Puppet run on 2 nodes.\n",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("no %q in\n%s", line, out)
		}
	}
	if got.exit != 0 || got.stderr != "" || first.runs != 1 || second.runs != 1 || off.runs != 0 {
		t.Errorf("exit %d, %s; runs %d %d %d", got.exit, got.stderr, first.runs, second.runs, off.runs)
	}
	for _, r := range f.requests() {
		if data := r.Body.Field("data"); inspect.Text(r.Body.Field("action")) == "runonce" && inspect.Text(data.Field("force"))+inspect.Text(data.Field("noop")) != "truetrue" {
			t.Errorf("inputs of runonce: %s", inspect.Text(data))
		}
	}
}
