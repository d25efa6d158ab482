package config

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// write puts files under a fresh folder and returns the path of the first, server.cfg.
func write(t testing.TB, text string, beside map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "server.cfg")
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	for name, content := range beside {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestErrorsNameFileAndLine(t *testing.T) {
	for _, tc := range []struct {
		name, text, want string
		line             int
	}{
		{"unknown key", "ttl = 1\n\nnosuch = 1\n", "Unknown config parameter 'nosuch'", 3},
		{"empty key", " = x\n", "Unknown config parameter ''", 1},
		{"inline remark in a number", "ttl = 30 # s\n", "Could not parse value for configuration option 'ttl' with value '30 # s'", 1},
		{"inline remark in a boolean", "color = 1 # s\n", "Cannot convert string value '1 # s' into a boolean.", 1},
		{"invalid UTF-8 in a remark", "ttl = 1\n# \xff\n", "invalid byte sequence in UTF-8", 2},
		{"first of two mistakes", "a = 1\nb = \xff\n", "Unknown config parameter 'a'", 1},
		{"identity", "ttl = 1\nidentity = a b\n", `Identities can only match /\w\.\-/`, 2},
		{"relative libdir", "libdir = /a:b\n", "libdir paths should be absolute paths but 'b' is relative", 1},
		{"long line", "plugin.x = " + strings.Repeat("x", maxLineBytes) + "\n", "the line is longer than 65536 bytes", 1},
		{"too many seconds", "ttl = 9999999999999\n", "Could not parse value for configuration option 'ttl' with value '9999999999999'", 1},
		{"connector", "ttl = 1\nconnector = nosuch\n", "cannot load such file -- mcollective/connector/nosuch.rb", 2},
		{"own choice", "plugin.mco.pool.mode = some\n", "plugin.mco.pool.mode: 'some' is neither failover nor all", 1},
		{"own seconds", "plugin.mco.skew = soon\n", `plugin.mco.skew: invalid value for Float(): "soon"`, 1},
		{"own bytes", "plugin.mco.max_frame = 3 GiB\n", "plugin.mco.max_frame: '3 GiB' is not between 1 KiB and 2 GiB", 1},
		{"own path", "plugin.mco.state_dir = x\n", "plugin.mco.state_dir: 'x' is no absolute path", 1},
		{"own address", "plugin.mco.metrics.listen = 9000\n", "plugin.mco.metrics.listen: '9000' is not HOST:PORT", 1},
		{"own count", "plugin.mco.command.concurrency = 0\n", "plugin.mco.command.concurrency: '0' is not between 1 and 1000000", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := write(t, tc.text, nil)
			_, err := Load(path, Server)
			want := tc.want + " (" + path + " line " + string(rune('0'+tc.line)) + ")"
			if err == nil || err.Error() != want {
				t.Errorf("Load of %.80q\n got %v\nwant %s", tc.text, err, want)
			}
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.cfg")
	if _, err := Load(missing, Client); err == nil || err.Error() != "Cannot find config file '"+missing+"'" {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Load(t.TempDir(), Client); err == nil {
		t.Error("a folder was taken for a cfg file")
	}
	huge := write(t, strings.Repeat("# x\n", maxFileBytes/4+1), nil)
	if e, ok := errors.AsType[*Error](mustFail(t, huge)); !ok || e.Line != 0 {
		t.Errorf("a file beyond the bound: %v", e)
	}
	var many strings.Builder
	for i := range maxSettings + 1 {
		many.WriteString("plugin.k" + strings.Repeat("x", i%7) + "." + strings.Repeat("y", i/7%200) + "." + strings.Repeat("z", i/1400) + " = 1\n")
	}
	if err := mustFail(t, write(t, many.String(), nil)); !strings.Contains(err.Error(), "there are more than 5000 settings") {
		t.Errorf("too many settings: %v", err)
	}
}

func mustFail(t *testing.T, path string) error {
	t.Helper()
	_, err := Load(path, Server)
	if err == nil {
		t.Fatal("Load took it")
	}
	return err
}

func TestOwnSettings(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "/state")
	c, err := Load(write(t, "", nil), Server)
	if err != nil {
		t.Fatal(err)
	}
	want := Settings{Failback: time.Minute, ReconnectSpread: time.Second, MaxFrame: 8 << 20, Skew: time.Minute, StateDir: "/var/lib/mco",
		CommandOutputMax: 1 << 20, CommandConcurrency: 10, CommandQueue: 100, PolicyCallers: "words", ExplainSilent: true}
	if c.Own != want {
		t.Errorf("defaults of a node\n got %+v\nwant %+v", c.Own, want)
	}
	if c, err = Load(write(t, "", nil), Client); err != nil {
		t.Fatal(err)
	}
	want.Failback, want.StateDir = 0, "/state/mco"
	if c.Own != want {
		t.Errorf("defaults of a client\n got %+v\nwant %+v", c.Own, want)
	}
	c, err = Load(write(t, `plugin.mco.pool.mode = all
plugin.mco.pool.failback = off
plugin.mco.pool.reconnect_spread = 0.5
plugin.mco.pool.barrier = subscription
plugin.mco.rabbitmq.broadcast = wildcard
plugin.mco.tls.allow_unverified = 1
plugin.mco.client.all_brokers = yes
plugin.mco.client.explain_silent = 0
plugin.mco.max_frame = 65536
plugin.mco.skew = 5
plugin.mco.state_dir = /x
plugin.mco.command.timeout = 1e1
plugin.mco.command.output_max = 2 KiB
plugin.mco.command.concurrency = 3
plugin.mco.command.queue = 0
plugin.mco.audit.on_failure = continue
plugin.mco.metrics.listen = [::1]:9100
plugin.mco.actionpolicy.callers = contains
plugin.mco.audit.end_log = /a/end.log
plugin.mco.caller.rate = 50
plugin.mco.facter.command = /opt/facter
plugin.mco.nosuch = 1
`, nil), Server)
	if err != nil {
		t.Fatal(err)
	}
	want = Settings{PoolAll: true, ReconnectSpread: 500 * time.Millisecond, BarrierSubscription: true, WildcardBroadcast: true, AllowUnverified: true, AllBrokers: true,
		MaxFrame: 65536, Skew: 5 * time.Second, StateDir: "/x", CommandTimeout: 10 * time.Second, CommandOutputMax: 2048,
		CommandConcurrency: 3, AuditContinue: true, MetricsListen: "[::1]:9100",
		PolicyCallers: "contains", AuditEndLog: "/a/end.log", CallerRate: 50, FacterCommand: "/opt/facter"}
	if c.Own != want {
		t.Errorf("settings\n got %+v\nwant %+v", c.Own, want)
	}
	told := map[int]string{}
	for _, w := range c.Warnings {
		if !w.Ours {
			t.Errorf("warning %+v is not marked as ours", w)
		}
		told[w.Line] = w.Text
	}
	wantTold := map[int]string{
		22: "'plugin.mco.nosuch' is no setting that this version knows",
	}
	if !maps.Equal(told, wantTold) {
		t.Errorf("warnings by line\n got %v\nwant %v", told, wantTold)
	}
}

func TestSecretsThatOthersCanRead(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		mode       os.FileMode
		want       int
	}{
		{"psk, readable", "plugin.psk = s\n", 0o644, 1},
		{"password, readable", "plugin.rabbitmq.pool.1.password = s\n", 0o604, 1},
		{"psk, group only", "plugin.psk = s\n", 0o640, 0},
		{"no secret", "plugin.yaml = /f\n", 0o644, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := write(t, tc.text, nil)
			if err := os.Chmod(path, tc.mode); err != nil {
				t.Fatal(err)
			}
			c, err := Load(path, Client)
			if err != nil || len(c.Warnings) != tc.want {
				t.Fatalf("Load: %v, warnings %+v, want %d", err, c.Warnings, tc.want)
			}
			for _, w := range c.Warnings {
				if !w.Ours || w.Line != 1 || strings.Contains(w.Text, "= s") {
					t.Errorf("warning %+v", w)
				}
			}
		})
	}
}

func TestPluginHelpers(t *testing.T) {
	path := write(t, "plugin.n = 0x10\nplugin.f = 1e-2\nplugin.b = Yes\nplugin.bad = soon\n", nil)
	c, err := Load(path, Client)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := c.PluginInt("n", 1); n != 16 || err != nil {
		t.Errorf("PluginInt: %d, %v", n, err)
	}
	if n, err := c.PluginInt("none", 7); n != 7 || err != nil {
		t.Errorf("PluginInt default: %d, %v", n, err)
	}
	if f, err := c.PluginFloat("f", 1); f != 0.01 || err != nil {
		t.Errorf("PluginFloat: %g, %v", f, err)
	}
	if b, err := c.PluginBool("b", false); !b || err != nil {
		t.Errorf("PluginBool: %t, %v", b, err)
	}
	_, err = c.PluginInt("bad", 1)
	if want := `invalid value for Integer(): "soon" (plugin.bad, ` + path + ` line 4)`; err == nil || err.Error() != want {
		t.Errorf("PluginInt of a word: %v, want %s", err, want)
	}
	if got := c.Where("f"); got != path+" line 2" {
		t.Errorf("Where: %q", got)
	}
}

func TestProvidersFromElsewhere(t *testing.T) {
	lib := t.TempDir()
	if err := os.MkdirAll(filepath.Join(lib, "mcollective/facts"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(lib, "mcollective/facts/ohai_facts.rb"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(write(t, "libdir = "+lib+"\nfactsource = ohai\n", nil), Server); err != nil {
		t.Errorf("a fact source in a libdir: %v", err)
	}
	o := Options{Role: Server, Providers: map[string][]string{"registration": {"ledger"}, "facts": {"cloud"}}}
	if _, err := LoadWith(write(t, "registration = Ledger\nfactsource = cloud\n", nil), o); err != nil {
		t.Errorf("providers given by name: %v", err)
	}
	if _, err := Load(write(t, "registration = ledger\n", nil), Server); err == nil {
		t.Error("a registration that nobody has was taken")
	}
}

func TestLineReadsBack(t *testing.T) {
	for _, tc := range []struct{ key, value, want string }{
		{"ttl", "30", "ttl = 30\n"},
		{"plugin.x", "a = b # c", "plugin.x = a = b # c\n"},
		{"plugin.x", "=", "plugin.x = =\n"},
		{"plugin.x", " a", ""}, {"plugin.x", "a\t", ""}, {"plugin.x", "", ""}, {"plugin.x", "a\nb", ""}, {"plugin.x", "a\rb", ""},
		{"plugin.x", "a\x00b", ""}, {"plugin.x", "\xff", ""}, {"#x", "1", ""}, {"a=b", "1", ""}, {" a", "1", ""}, {"", "1", ""},
	} {
		got, err := Line(tc.key, tc.value)
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("Line(%q, %q) = %q, %v; want %q", tc.key, tc.value, got, err, tc.want)
		}
	}
}

func TestFindClient(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	if err := os.WriteFile(filepath.Join(home, ".mcollective"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := FindClient(), filepath.Join(home, ".mcollective"); got != want {
		t.Errorf("FindClient() = %s, want %s", got, want)
	}
	if got := firstReadable([]string{"/none/a", "/none/b"}); got != "/none/a" {
		t.Errorf("nothing can be read: %s, want the first of the list", got)
	}
	t.Setenv("HOME", "")
	if got := FindClient(); !strings.HasPrefix(got, "/etc/") {
		t.Errorf("without a home: %s", got)
	}
}

func FuzzLines(f *testing.F) {
	for _, s := range []string{"ttl = 5\n", "=x=y", "a==b\r\n", "  # a = b\n", "plugin.d = \x00", "\xff = 1\n", "k =\n=v\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for l, err := range lines(raw, "f") {
			if err != nil {
				continue
			}
			if l.value == "" || l.value != strings.Trim(l.value, blanks) || !utf8.ValidString(l.value) {
				t.Fatalf("value %q of %q", l.value, raw)
			}
			text, err := Line(l.key, l.value)
			if err != nil {
				continue // a key that cannot stand at the beginning of a line, or a carriage return inside
			}
			if k, v, ok := splitLine(text); !ok || k != l.key || v != l.value {
				t.Fatalf("%q reads back as %q %q", text, k, v)
			}
		}
	})
}
