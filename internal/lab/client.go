package lab

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Client runs mco, the original's or ours, with one configuration.
type Client struct {
	Name    string // "ruby" or "go"
	Dir     string // its home and working folder
	Config  string // path of client.cfg
	program string
	host    *Host
	env     []string
}

// Output is what a command did.
type Output struct {
	Stdout, Stderr string
	Exit           int // -1: ended by a signal, which includes our own limit
	Took           time.Duration
}

// All is everything that it printed.
func (o Output) All() string { return o.Stdout + o.Stderr }

// RubyMco returns the original's mco.
func RubyMco(t testing.TB, c ClientCfg) *Client {
	t.Helper()
	Need(t, Ruby)
	return newClient(t, "ruby", "/usr/bin/mco", c)
}

// GoMco returns ours.
func GoMco(t testing.TB, c ClientCfg) *Client {
	t.Helper()
	return newClient(t, "go", Program(t, "mco"), c)
}

func newClient(t testing.TB, name, program string, c ClientCfg) *Client {
	t.Helper()
	dir := t.TempDir()
	if c.LogLevel == "" {
		c.LogLevel = "warn"
	}
	write(t, dir, map[string]string{".mcollective": c.text(dir)})
	return &Client{Name: name, Dir: dir, Config: filepath.Join(dir, ".mcollective"), program: program, host: c.Host, env: environment(dir)}
}

// Run runs one command to its end, with an empty standard input, and at most a minute.
func (c *Client) Run(t testing.TB, args ...string) Output {
	t.Helper()
	return c.RunWith(t, "", nil, args...)
}

// RunWith runs one command with standard input and further environment.
func (c *Client) RunWith(t testing.TB, stdin string, env []string, args ...string) Output {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.program, args...)
	if c.host != nil {
		there := c.host.Command(append([]string{c.program}, args...)...)
		cmd = exec.CommandContext(ctx, there.Path, there.Args[1:]...)
	}
	cmd.Dir, cmd.Env = c.Dir, append(c.env[:len(c.env):len(c.env)], env...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	runtime.LockOSThread() // the command must not outlive this thread
	defer runtime.UnlockOSThread()
	start := time.Now()
	err := cmd.Run()
	out := Output{Stdout: stdout.String(), Stderr: stderr.String(), Exit: cmd.ProcessState.ExitCode(), Took: time.Since(start)}
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatalf("%s mco %q: %v\n%s", c.Name, args, err, out.All())
	}
	if strings.Contains(out.Stderr, "WARNING: DATA RACE") {
		t.Errorf("data race in mco %q:\n%s", args, tail(out.Stderr, 6000))
	}
	return out
}
