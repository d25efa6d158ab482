package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco/broker"
)

// programEnv makes the test binary behave as mcollectived.
const programEnv = "MCOLLECTIVED_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		main()
	}
	os.Exit(m.Run())
}

// self is the path of the test binary.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// program runs mcollectived with these arguments and returns what it printed and its exit code.
func program(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(self(t), args...)
	cmd.Env = append(os.Environ(), programEnv+"=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			t.Fatal(err)
		}
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// place is a folder with a server.cfg for a broker of the test's own.
type place struct{ cfg, log, pid string }

func newPlace(t *testing.T, extra string) (place, *broker.Broker) {
	t.Helper()
	b, err := broker.Start(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	host, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := place{cfg: filepath.Join(dir, "server.cfg"), log: filepath.Join(dir, "log"), pid: filepath.Join(dir, "pid")}
	text := fmt.Sprintf("identity = n1\nconnector = rabbitmq\nplugin.psk = lab\nlogger_type = file\nlogfile = %s\nplugin.mco.state_dir = %s/state\nplugin.rabbitmq.pool.size = 1\n"+
		"plugin.rabbitmq.pool.1.host = %s\nplugin.rabbitmq.pool.1.port = %s\n%s\n", p.log, dir, host, port, extra)
	if err := os.WriteFile(p.cfg, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p, b
}

// until waits for a condition of another process, looking at it from time to time.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (p place) logged(t *testing.T, want string) {
	t.Helper()
	until(t, "log line "+want, func() bool {
		raw, _ := os.ReadFile(p.log)
		return strings.Contains(string(raw), want)
	})
}

func TestWhatTheProgramPrints(t *testing.T) {
	for _, tc := range []struct {
		name, args, stdout, stderr string
		code                       int
	}{
		{"help", "--help", usage, "", 0},
		{"version", "--version", "mcollectived 2.12.5+go.", "", 0},
		{"unknown flag", "--nosuch", "", "unrecognized option `--nosuch'", 1},
		{"no cfg file", "--config /nonexistent/server.cfg", "", "Cannot find config file '/nonexistent/server.cfg'", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stdout, stderr, code := program(t, strings.Fields(tc.args)...)
			if code != tc.code || !strings.HasPrefix(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) || (tc.stderr == "") != (stderr == "") {
				t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
			}
		})
	}
}

func TestForeground(t *testing.T) {
	p, b := newPlace(t, "")
	cmd := exec.Command(self(t), "--config", p.cfg, "--pidfile", p.pid)
	cmd.Env = append(os.Environ(), programEnv+"=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the connection", func() bool { return b.Clients() == 1 })
	if _, err := os.Stat(p.pid); err == nil {
		t.Error("a pid file is written in the foreground")
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
	p.logged(t, "started logging at info level")
	p.logged(t, "Exiting after signal: SIGTERM")
	until(t, "the end of the connection", func() bool { return b.Clients() == 0 })
}

func TestBackground(t *testing.T) {
	p, b := newPlace(t, "daemonize = 1")
	t.Chdir(filepath.Dir(p.pid))
	if stdout, stderr, code := program(t, "-c", p.cfg, "-p", filepath.Base(p.pid)); code != 0 || stdout+stderr != "" {
		t.Fatalf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	raw, err := os.ReadFile(p.pid) // it is there as soon as the parent returns
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(pid, syscall.SIGKILL)
	until(t, "the connection", func() bool { return b.Clients() == 1 })
	if session, err := sessionOf(pid); err != nil || session != pid {
		t.Errorf("session %d of process %d, %v: want one of its own", session, pid, err)
	}
	for fd := range 3 {
		if target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd)); err != nil || target != "/dev/null" {
			t.Errorf("file %d is %s, %v", fd, target, err)
		}
	}
	if dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err != nil || dir != "/tmp" {
		t.Errorf("working directory %s, %v", dir, err)
	}
	_, stderr, code := program(t, "-c", p.cfg, "-p", p.pid)
	if want := fmt.Sprintf("Process is already running with PID %d", pid); code != 1 || !strings.Contains(stderr, want) {
		t.Errorf("a second one: exit %d, stderr %q", code, stderr)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, "the removal of the pid file", func() bool { _, err := os.Stat(p.pid); return os.IsNotExist(err) })
	until(t, "the end of the connection", func() bool { return b.Clients() == 0 })
}

// sessionOf reads the session id of a process.
func sessionOf(pid int) (int, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	return strconv.Atoi(fields[3])
}

func TestBackgroundFailuresReachTheCaller(t *testing.T) {
	for _, tc := range []struct{ name, extra, want string }{
		{"no such log folder", "logfile = /nonexistent/log", "/nonexistent/log"},
		{"bad pool", "plugin.rabbitmq.pool.size = none", "none"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, _ := newPlace(t, "daemonize = 1\n"+tc.extra)
			_, stderr, code := program(t, "--config", p.cfg, "--pidfile", p.pid)
			if code != 1 || !strings.Contains(stderr, tc.want) {
				t.Errorf("exit %d, stderr %q", code, stderr)
			}
			if _, err := os.Stat(p.pid); err == nil {
				t.Error("the pid file is left")
			}
		})
	}
}

func TestCommandLineWinsOverTheFile(t *testing.T) {
	p, b := newPlace(t, "daemonize = 1")
	cmd := exec.Command(self(t), "--config", p.cfg, "--no-daemonize")
	cmd.Env = append(os.Environ(), programEnv+"=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the connection", func() bool { return b.Clients() == 1 })
	for range 2 {
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
}
