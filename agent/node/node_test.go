package node

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/builtin/discovery"
	"github.com/mco-go/mco-go/agent/builtin/rpcutil"
	"github.com/mco-go/mco-go/agent/daemon"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/loopback"
	"github.com/mco-go/mco-go/mco/filter"
	"github.com/mco-go/mco-go/mco/security"
	"github.com/mco-go/mco-go/mco/security/psk"
)

// load reads a server.cfg of the given text.
func load(t testing.TB, text string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "server.cfg")
	text = "identity = n1\nconnector = rabbitmq\nplugin.psk = lab\nplugin.yaml = " + dir + "/facts.yaml\nclassesfile = " + dir + "/classes.txt\n" + text
	for name, content := range map[string]string{"server.cfg": text, "facts.yaml": "os: Debian\n", "classes.txt": "base\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(path, config.Server)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func testProviders() Providers {
	bus := loopback.NewBus()
	return Providers{
		Connectors: map[string]func(*config.Config, Session) (connector.Connector, error){
			"rabbitmq": func(c *config.Config, _ Session) (connector.Connector, error) {
				return bus.Connect(loopback.Options{Identity: c.Identity}), nil
			},
		},
		Security: map[string]func(*config.Config) (security.Provider, error){
			"psk": func(c *config.Config) (security.Provider, error) {
				return psk.New(psk.Options{Secret: "lab", Identity: c.Identity})
			},
		},
		Plain:  []agent.Plain{discovery.Agent{}},
		Agents: []NamedMaker{{rpcutil.Name, rpcutil.New}},
	}
}

func TestBuild(t *testing.T) {
	var log bytes.Buffer
	d, err := Build(Options{Config: load(t, ""), Providers: testProviders(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if d.Identity() != "n1" {
		t.Errorf("identity %q", d.Identity())
	}
	if !strings.Contains(log.String(), "security provider psk signs the inner body of a message alone") {
		t.Errorf("the weakness of psk is not said: %s", &log)
	}
}

// What a plugin in Ruby would have done is not left out in silence.
func TestBuildRefusesRubyPlugins(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*config.Config)
		want   string
	}{
		{"audit", func(c *config.Config) { c.RPCAudit, c.RPCAuditProvider = true, "central" }, "rpcauditprovider = central: this program has no such provider"},
		{"audit that is off", func(c *config.Config) { c.RPCAuditProvider = "central" }, ""},
		{"registration", func(c *config.Config) { c.RegisterInterval, c.Registration = time.Minute, "ledger" }, "registration = ledger: this program has no such plugin"},
		{"registration that is off", func(c *config.Config) { c.Registration = "ledger" }, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := load(t, "")
			tc.change(c)
			_, err := Build(Options{Config: c, Providers: testProviders()})
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("Build: %v, want %q", err, tc.want)
			}
		})
	}
}

func TestBuildFails(t *testing.T) {
	boom := errors.New("boom")
	for _, tc := range []struct {
		name   string
		change func(*Providers)
		want   string
	}{
		{"connector missing", func(p *Providers) { p.Connectors = nil }, "connector = rabbitmq: this program has no such provider"},
		{"security missing", func(p *Providers) { p.Security = nil }, "securityprovider = psk: this program has no such provider"},
		{"connector fails", func(p *Providers) {
			p.Connectors["rabbitmq"] = func(*config.Config, Session) (connector.Connector, error) { return nil, boom }
		}, "connector rabbitmq: boom"},
		{"security fails", func(p *Providers) {
			p.Security["psk"] = func(*config.Config) (security.Provider, error) { return nil, boom }
		}, "security provider psk: boom"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := testProviders()
			tc.change(&p)
			if _, err := Build(Options{Config: load(t, ""), Providers: p}); err == nil || err.Error() != tc.want {
				t.Errorf("error %v, want %s", err, tc.want)
			}
		})
	}
}

func TestWhichAgentsAreLoaded(t *testing.T) {
	libdir := t.TempDir()
	for name, text := range map[string]string{
		"mcollective/agent/shell.rb":    "",
		"mcollective/agent/rpcutil.rb":  "",
		"broken/mcollective/agent/x":    "",
		"mcollective/agent/service.ddl": "",
	} {
		path := filepath.Join(libdir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		name, text, log string
		want            []string
	}{
		{"by default", "", "Reloading all agents from disk", []string{"rpcutil"}},
		{"switched off", "activate_agents = 0", "Not activating agent rpcutil due to agent policy in activate? method", nil},
		{"switched off but for one", "activate_agents = 0\nplugin.rpcutil.activate_agent = yes", "Reloading", []string{"rpcutil"}},
		{"one switched off", "plugin.rpcutil.activate_agent = n", "Not activating agent rpcutil", nil},
		{"unclear", "plugin.rpcutil.activate_agent = maybe", "Agent activation check for rpcutil failed: ", nil},
		{"agents in Ruby are named", "libdir = " + libdir, "Loading agent shell failed: " + libdir + "/mcollective/agent/shell.rb is written in Ruby", []string{"rpcutil"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log bytes.Buffer
			level := slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})
			p, err := newParts(Options{Config: load(t, tc.text+"\n"), Providers: testProviders(), Log: slog.New(level)})
			if err != nil {
				t.Fatal(err)
			}
			loaded, err := p.load(fixedNode{identity: "n1"})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range loaded.RPC {
				got = append(got, a.DDL().Name)
			}
			if !slices.Equal(got, tc.want) || len(loaded.Plain) != 1 {
				t.Errorf("agents %q, want %q", got, tc.want)
			}
			if !strings.Contains(log.String(), tc.log) || strings.Contains(log.String(), "Loading agent rpcutil failed") {
				t.Errorf("log, want %q:\n%s", tc.log, &log)
			}
		})
	}
}

func TestFiltersSeeTheNode(t *testing.T) {
	p, err := newParts(Options{Config: load(t, ""), Providers: testProviders(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.load(fixedNode{identity: "n1", agents: []string{"discovery", "rpcutil"}}); err != nil {
		t.Fatal(err)
	}
	compound := func(text string) []mco.Value {
		stack, err := filter.ParseCompound(text, false)
		if err != nil {
			t.Fatal(err)
		}
		return []mco.Value{stack}
	}
	for _, tc := range []struct {
		name string
		f    mco.Filter
		want bool
	}{
		{"nothing asked", mco.Filter{}, true},
		{"agent", mco.Filter{Agents: []string{"rpcutil"}}, true},
		{"other agent", mco.Filter{Agents: []string{"shell"}}, false},
		{"identity", mco.Filter{Identities: []mco.Value{mco.String("n1")}}, true},
		{"other identity", mco.Filter{Identities: []mco.Value{mco.String("n2")}}, false},
		{"class", mco.Filter{Classes: []string{"base"}}, true},
		{"fact", mco.Filter{Facts: []mco.FactFilter{{Fact: "os", Operator: "==", Value: "Debian"}}}, true},
		{"other fact", mco.Filter{Facts: []mco.FactFilter{{Fact: "os", Operator: "==", Value: "RedHat"}}}, false},
		{"data", mco.Filter{Compound: compound("fact('os').value=Debian")}, true},
		{"data plugin that is not there", mco.Filter{Compound: compound("system('reboot').value=1 or os=Debian")}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := p.match(mco.Request{Filter: tc.f.Value()})
			if err != nil || got != tc.want {
				t.Errorf("match: %t, %v; want %t", got, err, tc.want)
			}
		})
	}
}

func TestGrace(t *testing.T) {
	seconds := func(n int) *time.Duration { d := time.Duration(n) * time.Second; return &d }
	for _, tc := range []struct {
		name    string
		soft    bool
		timeout *time.Duration
		want    time.Duration
		log     string
	}{
		{name: "not asked for", want: daemon.DefaultGrace},
		{name: "not asked for, with a timeout", timeout: seconds(3), want: daemon.DefaultGrace},
		{name: "asked for", soft: true, want: 24 * time.Hour},
		{name: "with a timeout", soft: true, timeout: seconds(3), want: 3 * time.Second},
		{name: "with a timeout that is none", soft: true, timeout: seconds(-1), want: daemon.DefaultGrace,
			log: "soft_shutdown_timeout has been set to '-1'. soft_shutdown_timeout must be > 0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log bytes.Buffer
			c := &config.Config{SoftShutdown: tc.soft, SoftShutdownTimeout: tc.timeout}
			if got := grace(c, slog.New(slog.NewTextHandler(&log, nil))); got != tc.want || !strings.Contains(log.String(), tc.log) {
				t.Errorf("grace %s, want %s; log %s", got, tc.want, &log)
			}
		})
	}
}

func TestAudit(t *testing.T) {
	if auditor(load(t, "")) != nil {
		t.Error("requests are audited although nobody asked for it")
	}
	if auditor(load(t, "rpcaudit = 1\nrpcauditprovider = Logfile\n")) == nil {
		t.Error("requests are not audited")
	}
}
