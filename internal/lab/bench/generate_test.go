package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// estateSize is how many nodes the generated estate has.
const estateSize = 10_000

// BenchmarkGenerate measures the way from a folder of fact files to the files of every node, and beside it the least that Puppet and
// facter take for one node.
func BenchmarkGenerate(b *testing.B) {
	lab.Need(b, lab.Puppet)
	dir := memoryDir(b)
	estate := filepath.Join(dir, "estate.yaml")
	writeEstate(b, dir, estate)
	secrets := filepath.Join(dir, "secrets.yaml")
	if err := os.WriteFile(secrets, []byte("psk: lab-psk\nmc: lab-password\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	program := lab.Program(b, "mco")
	args := []string{"generate", "render", "--all", "--topology", estate, "--facts", filepath.Join(dir, "facts"), "--secrets", secrets, "--out", filepath.Join(dir, "out")}
	t := table{
		title: fmt.Sprintf("Files of %d nodes", estateSize),
		note: "From a folder of fact files as facter writes them to server.cfg of every node, on a file system in memory. Goals: 5 s and 300 MiB, the second run 3 s without " +
			"a write. Below, in the same run: what Puppet takes for one node with nothing to do, and facter for its facts.",
		head: []string{"", "seconds", "processor seconds", "resident MiB at most"},
	}
	t.row(costOf(b, "first run", program, args...)...)
	before := newest(b, filepath.Join(dir, "out"))
	t.row(costOf(b, "second run", program, args...)...)
	if after := newest(b, filepath.Join(dir, "out")); !after.Equal(before) {
		b.Errorf("the second run wrote a file")
	}
	if err := os.MkdirAll(filepath.Join(dir, "var", "state"), 0o750); err != nil { // Puppet makes it only as its own user
		b.Fatal(err)
	}
	t.row(costOf(b, "`puppet apply` of an empty catalogue", "/usr/bin/puppet", "apply", "--vardir", filepath.Join(dir, "var"), "--confdir", filepath.Join(dir, "conf"), "-e", "")...)
	t.row(costOf(b, "`facter --json`", "/usr/bin/facter", "--json")...)
	t.print(b)
}

// memoryDir is a folder in memory, where the machine has one.
func memoryDir(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "mco-bench-*")
	if err != nil {
		return b.TempDir()
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// writeEstate writes an estate of two brokers and of nodes that use them, and the facts of all.
func writeEstate(b *testing.B, dir, topology string) {
	b.Helper()
	model, err := os.ReadFile(filepath.Join(lab.Root(), "testdata/generators/facts/debian12-facter4/ha1.json"))
	if err != nil {
		b.Fatal(err)
	}
	facts := filepath.Join(dir, "facts")
	if err := os.Mkdir(facts, 0o700); err != nil {
		b.Fatal(err)
	}
	node := newFactsOf(b, string(model))
	for i := range estateSize {
		if err := os.WriteFile(filepath.Join(facts, fmt.Sprintf("node%05d.json", i)), node(i), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	text := `version: 1
estate: large
brokers:
  main: {kind: standalone-set, nodes: [node00000, node00001]}
collectives:
  mcollective: {servers: all, clients: [node00002], via: main, psk: {secret: psk}, user: {name: mcollective, secret: mc}}
`
	if err := os.WriteFile(topology, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

// costOf runs a command and returns wall seconds, processor seconds and its largest resident size, as the cells of a row about what. Facter ends with 1 where it
// may not read everything, which is not counted.
func costOf(b *testing.B, what, program string, args ...string) []string {
	b.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.TempDir(), "LANG=C.UTF-8"}
	start := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(start)
	if cmd.ProcessState == nil || err != nil && program != "/usr/bin/facter" {
		b.Fatalf("%s %q: %v\n%.2000s", program, args, err, out)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return []string{what, short(took.Seconds()), short(used.Seconds()), short(float64(usage.Maxrss) / 1024)}
}

// newest is the time of the last write below dir.
func newest(b *testing.B, dir string) time.Time {
	b.Helper()
	var last time.Time
	err := filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return last
}

// newFactsOf returns a function that makes the facts of node i out of those of one real machine.
func newFactsOf(b *testing.B, model string) func(i int) []byte {
	b.Helper()
	for _, part := range []string{`"hostname": "ha1"`, "192.168.233.103", "255.255.255.0"} {
		if !strings.Contains(model, part) {
			b.Fatalf("no %s in the model of facts", part)
		}
	}
	return func(i int) []byte {
		name := fmt.Sprintf("node%05d", i)
		return []byte(strings.NewReplacer("ha1", name, "192.168.233.103", fmt.Sprintf("10.%d.%d.1", i/200, i%200),
			"192.168.233.0", fmt.Sprintf("10.%d.%d.0", i/200, i%200)).Replace(model))
	}
}
