package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/agenttest"
	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco"
)

func TestMain(m *testing.M) {
	command.Shim()
	os.Exit(m.Run())
}

// ask runs an action and returns code, message and state.
func ask(t *testing.T, a agent.Agent, action, service string) string {
	t.Helper()
	r := agenttest.Ask(t, a, action, agenttest.Texts("service", service)...)
	return fmt.Sprintf("%d %s: %s", r.Status, r.Message, agenttest.Output(r, "status"))
}

func newAgent(t *testing.T, settings string) agent.Agent {
	t.Helper()
	return agenttest.New(t, Name, New, agenttest.Config(t, settings))
}

// realService installs an init script with a daemon below it, and takes both away at the end.
func realService(t *testing.T) (name string) {
	t.Helper()
	lab.Need(t, lab.Superuser)
	if _, err := exec.LookPath("service"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	name = "mco-go-test-" + filepath.Base(filepath.Dir(dir))
	script, err := os.ReadFile("testdata/init.sh")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("/etc/init.d", name)
	text := strings.NewReplacer("@NAME@", name, "@DIR@", dir).Replace(string(script))
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command(path, "stop").Run()
		_ = os.Remove(path)
		_ = exec.Command("update-rc.d", name, "remove").Run()
	})
	return name
}

func TestRealService(t *testing.T) {
	name := realService(t)
	a := newAgent(t, "plugin.service.provider = init\n")
	for _, step := range []struct{ action, want string }{
		{"status", "0 OK: stopped"},
		{"stop", "1 Could not stop service '" + name + "': Service is already stopped: stopped"},
		{"start", "0 OK: running"},
		{"start", "1 Could not start service '" + name + "': Service is already running: running"},
		{"status", "0 OK: running"},
		{"restart", "0 OK: running"},
		{"enable", "0 OK: enabled"},
		{"disable", "0 OK: disabled"},
		{"stop", "0 OK: stopped"},
		{"restart", "0 OK: running"},
		{"stop", "0 OK: stopped"},
	} {
		if got := ask(t, a, step.action, name); got != step.want {
			t.Errorf("%s: %s\nwant %s", step.action, got, step.want)
		}
	}
}

// A service that a request has started lives on when the request is over, though it came from a process of ours.
func TestServiceOutlivesItsRequest(t *testing.T) {
	name := realService(t)
	a := newAgent(t, "plugin.service.provider = init\nplugin.service.init.hasrestart = 1\n")
	if got := ask(t, a, "start", name); got != "0 OK: running" {
		t.Fatal(got)
	}
	if got := ask(t, a, "restart", name); got != "0 OK: running" {
		t.Error(got)
	}
	plugins, err := Data(agenttest.Config(t, "plugin.service.provider = init\n"))
	if err != nil {
		t.Fatal(err)
	}
	state := func() string {
		m, err := plugins[0].Query(t.Context(), mco.String(name))
		if err != nil {
			return err.Error()
		}
		s, _ := m.Symbol("status").AsString()
		return s
	}
	if got := state(); got != running {
		t.Errorf("the data plugin says %q", got)
	}
	if got := ask(t, a, "stop", name); got != "0 OK: stopped" {
		t.Error(got)
	}
	lab.Wait(t, "the service's end", 5*time.Second, func() error {
		if got := state(); got != stopped {
			return errors.New(got)
		}
		return nil
	})
}

func TestNamesThatAreNone(t *testing.T) {
	a := newAgent(t, "plugin.service.provider = init\n")
	for name, want := range map[string]string{
		"--status-all":  `1 Could not start service '--status-all': "--status-all" names no service: unknown`,
		"..":            `1 Could not start service '..': ".." names no service: unknown`,
		"mco-go-nosuch": `1 Could not start service 'mco-go-nosuch': Could not find init script for 'mco-go-nosuch': unknown`,
		"a/../b":        `4 Cannot validate input service: `,
		"a;reboot":      `4 Cannot validate input service: `,
	} {
		if got := ask(t, a, "start", name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s\nwant %s", name, got, want)
		}
	}
}

// Where systemd runs, names stand behind --.
func TestSystemd(t *testing.T) {
	runner, err := command.New(command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &system{runner: runner, systemd: true}
	if got, err := s.status(t.Context(), "mco-go-nosuch"); err != nil || got != stopped {
		t.Errorf("a service that is not there: %q, %v", got, err)
	}
	if err := s.do(t.Context(), "mco-go-nosuch", "start"); err == nil || !strings.HasPrefix(err.Error(), "Execution of 'systemctl start -- mco-go-nosuch' returned ") {
		t.Errorf("start: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.status(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

func TestProviders(t *testing.T) {
	for settings, want := range map[string]string{
		"":                                    "",
		"plugin.service.provider = Systemd\n": "",
		"plugin.service.provider = mine\n":    "plugin.service.provider = mine: this program has puppet, systemd and init",
	} {
		_, err := newSystem(agenttest.Config(t, settings))
		if got := fmt.Sprint(err); got != want && (err != nil || want != "") {
			t.Errorf("%q: %v", settings, err)
		}
	}
	s, err := newSystem(agenttest.Config(t, "plugin.service.provider = init\nplugin.service.init.hasstatus = false\n"))
	if err != nil {
		t.Fatal(err)
	}
	s.scripts = t.TempDir()
	if err := os.WriteFile(filepath.Join(s.scripts, "sleep-of-the-test"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := s.status(t.Context(), "sleep-of-the-test"); err != nil || got != stopped {
		t.Errorf("no such process: %q, %v", got, err)
	}
}
