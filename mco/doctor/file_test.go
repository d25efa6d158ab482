package doctor

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector/stomp"
)

// offline examines a file alone and returns its findings.
func offline(t *testing.T, role config.Role, mode os.FileMode, lines ...string) []Finding {
	t.Helper()
	file := filepath.Join(t.TempDir(), "some.cfg")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), mode); err != nil {
		t.Fatal(err)
	}
	var all []Finding
	o := Options{File: file, Role: role, Offline: true, Members: func(*config.Config) ([]Member, error) { return []Member{{TLS: true}}, nil }}
	if err := Examine(context.Background(), o, func(f Finding) {
		f.Where = strings.TrimPrefix(strings.TrimPrefix(f.Where, file), " ")
		all = append(all, f)
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// good is a client's file without anything to mend.
var good = []string{"connector = rabbitmq", "plugin.rabbitmq.pool.size = 1", "plugin.rabbitmq.pool.1.host = mq1", "plugin.psk = 0123456789abcdef"}

func TestFileFindings(t *testing.T) {
	with := func(lines ...string) []string { return slices.Concat(good, lines) }
	wide := t.TempDir()
	if err := os.Chmod(wide, 0o777); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		role  config.Role
		lines []string
		want  Finding // Text and Mend: what is in them
	}{
		{"misspelt core key", config.Client, with("colectives = a"), Finding{Bad, "key-unknown", "line 5", "'colectives'", "write collectives"}},
		{"unknown core key", config.Client, with("zzzzzzz = a"), Finding{Bad, "key-unknown", "line 5", "'zzzzzzz'", "remove the line"}},
		{"value of another kind", config.Client, with("ttl = soon"), Finding{Bad, "value", "line 5", "'ttl' with value 'soon'", "a value of the kind"}},
		{"connector that does not exist", config.Client, with("connector = rabitmq"), Finding{Bad, "provider-unknown", "line 5", "rabitmq.rb", "name one"}},
		{"obsolete key", config.Client, with("topicprefix = /topic/"), Finding{Warning, "key-obsolete", "line 5", "topicprefix", "remove the line"}},
		{"misspelt connector key", config.Client, with("plugin.rabbitmq.pool.2.pasword = x"), Finding{Warning, "key-unknown", "line 5", "no setting that anybody reads", "write plugin.rabbitmq.pool.2.password"}},
		{"misspelt key of ours", config.Client, with("plugin.mco.pool.mod = all"), Finding{Warning, "key-unknown", "line 5", "pool.mod", "write plugin.mco.pool.mode"}},
		{"misspelt psk", config.Client, with("plugin.pks = x"), Finding{Warning, "key-unknown", "line 5", "plugin.pks", "write plugin.psk"}},
		{"remark in a value", config.Client, with("plugin.rabbitmq.vhost = /mco # here"), Finding{Warning, "remark-in-value", "line 5", "/mco # here", "a line of its own"}},
		{"settings of the other connector", config.Client, []string{"plugin.rabbitmq.pool.size = 1", "plugin.psk = 0123456789abcdef"}, Finding{Bad, "connector", "line 1", "the connector is activemq", "connector = rabbitmq"}},
		{"member beyond the pool", config.Client, with("plugin.rabbitmq.pool.2.host = mq2"), Finding{Warning, "pool-size", "line 5", "member 2", "size = 2"}},
		{"main collective elsewhere", config.Client, with("main_collective = eu"), Finding{Warning, "collective", "line 5", "eu", "collectives"}},
		{"short psk", config.Client, with("plugin.psk = unset"), Finding{Warning, "psk-short", "line 5", "5 characters", "16"}},
		{"no psk", config.Client, good[:3], Finding{Bad, "psk", "", "no psk", "plugin.psk"}},
		{"no heart-beats", config.Client, with("plugin.rabbitmq.heartbeat_interval = 0"), Finding{Warning, "heart-beat", "line 5", "off", "remove"}},
		{"state for everybody", config.Client, with("plugin.mco.state_dir = " + wide), Finding{Warning, "state-dir", "line 5", wide, "chmod go-w"}},
		{"long skew", config.Client, with("plugin.mco.skew = 90"), Finding{Warning, "skew", "line 5", "1m30s", "at or below ttl"}},
		{"unverified broker", config.Client, with("plugin.mco.tls.allow_unverified = 1"), Finding{Warning, "tls-unverified", "line 5", "any broker", "remove both"}},
		{"no authorisation", config.Server, good, Finding{Warning, "authorisation", "", "no authorisation", "rpcauthorization = 1"}},
		{"authorisation by nobody", config.Server, with("rpcauthorization = 1"), Finding{Bad, "authorisation", "line 5", "no provider", "action_policy"}},
		{"no audit", config.Server, good, Finding{Warning, "audit", "", "no audit", "rpcaudit = 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := offline(t, tt.role, 0o600, tt.lines...)
			if !slices.ContainsFunc(all, func(f Finding) bool {
				return f.Level == tt.want.Level && f.Check == tt.want.Check && f.Where == tt.want.Where &&
					strings.Contains(f.Text, tt.want.Text) && strings.Contains(f.Mend, tt.want.Mend)
			}) {
				t.Errorf("want %+v\ngot %+v", tt.want, all)
			}
		})
	}
	t.Run("a good file", func(t *testing.T) {
		for _, f := range offline(t, config.Client, 0o600, with("plugin.myagent.colour = red", "plugin.package.activate_agent = 1")...) {
			if f.Level != Good {
				t.Errorf("found %+v", f)
			}
		}
	})
	t.Run("everybody may read the psk", func(t *testing.T) {
		if all := offline(t, config.Client, 0o644, good...); !slices.ContainsFunc(all, func(f Finding) bool { return f.Check == "secret-readable" && f.Level == Warning }) {
			t.Errorf("not told: %+v", all)
		}
	})
	t.Run("all mistakes at once", func(t *testing.T) {
		bad := 0
		for _, f := range offline(t, config.Client, 0o600, with("a1 = 1", "b2 = 2", "ttl = x")...) {
			if f.Level == Bad {
				bad++
			}
		}
		if bad != 3 {
			t.Errorf("%d errors, want 3", bad)
		}
	})
	t.Run("no file", func(t *testing.T) {
		var all []Finding
		o := Options{File: "/nonexistent/client.cfg", Members: func(*config.Config) ([]Member, error) { return nil, nil }}
		if err := Examine(t.Context(), o, func(f Finding) { all = append(all, f) }); err != nil {
			t.Fatal(err)
		}
		if len(all) != 1 || all[0].Level != Bad || !strings.Contains(all[0].Text, "/nonexistent/client.cfg") {
			t.Errorf("found %+v", all)
		}
	})
}

// TestConnectorKeysAreThoseThatAreRead asks the adapters which keys they look at.
func TestConnectorKeysAreThoseThatAreRead(t *testing.T) {
	for _, flavour := range []stomp.Flavour{stomp.RabbitMQ, stomp.ActiveMQ} {
		read := map[string]bool{}
		_, err := stomp.Read(flavour, stomp.Source{
			Env: func(string) (string, bool) { return "", false },
			Ask: func(string, bool) (string, error) { return "", nil },
			Plugin: func(key string) (string, bool) {
				name, mine := strings.CutPrefix(key, string(flavour)+".")
				if mine {
					read[withoutNumbers("plugin."+key)] = true
				}
				value, ok := map[string]string{"pool.size": "1", "pool.1.host": "mq1", "pool.1.ssl": "1", "pool.1.ssl.fallback": "1"}[name]
				if key == "mco.tls.allow_unverified" {
					return "1", true
				}
				return value, ok
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		names := connectorNames(string(flavour))
		for _, name := range names {
			if !read[name] {
				t.Errorf("%s is known here and read by nobody", name)
			}
			delete(read, name)
		}
		for name := range read {
			t.Errorf("%s is read and not known here", name)
		}
	}
}

func TestNumbersInKeys(t *testing.T) {
	if got := withNumbers("plugin.rabbitmq.pool.N.host", "plugin.rabitmq.pool.12.hots"); got != "plugin.rabbitmq.pool.12.host" {
		t.Errorf("got %s", got)
	}
	if got := withoutNumbers("plugin.rabbitmq.pool.12.host"); got != "plugin.rabbitmq.pool.N.host" {
		t.Errorf("got %s", got)
	}
}
