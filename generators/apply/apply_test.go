package apply

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
)

var password = secret.New("hap_stats", "s3cret")

// haproxyFile is a file as writers make them.
func haproxyFile(lines ...string) target.File {
	return target.File{
		Kind: "haproxy.cfg", Path: "/etc/haproxy/haproxy.cfg", Owner: "root", Group: "root", Mode: 0o640,
		Content: []byte(target.Managed + strings.Join(lines, "\n") + "\n"), Secrets: []secret.Value{password},
		Service: target.Action{Service: "haproxy", How: target.Reload},
	}
}

func plan(t *testing.T, root string, o Options, set target.Set) *Plan {
	t.Helper()
	o.Root = root
	p, err := New(set, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func verbs(changes []Change) []Verb {
	var all []Verb
	for _, c := range changes {
		all = append(all, c.Verb)
	}
	return all
}

// put writes a file below root.
func put(t *testing.T, root, name, content string, mode fs.FileMode) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// tree returns every file below root with its mode and content.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		all[name] = info.Mode().String() + " " + string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPlanSaysWhatWouldChange(t *testing.T) {
	f := haproxyFile("global")
	const target = "etc/haproxy/haproxy.cfg"
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, root string)
		options Options
		want    Verb
		why     string
	}{
		{"nothing there", func(*testing.T, string) {}, Options{}, Create, ""},
		{"the same", func(t *testing.T, root string) { put(t, root, target, string(f.Content), 0o640) }, Options{}, Unchanged, ""},
		{"another mode", func(t *testing.T, root string) { put(t, root, target, string(f.Content), 0o644) }, Options{}, Mode, ""},
		{"set-user-id", func(t *testing.T, root string) { put(t, root, target, string(f.Content), 0o640|fs.ModeSetuid) }, Options{}, Mode, ""},
		{"an edit of a managed file", func(t *testing.T, root string) { put(t, root, target, string(f.Content)+"x\n", 0o640) }, Options{}, Update, ""},
		{"a foreign file", func(t *testing.T, root string) { put(t, root, target, "mine\n", 0o640) }, Options{}, Refuse, "--adopt"},
		{"a foreign file, adopted", func(t *testing.T, root string) { put(t, root, target, "mine\n", 0o640) }, Options{Adopt: true}, Update, ""},
		{"a folder", func(t *testing.T, root string) { put(t, root, target+"/x", "", 0o640) }, Options{}, Refuse, "a folder"},
		{"a link", func(t *testing.T, root string) {
			put(t, root, "elsewhere", string(f.Content), 0o640)
			link(t, root, "../../elsewhere", target)
		}, Options{}, Refuse, "--follow"},
		{"a link, followed", func(t *testing.T, root string) {
			put(t, root, "elsewhere", string(f.Content), 0o640)
			link(t, root, "../../elsewhere", target)
		}, Options{Follow: true}, Unchanged, ""},
		{"a link out of the root, followed", func(t *testing.T, root string) { link(t, root, "../../../x", target) }, Options{Follow: true}, Refuse, "escapes"},
		{"a folder that others write to", func(t *testing.T, root string) {
			put(t, root, target, string(f.Content), 0o640)
			if err := os.Chmod(filepath.Join(root, "etc/haproxy"), 0o777); err != nil {
				t.Fatal(err)
			}
		}, Options{}, Refuse, "written by others"},
		{"a pipe", func(t *testing.T, root string) {
			put(t, root, "etc/haproxy/other", "", 0o600)
			if err := syscall.Mkfifo(filepath.Join(root, target), 0o600); err != nil {
				t.Fatal(err)
			}
		}, Options{}, Refuse, "a pipe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			c.prepare(t, root)
			p := plan(t, root, c.options, setOf(f))
			got := p.Changes()[0]
			if got.Verb != c.want || !strings.Contains(got.Why, c.why) {
				t.Errorf("%s, want %s with %q", got.Verb, c.want, c.why)
				t.Logf("%+v", got)
			}
			if got.Verb == Refuse {
				if done, problems := p.Write(t.Context()); len(done) > 0 || !problems.Failed() || problems[0].Class != Refused {
					t.Errorf("a refused plan did %v, problems %v", done, problems)
				}
			}
		})
	}
}

func setOf(files ...target.File) target.Set { return target.Set{Files: files} }

func link(t *testing.T, root, to, name string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

func TestWriteThenUnchanged(t *testing.T) {
	root := t.TempDir()
	set := setOf(haproxyFile("global", "  stats auth admin:s3cret"))
	done, problems := plan(t, root, Options{}, set).Write(t.Context())
	if len(problems) > 0 || !cmp.Equal(verbs(done), []Verb{Create}) {
		t.Fatalf("first run: %v, %v", done, problems)
	}
	first, err := os.Stat(filepath.Join(root, set.Files[0].Path))
	if err != nil {
		t.Fatal(err)
	}
	if first.Mode() != 0o640 {
		t.Errorf("mode %v, want 0640", first.Mode())
	}
	done, problems = plan(t, root, Options{}, set).Write(t.Context())
	if len(problems) > 0 || !cmp.Equal(verbs(done), []Verb{Unchanged}) {
		t.Errorf("second run: %v, %v", done, problems)
	}
	second, err := os.Stat(filepath.Join(root, set.Files[0].Path))
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(first, second) || !first.ModTime().Equal(second.ModTime()) {
		t.Error("the second run touched the file")
	}
	if got := tree(t, root); len(got) != 1 {
		t.Errorf("left behind: %v", got)
	}
}

// TestFilesOfANodeAreOneUnit lets the last file fail and expects the disk as it was.
func TestFilesOfANodeAreOneUnit(t *testing.T) {
	root := t.TempDir()
	put(t, root, "etc/haproxy/haproxy.cfg", target.Managed+"old\n", 0o600)
	put(t, root, "etc/rabbitmq/rabbitmq.config", "% "+strings.TrimPrefix(target.Managed, "# "), 0o640)
	before := tree(t, root)
	set := target.Set{
		Files: []target.File{
			haproxyFile("new"),
			{Kind: "new", Path: "/etc/other/deep/new.cfg", Mode: 0o600, Content: []byte("x\n")},
			// The name is longer than a file system takes, which only writing shows.
			{Kind: "bad", Path: "/etc/" + strings.Repeat("n", 250), Mode: 0o600, Content: []byte("x\n"), Order: 9},
		},
		Gone: []target.Gone{{Kind: "rabbitmq.config", Path: "/etc/rabbitmq/rabbitmq.config", Why: "rabbitmq.conf takes its place"}},
	}
	done, problems := plan(t, root, Options{}, set).Write(t.Context())
	if len(done) > 0 || !problems.Failed() {
		t.Fatalf("done %v, problems %v", done, problems)
	}
	if diff := cmp.Diff(before, tree(t, root)); diff != "" {
		t.Errorf("the disk changed (-before +after):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(root, "etc/other")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a folder that was made is still there")
	}
	done, problems = plan(t, root, Options{Partial: true}, set).Write(t.Context())
	if !cmp.Equal(verbs(done), []Verb{Remove, Update, Create}) || !problems.Failed() {
		t.Errorf("without rollback: %v, %v", done, problems)
	}
}

func TestWriteEndsWithItsContext(t *testing.T) {
	root := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if done, problems := plan(t, root, Options{}, setOf(haproxyFile("x"))).Write(ctx); len(done) > 0 || !problems.Failed() {
		t.Errorf("done %v, problems %v", done, problems)
	}
	if got := tree(t, root); len(got) > 0 {
		t.Errorf("left behind: %v", got)
	}
}

func TestBackup(t *testing.T) {
	root := t.TempDir()
	put(t, root, "etc/haproxy/haproxy.cfg", target.Managed+"old\n", 0o640)
	if _, problems := plan(t, root, Options{Backup: ".before"}, setOf(haproxyFile("new"))).Write(t.Context()); len(problems) > 0 {
		t.Fatal(problems)
	}
	want := map[string]string{
		"etc/haproxy/haproxy.cfg":        "-rw-r----- " + target.Managed + "new\n",
		"etc/haproxy/haproxy.cfg.before": "-rw-r----- " + target.Managed + "old\n",
	}
	if diff := cmp.Diff(want, tree(t, root)); diff != "" {
		t.Error(diff)
	}
}

func TestCookieChangesOnlyWhenAsked(t *testing.T) {
	root := t.TempDir()
	cookie := target.File{Kind: target.Cookie, Path: "/var/lib/rabbitmq/.erlang.cookie", Mode: 0o400, Content: []byte("NEWCOOKIENEWCOOKIENEW"),
		Secrets: []secret.Value{secret.New("erlang_cookie", "NEWCOOKIENEWCOOKIENEW")}}
	put(t, root, cookie.Path, "OLDCOOKIEOLDCOOKIEOLD", 0o400)
	if got := plan(t, root, Options{}, setOf(cookie)).Changes()[0]; got.Verb != Refuse || !strings.Contains(got.Why, "--rotate-cookie") {
		t.Errorf("%+v", got)
	}
	p := plan(t, root, Options{RotateCookie: true}, setOf(cookie))
	var out bytes.Buffer
	if err := p.Diff(&out); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "COOKIEOLD") || strings.Contains(out.String(), "COOKIENEW") || !strings.Contains(out.String(), "[secret erlang_cookie changed]") {
		t.Errorf("the difference shows the cookie, or no change:\n%s", &out)
	}
	if done, problems := p.Write(t.Context()); len(problems) > 0 || !cmp.Equal(verbs(done), []Verb{Update}) {
		t.Errorf("%v, %v", done, problems)
	}
}

func TestDiffShowsNoSecret(t *testing.T) {
	for _, c := range []struct {
		name, old string
		lines     []string
		want      []string
		never     []string
	}{
		{"the same secret", target.Managed + "stats auth admin:s3cret\nmaxconn 1\n", []string{"stats auth admin:s3cret", "maxconn 2"},
			[]string{"-maxconn 1", "+maxconn 2", " stats auth admin:[secret hap_stats]"}, nil},
		{"another secret", target.Managed + "stats auth admin:former\n", []string{"stats auth admin:s3cret"},
			[]string{"-stats auth admin [secret hap_stats changed]", "+stats auth admin:[secret hap_stats]"}, []string{"former"}},
		{"another secret, quoted and indented otherwise", target.Managed + "\tstats  auth 'admin:former'\n", []string{"stats auth admin:s3cret"},
			[]string{"[secret hap_stats changed]"}, []string{"former"}},
		{"a file that is not ours", "password former\n", []string{"stats auth admin:s3cret"}, []string{"not shown"}, []string{"former"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			put(t, root, "etc/haproxy/haproxy.cfg", c.old, 0o640)
			var out bytes.Buffer
			if err := plan(t, root, Options{Adopt: true}, setOf(haproxyFile(c.lines...))).Diff(&out); err != nil {
				t.Fatal(err)
			}
			for _, w := range c.want {
				if !strings.Contains(out.String(), w) {
					t.Errorf("no %q in\n%s", w, &out)
				}
			}
			for _, n := range append(c.never, "s3cret") {
				if strings.Contains(out.String(), n) {
					t.Errorf("%q is shown in\n%s", n, &out)
				}
			}
		})
	}
}

func TestOwnersNeedToBeKnown(t *testing.T) {
	f := haproxyFile("x")
	f.Group = "nosuchgroup"
	got := plan(t, t.TempDir(), Options{Owners: true}, setOf(f)).Changes()[0]
	if got.Verb != Refuse || !strings.Contains(got.Why, `no group "nosuchgroup"`) {
		t.Errorf("%+v", got)
	}
}
