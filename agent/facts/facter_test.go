package facts_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent/facts"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco"
)

// script makes a program of that text.
func script(t *testing.T, path, text string) {
	t.Helper()
	// Written aside: a file that is open for writing cannot be run.
	if err := os.WriteFile(path+".new", []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// start runs a source until the test ends.
func start(t *testing.T, o facts.FacterOptions) *facts.Facter {
	t.Helper()
	f, err := facts.NewFacter(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); f.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return f
}

func text(m *mco.Map, name string) string {
	v, _ := m.Get(mco.String(name))
	s, _ := v.AsString()
	return s
}

// eventually waits until the fact a has a value.
func eventually(t *testing.T, f *facts.Facter, want string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if text(f.Facts(), "a") == want {
			return
		}
	}
	t.Fatalf("the fact is %q, want %q", text(f.Facts(), "a"), want)
}

func TestFacterOutputDecides(t *testing.T) {
	for _, tc := range []struct {
		name, script, want, log string
	}{
		{"good", `echo '{"a": "1", "n": {"x": 12, "y": [true, null, 1.5]}}'`, "1", "info: Loaded 2 facts from Facter"},
		{"facts with exit 1", `echo '{"a": "1"}'; echo "one fact failed" >&2; exit 1`, "1", "its facts are used: exit status 1: one fact failed"},
		{"nothing with exit 0", `exit 0`, "", "Failed to load facts: "},
		{"no facts with exit 0", `echo '{}'`, "", "it printed no facts"},
		{"half of it", `echo '{"a": "1", '`, "", "cannot be read"},
		{"a complaint in front", `echo 'warning: {'; echo '{"a": "1"}'`, "", "cannot be read"},
		{"a flood", `head -c 9000000 /dev/zero`, "", "more than 8388608 bytes"},
		{"not there to run", `exec /nonexistent`, "", "Failed to load facts: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "facter")
			script(t, path, tc.script)
			log := new(lines)
			f := start(t, facts.FacterOptions{Command: path, Log: slog.New(log)})
			if got := text(f.Facts(), "a"); got != tc.want {
				t.Errorf("fact %q, want %q", got, tc.want)
			}
			if said := strings.Join(log.take(), "\n"); !strings.Contains(said, tc.log) {
				t.Errorf("the log says %q, want %q", said, tc.log)
			}
		})
	}
}

func TestFacterKeepsTheLastGoodFacts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "facter")
	script(t, path, `echo '{"a": "1"}'`)
	f := start(t, facts.FacterOptions{Command: path, CacheTime: time.Millisecond})
	eventually(t, f, "1")
	script(t, path, `echo '{"a": "2"}'`)
	eventually(t, f, "2")
	log := filepath.Join(filepath.Dir(path), "ran")
	script(t, path, `echo x >> `+log+`; exit 3`)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if text(f.Facts(), "a") != "2" {
			t.Fatal("a run that failed took the facts away")
		}
		if _, err := os.Stat(log); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("facter was not run again")
		}
	}
}

// A facter that hangs, together with what it started, neither holds up a question that has facts nor outlives its time.
func TestFacterThatHangs(t *testing.T) {
	dir := t.TempDir()
	path, pids := filepath.Join(dir, "facter"), filepath.Join(dir, "pids")
	script(t, path, `echo '{"a": "1"}'`)
	f := start(t, facts.FacterOptions{Command: path, CacheTime: time.Millisecond, Timeout: 500 * time.Millisecond})
	eventually(t, f, "1")
	script(t, path, `sleep 300 & echo $! $$ > `+pids+`.new; mv `+pids+`.new `+pids+`; wait`)
	var running []byte
	for end := time.Now().Add(20 * time.Second); running == nil; time.Sleep(5 * time.Millisecond) {
		before := time.Now()
		f.Facts()
		if took := time.Since(before); took > time.Second {
			t.Fatalf("a question took %s", took)
		}
		running, _ = os.ReadFile(pids)
		if time.Now().After(end) {
			t.Fatal("facter was not run again")
		}
	}
	for _, pid := range strings.Fields(string(running)) {
		for end := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("process %s of facter's outlived its time", pid)
			}
		}
	}
}

func alive(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestFacterIsMissing(t *testing.T) {
	f := start(t, facts.FacterOptions{Command: filepath.Join(t.TempDir(), "none")})
	if n := f.Facts().Len(); n != 0 {
		t.Errorf("%d facts", n)
	}
}

func TestFacterEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "facter")
	script(t, path, `printf '{"a": "%s %s %s", "secret": "%s"}' "$1" "$FACTERLIB" "$(pwd)" "$MCOLLECTIVE_PSK"`)
	t.Setenv("MCOLLECTIVE_PSK", "do not hand on")
	f := start(t, facts.FacterOptions{Command: path})
	if got, want := text(f.Facts(), "a"), "--json "+facts.DefaultFacterLib+" /"; got != want {
		t.Errorf("facter was called with %q, want %q", got, want)
	}
	if got := text(f.Facts(), "secret"); got != "" {
		t.Errorf("the daemon's environment was handed on: %q", got)
	}
}

// TestRealFacter compares with what the real one prints, by names and by facts that do not change.
func TestRealFacter(t *testing.T) {
	lab.Need(t, lab.Facter)
	const path = "/usr/bin/facter"
	lib := t.TempDir()
	if err := os.WriteFile(filepath.Join(lib, "role.rb"), []byte("Facter.add(:role) { setcode { 'web' } }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	log := new(lines)
	f := start(t, facts.FacterOptions{Command: path, Lib: lib, Log: slog.New(log)})
	for end := time.Now().Add(time.Minute); f.Facts().Len() == 0 && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	got := f.Facts()
	if text(got, "role") != "web" {
		t.Errorf("the fact of plugin.facter.facterlib is %q; the log says %q", text(got, "role"), log.take())
	}
	cmd := exec.Command(path, "--json")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, _ := cmd.Output() // its exit code says nothing
	var want map[string]any
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatalf("%v: %.200s", err, out)
	}
	for name := range want {
		if _, ok := got.Get(mco.String(name)); !ok {
			t.Errorf("fact %s is missing", name)
		}
	}
	if kernel, _ := want["kernel"].(string); kernel == "" || text(got, "kernel") != kernel {
		t.Errorf("kernel %q, want %q", text(got, "kernel"), kernel)
	}
}
