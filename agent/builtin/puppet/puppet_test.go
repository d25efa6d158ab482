package puppet

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/agenttest"
	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
)

func TestMain(m *testing.M) {
	command.Shim()
	os.Exit(m.Run())
}

// scratch returns the files of a Puppet that has never run, below a folder of the test's.
func scratch(t *testing.T) *files {
	t.Helper()
	at := func(name string) string { return filepath.Join(t.TempDir(), name) }
	return &files{disabled: at("agent_disabled.lock"), running: at("agent_catalog_run.lock"), pid: at("agent.pid"),
		summary: at("last_run_summary.yaml"), report: at("last_run_report.yaml"), resources: at("resources.txt")}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestState(t *testing.T) {
	alive := strconv.Itoa(os.Getpid())
	for _, row := range []struct {
		name                     string
		disabled, running, pid   string // contents; "" is no file
		want                     string
		applying, idling, daemon bool
		message                  string
	}{
		{name: "never ran", want: "stopped"},
		{name: "a daemon that waits", pid: alive + "\n", want: "idling", idling: true, daemon: true},
		{name: "a run", running: alive, want: "applying a catalog", applying: true},
		{name: "a run of the daemon", running: alive, pid: alive, want: "applying a catalog", applying: true, daemon: true},
		{name: "a lock that its process left", running: "2147483646", want: "stopped"},
		{name: "an empty lock", running: "", pid: "0", want: "stopped"},
		{name: "a file that holds no number", running: "x", pid: "-1", want: "stopped"},
		{name: "disabled", disabled: `{"disabled_message":"why"}`, pid: alive, want: "disabled", idling: true, daemon: true, message: "why"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := scratch(t)
			for path, text := range map[string]string{f.disabled: row.disabled, f.running: row.running, f.pid: row.pid} {
				if text != "" {
					write(t, path, text)
				}
			}
			got, err := f.state(time.Unix(1000, 0))
			if err != nil {
				t.Fatal(err)
			}
			want := state{applying: row.applying, enabled: row.disabled == "", daemonPresent: row.daemon, idling: row.idling,
				sinceLastRun: 1000, word: row.want, lockMessage: row.message}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestLockIsTakenOnce(t *testing.T) {
	f := scratch(t)
	if err := f.lock("first"); err != nil {
		t.Fatal(err)
	}
	if err := f.lock("second"); !os.IsExist(err) {
		t.Errorf("the second lock: %v", err)
	}
	if got, err := f.lockMessage(); err != nil || got != "first" {
		t.Errorf("message %q, %v", got, err)
	}
	left, err := os.ReadDir(filepath.Dir(f.disabled))
	if err != nil || len(left) != 1 {
		t.Errorf("files beside the lock: %v, %v", left, err)
	}
}

func TestAgo(t *testing.T) {
	for seconds, want := range map[int64]string{
		0: "00 seconds", 59: "59 seconds", 60: "1 minutes 00 seconds", 7399: "2 hours 3 minutes 19 seconds",
		86400: "1 day 0 hours 0 minutes 00 seconds", 2*86400 + 3661: "2 days 1 hours 1 minutes 01 seconds",
	} {
		if got := ago(seconds); got != want {
			t.Errorf("%d: %q, want %q", seconds, got, want)
		}
	}
}

func TestRunOptions(t *testing.T) {
	text, yes, no := mco.String, mco.Bool(true), mco.Bool(false)
	a := &Agent{opt: settings{splay: true, splaylimit: 30}}
	for _, row := range []struct {
		name      string
		inputs    []mco.Pair
		signalled bool
		want, err string
	}{
		{name: "as the cfg file says", want: "--splay --splaylimit 30"},
		{name: "force", inputs: []mco.Pair{agenttest.In("force", yes), agenttest.In("splaylimit", mco.Int(5))}, want: "--no-splay"},
		{name: "no splay", inputs: []mco.Pair{agenttest.In("splay", no)}, want: "--no-splay"},
		{name: "a limit of its own", inputs: []mco.Pair{agenttest.In("splaylimit", mco.Int(7))}, want: "--splay --splaylimit 7"},
		{name: "a daemon is woken", signalled: true, want: ""},
		{name: "everything", inputs: []mco.Pair{agenttest.In("force", yes), agenttest.In("noop", no), agenttest.In("environment", text("dev")), agenttest.In("tags", text("one, two::three")),
			agenttest.In("server", text("puppet.example.net:8141")), agenttest.In("use_cached_catalog", yes), agenttest.In("ignoreschedules", yes)},
			want: "--tags one,two::three --no-splay --no-noop --environment dev --server puppet.example.net --masterport 8141 --ignoreschedules --use_cached_catalog"},
		{name: "an option as environment", inputs: []mco.Pair{agenttest.In("environment", text("--exec"))}, err: "Invalid environment '--exec' specified"},
		{name: "an option as tag", inputs: []mco.Pair{agenttest.In("tags", text("ok,--noop"))}, err: "Invalid tag '--noop' specified"},
		{name: "an option as server", inputs: []mco.Pair{agenttest.In("server", text("-x"))}, err: "The hostname '-x' is not a valid hostname"},
		{name: "arguments as server", inputs: []mco.Pair{agenttest.In("server", text("a --config /tmp/x"))}, err: "The hostname 'a --config /tmp/x' is not a valid hostname"},
		{name: "a port that is none", inputs: []mco.Pair{agenttest.In("server", text("a:b"))}, err: "The port 'b' is not a valid puppet master port"},
		{name: "half a second", inputs: []mco.Pair{agenttest.In("splaylimit", mco.Float(.5))}, err: "Invalid splaylimit specified: it has to be a whole number of seconds"},
		{name: "less than nothing", inputs: []mco.Pair{agenttest.In("splaylimit", mco.Int(-1))}, err: "Invalid splaylimit specified: it has to be a whole number of seconds"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := agenttest.Request(t, Name, "runonce", row.inputs...)
			options, err := runOptions(r, a.splayFor(r, row.signalled))
			if got := strings.Join(options, " "); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
			if err == nil && row.err != "" || err != nil && err.Error() != row.err {
				t.Errorf("error %v, want %q", err, row.err)
			}
		})
	}
}

func TestSplitServer(t *testing.T) {
	for server, want := range map[string][2]string{
		"puppet": {"puppet", ""}, "10.0.0.1:8140": {"10.0.0.1", "8140"}, "::1": {"::1", ""}, "[fe80::1]:8140": {"fe80::1", "8140"}, "[::1]": {"::1", ""},
	} {
		host, port, err := splitServer(server)
		if err != nil || host != want[0] || port != want[1] {
			t.Errorf("%s: %q %q %v", server, host, port, err)
		}
	}
}

func TestLastRun(t *testing.T) {
	f := scratch(t)
	f.summary, f.report = "testdata/last_run_summary.yaml", "testdata/last_run_report.yaml"
	write(t, f.resources, "file[/etc/motd]\nfile[/etc/Hosts]\napt::source[debian]\n")
	a := &Agent{env: agent.Environment{Now: func() time.Time { return time.Unix(1795266440, 0) }}}
	reply := &agent.Reply{Data: new(mco.Map)}
	if err := a.lastRunSummary(f, agenttest.Request(t, Name, "last_run_summary", agenttest.In("logs", mco.Bool(true))), reply); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[mco.Symbol]string{
		"out_of_sync_resources": "2", "failed_resources": "0", "corrected_resources": "0", "changed_resources": "2", "total_resources": "9",
		"total_time": "0.008645906", "config_retrieval_time": "0.070119388", "lastrun": "1795266340", "since_lastrun": "100",
		"config_version": "1795266340", "type_distribution": `{"File"=>2, "Apt::Source"=>1}`,
	} {
		if got := inspect.Text(reply.Data.Symbol(key)); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	logs, _ := reply.Data.Symbol("logs").AsList()
	if len(logs) != 4 {
		t.Fatalf("%d lines of log", len(logs))
	}
	want := `{"time_utc"=>1795266340, "time"=>1795266340, "level"=>"notice", "source"=>"/Stage[main]/Main/Notify[hi]/message", "msg"=>"defined 'message' as 'hi'"}`
	if got := inspect.Text(logs[2]); got != want {
		t.Errorf("line of log:\n%s\nwant\n%s", got, want)
	}
	for resource, want := range map[string]bool{"File[/etc/motd]": true, "FILE[/etc/hosts]": true, "file[/etc/host]": false} {
		if got, err := f.manages(resource); got != want || err != nil {
			t.Errorf("%s managed: %t, %v", resource, got, err)
		}
	}
}

// A report of Puppet 3 has Ruby objects and symbols throughout.
func TestReportOfPuppet3(t *testing.T) {
	lines, err := parseReport([]byte(`--- !ruby/object:Puppet::Transaction::Report
logs:
- !ruby/object:Puppet::Util::Log
  level: !ruby/sym notice
  tags: !ruby/object:Puppet::Util::TagSet
    hash:
      notice: true
  message: hi
  source: Puppet
  time: 2012-10-02 13:06:13.286203 +02:00
- !ruby/object:Puppet::Util::Log
  level: :err
  message: "no\n"
  source: Puppet
  time: 2012-10-02 13:06:13.286203 +02:00
`))
	if err != nil || len(lines) != 2 {
		t.Fatalf("%v %v", lines, err)
	}
	want := `{"time_utc"=>1349175973, "time"=>1349175973, "level"=>"err", "source"=>"Puppet", "msg"=>"no"}`
	if got := inspect.Text(lines[1]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzReport(f *testing.F) {
	if text, err := os.ReadFile("testdata/last_run_report.yaml"); err == nil {
		f.Add(text)
	}
	f.Add([]byte("logs: [{level: a, time: 2012-10-02}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if lines, err := parseReport(text); err != nil && len(lines) > 0 {
			t.Error("lines and an error")
		}
	})
}

func TestReadLog(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		want outcome
	}{
		"nothing to do": {"file { '/x':\n  ensure   => 'file',\n}\n", outcome{}},
		"changed": {"Notice: /File[/x]/ensure: created\nfile { '/x':\n  ensure => 'file',\n}\n",
			outcome{lines: []string{"/File[/x]/ensure: created"}, changed: true}},
		"failed": {"file { '/no/y':\n}\nError: Could not set 'present' on ensure\nWrapped exception:\nError: /File[/no/y]/ensure: change failed\n",
			outcome{lines: []string{"Could not set 'present' on ensure", "/File[/no/y]/ensure: change failed"}, failed: true}},
		"a fact that could not be read": {"Error: Facter: Permission denied\n", outcome{}},
		"a word about something else":   {"Notice: Compiled\n", outcome{lines: []string{"Compiled"}}},
	} {
		if diff := cmp.Diff(row.want, readLog(row.text), cmp.AllowUnexported(outcome{})); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestPermitted(t *testing.T) {
	none := func(string) lists { return lists{} }
	for name, row := range map[string]struct {
		types lists
		names func(string) lists
		want  string
	}{
		"no list at all":  {lists{}, none, "The file type is not listed in the type whitelist"},
		"nothing":         {lists{white: []string{"none"}}, none, "The file type is not listed in the type whitelist"},
		"listed":          {lists{white: []string{"user", "file"}}, none, ""},
		"not blacklisted": {lists{black: []string{"exec"}}, none, ""},
		"blacklisted":     {lists{black: []string{"exec", "file"}}, none, "The file type is listed in the type blacklist"},
		"both":            {lists{white: []string{"file"}, black: []string{"exec"}}, none, "You cannot specify both puppet.resource_type_whitelist and puppet.resource_type_blacklist in the config file"},
		"another name":    {lists{white: []string{"file"}}, func(string) lists { return lists{white: []string{"/y"}} }, "The /x name is not listed in the name whitelist"},
		"that name":       {lists{white: []string{"file"}}, func(string) lists { return lists{white: []string{"/x"}} }, ""},
		"not that name":   {lists{white: []string{"file"}}, func(string) lists { return lists{black: []string{"/x"}} }, "The /x name is listed in the name blacklist"},
	} {
		a := &Agent{opt: settings{types: row.types, namesOf: row.names}}
		got := ""
		if err := a.permitted("file", "/x"); err != nil {
			got = err.Error()
		}
		if got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}

func TestResourceCommand(t *testing.T) {
	in := &installation{command: []string{"puppet", "agent"}, config: "/p.conf"}
	for name, row := range map[string]struct {
		kind, title, property string
		want                  string
	}{
		"plain":                 {"file", "--exec", "ensure", "puppet resource --config=/p.conf --color=false -- file --exec ensure=a b"},
		"an option as type":     {"--exec", "/x", "ensure", ""},
		"a type in two parts":   {"apt::source", "x", "ensure", "puppet resource --config=/p.conf --color=false -- apt::source x ensure=a b"},
		"a line as name":        {"file", "/x\n/y", "ensure", ""},
		"an option as property": {"file", "/x", "--exec", ""},
	} {
		argv, err := in.resourceCommand(row.kind, row.title, mco.NewMap(
			mco.Pair{Key: mco.Sym("type"), Value: mco.String("t")}, mco.Pair{Key: mco.String(row.property), Value: mco.String("a b")}))
		if got := strings.Join(argv, " "); got != row.want || err == nil && row.want == "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
