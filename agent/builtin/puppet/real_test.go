package puppet

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/agenttest"
	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
)

// realPuppet prepares a folder in which the packaged Puppet agent can run without a server: it has a certificate, and applies the
// catalog that was compiled from the manifest. It returns the folder and the agent for it.
func realPuppet(t *testing.T, manifest string, settings ...string) (string, agent.Agent, *config.Config) {
	t.Helper()
	lab.Need(t, lab.Puppet)
	dir := t.TempDir()
	script := exec.Command("bash", "testdata/agent.sh", dir)
	script.Stdin = strings.NewReader(strings.ReplaceAll(manifest, "DIR", dir))
	if out, err := script.CombinedOutput(); err != nil {
		t.Fatalf("prepare Puppet: %v\n%s", err, out)
	}
	c := agenttest.Config(t, "plugin.puppet.config = "+dir+"/puppet.conf\nplugin.puppet.command = puppet agent --config="+dir+"/puppet.conf\n"+
		strings.Join(settings, "\n")+"\n")
	return dir, agenttest.New(t, Name, New, c), c
}

func TestRealRun(t *testing.T) {
	t.Parallel()
	dir, a, c := realPuppet(t, "file { 'DIR/made': content => 'by a run' } notify { 'done': }")
	if r := agenttest.Ask(t, a, "status"); agenttest.Output(r, "lastrun") != "0" || agenttest.Output(r, "status") != "stopped" || agenttest.Output(r, "enabled") != "true" {
		t.Errorf("before: %s", inspect.Text(r.Value()))
	}
	r := agenttest.Ask(t, a, "runonce", agenttest.In("force", mco.Bool(true)), agenttest.In("noop", mco.Bool(false)))
	want := "Started a Puppet run using the 'puppet agent --config=" + dir + "/puppet.conf --onetime --no-daemonize --color=false --show_diff --verbose --no-splay --no-noop' command"
	if r.Status != mco.OK || agenttest.Output(r, "summary") != want {
		t.Fatalf("runonce: %d %s\n%s", r.Status, r.Message, agenttest.Output(r, "summary"))
	}
	lab.Wait(t, "the end of the run", 60*time.Second, func() error {
		if r = agenttest.Ask(t, a, "status"); agenttest.Output(r, "lastrun") == "0" || agenttest.Output(r, "status") != "stopped" {
			return errors.New(agenttest.Output(r, "message"))
		}
		return nil
	})
	if text, err := os.ReadFile(filepath.Join(dir, "made")); err != nil || string(text) != "by a run" {
		t.Errorf("the run's file: %q, %v", text, err)
	}
	r = agenttest.Ask(t, a, "last_run_summary")
	for name, want := range map[mco.Symbol]string{"changed_resources": "2", "failed_resources": "0", "out_of_sync_resources": "2"} {
		if got := agenttest.Output(r, name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := agenttest.Output(r, "type_distribution"); !strings.Contains(got, `"File"=>1`) {
		t.Errorf("types: %s", got)
	}
	if got := agenttest.Output(r, "logs"); got != "{}" {
		t.Errorf("logs that nobody asked for: %s", got)
	}
	// An agent that sends no reports leaves none; `puppet apply` does.
	if out, err := exec.Command("puppet", "apply", "--config", dir+"/puppet.conf", "-e", "notify { 'logged': }").CombinedOutput(); err != nil {
		t.Fatalf("puppet apply: %v\n%s", err, out)
	}
	if got := agenttest.Output(agenttest.Ask(t, a, "last_run_summary", agenttest.In("logs", mco.Bool(true))), "logs"); !strings.Contains(got, "defined 'message' as 'logged'") {
		t.Errorf("logs: %s", got)
	}
	plugins, err := Data(c)
	if err != nil {
		t.Fatal(err)
	}
	set, err := data.Load(func(name string) (func() *ddl.DDL, error) { return new(ddl.Cache).Find(ddl.Data, name) }, plugins...)
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
	r := agenttest.Ask(t, a, "disable", agenttest.In("message", mco.String("hands off")))
	if r.Status != mco.OK || agenttest.Output(r, "status") != "Succesfully locked the Puppet agent: hands off" || agenttest.Output(r, "enabled") != "false" {
		t.Errorf("disable: %s", inspect.Text(r.Value()))
	}
	if r = agenttest.Ask(t, a, "disable"); r.Status != mco.Aborted || r.Message != "Could not disable Puppet: Already disabled" {
		t.Errorf("again: %d %s", r.Status, r.Message)
	}
	if r = agenttest.Ask(t, a, "runonce"); r.Status != mco.Aborted || r.Message != "Puppet is disabled: 'hands off'" {
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
	if r = agenttest.Ask(t, a, "enable"); r.Message != "Could not enable Puppet: Already enabled" || agenttest.Output(r, "enabled") != "true" {
		t.Errorf("enable: %s", inspect.Text(r.Value()))
	}
}

func TestRealResource(t *testing.T) {
	t.Parallel()
	dir, a, _ := realPuppet(t, "file { 'DIR/managed': ensure => file }", "plugin.puppet.resource_type_whitelist = file")
	file := filepath.Join(dir, "single")
	ensure := func(path, value string) *agent.Reply {
		return agenttest.Ask(t, a, "resource", agenttest.In("type", mco.String("File")), agenttest.In("name", mco.String(path)), agenttest.In("ensure", mco.String(value)), agenttest.In("mode", mco.String("0600")))
	}
	if r := ensure(file, "present"); r.Status != mco.OK || agenttest.Output(r, "changed") != "true" || !strings.Contains(agenttest.Output(r, "result"), "]/ensure: created") {
		t.Errorf("created: %s", inspect.Text(r.Value()))
	}
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v %v", st, err)
	}
	if r := ensure(file, "present"); agenttest.Output(r, "changed") != "false" || agenttest.Output(r, "result") != "no output produced" {
		t.Errorf("once more: %s", inspect.Text(r.Value()))
	}
	if r := ensure(filepath.Join(dir, "no", "folder"), "present"); r.Status != mco.Aborted || !strings.Contains(r.Message, "No such file or directory") {
		t.Errorf("failed: %s", inspect.Text(r.Value()))
	}
	if r := agenttest.Ask(t, a, "resource", agenttest.In("type", mco.String("exec")), agenttest.In("name", mco.String("/bin/true"))); r.Message != "The exec type is not listed in the type whitelist" {
		t.Errorf("exec: %s", inspect.Text(r.Value()))
	}
	if out, err := exec.Command("puppet", "agent", "--onetime", "--no-daemonize", "--config", dir+"/puppet.conf").CombinedOutput(); err != nil {
		t.Fatalf("a run: %v\n%s", err, out)
	}
	if r := ensure(filepath.Join(dir, "managed"), "absent"); !strings.HasSuffix(r.Message, "refusing to create conflicting states") {
		t.Errorf("managed: %s", inspect.Text(r.Value()))
	}
}
