package estate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/secret"
)

// FuzzLoad resolves any topology over real facts: it ends, it either makes an estate or says why not, and what it says is lines of
// ASCII without a secret in them.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"seed000.yaml", "seed001.fixed.yaml", "seed002.yaml", "seed003.yaml", "seed004.haproxy.yaml", "seed004.target.yaml", "seed004.yaml"} {
		data, err := os.ReadFile(own(f, "topology", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	var dirs []string
	for _, name := range []string{"fleet-seed000", "fleet-seed001", "fleet-seed002", "fleet-seed003", "fleet-seed004"} {
		dirs = append(dirs, own(f, "facts", name))
	}
	set, problems := facts.Read(dirs, nil, facts.DefaultLimits())
	if problems.Failed() {
		f.Fatal(problems)
	}
	const sesame = "open sesame, hunter2"
	store, problems := secret.Open(secret.Sources{Stdin: strings.NewReader("{mq_admin: '" + sesame + "', mc_psk: '" + sesame + "', mc_pass: '" + sesame + "', vrrp_vip: '" + sesame +
		"', hap_stats: '" + sesame + "', os_mq: '" + sesame + "', erlang_cookie: '" + sesame + "'}")})
	if problems.Failed() {
		f.Fatal(problems)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, "t.yaml")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		e, problems := estate.Load(path, estate.Options{Facts: set, Secrets: store})
		if (e == nil) != problems.Failed() {
			t.Fatalf("estate: %v, problems: %v", e != nil, problems)
		}
		for _, p := range problems {
			line := p.Error()
			if strings.Contains(line, sesame) {
				t.Fatalf("a problem shows a secret: %s", line)
			}
			for _, c := range line {
				if c < ' ' || c > '~' {
					t.Fatalf("a problem is not one line of ASCII: %q", line)
				}
			}
		}
	})
}
