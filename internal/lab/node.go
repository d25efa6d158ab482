package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab/wire"
)

// Node is a running mcollectived, the original's or ours.
type Node struct {
	*Process
	Identity string
	Go       bool
	Config   string // path of server.cfg
	Daemon   string // path of its own log file
	Host     *Host  // nil: this machine
	secret   string
}

// RubyNode starts the original's daemon. It returns when the process runs; [Node.WaitReady] when it answers.
func RubyNode(t testing.TB, c ServerCfg) *Node {
	t.Helper()
	Need(t, Ruby)
	n := newNode(t, c, "/usr/sbin/mcollectived")
	return n
}

// GoNode starts our daemon with the same configuration.
func GoNode(t testing.TB, c ServerCfg) *Node {
	t.Helper()
	n := newNode(t, c, Program(t, "mcollectived"))
	n.Go = true
	return n
}

func newNode(t testing.TB, c ServerCfg, program string) *Node {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"server.cfg": c.text(dir), "facts.yaml": c.Facts, "classes.txt": strings.Join(append(c.Classes, ""), "\n"),
	})
	cmd := c.Host.command(program, "--no-daemonize", "--config", filepath.Join(dir, "server.cfg"))
	cmd.Dir = dir
	cmd.Env = environment(dir)
	p, err := startProcess(c.Identity, filepath.Join(dir, "output.log"), cmd)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, p)
	n := &Node{Process: p, Identity: c.Identity, Config: filepath.Join(dir, "server.cfg"), Daemon: filepath.Join(dir, "mcollective.log"), Host: c.Host, secret: c.Secret}
	t.Cleanup(func() {
		keepLog(t, c.Identity+" mcollective", n.Daemon)
		failOnRace(t, p)
	})
	return n
}

// environment is what programs of the laboratory get: a home of their own, the clock of the vectors, and for the original what it
// needs on this Ruby.
func environment(home string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LANG=C.UTF-8", "TZ=UTC", "GORACE=halt_on_error=0",
		"RUBYOPT=-W0 -r" + filepath.Join(Vectors(), "ruby31_compat.rb")}
}

func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// WaitReady waits until the node answers over broker b.
func (n *Node) WaitReady(t testing.TB, b *Broker, limit time.Duration) {
	t.Helper()
	n.WaitReadyIn(t, b, "mcollective", limit)
}

// WaitReadyIn is WaitReady for a node of another collective.
func (n *Node) WaitReadyIn(t testing.TB, b *Broker, collective string, limit time.Duration) {
	t.Helper()
	r := wire.Request{Secret: n.secret, Collective: collective, Identity: []string{n.Identity}}
	if _, err := b.Answers(n.Identity, r, limit); err != nil {
		t.Fatal(err)
	}
}

// DaemonLog returns what the daemon wrote into its log file.
func (n *Node) DaemonLog() string {
	b, err := os.ReadFile(n.Daemon)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Alive fails the test when the process has ended.
func (n *Node) Alive(t testing.TB) {
	t.Helper()
	select {
	case <-n.Done():
		t.Errorf("%s has ended with exit code %d: %s", n.Identity, n.ExitCode(), tail(n.Log(), 2000))
	default:
	}
}

// failOnRace makes a data race in one of our programs a failure of the test that ran it.
func failOnRace(t testing.TB, p *Process) {
	if strings.Contains(p.Log(), "WARNING: DATA RACE") {
		t.Errorf("data race in %s:\n%s", p.Name, tail(p.Log(), 6000))
	}
}
