package lab

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Start runs a command in the background. It is killed with the test, if it runs then.
func (c *Client) Start(t testing.TB, args ...string) *Process {
	t.Helper()
	cmd := exec.Command(c.program, args...)
	cmd.Dir, cmd.Env = c.Dir, c.env
	name := "mco " + strings.Join(args[:min(2, len(args))], " ")
	p, err := startProcess(name, filepath.Join(t.TempDir(), "output.log"), cmd)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, p)
	return p
}
