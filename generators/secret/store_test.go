package secret

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/internal/lab"
)

func write(t testing.TB, path, content string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheFirstSourceWins(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in_dir"), "dir\n", 0o600)
	write(t, filepath.Join(dir, "in_file"), "dir", 0o600)
	write(t, filepath.Join(dir, "two_lines"), "a\n\n", 0o400)
	write(t, filepath.Join(dir, ".hidden"), "no", 0o600)
	s, problems := Open(Sources{
		File:  write(t, filepath.Join(t.TempDir(), "s.yaml"), "in_file: file\nnumber: 0123\n", 0o600),
		Dir:   dir,
		Env:   []string{"MCO_SECRET_IN_DIR=env", "MCO_SECRET_IN_ENV=env=1", "MCO_SECRET_=x", "HOME=/root"},
		Stdin: strings.NewReader("in_env: stdin\nin_stdin: stdin\n"),
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for name, want := range map[string]string{"in_file": "file", "number": "0123", "in_dir": "dir", "in_env": "env=1", "in-env": "env=1",
		"in_stdin": "stdin", "two_lines": "a\n"} {
		got, ok := s.Get(name)
		if !ok || got.Reveal() != want || got.Name() != name {
			t.Errorf("%s is %q (%v), want %q", name, got.Reveal(), ok, want)
		}
	}
	for _, name := range []string{"", ".hidden", "HOME", "home", "missing"} {
		if v, ok := s.Get(name); ok {
			t.Errorf("%q is known as %q", name, v.Reveal())
		}
	}
}

func TestStoresLieOverEachOther(t *testing.T) {
	var none *Store
	upper, _ := Open(Sources{Stdin: strings.NewReader("a: upper\n")})
	lower, _ := Open(Sources{Stdin: strings.NewReader("a: lower\nb: lower\n")})
	for _, c := range []struct {
		name  string
		store *Store
		a, b  string
	}{
		{"upper over lower", upper.Over(lower), "upper", "lower"},
		{"none over lower", none.Over(lower), "lower", "lower"},
		{"upper over none", upper.Over(nil), "upper", ""},
		{"none", none, "", ""},
		{"three", none.Over(upper.Over(none).Over(lower)), "upper", "lower"},
	} {
		a, _ := c.store.Get("a")
		b, _ := c.store.Get("b")
		if a.Reveal() != c.a || b.Reveal() != c.b {
			t.Errorf("%s: a is %q and b is %q, want %q and %q", c.name, a.Reveal(), b.Reveal(), c.a, c.b)
		}
	}
}

func TestFilesThatOthersReachAreRefused(t *testing.T) {
	root := os.Geteuid() == 0
	for _, c := range []struct {
		mode os.FileMode
		ok   bool
	}{{0o600, true}, {0o400, true}, {0o640, root}, {0o440, root}, {0o644, false}, {0o660, false}, {0o604, false}, {0o700, false}, {0o777, false}} {
		path := write(t, filepath.Join(t.TempDir(), "s.yaml"), "a: hunter2\n", c.mode)
		_, problems := Open(Sources{File: path})
		if ok := !problems.Failed(); ok != c.ok || !c.ok && problems[0].Class != "secret.mode" {
			t.Errorf("mode %o: %v, want ok %v", c.mode, problems, c.ok)
		}
		dir := filepath.Dir(path)
		_, problems = Open(Sources{Dir: dir})
		if ok := !problems.Failed(); ok != c.ok || !c.ok && problems[0].Class != "secret.mode" {
			t.Errorf("directory, mode %o: %v, want ok %v", c.mode, problems, c.ok)
		}
	}
}

func TestAnotherOwnersFileIsRefused(t *testing.T) {
	lab.Need(t, lab.Superuser)
	path := write(t, filepath.Join(t.TempDir(), "s.yaml"), "a: hunter2\n", 0o600)
	if err := os.Chown(path, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if _, problems := Open(Sources{File: path}); !problems.Failed() || problems[0].Class != "secret.mode" {
		t.Errorf("got %v", problems)
	}
}

func TestBrokenSources(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, content, class string }{
		{"not YAML", "a: [hunter2\n", "input.syntax"},
		{"unknown anchor", "a: *hunter2\n", "input.syntax"},
		{"a list", "- hunter2\n", "input.syntax"},
		{"two documents", "a: hunter2\n---\nb: hunter2\n", "input.syntax"},
		{"not UTF-8", "a: hunter2\xff\n", "input.encoding"},
		{"twice", "a: hunter2\na: hunter2\n", "input.duplicate-key"},
		{"a tag", "a: !!binary aHVudGVyMg==\n", "input.tag"},
		{"a map", "a: {hunter2: hunter2}\n", "topology.type"},
		{"null", "a: null\n", "topology.type"},
		{"an alias", "a: &x hunter2\nb: *x\n", "topology.type"},
		{"too long", "a: " + strings.Repeat("x", maxValueBytes+1) + "\n", "input.limit"},
		{"far too long", "a: " + strings.Repeat("x", maxFileBytes+1) + "\n", "input.limit"},
	} {
		for way, open := range map[string]func() (*Store, problem.List){
			"file": func() (*Store, problem.List) {
				return Open(Sources{File: write(t, filepath.Join(dir, "s"), c.content, 0o600)})
			},
			"stdin": func() (*Store, problem.List) { return Open(Sources{Stdin: strings.NewReader(c.content)}) },
		} {
			_, problems := open()
			if !problems.Failed() || string(problems[0].Class) != c.class {
				t.Errorf("%s by %s: got %v, want %s", c.name, way, problems, c.class)
			}
			if text := fmt.Sprint(problems); strings.Contains(text, "hunter2") || strings.Contains(text, "aHVud") {
				t.Errorf("%s by %s: the problem shows the secret: %s", c.name, way, text)
			}
		}
	}
	for name, from := range map[string]Sources{
		"no file":      {File: filepath.Join(dir, "none")},
		"no directory": {Dir: filepath.Join(dir, "none")},
	} {
		if _, problems := Open(from); !problems.Failed() || problems[0].Class != "secret.missing" {
			t.Errorf("%s: got %v", name, problems)
		}
	}
	if _, problems := Open(Sources{File: dir}); !problems.Failed() || problems[0].Class != "secret.mode" {
		t.Errorf("a directory as file: got %v", problems)
	}
}

func TestPlacesHoldWhatTheyCan(t *testing.T) {
	for _, c := range []struct {
		name, value string
		rule        Rule
		fits        bool
	}{
		{"psk", "a36cd839 414370e1", CfgLine, true},
		{"psk with line end", "a\nb", CfgLine, false},
		{"psk with carriage return", "a\r", CfgLine, false},
		{"psk with blank behind", "a ", CfgLine, false},
		{"psk with tab in front", "\ta", CfgLine, false},
		{"psk of other letters", "pässwort", CfgLine, false},
		{"psk of nothing", "", CfgLine, false},
		{"VRRP of 8", "12345678", VRRPPass, true},
		{"VRRP of 9", "123456789", VRRPPass, false},
		{"VRRP with hash", "ab#cdef", VRRPPass, true},
		{"VRRP with quote", `ab"cd`, VRRPPass, false},
		{"cookie", "GENCOOKIEFORTESTSONLY", Cookie, true},
		{"cookie of 19", strings.Repeat("A", 19), Cookie, false},
		{"cookie of 256", strings.Repeat("A", 256), Cookie, false},
		{"cookie with blank", strings.Repeat("A", 19) + " B", Cookie, false},
		{"stats with blank and hash", "p w#x", StatsPass, true},
		{"stats with line end", "p\nx", StatsPass, false},
		{"DRBD of 63", strings.Repeat("x", 63), DRBDShared, true},
		{"DRBD of 64", strings.Repeat("x", 64), DRBDShared, false},
		{"DRBD with backslash", `a\b`, DRBDShared, false},
		{"cluster key", strings.Repeat("\x00\xff", 64), ClusterKey, true},
		{"cluster key of 127", strings.Repeat("x", 127), ClusterKey, false},
		{"password of other letters", "pässwort: €/@", Password, true},
		{"password with escape", "a\x1bb", Password, false},
		{"password that is not UTF-8", "a\xff", Password, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := New("n", c.value).Fits(c.rule)
			if (err == nil) != c.fits {
				t.Fatalf("got %v, want it to fit: %v", err, c.fits)
			}
			if err != nil && len(c.value) > 3 && strings.Contains(err.Error(), c.value) {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func TestASecretIsNeverShown(t *testing.T) {
	v := New("mc_pass", "hunter2")
	inJSON, err := json.Marshal(map[string]any{"v": v})
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "v", v)
	shown := []string{v.String(), fmt.Sprintf("%v %+v %#v %s %q %x %d", v, v, v, v, v, v, v), fmt.Sprintf("%+v", struct{ V Value }{v}), string(inJSON), logged.String()}
	for _, s := range shown {
		if strings.Contains(s, "hunter2") || strings.Contains(s, "68756e74657232") || !strings.Contains(s, "mc_pass") {
			t.Errorf("shown as %s", s)
		}
	}
}

func FuzzSecrets(f *testing.F) {
	for _, seed := range []string{"a: b\n", "a: *x\n", "a: &x [*x]\n", "{a: b}", "\ufeffa: b", "a: |\n  x\n", "? a\n: b\n", "<<: {a: b}\n", "a: !!binary x\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		values, problems := parse("s", data)
		for name, v := range values {
			for _, p := range problems {
				if len(v) > 20 && strings.Contains(p.Error(), v) {
					t.Errorf("the problem shows the secret %s: %s", name, p.Error())
				}
			}
		}
	})
}
