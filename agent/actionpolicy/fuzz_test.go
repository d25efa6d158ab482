package actionpolicy

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// FuzzPolicy wants any file to end in a verdict, and a request of nobody's to be refused by a file without an allowing line.
func FuzzPolicy(f *testing.F) {
	for _, seed := range []string{
		"policy default deny\nallow\tcert=ops\tstatus\tos=Debian\tbase\n",
		"allow\t*\t*\t(os=Debian and not nope) or f('x').y=1\n",
		"allow\t*\t*\tos=~/(((/\t/[/\n", "deny\t\t\t\t\t\r\n", "policy default\n",
	} {
		f.Add(seed, "team cert=ops\n")
	}
	dir := f.TempDir()
	policy, groups := filepath.Join(dir, "puppet.policy"), filepath.Join(dir, "groups")
	f.Fuzz(func(t *testing.T, rules, members string) {
		for path, text := range map[string]string{policy: rules, groups: members} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p := New(Options{Dir: dir, Node: web{}, Callers: Patterns})
		err := p.Authorize(context.Background(), request("cert=ops", "status"))
		file, remarks := parseRules(rules)
		mayAllow := file.defaultAllow
		for _, r := range file.rules {
			mayAllow = mayAllow || r.allow
		}
		if err == nil && !mayAllow {
			t.Errorf("%q allows", rules)
		}
		for _, r := range remarks {
			if r.line < 1 {
				t.Errorf("remark %q is about line %d", r.text, r.line)
			}
		}
	})
}
