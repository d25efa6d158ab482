package puppet

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
)

// realPuppet prepares a folder in which the packaged Puppet agent can run without a server: it has a certificate, and applies the
// catalog that was compiled from the manifest. It returns the folder and the agent for it.
func realPuppet(t *testing.T, manifest string, settings ...string) (string, agent.Agent, agent.Environment) {
	t.Helper()
	lab.Need(t, lab.Puppet)
	dir := t.TempDir()
	script := exec.Command("bash", "testdata/agent.sh", dir)
	script.Stdin = strings.NewReader(strings.ReplaceAll(manifest, "DIR", dir))
	if out, err := script.CombinedOutput(); err != nil {
		t.Fatalf("prepare Puppet: %v\n%s", err, out)
	}
	cfg := "libdir = " + dir + "\nplugin.psk = x\nplugin.mco.state_dir = " + dir + "/state\nplugin.puppet.config = " + dir + "/puppet.conf\n" +
		"plugin.puppet.command = puppet agent --config=" + dir + "/puppet.conf\n" + strings.ReplaceAll(strings.Join(settings, "\n"), "DIR", dir) + "\n"
	write(t, filepath.Join(dir, "server.cfg"), cfg)
	c, err := config.Load(filepath.Join(dir, "server.cfg"), config.Server)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ddl.Load(nil, ddl.Agent, Name)
	if err != nil {
		t.Fatal(err)
	}
	env := agent.Environment{DDL: d, Config: c, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	a, err := New(env)
	if err != nil || a == nil {
		t.Fatalf("no agent: %v", err)
	}
	return dir, a, env
}

// ask runs an action as a request of the bus would.
func ask(t *testing.T, a agent.Agent, action string, inputs ...mco.Pair) *agent.Reply {
	t.Helper()
	var n agent.Runner
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return n.Run(ctx, a, request(t, action, inputs...))
}

func output(r *agent.Reply, name mco.Symbol) string { return inspect.Text(r.Data.Symbol(name)) }

func TestRealRun(t *testing.T) {
	t.Parallel()
	dir, a, env := realPuppet(t, "file { 'DIR/made': content => 'by a run' } notify { 'done': }")
	if r := ask(t, a, "status"); output(r, "lastrun") != "0" || output(r, "status") != "stopped" || output(r, "enabled") != "true" {
		t.Errorf("before: %s", inspect.Text(r.Value()))
	}
	r := ask(t, a, "runonce", in("force", mco.Bool(true)), in("noop", mco.Bool(false)))
	want := "Started a Puppet run using the 'puppet agent --config=" + dir + "/puppet.conf --onetime --no-daemonize --color=false --show_diff --verbose --no-splay --no-noop' command"
	if r.Status != mco.OK || output(r, "summary") != want {
		t.Fatalf("runonce: %d %s\n%s", r.Status, r.Message, output(r, "summary"))
	}
	lab.Wait(t, "the end of the run", 60*time.Second, func() error {
		if r = ask(t, a, "status"); output(r, "lastrun") == "0" || output(r, "status") != "stopped" {
			return errors.New(output(r, "message"))
		}
		return nil
	})
	if text, err := os.ReadFile(filepath.Join(dir, "made")); err != nil || string(text) != "by a run" {
		t.Errorf("the run's file: %q, %v", text, err)
	}
	r = ask(t, a, "last_run_summary")
	for name, want := range map[mco.Symbol]string{"changed_resources": "2", "failed_resources": "0", "out_of_sync_resources": "2"} {
		if got := output(r, name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := output(r, "type_distribution"); !strings.Contains(got, `"File"=>1`) {
		t.Errorf("types: %s", got)
	}
	if got := output(r, "logs"); got != "{}" {
		t.Errorf("logs that nobody asked for: %s", got)
	}
	// An agent that sends no reports leaves none; `puppet apply` does.
	if out, err := exec.Command("puppet", "apply", "--config", dir+"/puppet.conf", "-e", "notify { 'logged': }").CombinedOutput(); err != nil {
		t.Fatalf("puppet apply: %v\n%s", err, out)
	}
	if got := output(ask(t, a, "last_run_summary", in("logs", mco.Bool(true))), "logs"); !strings.Contains(got, "defined 'message' as 'logged'") {
		t.Errorf("logs: %s", got)
	}
	plugins, err := Data(env.Config)
	if err != nil {
		t.Fatal(err)
	}
	set, err := data.Load(func(name string) (*ddl.DDL, error) { return ddl.Load(nil, ddl.Data, name) }, plugins...)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []struct{ plugin, query, output, want string }{
		{"puppet", "", "enabled", "true"}, {"puppet", "", "status", "stopped"}, {"resource", "File[" + dir + "/made]", "managed", "true"},
		{"resource", "File[" + dir + "/other]", "managed", "false"}, {"resource", "", "changed_resources", "1"},
	} {
		query := mco.Nil()
		if q.query != "" {
			query = mco.String(q.query)
		}
		m, err := set.Query(t.Context(), q.plugin, query)
		if err != nil || inspect.Text(m.Symbol(mco.Symbol(q.output))) != q.want {
			t.Errorf("%s(%q).%s: %v %v, want %s", q.plugin, q.query, q.output, m, err, q.want)
		}
	}
}

func TestRealLock(t *testing.T) {
	t.Parallel()
	dir, a, _ := realPuppet(t, "notify { 'hi': }")
	r := ask(t, a, "disable", in("message", mco.String("hands off")))
	if r.Status != mco.OK || output(r, "status") != "Succesfully locked the Puppet agent: hands off" || output(r, "enabled") != "false" {
		t.Errorf("disable: %s", inspect.Text(r.Value()))
	}
	if r = ask(t, a, "disable"); r.Status != mco.Aborted || r.Message != "Could not disable Puppet: Already disabled" {
		t.Errorf("again: %d %s", r.Status, r.Message)
	}
	if r = ask(t, a, "runonce"); r.Status != mco.Aborted || r.Message != "Puppet is disabled: 'hands off'" {
		t.Errorf("a run: %d %s", r.Status, r.Message)
	}
	// Puppet itself honours the lock, and takes it away.
	out, _ := exec.Command("puppet", "agent", "--test", "--color=false", "--config", dir+"/puppet.conf").CombinedOutput()
	if !strings.Contains(string(out), "administratively disabled (Reason: 'hands off')") {
		t.Errorf("Puppet's own run: %s", out)
	}
	if out, err := exec.Command("puppet", "agent", "--enable", "--config", dir+"/puppet.conf").CombinedOutput(); err != nil {
		t.Errorf("enable: %v\n%s", err, out)
	}
	if r = ask(t, a, "enable"); r.Message != "Could not enable Puppet: Already enabled" || output(r, "enabled") != "true" {
		t.Errorf("enable: %s", inspect.Text(r.Value()))
	}
}

func TestRealResource(t *testing.T) {
	t.Parallel()
	dir, a, _ := realPuppet(t, "file { 'DIR/managed': ensure => file }", "plugin.puppet.resource_type_whitelist = file")
	file := filepath.Join(dir, "single")
	ensure := func(path, value string) *agent.Reply {
		return ask(t, a, "resource", in("type", mco.String("File")), in("name", mco.String(path)), in("ensure", mco.String(value)), in("mode", mco.String("0600")))
	}
	if r := ensure(file, "present"); r.Status != mco.OK || output(r, "changed") != "true" || !strings.Contains(output(r, "result"), "]/ensure: created") {
		t.Errorf("created: %s", inspect.Text(r.Value()))
	}
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v %v", st, err)
	}
	if r := ensure(file, "present"); output(r, "changed") != "false" || output(r, "result") != "no output produced" {
		t.Errorf("once more: %s", inspect.Text(r.Value()))
	}
	if r := ensure(filepath.Join(dir, "no", "folder"), "present"); r.Status != mco.Aborted || !strings.Contains(r.Message, "No such file or directory") {
		t.Errorf("failed: %s", inspect.Text(r.Value()))
	}
	if r := ask(t, a, "resource", in("type", mco.String("exec")), in("name", mco.String("/bin/true"))); r.Message != "The exec type is not listed in the type whitelist" {
		t.Errorf("exec: %s", inspect.Text(r.Value()))
	}
	if out, err := exec.Command("puppet", "agent", "--onetime", "--no-daemonize", "--config", dir+"/puppet.conf").CombinedOutput(); err != nil {
		t.Fatalf("a run: %v\n%s", err, out)
	}
	if r := ensure(filepath.Join(dir, "managed"), "absent"); !strings.HasSuffix(r.Message, "refusing to create conflicting states") {
		t.Errorf("managed: %s", inspect.Text(r.Value()))
	}
}
