package generate

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/lab/estates"
)

var update = flag.Bool("update", false, "write the golden files anew")

// hieraOf is the hiera that could have made an estate of the corpus.
func hieraOf(seed string) string {
	return filepath.Join("..", "..", "..", "generators", "hiera", "testdata", "hiera", seed)
}

// What import makes of hiera is an estate that loads with the nodes' facts, and whose files can all be made.
func TestImportLoads(t *testing.T) {
	rows := []struct {
		seed, facts string
		unknown     []string          // secrets that hiera does not have
		passwords   []string          // what must not be shown
		places      map[string]string // files and what they hold
	}{
		{"seed001", "fleet-seed001", []string{"mq_app: later"}, []string{"Adm1n-pass", "St4ts-pass", "kplv-123", "NOTREALCOOKIE0123456789"}, map[string]string{
			"bhz79/etc/haproxy/haproxy.cfg":         "default-server inter 5s rise 2 fall 2",
			"bhz80/etc/keepalived/keepalived.conf":  "priority 90",
			"bhz76/etc/rabbitmq/definitions.json":   `"message-ttl": 60000`,
			"bhz77/etc/rabbitmq/rabbitmq.config":    "ram}",
			"bhz78/var/lib/rabbitmq/.erlang.cookie": "NOTREALCOOKIE0123456789",
			"bhz79/etc/keepalived/keepalived.conf":  "kplv-123",
			"bhz76/etc/rabbitmq/rabbitmq-env.conf":  "/var/lib/rabbitmq/log",
			"bhz78/etc/rabbitmq/enabled_plugins":    "rabbitmq_prometheus",
			"bhz80/etc/keepalived/haproxy_check.sh": "show info",
			"bhz76/etc/rabbitmq/rabbitmq.config":    "pause_minority",
			"bhz77/etc/rabbitmq/definitions.json":   `"pattern": "^tmp\\."`,
			"bhz78/etc/rabbitmq/rabbitmq.config":    "{heartbeat, 60}",
		}},
		{"seed004", "fleet-seed004", []string{"erlang_cookie: AAAAAAAAAAAAAAAAAAAAAAAA"}, []string{"Jas33-pass"}, map[string]string{
			"rabbitmq01/etc/keepalived/keepalived.conf": "persistence_timeout 6000",
			"rabbitmq02/etc/keepalived/keepalived.conf": "priority 100",
		}},
	}
	for _, r := range rows {
		t.Run(r.seed, func(t *testing.T) {
			dir := t.TempDir()
			topology, secrets, tree := filepath.Join(dir, "estate.yaml"), filepath.Join(dir, "secrets.yaml"), filepath.Join(dir, "tree")
			facts := estates.Corpus("facts", r.facts)
			o := generate(t, "", "import", "--facts", facts, "--name", "old", "--out", topology, "--secrets-out", secrets, hieraOf(r.seed))
			if o.code != 0 {
				t.Fatalf("exit code %d: %s", o.code, o.stderr)
			}
			estate, err := os.ReadFile(topology)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range r.passwords {
				if strings.Contains(o.stdout+o.stderr+string(estate), p) {
					t.Errorf("the password %s is shown", p)
				}
			}
			if info, err := os.Stat(secrets); err != nil || info.Mode().Perm() != 0o600 {
				t.Fatalf("the file of secrets is %v (%v)", info.Mode(), err)
			}
			f, err := os.OpenFile(secrets, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString(strings.Join(r.unknown, "\n") + "\n"); err != nil {
				t.Fatal(err)
			}
			f.Close()
			got := generate(t, "", "render", "--all", "--out", tree, "--topology", topology, "--facts", facts, "--secrets", secrets)
			if got.code != 0 {
				t.Fatalf("exit code %d: %s\nof\n%s", got.code, got.stderr, estate)
			}
			for name, want := range r.places {
				if text, err := os.ReadFile(filepath.Join(tree, name)); err != nil || !strings.Contains(string(text), want) {
					t.Errorf("%s lacks %q (%v):\n%s", name, want, err, text)
				}
			}
			compareGolden(t, filepath.Join(hieraOf(r.seed), "estate.golden"), string(estate))
			compareGolden(t, filepath.Join(hieraOf(r.seed), "left.golden"), strings.ReplaceAll(o.stderr, hieraOf(r.seed)+"/", ""))
			if again := generate(t, "", "import", "--secrets-out", secrets, hieraOf(r.seed)); again.code != 1 || again.stdout != "" {
				t.Errorf("a file that is there was written over: exit code %d, %s", again.code, again.stdout)
			}
		})
	}
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(path); err != nil || string(want) != got {
		t.Errorf("%s (%v):\n%s\ngot:\n%s", path, err, want, got)
	}
}

// Without --out and --secrets-out the estate is all that goes to standard output, and no password goes anywhere.
func TestImportShowsNoPassword(t *testing.T) {
	o := generate(t, "", "import", hieraOf("seed001"))
	if o.code != 0 || !strings.HasPrefix(o.stdout, "# Made by mco generate import.") || !strings.Contains(o.stderr, "secret mq_admin: ") {
		t.Fatalf("exit code %d\n%s\n%s", o.code, o.stdout, o.stderr)
	}
	for _, p := range []string{"Adm1n-pass", "St4ts-pass", "kplv-123", "NOTREALCOOKIE"} {
		if strings.Contains(o.stdout+o.stderr, p) {
			t.Errorf("it shows %s", p)
		}
	}
}
