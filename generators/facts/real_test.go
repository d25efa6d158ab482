package facts

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/mco-go/mco-go/internal/lab"
)

// The installed facter and Puppet say the same of this machine in all forms that they print.
func TestRealForms(t *testing.T) {
	lab.Need(t, lab.Puppet)
	t.Parallel()
	forms := map[string][]string{
		"facter JSON":   {"facter", "--json"},
		"facter YAML":   {"facter", "--yaml"},
		"legacy JSON":   {"facter", "--json", "--show-legacy"},
		"legacy YAML":   {"facter", "--yaml", "--show-legacy"},
		"Puppet JSON":   {"puppet", "facts", "find", "--render-as", "json"},
		"Puppet YAML":   {"puppet", "facts", "find", "--render-as", "yaml"},
		"Puppet's map":  {"puppet", "facts", "show"},
		"map, as YAML":  {"puppet", "facts", "show", "--render-as", "yaml"},
		"a second time": {"facter", "--json"},
	}
	home := t.TempDir()
	dumps := map[string]string{}
	for name, args := range forms {
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "HOME="+home, "LC_ALL=C.UTF-8")
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		// Facter ends with 1 where it may not read all of /proc, although what it prints is whole.
		err := cmd.Run()
		file := filepath.Join(home, name)
		if err := os.WriteFile(file, stdout.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		nodes := read(t, file)
		if len(nodes) != 1 {
			t.Fatalf("%s: %d nodes; %v\n%s", name, len(nodes), err, stderr.String())
		}
		n := *nodes[0]
		n.Custom = nil // flat facts add to it
		dumps[name] = dump(t, &n)
	}
	for name, d := range dumps {
		if d != dumps["facter JSON"] {
			t.Errorf("%s differs:\n%s\n%s", name, d, dumps["facter JSON"])
		}
	}
}
