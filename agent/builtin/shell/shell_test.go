package shell

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
)

func TestMain(m *testing.M) {
	command.Shim()
	goleak.VerifyTestMain(m)
}

// node is the agent with what a daemon puts around it.
type node struct {
	agent agent.Agent
	dir   string
}

func newNode(t *testing.T) node {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "jobs")
	path := filepath.Join(t.TempDir(), "server.cfg")
	cfg := "libdir = /nowhere\nplugin.mco.command.output_max = 4 KiB\nplugin.shell.state_path = " + dir + "\n"
	if err := os.WriteFile(path, []byte(cfg), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, config.Server)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ddl.Load(nil, ddl.Agent, Name)
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(agent.Environment{DDL: func() *ddl.DDL { return d }, Config: c, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return node{a, dir}
}

// call asks the agent as a client does whose request takes ttl.
func (n node) call(t *testing.T, ttl time.Duration, action string, inputs ...any) *agent.Reply {
	t.Helper()
	data := new(mco.Map)
	for i := 0; i < len(inputs); i += 2 {
		data.SetSymbol(mco.Symbol(inputs[i].(string)), inputs[i+1].(mco.Value))
	}
	body := mco.SymbolMap(3)
	body.SetSymbol("action", mco.String(action))
	body.SetSymbol("data", mco.Hash(data))
	r, err := agent.NewRequest(mco.Request{ID: "1", Agent: Name, Time: time.Now(), TTL: ttl, Body: mco.Hash(body)})
	if err != nil {
		t.Fatal(err)
	}
	return new(agent.Runner).Run(t.Context(), n.agent, r)
}

// told is a reply in the words of Ruby.
func told(r *agent.Reply) string {
	return fmt.Sprintf("%d %s %s", r.Status, r.Message, inspect.Inspect(mco.Hash(r.Data)))
}

func TestExecute(t *testing.T) {
	n := newNode(t)
	for name, row := range map[string]struct{ cmd, want string }{
		"both streams":         {"echo out; echo err >&2", `0 OK {:output=>nil, :error=>nil, :exitcode=>0, :stdout=>"out\n", :stderr=>"err\n"}`},
		"a code":               {"exit 3", `0 OK {:output=>nil, :error=>nil, :exitcode=>3, :stdout=>"", :stderr=>""}`},
		"words without shell":  {"printf %s,%s a b", `0 OK {:output=>nil, :error=>nil, :exitcode=>0, :stdout=>"a,b", :stderr=>""}`},
		"one missing command":  {"nosuchcommand-xyz", `0 OK {:output=>nil, :error=>nil, :exitcode=>42, :stdout=>"", :stderr=>""}`},
		"and its arguments":    {"nosuchcommand-xyz -l", `0 OK {:output=>nil, :error=>nil, :exitcode=>42, :stdout=>"", :stderr=>""}`},
		"one that a shell has": {"exit", `0 OK {:output=>nil, :error=>nil, :exitcode=>0, :stdout=>"", :stderr=>""}`},
		"a signal":             {"kill -9 $$", `0 OK {:output=>nil, :error=>nil, :exitcode=>137, :stdout=>"", :stderr=>""}`},
		"text":                 {"printf 'Grüße'; printf 'née' >&2", `0 OK {:output=>nil, :error=>nil, :exitcode=>0, :stdout=>"Grüße", :stderr=>"née"}`},
		"bytes beside text":    {`printf 'é'; printf '\377' >&2`, `0 OK {:output=>nil, :error=>nil, :exitcode=>0, :stdout=>"\xC3\xA9", :stderr=>"\xFF"}`},
		"too long":             {strings.Repeat("x", 301), `4 Cannot validate input cmd: Input string is longer than 300 character(s) {:output=>nil, :error=>nil, :exitcode=>nil}`},
		"too much": {"yes | head -c 5000", `0 OK {:output=>nil, :error=>nil, :exitcode=>0, :stdout=>"` + strings.Repeat(`y\n`, 2048) +
			`", :stderr=>"mco: output beyond plugin.mco.command.output_max was dropped: 904 bytes of stdout, 0 of stderr\n"}`},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, told(n.call(t, time.Minute, "execute", "cmd", mco.String(row.cmd)))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestRun(t *testing.T) {
	n := newNode(t)
	for name, row := range map[string]struct {
		command string
		inputs  []any
		want    string
	}{
		"both streams and a code":   {"echo out; echo err >&2; exit 3", nil, `0 OK {:stdout=>"out\n", :stderr=>"err\n", :success=>true, :exitcode=>3}`},
		"a missing command":         {"nosuchcommand-xyz", nil, `0 OK {:stdout=>"", :stderr=>"/bin/sh: 1: nosuchcommand-xyz: not found\n", :success=>true, :exitcode=>127}`},
		"a signal":                  {"kill -9 $$", nil, `0 OK {:stdout=>"", :stderr=>"", :success=>true, :exitcode=>0}`},
		"bytes":                     {"printf 'é'", nil, `0 OK {:stdout=>"\xC3\xA9", :stderr=>"", :success=>true, :exitcode=>0}`},
		"a timeout":                 {"echo begun; sleep 981", []any{"timeout", mco.Float(0.3)}, `0 OK {:stdout=>"begun\n", :stderr=>"", :success=>false, :exitcode=>nil}`},
		"no timeout":                {"echo begun", []any{"timeout", mco.Float(0)}, `0 OK {:stdout=>"begun\n", :stderr=>"", :success=>true, :exitcode=>0}`},
		"a timeout without a point": {"true", []any{"timeout", mco.Int(5)}, `4 Cannot validate input timeout: value should be a float {:stdout=>nil, :stderr=>nil, :success=>nil, :exitcode=>nil}`},
		"a user":                    {"id -un", []any{"user", mco.String("nobody")}, `0 OK {:stdout=>"nobody\n", :stderr=>"", :success=>true, :exitcode=>0}`},
		"no such user":              {"id -un", []any{"user", mco.String("nobody-there")}, `1 run as nobody-there: user: unknown user nobody-there {:stdout=>nil, :stderr=>nil, :success=>nil, :exitcode=>nil}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(n.call(t, time.Minute, "run", append([]any{"command", mco.String(row.command)}, row.inputs...)...))
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A TTL that is shorter than the node's ends a command; the usual one bounds only when it may begin.
func TestTTLEndsCommands(t *testing.T) {
	n := newNode(t)
	begun := time.Now()
	r := n.call(t, time.Second, "execute", "cmd", mco.String("echo begun; sleep 980"))
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("it took %v", took)
	}
	if !strings.HasPrefix(r.Message, "The command was ended after ") || r.Status != mco.Aborted {
		t.Errorf("%d %s", r.Status, r.Message)
	}
	if got := inspect.Inspect(mco.Hash(r.Data)); got != `{:output=>nil, :error=>nil, :exitcode=>124, :stdout=>"begun\n", :stderr=>""}` {
		t.Error(got)
	}
	env := agent.Environment{DDL: n.agent.DDL, Config: n.agent.(*Agent).env.Config, Now: time.Now}
	usual := &agent.Request{Time: begun, Expires: begun.Add(env.Config.TTL)}
	if got := command.Limit(env, usual); got != 296*time.Second {
		t.Errorf("with the usual TTL a command has %v", got)
	}
}

// A service's start script leaves its service running, and nothing else.
func TestServiceStays(t *testing.T) {
	n := newNode(t)
	mark := fmt.Sprintf("stays-%d", time.Now().UnixNano())
	r := n.call(t, time.Minute, "execute", "cmd",
		mco.String("MARK="+mark+" setsid sleep 979 >/dev/null 2>&1 </dev/null & MARK="+mark+" sleep 978 >/dev/null 2>&1 & sleep 0.2; echo started"))
	left := lab.Naming(mark)
	if r.Message != "OK" || len(left) != 1 {
		t.Errorf("%s; left %v", told(r), left)
	}
	for _, pid := range left {
		if p, err := os.FindProcess(pid); err == nil {
			p.Kill()
		}
	}
}

func TestJobs(t *testing.T) {
	n := newNode(t)
	ask := func(action string, inputs ...any) *agent.Reply { return n.call(t, time.Minute, action, inputs...) }
	green := filepath.Join(t.TempDir(), "go")
	line := "echo one; echo two >&2; while [ ! -e " + green + " ]; do sleep 0.02; done; yes three | head -c 6000; exit 3"
	started := ask("start", "command", mco.String(line))
	handle, ok := started.Data.Get(mco.Sym("handle"))
	if !ok || started.Message != "OK" {
		t.Fatal(told(started))
	}
	text, _ := handle.AsString()
	wait := func(what, want string, inputs ...any) {
		t.Helper()
		var got string
		err := lab.Eventually(10*time.Second, func() error {
			if got = told(ask("status", append([]any{"handle", handle}, inputs...)...)); got != want {
				return fmt.Errorf("%s: %.300s, want %.300s", what, got, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	wait("while it runs", `0 OK {:status=>:running, :stdout=>"one\n", :stderr=>"two\n", :exitcode=>nil}`)
	wait("from the offsets", `0 OK {:status=>:running, :stdout=>"e\n", :stderr=>"", :exitcode=>nil}`, "stdout_offset", mco.Int(2), "stderr_offset", mco.Int(4))
	want := `0 OK {:jobs=>{"` + text + `"=>{:id=>"` + text + `", :command=>` + inspect.Inspect(mco.String(line)) + `, :status=>:running, :signal=>nil}}}`
	if diff := cmp.Diff(want, told(ask("list"))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := os.WriteFile(green, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	whole := "one\n" + strings.Repeat("three\n", 1000)
	wait("ended, with more than one reply carries", `0 OK {:status=>:running, :stdout=>`+inspect.Inspect(mco.String(whole[:4096]))+`, :stderr=>"two\n", :exitcode=>nil}`)
	wait("the rest", `0 OK {:status=>:stopped, :stdout=>`+inspect.Inspect(mco.String(whole[4096:]))+`, :stderr=>"", :exitcode=>3}`,
		"stdout_offset", mco.Int(4096), "stderr_offset", mco.Int(4))

	second, _ := ask("start", "command", mco.String("sleep 977")).Data.Get(mco.Sym("handle"))
	if r := ask("kill", "handle", second); r.Message != "OK" {
		t.Error(told(r))
	}
	handle = second
	wait("killed", `0 OK {:status=>:stopped, :stdout=>"", :stderr=>"", :exitcode=>0}`)
	if got := told(ask("list")); !strings.Contains(got, `:command=>"sleep 977", :status=>:stopped, :signal=>15}`) {
		t.Error(got)
	}
}

func TestHandlesThatNameNothing(t *testing.T) {
	n := newNode(t)
	const none = "00000000-0000-0000-0000-000000000000"
	for handle, want := range map[string]string{
		none:           "5 no such job: " + none + " {}",
		"../../etc":    "4 Cannot validate input handle: value should match ^[0-9a-z\\-]*$ {}",
		"..\nx":        "4 Cannot validate input handle: value should match ^[0-9a-z\\-]*$ {}",
		"":             "5 no such job:  {}",
		none + "00000": "4 Cannot validate input handle: Input string is longer than 36 character(s) {}",
	} {
		if got := told(n.call(t, time.Minute, "kill", "handle", mco.String(handle))); got != want {
			t.Errorf("%q: %s, want %s", handle, got, want)
		}
	}
	if got := told(n.call(t, time.Minute, "list")); got != "0 OK {:jobs=>{}}" {
		t.Error(got)
	}
	if _, err := os.Stat(n.dir); !os.IsNotExist(err) {
		t.Error("asking made the folder of jobs")
	}
}

func TestPlainWords(t *testing.T) {
	for line, want := range map[string][]string{
		"uptime":           {"uptime"},
		" ls\t-l  /tmp ":   {"ls", "-l", "/tmp"},
		"dd if=/dev/zero":  {"dd", "if=/dev/zero"},
		"A=1 env":          nil,
		"echo $HOME":       nil,
		"exit 3":           nil,
		". /etc/profile":   nil,
		"echo a; echo b":   nil,
		"ls *.conf":        nil,
		"printf 'a b'":     nil,
		"  ":               nil,
		"true && false":    nil,
		"echo one\necho 2": nil,
	} {
		if got, ok := plainWords(line); ok != (want != nil) || !cmp.Equal(got, want) {
			t.Errorf("%q: %q", line, got)
		}
	}
}
