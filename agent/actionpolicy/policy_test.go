package actionpolicy

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/filter"
)

// web is a node to ask about.
type web struct{}

func (web) Identity() string  { return "web1" }
func (web) Agents() []string  { return []string{"puppet"} }
func (web) Classes() []string { return []string{"base", "role::web"} }

func (web) Facts() *mco.Map {
	return mco.NewMap(
		mco.Pair{Key: mco.String("os"), Value: mco.String("Debian")},
		mco.Pair{Key: mco.String("cores"), Value: mco.String("8")},
		mco.Pair{Key: mco.String("owner"), Value: mco.String("o'hara")},
		mco.Pair{Key: mco.String("disks"), Value: mco.Strings("a", "b")},
	)
}

func (web) Data(string, mco.Value) (*mco.Map, error) { return nil, filter.ErrNoData }

func request(caller, action string) *agent.Request {
	return &agent.Request{Agent: "puppet", Action: action, Caller: caller}
}

func allows(p *Policy, caller, action string) bool {
	return p.Authorize(context.Background(), request(caller, action)) == nil
}

func TestRules(t *testing.T) {
	for _, tc := range []struct {
		name, rule string
		want       bool
	}{
		{"everything", "allow\t*\t*\t*\t*", true},
		{"another action", "allow\t*\tenable\t*\t*", false},
		{"* among actions is a word", "allow\t*\tenable *\t*\t*", false},
		{"* among callers is a word", "allow\tuid=1 *\t*\t*\t*", false},
		{"more fields: the last one is the classes", "allow\t*\t*\t*\tnope\tbase", true},
		{"a tab at the end belongs to the classes", "allow\t*\t*\t*\t*\t", false},
		{"a blank at the end of a list does not matter", "allow\t*\t*\t*\tbase ", true},
		{"a fact that the node has", "allow\t*\t*\tos=Debian\t*", true},
		{"a fact with a quote is text", "allow\t*\t*\towner=o'hara\t*", true},
		{"a fact is no Ruby code", "allow\t*\t*\towner=x'||'1\t*", false},
		{"a missing fact is empty", "allow\t*\t*\tnone<a\t*", true},
		{"numbers are texts", "allow\t*\t*\tcores>10\t*", true},
		{">= is a fact named with >", "allow\t*\t*\tcores>=8\t*", false},
		{"a list as Ruby prints it", `allow	*	*	disks=["a",	*`, false},
		{"a class among facts", "allow\t*\t*\tbase\t*", false},
		{"a fact among classes", "allow\t*\t*\t*\tos=Debian", false},
		{"a pattern of classes", "allow\t*\t*\t*\t/^role::/", true},
		{"and and or bind equally: false", "allow\t*\t*\tos=Debian or os=Debian and nope", false},
		{"and and or bind equally: true", "allow\t*\t*\tnope and nope or base", true},
		{"not binds tighter", "allow\t*\t*\tnot nope and base", true},
		{"twice not", "allow\t*\t*\tnot not base", true},
		{"an unknown data query is false itself", "allow\t*\t*\tnosuch('x').y=1 or base", true},
		{"a malformed expression refuses", "allow\t*\t*\t(base", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "puppet.policy"), tc.rule+"\n")
			if got := allows(New(Options{Dir: dir, Node: web{}}), "cert=ops", "status"); got != tc.want {
				t.Errorf("%q: allowed %t, want %t", tc.rule, got, tc.want)
			}
		})
	}
}

func TestMalformedExpressionRefusesWhateverFollows(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "puppet.policy"), "deny\t*\t*\t(base\nallow\t*\t*\t*\t*\n")
	p := New(Options{Dir: dir, Node: web{}})
	err := p.Authorize(t.Context(), request("cert=ops", "status"))
	if err == nil || !strings.Contains(err.Error(), "puppet.policy line 1: ") {
		t.Errorf("%v, want a refusal that names the line", err)
	}
}

func TestCallers(t *testing.T) {
	const rule = "allow\tcert=opsadmin /^uid=\\d$/ team\t*\t*\t*\n"
	for _, tc := range []struct {
		mode   Callers
		caller string
		want   bool
	}{
		{Words, "cert=opsadmin", true}, {Words, "cert=ops", false}, {Words, "uid=7", false}, {Words, "cert=dev", true},
		{Contains, "cert=opsadmin", true}, {Contains, "cert=ops", true}, {Contains, "uid=7", false}, {Contains, "cert=dev", true},
		{Patterns, "cert=opsadmin", true}, {Patterns, "cert=ops", false}, {Patterns, "uid=7", true}, {Patterns, "uid=77", false}, {Patterns, "cert=dev", true},
	} {
		t.Run(string(tc.mode)+" "+tc.caller, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "puppet.policy"), rule)
			write(t, filepath.Join(dir, "groups"), "team cert=dev cert=test\n")
			if got := allows(New(Options{Dir: dir, Node: web{}, Callers: tc.mode}), tc.caller, "status"); got != tc.want {
				t.Errorf("allowed %t, want %t", got, tc.want)
			}
		})
	}
}

func TestChangesAreInForceAtOnce(t *testing.T) {
	dir := t.TempDir()
	p := New(Options{Dir: dir, Node: web{}})
	policy, groups := filepath.Join(dir, "puppet.policy"), filepath.Join(dir, "groups")
	for i, step := range []struct {
		path, text string
		want       bool
	}{
		{policy, "allow\tcert=ops\t*\t*\t*\n", true},
		{policy, "allow\tcert=dev\t*\t*\t*\n", false}, // of the same length
		{policy, "allow\tteam\t*\t*\t*\n", false},
		{groups, "team cert=ops\n", true},
		{groups, "team cert=dev\n", false},
	} {
		write(t, step.path, step.text)
		if got := allows(p, "cert=ops", "status"); got != step.want {
			t.Errorf("step %d: allowed %t, want %t", i, got, step.want)
		}
	}
}

func TestRefusedFiles(t *testing.T) {
	everything := "allow\t*\t*\t*\t*\n"
	for _, tc := range []struct {
		name string
		make func(t *testing.T, path string)
		says string
	}{
		{"writable by everybody", func(t *testing.T, path string) {
			write(t, path, everything)
			if err := os.Chmod(path, 0o646); err != nil {
				t.Fatal(err)
			}
		}, "chmod o-w"},
		{"no UTF-8", func(t *testing.T, path string) { write(t, path, everything+"# gr\xfcn\n") }, "not UTF-8"},
		{"too large", func(t *testing.T, path string) { write(t, path, everything+strings.Repeat("#\n", maxFile/2)) }, "larger than"},
		{"a folder", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "not a regular file"},
		{"a pipe", func(t *testing.T, path string) {
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "not a regular file"},
	} {
		for _, file := range []string{"puppet.policy", "groups"} {
			t.Run(tc.name+" "+file, func(t *testing.T) {
				dir := t.TempDir()
				if file == "groups" {
					write(t, filepath.Join(dir, "puppet.policy"), everything)
				}
				tc.make(t, filepath.Join(dir, file))
				err := New(Options{Dir: dir, Node: web{}, AllowUnconfigured: true}).Authorize(t.Context(), request("cert=ops", "status"))
				if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), file) {
					t.Errorf("%v, want a refusal that says %q of %s", err, tc.says, file)
				}
			})
		}
	}
}

func TestAgentNamesStayInTheFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "out.policy"), "allow\t*\t*\t*\t*\n")
	p := New(Options{Dir: filepath.Join(dir, "policies"), Node: web{}})
	if err := p.Authorize(t.Context(), &agent.Request{Agent: "../out", Action: "x", Caller: "uid=0"}); err == nil {
		t.Error("a policy outside of the folder decided")
	}
}

func TestCheckTellsFileAndLine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "policies")
	write(t, filepath.Join(dir, "puppet.policy"), "# c\nallow cert=ops * * *\nallow\tcert=ops\t*\t*\nallow\t*\t*\t*\t*\r\n")
	write(t, filepath.Join(dir, "groups"), "te@m cert=ops\n")
	write(t, filepath.Join(dir, "shell.policy"), "policy default deny\n")
	write(t, filepath.Join(dir, "notes.txt"), "no policy\n")
	if err := os.Chmod(filepath.Join(dir, "shell.policy"), 0o662); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	p := New(Options{Dir: dir, Node: web{}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	p.Check()
	for _, want := range []string{
		"puppet.policy line 2: cannot parse", "puppet.policy line 3: without a field for classes", "puppet.policy line 4: the line ends with a carriage return",
		"groups line 1: ", "shell.policy can write it", "everyone on this machine can write " + filepath.Join(dir, "shell.policy"),
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, log.String())
		}
	}
	before := log.Len()
	allows(p, "cert=ops", "status")
	if log.Len() != before {
		t.Errorf("a request says again what was said at the start:\n%s", log.String()[before:])
	}
}

func TestCheckWithoutFolder(t *testing.T) {
	var log bytes.Buffer
	New(Options{Dir: filepath.Join(t.TempDir(), "policies"), Node: web{}, Log: slog.New(slog.NewTextHandler(&log, nil))}).Check()
	if !strings.Contains(log.String(), "Policies cannot be read") {
		t.Errorf("the log says %q", log.String())
	}
}

func TestCheckTellsWhatIsWeak(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "policies")
	write(t, filepath.Join(dir, "puppet.policy"), "policy default deny\n")
	for _, tc := range []struct {
		name  string
		o     Options
		wants []string
	}{
		{"nothing", Options{}, nil},
		{"both", Options{AllowUnconfigured: true, Callers: Contains}, []string{"allow_unconfigured lets everybody", "callers = contains lets"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log bytes.Buffer
			tc.o.Dir, tc.o.Node, tc.o.Log = dir, web{}, slog.New(slog.NewTextHandler(&log, nil))
			New(tc.o).Check()
			if got := strings.Count(log.String(), "\n"); got != len(tc.wants) {
				t.Errorf("%d lines, want %d:\n%s", got, len(tc.wants), &log)
			}
			for _, want := range tc.wants {
				if !strings.Contains(log.String(), want) {
					t.Errorf("the log does not say %q:\n%s", want, &log)
				}
			}
		})
	}
}
