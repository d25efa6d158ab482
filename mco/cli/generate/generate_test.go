package generate

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/lab/estates"
)

// outcome is what a run left behind.
type outcome struct {
	stdout, stderr string
	code           int
}

// generate runs the command with the given arguments.
func generate(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	c := Command()
	var stdout, stderr bytes.Buffer
	c.SetArgs(args)
	c.SetIn(strings.NewReader(stdin))
	c.SetOut(&stdout)
	c.SetErr(&stderr)
	err := c.ExecuteContext(t.Context())
	o := outcome{stdout: stdout.String(), stderr: stderr.String()}
	if code, ok := errors.AsType[exit](err); ok {
		o.code = code.ExitStatus()
	} else if err != nil {
		o.code, o.stderr = 1, o.stderr+err.Error()
	}
	return o
}

// secrets is a file of the corpus's example values with the mode that secrets need.
func secrets(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(estates.Corpus("topology", "secrets.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "secrets.yaml")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// estateArgs name an estate of the corpus.
func estateArgs(t *testing.T, topology, facts string) []string {
	return []string{"--topology", estates.Corpus("topology", topology), "--facts", estates.Corpus("facts", facts), "--secrets", secrets(t)}
}

// hash is the hash of everything below a folder: names, modes, contents.
func hash(t *testing.T, root string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		fmt.Fprintf(h, "%s %v\n", name, info.Mode())
		if d.IsDir() {
			return nil
		}
		content, err := os.ReadFile(path)
		h.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// TestTopologies renders every topology of the corpus, or sees it refused with the class that is expected and nothing written.
func TestTopologies(t *testing.T) {
	for name, x := range estates.Expectations(t) {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			got := generate(t, "", append([]string{"render", "--all", "--out", out}, estateArgs(t, name, x.Facts)...)...)
			_, err := os.Stat(out)
			switch {
			case x.Result == "renders" && (got.code != 0 || err != nil):
				t.Errorf("exit %d, %v\n%s", got.code, err, got.stderr)
			case x.Result == "refused" && (got.code != 1 || !errors.Is(err, fs.ErrNotExist)):
				t.Errorf("exit %d, %v: want exit 1 and nothing written\n%s", got.code, err, got.stderr)
			case !strings.Contains(got.stderr, x.Class) || x.Warning != "" && !strings.Contains(got.stderr, "warning: "+x.Warning):
				t.Errorf("no %q, no warning %q in\n%s", x.Class, x.Warning, got.stderr)
			}
		})
	}
}

// aNode is an estate of the corpus and one of its nodes.
func aNode(t *testing.T) []string {
	t.Helper()
	if os.Getenv("MCO_TESTDATA") != "" {
		t.Skip("the names are those of our own corpus")
	}
	return append(estateArgs(t, "seed001.fixed.yaml", "fleet-seed001"), "--node", "bhz79")
}

func TestApplyCheckAndDiff(t *testing.T) {
	root := t.TempDir()
	args := append(aNode(t), "--root", root, "--detailed-exitcodes")
	run := func(verb string, more ...string) outcome {
		return generate(t, "", slices.Concat([]string{verb}, args, more)...)
	}
	const cfg = "etc/haproxy/haproxy.cfg"

	if got := run("check"); got.code != 2 || !strings.Contains(got.stderr, "bhz79: would create /etc/haproxy/haproxy.cfg") {
		t.Errorf("check before: exit %d\n%s", got.code, got.stderr)
	}
	if got := run("apply", "--noop"); got.code != 2 {
		t.Errorf("apply --noop: exit %d", got.code)
	}
	if entries, err := os.ReadDir(root); err != nil || len(entries) > 0 {
		t.Fatalf("check and noop wrote %v, %v", entries, err)
	}
	got := run("apply")
	if got.code != 2 || !strings.Contains(got.stderr, "to do: haproxy: reload") {
		t.Fatalf("apply: exit %d\n%s", got.code, got.stderr)
	}
	before := stat(t, filepath.Join(root, cfg))
	if got := run("apply"); got.code != 0 || got.stderr != warnings(got.stderr) {
		t.Errorf("second apply: exit %d\n%s", got.code, got.stderr)
	}
	if after := stat(t, filepath.Join(root, cfg)); !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Error("the second apply touched the file")
	}
	if got := run("diff"); got.code != 0 || got.stdout != "" {
		t.Errorf("diff of nothing: exit %d\n%s", got.code, got.stdout)
	}

	edit(t, filepath.Join(root, cfg), "maxconn", "maxconn 7 #")
	if got := run("diff"); got.code != 2 || !strings.Contains(got.stdout, "maxconn 7 #") || strings.Contains(got.stdout, "change-me") {
		t.Errorf("diff of an edit: exit %d\n%s", got.code, got.stdout)
	}
	var changes []struct{ Path, Action string }
	for line := range strings.Lines(run("check", "--json").stdout) {
		var c struct{ Path, Action string }
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if c.Action == "update" {
			changes = append(changes, c)
		}
	}
	if len(changes) != 1 || changes[0].Path != "/"+cfg {
		t.Errorf("check --json: %v", changes)
	}

	if err := os.WriteFile(filepath.Join(root, cfg), []byte("mine\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	if got := run("apply"); got.code != 4 || !strings.Contains(got.stderr, "write.refused: node bhz79: /etc/haproxy/haproxy.cfg") {
		t.Errorf("apply over a foreign file: exit %d\n%s", got.code, got.stderr)
	}
	if got := run("apply", "--adopt"); got.code != 2 {
		t.Errorf("apply --adopt: exit %d\n%s", got.code, got.stderr)
	}
}

// warnings keeps the lines that are warnings.
func warnings(s string) string {
	var kept strings.Builder
	for line := range strings.Lines(s) {
		if strings.HasPrefix(line, "warning: ") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func stat(t *testing.T, path string) fs.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func edit(t *testing.T, path, from, to string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(content), from, to, 1)
	if edited == string(content) {
		t.Fatalf("no %q in %s", from, path)
	}
	if err := os.WriteFile(path, []byte(edited), stat(t, path).Mode()); err != nil {
		t.Fatal(err)
	}
}

func TestInputErrorsWriteNothing(t *testing.T) {
	good := aNode(t)
	topology, facts := good[1], good[3]
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no topology", []string{"apply", "-f", facts}, "--topology"},
		{"no facts", []string{"apply", "-t", topology}, "--facts"},
		{"a topology that is not there", []string{"check", "-t", "nosuch.yaml", "-f", facts}, "nosuch.yaml"},
		{"facts that are not there", []string{"check", "-t", topology, "-f", "nosuch"}, "nosuch"},
		{"no such node", append([]string{"check"}, append(good[:6:6], "--node", "nosuch")...), `no node "nosuch"; it has bhz76`},
		{"no node", append([]string{"check"}, good[:6]...), "--node"},
		{"software without version", append([]string{"check", "--software", "rabbitmq"}, good...), "NAME=VERSION"},
		{"no such file", append([]string{"render", "--file", "nosuch.cfg"}, good...), "bhz79 has no nosuch.cfg; it has haproxy.cfg"},
		{"all without a folder", append([]string{"render", "--all"}, good...), "--out"},
		{"both from standard input", []string{"check", "-t", topology, "-f", "-", "--secrets", "-"}, "standard input"},
		{"a short form of many nodes", append([]string{"rabbitmq.conf"}, good[:6]...), "bhz76, bhz77, bhz78 have rabbitmq.conf"},
		{"backwards", append([]string{"advise", "--from", "4.0", "--to", "3.8"}, good...), "no step forward"},
		{"advice about what nobody knows", append([]string{"advise", "--from", "apache=1", "--to", "2"}, good...), "no advice about"},
		{"explain nothing", append([]string{"explain", "nosuchkey"}, good...), "nosuchkey"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := generate(t, "", c.args...); got.code != 1 || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
				t.Errorf("exit %d, want 1 with %q\n%s%s", got.code, c.want, got.stdout, got.stderr)
			}
		})
	}
}

func TestWhatIsPrinted(t *testing.T) {
	args := aNode(t)
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"one file", []string{"haproxy.cfg"}, []string{"# Managed file", "listen ", "server bhz76 "}},
		{"several files", []string{"render"}, []string{"-- /etc/haproxy/haproxy.cfg 0640 root:haproxy --", "-- /etc/keepalived/keepalived.conf 0600 root:root --"}},
		{"one of several", []string{"render", "--file", "/etc/keepalived/keepalived.conf"}, []string{"virtual_router_id 103"}},
		{"a key", []string{"explain", "balancers.front.vrrp"}, []string{"balancers.front.vrrp.id = 103  (", "seed001.fixed.yaml:"}},
		{"advice", []string{"advise", "--from", "3.10", "--to", "4.0"}, []string{"Before the upgrade:", "mirrored queues in main", "quorum"}},
		{"advice that concerns nothing", []string{"advise", "--from", "pacemaker=1.1", "--to", "3.0"}, []string{"Nothing that this estate uses changes."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := generate(t, "", append(c.args, args...)...)
			if got.code != 0 {
				t.Fatalf("exit %d\n%s", got.code, got.stderr)
			}
			for _, w := range c.want {
				if !strings.Contains(got.stdout, w) {
					t.Errorf("no %q in\n%s", w, got.stdout)
				}
			}
		})
	}
}

// TestFactsFromStandardInput gives one node's facts in the pipe and the others' in a folder.
func TestFactsFromStandardInput(t *testing.T) {
	args := aNode(t)
	own, others := "", t.TempDir()
	entries, err := os.ReadDir(args[3])
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(args[3], e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(e.Name(), "bhz79") {
			own = string(content)
		} else if err := os.WriteFile(filepath.Join(others, e.Name()), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := generate(t, "", append([]string{"haproxy.cfg"}, args...)...)
	got := generate(t, own, append([]string{"haproxy.cfg", "--facts", "-", "--facts", others}, slices.Concat(args[:2], args[4:])...)...)
	if got.code != 0 || got.stdout != want.stdout {
		t.Errorf("exit %d\n%s\n%s\nwant\n%s", got.code, got.stderr, got.stdout, want.stdout)
	}
	if got := generate(t, own, "facts", "dump", "-f", "-"); got.code != 0 || !strings.Contains(got.stdout, "bhz79") {
		t.Errorf("facts dump: exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}
