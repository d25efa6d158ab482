package mcocfg

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/version"
	"github.com/mco-go/mco-go/mco/config"
)

// fleet makes a collective with so many servers, one client and two brokers.
func fleet(servers int) *estate.Collective {
	c := &estate.Collective{Name: "mcollective", VHost: "/mcollective", User: estate.User{Name: "mc", Secret: secret.New("mc_pass", "123.com")},
		PSK: secret.New("mc_psk", "a36cd839"), Pool: estate.Pool{Order: "fixed", Heartbeat: 30, Endpoints: []estate.Endpoint{{Host: "192.0.2.1", Port: 61613}, {Host: "::1", Port: 61613}}}}
	c.ClientEndpoints = c.Pool.Endpoints
	for i := range servers {
		n := &estate.Node{Name: fmt.Sprintf("node%d", i), Facts: &facts.Node{}, Servers: []*estate.Collective{c}}
		c.Servers = append(c.Servers, n)
	}
	c.Clients = []*estate.Node{{Name: "operator", Facts: &facts.Node{}, Clients: []*estate.Collective{c}}}
	return c
}

// written returns a file of the node, which must read back, and its settings.
func written(t *testing.T, n *estate.Node, kind string) (target.File, map[string]string) {
	t.Helper()
	set, problems := Files(nil, n)
	if problems.Failed() {
		t.Fatal(problems)
	}
	i := slices.IndexFunc(set.Files, func(f target.File) bool { return f.Kind == kind })
	if i < 0 {
		t.Fatalf("%s has no %s", n.Name, kind)
	}
	f := set.Files[i]
	if err := f.Check(f.Content); err != nil {
		t.Error(err)
	}
	settings, err := config.ReadSettings(f.Content)
	if err != nil {
		t.Fatal(err)
	}
	m := make(map[string]string)
	for _, s := range settings {
		if _, twice := m[s.Key]; twice {
			t.Errorf("%s is there twice", s.Key)
		}
		m[s.Key] = s.Value
	}
	return f, m
}

func TestSettings(t *testing.T) {
	rows := []struct {
		name   string
		client bool
		change func(*estate.Collective, *estate.Node)
		want   map[string]string // empty: absent
	}{
		{"server", false, nil, map[string]string{"identity": "node0", "libdir": "/usr/share/mcollective/plugins", "daemonize": "1", "collectives": "mcollective",
			"plugin.rabbitmq.heartbeat_interval": "30", "plugin.rabbitmq.pool.size": "2", "plugin.rabbitmq.pool.2.host": "::1", "plugin.rabbitmq.pool.1.ssl": "false",
			"plugin.rabbitmq.use_reply_exchange": "", spreadKey: "", "plugin.yaml": "/etc/mcollective/facts.yaml"}},
		{"client", true, nil, map[string]string{"identity": "", "daemonize": "", "logfile": "", "logger_type": "console", "loglevel": "warn"}},
		{"Red Hat", false, func(_ *estate.Collective, n *estate.Node) { n.Facts.OS.Family = "RedHat" }, map[string]string{"libdir": "/usr/libexec/mcollective"}},
		{"Puppet's packages", false, func(_ *estate.Collective, n *estate.Node) { n.Software.AIO = true },
			map[string]string{"libdir": "/opt/puppetlabs/mcollective/plugins", "plugin.yaml": "/etc/puppetlabs/mcollective/facts.yaml"}},
		{"two collectives", false, func(c *estate.Collective, n *estate.Node) {
			n.Servers = append(n.Servers, &estate.Collective{Name: "eu"})
		},
			map[string]string{"collectives": "mcollective,eu", "main_collective": "mcollective"}},
		{"TLS", false, func(c *estate.Collective, _ *estate.Node) { c.TLS = &estate.TLS{CA: "/ca", Cert: "/cert", Key: "/key"} },
			map[string]string{"plugin.rabbitmq.pool.2.ssl": "true", "plugin.rabbitmq.pool.2.ssl.ca": "/ca", "plugin.rabbitmq.pool.1.ssl.ciphers": ""}},
		{"given settings win", false, func(c *estate.Collective, _ *estate.Node) {
			c.Server = map[string]string{"logfile": "/x.log", "ttl": "90", "plugin.puppet.splay": "true", "factsource": "facter"}
			c.Pool.ServerSettings = map[string]string{"randomize": "true", "connect_timeout": "10"}
			c.Pool.ReplyExchange = true
		}, map[string]string{"logfile": "/x.log", "ttl": "90", "plugin.puppet.splay": "true", "factsource": "facter", "plugin.rabbitmq.randomize": "true",
			"plugin.rabbitmq.connect_timeout": "10", "plugin.rabbitmq.use_reply_exchange": "true"}},
		{"a node's own order", false, func(c *estate.Collective, n *estate.Node) {
			c.Pool.Order, n.Facts.Datacenter = "nearest", "b"
			c.Pool.Endpoints[0].Node = &estate.Node{Facts: &facts.Node{Datacenter: "a"}}
			c.Pool.Endpoints[1].Node = &estate.Node{Facts: &facts.Node{Datacenter: "b"}}
		}, map[string]string{"plugin.rabbitmq.pool.1.host": "::1"}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			c := fleet(1)
			n, kind := c.Servers[0], "server.cfg"
			if r.client {
				n, kind = c.Clients[0], "client.cfg"
			}
			if r.change != nil {
				r.change(c, n)
			}
			f, got := written(t, n, kind)
			for key, want := range r.want {
				if v, ok := got[key]; v != want || ok != (want != "") {
					t.Errorf("%s = %q, want %q in\n%s", key, v, want, f.Content)
				}
			}
			if f.Mode != 0o600 || (f.Path == "/etc/puppetlabs/mcollective/server.cfg") != n.Software.AIO {
				t.Errorf("%s %v", f.Path, f.Mode)
			}
		})
	}
}

// The time to come back grows with the fleet and with what each node costs a broker, and is left out where the default covers it.
func TestReconnectSpread(t *testing.T) {
	rows := []struct {
		name    string
		servers int
		change  func(*estate.Collective)
		want    string
	}{
		{"66 nodes", 66, nil, ""},
		{"67 nodes", 67, nil, "2"},
		{"1,000 nodes", 1000, nil, "15"},
		{"1,000 nodes with one subscription", 1000, func(c *estate.Collective) { c.Server = map[string]string{"plugin.mco.rabbitmq.broadcast": "wildcard"} }, "5"},
		{"asked for", 1000, func(c *estate.Collective) { c.Server = map[string]string{spreadKey: "7"} }, "7"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			c := fleet(r.servers)
			if r.change != nil {
				r.change(c)
			}
			if _, got := written(t, c.Servers[0], "server.cfg"); got[spreadKey] != r.want {
				t.Errorf("%q, want %q", got[spreadKey], r.want)
			}
			if _, got := written(t, c.Clients[0], "client.cfg"); got[spreadKey] != "" {
				t.Error("a client waits")
			}
		})
	}
}

func TestProblems(t *testing.T) {
	rows := []struct {
		name   string
		change func(*estate.Collective, *estate.Node)
		class  string
		files  int
	}{
		{"psk with a line feed", func(c *estate.Collective, _ *estate.Node) { c.PSK = secret.New("p", "a\nttl = 1") }, "secret.unrepresentable", 0},
		{"password with a blank at its end", func(c *estate.Collective, _ *estate.Node) { c.User.Secret = secret.New("p", "a ") }, "secret.unrepresentable", 0},
		{"value that is not ASCII", func(c *estate.Collective, _ *estate.Node) { c.VHost = "/ä" }, "topology.type", 0},
		{"value with a line feed", func(c *estate.Collective, _ *estate.Node) { c.Server = map[string]string{"logfile": "/a\nttl = 1"} }, "topology.type", 0},
		{"Ruby 3.1", func(_ *estate.Collective, n *estate.Node) { n.Facts.Ruby = version.Version{3, 1} }, "version.unsupported", 1},
		{"Ruby 3.2", func(_ *estate.Collective, n *estate.Node) { n.Facts.Ruby = version.Version{3, 2} }, "version.unsupported", 1},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			c := fleet(1)
			r.change(c, c.Servers[0])
			set, problems := Files(nil, c.Servers[0])
			if len(problems) != 1 || string(problems[0].Class) != r.class || len(set.Files) != r.files {
				t.Errorf("%d files, %v", len(set.Files), problems)
			}
		})
	}
}

// Our own programs load the files without a remark.
func TestOursLoad(t *testing.T) {
	c := fleet(1000)
	for kind, n := range map[string]*estate.Node{"server.cfg": c.Servers[0], "client.cfg": c.Clients[0]} {
		f, _ := written(t, n, kind)
		path := filepath.Join(t.TempDir(), f.Kind)
		if err := os.WriteFile(path, f.Content, f.Mode); err != nil {
			t.Fatal(err)
		}
		role := config.Server
		if f.Kind == "client.cfg" {
			role = config.Client
		}
		loaded, err := config.Load(path, role)
		if err != nil {
			t.Fatal(err)
		}
		if warned := slices.DeleteFunc(loaded.Warnings, func(w config.Warning) bool { return strings.Contains(w.Text, "libdir") }); len(warned) > 0 {
			t.Errorf("%s: %v", f.Kind, warned)
		}
	}
}

// A fleet of 10,000 shall take some seconds of which the cfg files are a small part.
func BenchmarkServer(b *testing.B) {
	c := fleet(10_000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n := c.Servers[i%len(c.Servers)]
		set, _ := Files(nil, n)
		if err := set.Files[0].Check(set.Files[0].Content); err != nil {
			b.Fatal(err)
		}
	}
}
