package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sorted puts lines into an order: nodes answer as they like.
func sorted(text string) string {
	lines := strings.SplitAfter(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func TestFacts(t *testing.T) {
	f := newFleet(t, three()...)
	const head = "Report for fact: role\n\n"
	for _, tc := range []struct {
		name string
		args []string
		want string // of standard output, its beginning
		exit int
	}{
		{"all", []string{"role"}, head + "        db                                       found 2 times\n        web                                      found 1 times\n\nFinished processing", 0},
		{"verbose", []string{"role", "-v", "-F", "role=web"}, head + "        web                                      found 1 times\n\n            node1.example.net\n\n\n\x1b[33m---- rpc stats", 0},
		{"nobody", []string{"role", "-F", "role=none", "--dt", "1"}, "No values found for fact role\n\nFinished processing", 1},
		{"the replies go elsewhere", []string{"role", "--reply-to", "/queue/x"}, "No values found for fact role\nno stats to display\n", 4},
		{"no fact", nil, "", 1},
		{"a name that no fact has", []string{"a b"}, "", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := f.run(t, nil, append([]string{"facts"}, tc.args...)...)
			if got.exit != tc.exit || !strings.HasPrefix(got.stdout, tc.want) || tc.want == "" && (got.stdout != "" || got.stderr == "") {
				t.Errorf("%v\nwant exit %d, %q", got, tc.exit, tc.want)
			}
		})
	}
}

func TestCollectives(t *testing.T) {
	f := newFleet(t, three()...)
	got := f.run(t, nil, "inventory", "--lc")
	want := "   Collective                     Nodes\n   ==========                     =====\n   web                            1\n   db                             2\n   mcollective                    3\n\n" +
		"                     Total nodes: 3\n\n"
	if got.exit != 0 || got.stdout != want {
		t.Errorf("%v\nwant %q", got, want)
	}
	got = f.run(t, nil, "inventory", "--map", filepath.Join(t.TempDir(), "none", "map.dot"))
	if got.exit != 1 || got.stdout != "" || !strings.Contains(got.stderr, "No such file or directory @ rb_sysopen - /") {
		t.Errorf("a folder that is not there: %v", got)
	}
}

func TestInventoryScript(t *testing.T) {
	f := newFleet(t, three()...)
	for _, tc := range []struct {
		name, script string
		want         string // lines of standard output, sorted
		fails        string // what standard error holds
	}{
		{"as documented", "inventory do\n  format \"%s:\\t%s\"\n  fields { [ identity, facts[\"role\"] ] }\nend\n",
			"node1.example.net:\tweb\nnode2.example.net:\tdb\nnode3.example.net:\tdb\n", ""},
		{"do and end, and Ruby around", "wanted = %w[role none]\ninventory do\n  format \"%-20s|%5s|%s\"\n  fields do\n    [ identity.split('.').first, agents.size, wanted.map { |w| facts[w] || '-' }.join(',') ]\n  end\nend",
			"node1               |    3|web,-\nnode2               |    3|db,-\nnode3               |    3|db,-\n", ""},
		{"a page", "formatted_inventory do\n page_heading <<TOP\nname   role\nTOP\n page_body <<BODY\n@<<<<<@>>>|@||||\nidentity, facts['role'], agents.size\nBODY\nend",
			"name   role\nnode1. web|  3\nnode2.  db|  3\nnode3.  db|  3\n", ""},
		{"no format", "inventory do\n fields { [1] }\nend", "", "Need to define a format"},
		{"no fields", "inventory do\n format 'x'\nend", "", "Need to define inventory fields"},
		{"no block", "inventory", "", "Need to give a block to inventory"},
		{"no body", "formatted_inventory do\nend", "", "Could not create report: RuntimeError: Need to define page body format"},
		{"fields of no node", "puts identity", "", "belong into fields or a page"},
		{"what is not run", "inventory do\n format '%s'\n fields { [ `id` ] }\nend", "", "report.rb:3: "},
		{"a method that is not known", "system 'id'", "", "report.rb:1: `system' is beyond the Ruby that reports may use here"},
		{"bad Ruby", "inventory do", "", "report.rb:1: syntax error"},
		{"too few fields", "inventory do\n format '%s %s'\n fields { [1] }\nend", "", "too few arguments"},
		{"for ever", "inventory do\n format '%s'\n fields { [ (1..100000).map { |x| (1..100000).map { |y| y } } ] }\nend", "", "too "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "report.rb")
			if err := os.WriteFile(path, []byte(tc.script), 0o600); err != nil {
				t.Fatal(err)
			}
			got := f.run(t, nil, "inventory", "--script", path)
			if wantExit := min(len(tc.fails), 1); got.exit != wantExit || sorted(got.stdout) != tc.want || !strings.Contains(got.stderr, tc.fails) || tc.fails == "" && got.stderr != "" {
				t.Errorf("%v\nwant exit %d, %q, %q", got, wantExit, tc.want, tc.fails)
			}
		})
	}
	got := f.run(t, nil, "inventory", "--script", "/nonexistent")
	if got.exit != 1 || !strings.Contains(got.stderr, "Could not find script to run: /nonexistent") {
		t.Errorf("%v", got)
	}
}

func TestPluginGenerate(t *testing.T) {
	f := newFleet(t)
	t.Chdir(t.TempDir())
	for _, tc := range []struct {
		name, line, stdout, stderr string
	}{
		{"agent", "generate agent greet actions=hello,bye --author me", "Created plugin directory : greet\nCreated DDL file : greet/agent/greet.ddl\nCreated Agent file : greet/agent/greet.rb\n", ""},
		{"again", "generate agent greet", "", "cannot generate 'greet' : plugin directory already exists."},
		{"data", "generate data uptime --outputs seconds,users", "Created plugin directory : uptime\nCreated DDL file : uptime/data/uptime.ddl\nCreated Data file : uptime/data/uptime.rb\n", ""},
		{"data without outputs", "generate data x", "", "data plugin must have at least one output"},
		{"no kind", "generate", "No plugin name specified. Using 'new_plugin'\n", "invalid plugin type. cannot generate plugin '.'"},
		{"another kind", "generate fact x", "", "invalid plugin type. cannot generate plugin 'fact'"},
		{"a word too many", "generate agent x y", "", "Could not parse --arg 'y'"},
		{"a folder in the name", "generate agent a/b", "", "cannot generate plugin - "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := f.run(t, nil, append([]string{"plugin"}, strings.Fields(tc.line)...)...)
			if got.exit != min(len(tc.stderr), 1) || got.stdout != tc.stdout || !strings.Contains(got.stderr, tc.stderr) {
				t.Errorf("%v\nwant %q, %q", got, tc.stdout, tc.stderr)
			}
		})
	}
	ddl, err := os.ReadFile("greet/agent/greet.ddl")
	if err != nil || !strings.HasPrefix(string(ddl), "metadata :name => \"greet\",\n") || !strings.Contains(string(ddl), `:author => "me"`) ||
		strings.Count(string(ddl), "action \"") != 2 {
		t.Errorf("%v\n%s", err, ddl)
	}
}

// A package holds the files where nodes look for them, and the same files make the same package.
func TestPluginPackage(t *testing.T) {
	f := newFleet(t)
	dir := t.TempDir()
	t.Chdir(dir)
	for path, text := range map[string]string{
		"src/agent/greet.ddl": "metadata :name => \"Greet people\", :description => \"d\", :author => \"a <a@b.c>\", :license => \"l\", :version => \"1.2\", :url => \"http://x/\", :timeout => 5\n",
		"src/agent/greet.rb":  "# agent\n", "src/application/greet.rb": "# client\n", "src/util/greet/all.rb": "# both\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := f.run(t, nil, "plugin", "info", "src", "--format", "debpackage")
	if want := "Identified Packages : common\n                              agent\n                              client\n"; got.exit != 0 || !strings.HasSuffix(got.stdout, want) {
		t.Errorf("%v\nwant %q", got, want)
	}
	var before [][]byte
	for range 2 {
		if got = f.run(t, nil, "plugin", "package", "src", "--format", "debpackage", "--revision", "3"); got.exit != 0 {
			t.Fatal(got)
		}
		var packages [][]byte
		for _, part := range []string{"common", "agent", "client"} {
			b, err := os.ReadFile("mcollective-greet-people-" + part + "_1.2-3_all.deb")
			if err != nil {
				t.Fatal(err)
			}
			packages = append(packages, b)
		}
		if before != nil && !slices.EqualFunc(before, packages, slices.Equal) {
			t.Error("the same files made another package")
		}
		before = packages
	}
	for _, args := range [][]string{{"package", "src", "--format", "rpmpackage"}, {"package", "src", "--format", "zip"}, {"package", "/nonexistent"}, {"info", "src/agent"}} {
		if got := f.run(t, nil, append([]string{"plugin"}, args...)...); got.exit != 1 || got.stderr == "" {
			t.Errorf("plugin %q: %v", args, got)
		}
	}
}

// A node that stays silent is named, and what the others said is reported.
func TestReportsWithSilentNode(t *testing.T) {
	f := newFleet(t, append(three(), node{identity: "mute.example.net", facts: map[string]string{"role": "web"}, mute: true})...)
	for _, args := range [][]string{{"facts", "role"}, {"inventory", "--lc"}} {
		got := f.run(t, nil, append(args, "-t", "1")...)
		if got.exit != 0 || !strings.Contains(got.stdout, "db ") || !strings.HasSuffix(got.stderr, "Did not receive responses from mute.example.net\n") {
			t.Errorf("%q: %v", args, got)
		}
	}
}

// What failed or was silent can be asked again, and nobody else is.
func TestRerun(t *testing.T) {
	f := newFleet(t, append(three(), node{identity: "mute.example.net", mute: true})...)
	names := []string{"-I", "node1.example.net", "-I", "node2.example.net", "-I", "mute.example.net"}
	asked := func(args ...string) ([]string, result) {
		before := len(f.requests())
		got := f.run(t, nil, args...)
		var who []string
		for _, r := range f.requests()[before:] {
			action, _ := r.Body.Field("action").AsName()
			who = append(who, action)
		}
		return who, got
	}
	if _, got := asked("rpc", "vec", "misfire", "how=1", "--rerun", "failed"); got.exit != 1 || !strings.Contains(got.stderr, "no run of vec#misfire is known that could be repeated") {
		t.Errorf("before the first run: %v", got)
	}
	if who, got := asked(append([]string{"rpc", "vec", "misfire", "how=1", "-t", "1"}, names...)...); len(who) != 3 || got.exit != 2 {
		t.Errorf("%d requests, %v", len(who), got)
	}
	if who, got := asked("rpc", "vec", "misfire", "how=none", "--rerun", "silent", "-t", "1"); len(who) != 1 || got.exit != 4 || !strings.Contains(got.stderr, "mute.example.net") {
		t.Errorf("silent: %d requests, %v", len(who), got)
	}
	asked(append([]string{"rpc", "vec", "misfire", "how=1", "-t", "1"}, names...)...)
	asked("rpc", "vec", "misfire", "how=1", "-T", "nosuch", "-I", "node1.example.net") // refused: the last run is the one before
	if who, got := asked("rpc", "vec", "misfire", "how=none", "--rerun", "failed", "-j", "--sort"); len(who) != 2 || got.exit != 0 ||
		!strings.Contains(got.stdout, `"sender":"node1.example.net"`) || !strings.Contains(got.stdout, `"sender":"node2.example.net"`) {
		t.Errorf("failed: %d requests, %v", len(who), got)
	}
	if who, got := asked("rpc", "vec", "misfire", "how=none", "--rerun", "failed"); len(who) != 0 || !strings.Contains(got.stderr, "No request sent") {
		t.Errorf("when none failed any more: %d requests, %v", len(who), got)
	}
	for _, args := range [][]string{{"--rerun", "all"}, {"--rerun", "failed", "-F", "role=db"}, {"--rerun", "failed", "--dm", "mc"}, {"--reru", "failed"}} {
		if who, got := asked(append([]string{"rpc", "vec", "misfire", "how=1"}, args...)...); len(who) != 0 || got.exit != 1 || !strings.Contains(got.stderr, "--reru") {
			t.Errorf("%q: %d requests, %v", args, len(who), got)
		}
	}
	if who, got := asked("find", "--rerun", "failed"); len(who) != 0 || got.exit != 1 {
		t.Errorf("find: %v", got)
	}
}

func TestFilterReplies(t *testing.T) {
	f := newFleet(t, three()...)
	for _, tc := range []struct {
		expression, want, stderr string
		exit                     int
	}{
		{"sender startsWith 'node2'", "node2", "", 2},
		{"not ok and statuscode == 1 and statusmsg matches 'soft'", "node1 node2", "", 2},
		{"data.partial == 'half' && sender != 'node1.example.net'", "node2", "", 2},
		{"data.none == 3", "", "", 2},
		{"data.none > 3", "", "mco: --filter-replies cannot be applied to 2 replies, such as: ", 2},
		{"sender +", "", "--filter-replies: ", 1},
		{"sender", "", "--filter-replies: expected bool, but got string", 1},
		{"nosuch == 1", "", "--filter-replies: unknown name nosuch", 1},
	} {
		t.Run(tc.expression, func(t *testing.T) {
			got := f.run(t, nil, "rpc", "vec", "misfire", "how=1", "--sort", "-j", "-I", "node1.example.net", "-I", "node2.example.net", "--filter-replies", tc.expression)
			var who []string
			for _, n := range []string{"node1", "node2", "node3"} {
				if strings.Contains(got.stdout, n) {
					who = append(who, n)
				}
			}
			if got.exit != tc.exit || strings.Join(who, " ") != tc.want || !strings.Contains(got.stderr, tc.stderr) {
				t.Errorf("%v\nwant exit %d, %q, %q", got, tc.exit, tc.want, tc.stderr)
			}
		})
	}
}

func TestPingExpect(t *testing.T) {
	f := newFleet(t, three()...)
	for _, tc := range []struct {
		args  []string
		exit  int
		lines int
	}{
		{[]string{"--expect", "2"}, 0, 2},
		{[]string{"--expect", "3"}, 0, 3},
		{[]string{"--expect", "4", "-t", "1"}, 2, 3},
		{[]string{"--expect", "1", "-F", "role=none", "-t", "1"}, 4, 0},
		{[]string{"--expect", "0"}, 1, 0},
		{[]string{"--expect"}, 1, 0},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			got := f.run(t, nil, append([]string{"ping"}, tc.args...)...)
			if got.exit != tc.exit || strings.Count(got.stdout, " time=") != tc.lines || tc.exit == 2 && got.stderr != "mco: 4 nodes were expected, 3 answered\n" {
				t.Errorf("%v\nwant exit %d, %d answers", got, tc.exit, tc.lines)
			}
		})
	}
}

func TestDescribeFilterCounts(t *testing.T) {
	f := newFleet(t, three()...)
	got := f.run(t, nil, "describe_filter", "-F", "role=db", "-S", "role=web or (role=db and !role=web)", "--count")
	want := `Nodes that each part keeps:

  no filter                                3
  fact role == db                          2
  -S part role=web                         1
  -S part role=db                          2
  -S part role=web                         1
  -S number 1                              3
  all of it                                2

`
	if _, counts, _ := strings.Cut(got.stdout, "  )\n\n"); got.exit != 0 || counts != want {
		t.Errorf("%v\nwant %q", got, want)
	}
}
