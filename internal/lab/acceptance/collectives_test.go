package acceptance

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/wire"
)

// continent is a fleet of both programs over three collectives, with a client of each.
type continent struct {
	broker  *lab.Broker
	nodes   map[string]*lab.Node
	clients []*lab.Client
}

// collectiveNodes are the nodes of the fleet: r are Ruby's, g are ours.
var collectiveNodes = []struct{ name, collectives, main, extra string }{
	{"r-eu.example.net", "mcollective,eu", "mcollective", ""},
	{"g-eu.example.net", "mcollective,eu", "mcollective", ""},
	{"r-us.example.net", "us", "us", ""},
	{"g-us.example.net", "us", "us", ""},
	{"r-deaf.example.net", "mcollective", "mcollective", "direct_addressing = 0"},
	{"g-deaf.example.net", "mcollective", "mcollective", "direct_addressing = 0"},
}

func newContinent(t *testing.T) *continent {
	t.Helper()
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	c := &continent{broker: lab.RabbitMQ(t, lab.BrokerOptions{Collectives: []string{"mcollective", "eu", "us"}}), nodes: map[string]*lab.Node{}}
	for _, n := range collectiveNodes {
		start := lab.RubyNode
		if strings.HasPrefix(n.name, "g-") {
			start = lab.GoNode
		}
		cfg := lab.ServerCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{c.broker}, Collectives: strings.Split(n.collectives, ","), MainCollective: n.main}, Identity: n.name,
			Facts: "name: " + n.name + "\n"}
		if n.extra != "" {
			cfg.Extra = []string{n.extra}
		}
		c.nodes[n.name] = start(t, cfg)
	}
	for _, make := range []func(testing.TB, lab.ClientCfg) *lab.Client{lab.RubyMco, lab.GoMco} {
		c.clients = append(c.clients, make(t, c.clientCfg()))
	}
	lab.Wait(t, "the nodes of all collectives", time.Minute, func() error {
		for collective, want := range map[string]int{"mcollective": 4, "us": 2} {
			out := c.clients[1].Run(t, "find", "-T", collective, "--dt", "1")
			if got := len(strings.Fields(out.Stdout)); got != want {
				return fmt.Errorf("%d nodes in %s, want %d", got, collective, want)
			}
		}
		return nil
	})
	return c
}

func (c *continent) clientCfg(extra ...string) lab.ClientCfg {
	return lab.ClientCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{c.broker}, Collectives: []string{"mcollective", "eu", "us"}, Extra: extra}}
}

// TestCollectives asks over sub-collectives: either client reaches exactly the nodes of either kind that are in one.
func TestCollectives(t *testing.T) {
	t.Parallel()
	c := newContinent(t)
	for _, m := range c.clients {
		for _, tc := range []struct{ line, want string }{
			{"find", "g-deaf g-eu r-deaf r-eu"},
			{"find -T mcollective", "g-deaf g-eu r-deaf r-eu"},
			{"find -T eu", "g-eu r-eu"},
			{"find -T us", "g-us r-us"},
			{"find -T us -I /^g/", "g-us"},
			{"find -S collective('eu').member=true", "g-eu r-eu"},
			{"find -T us -S collective('eu').member=true", ""},
			{"rpc rpcutil get_fact fact=name -j -T eu", "g-eu r-eu"},
			{"rpc rpcutil get_fact fact=name -j -T us -F name=/^r/", "r-us"},
			{"rpc rpcutil get_fact fact=name -j -T eu -I g-eu.example.net -I r-eu.example.net", "g-eu r-eu"},
			{"rpc rpcutil get_fact fact=name -j -T us --batch 1 --batch-sleep 0", "g-us r-us"},
			{"rpc rpcutil get_fact fact=name -j -T eu -t 2 -I r-us.example.net -I g-us.example.net", ""},
			// A node without direct addressing hears broadcasts alone: it is found, but a request to few nodes does not reach it.
			{"rpc rpcutil get_fact fact=name -j -t 2", "g-eu r-eu"},
			{"rpc rpcutil get_fact fact=name -j -t 2 -I g-deaf.example.net -I r-deaf.example.net -I g-eu.example.net", "g-eu"},
		} {
			t.Run(m.Name+"/"+tc.line, func(t *testing.T) {
				out := m.Run(t, strings.Fields(tc.line)...)
				var got []string
				for _, n := range collectiveNodes {
					if strings.Contains(out.Stdout, n.name) {
						got = append(got, strings.TrimSuffix(n.name, ".example.net"))
					}
				}
				slices.Sort(got)
				if text := strings.Join(got, " "); text != tc.want {
					t.Errorf("exit %d, %q, want %q\n%s", out.Exit, text, tc.want, out.All())
				}
			})
		}
	}
	t.Run("reports agree", func(t *testing.T) {
		var lists, graphs []string
		for _, m := range c.clients {
			lists = append(lists, m.Run(t, "inventory", "--lc").Stdout)
			file := filepath.Join(m.Dir, "map.dot")
			if out := m.Run(t, "inventory", "--map", file, "-T", "eu"); out.Exit != 0 {
				t.Fatal(out.All())
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.SplitAfter(string(b), "\n")
			slices.Sort(lines)
			graphs = append(graphs, strings.Join(lines, ""))
		}
		if lists[0] != lists[1] || !strings.Contains(lists[0], "eu                             2\n") {
			t.Errorf("ruby %q\ngo   %q", lists[0], lists[1])
		}
		if graphs[0] != graphs[1] || !strings.Contains(graphs[0], `"g-eu.example.net" -- "eu"`) {
			t.Errorf("ruby %q\ngo   %q", graphs[0], graphs[1])
		}
	})
	t.Run("what nodes say of themselves", func(t *testing.T) {
		for _, m := range c.clients {
			answers, _, err := rpc(t, m, "rpcutil", "collective_info", "-T", "us")
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"r-us.example.net", "g-us.example.net"} {
				if got := fmt.Sprintf("%v %v", answers[name].Data["main_collective"], answers[name].Data["collectives"]); got != "us [us]" {
					t.Errorf("%s tells %s %s", name, m.Name, got)
				}
			}
		}
	})
	t.Run("reply-to", func(t *testing.T) { c.replyTo(t) })
	t.Run("without direct addressing", func(t *testing.T) { c.broadcast(t) })
}

// replyTo lets the replies go to a queue, where they come from nodes of both kinds.
func (c *continent) replyTo(t *testing.T) {
	for _, m := range c.clients {
		s, err := c.broker.Session(5 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		queue := "/queue/elsewhere." + m.Name
		if err := s.Send(wire.Frame{Command: "SUBSCRIBE", Header: map[string]string{"id": "1", "destination": queue, "ack": "auto"}}); err != nil {
			t.Fatal(err)
		}
		out := m.Run(t, "rpc", "rpcutil", "ping", "-T", "eu", "--reply-to", queue)
		if out.Exit != 0 || !strings.HasSuffix(out.Stdout, "replies to "+queue+"\n") {
			t.Fatalf("%s: exit %d\n%s", m.Name, out.Exit, out.All())
		}
		id := strings.Fields(out.Stdout)[4]
		waiting := []string{"r-eu.example.net", "g-eu.example.net"}
		for len(waiting) > 0 {
			f, err := s.Receive(10 * time.Second)
			if err != nil {
				t.Fatalf("%s: no reply of %q: %v", m.Name, waiting, err)
			}
			waiting = slices.DeleteFunc(waiting, func(name string) bool {
				return bytes.Contains(f.Body, []byte(name)) && bytes.Contains(f.Body, []byte(id))
			})
		}
	}
}

// broadcast is what clients with direct_addressing = 0 can and cannot do.
func (c *continent) broadcast(t *testing.T) {
	const refused = "Custom discovery methods require direct addressing mode"
	for _, m := range []*lab.Client{lab.RubyMco(t, c.clientCfg("direct_addressing = 0")), lab.GoMco(t, c.clientCfg("direct_addressing = 0"))} {
		if err := os.WriteFile(filepath.Join(m.Dir, "hosts"), []byte("g-eu.example.net\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		answers, out, err := rpc(t, m, "rpcutil", "get_fact", "fact=name", "-I", "g-deaf.example.net", "-I", "r-deaf.example.net")
		if err != nil || len(answers) != 2 {
			t.Errorf("%s: %v\n%s", m.Name, err, out.All())
		}
		for line, text := range map[string]string{
			"find --nodes hosts": refused, "rpc rpcutil ping --dm flatfile --do hosts": refused, "rpc rpcutil ping --batch 1 -T eu": "Batched requests requires direct addressing",
		} {
			if out := m.Run(t, strings.Fields(line)...); out.Exit != 1 || !strings.Contains(out.Stderr, text) {
				t.Errorf("%s mco %s: exit %d\n%s", m.Name, line, out.Exit, out.All())
			}
		}
	}
}

// TestBase64 lets a fleet encode its messages as text: every pair of programs understands the other.
func TestBase64(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	t.Parallel()
	b := lab.RabbitMQ(t, lab.BrokerOptions{})
	cfg := lab.Cfg{Brokers: []*lab.Broker{b}, Extra: []string{"plugin.rabbitmq.base64 = 1"}}
	lab.RubyNode(t, lab.ServerCfg{Cfg: cfg, Identity: "r.example.net", Facts: "name: größe\n"})
	lab.GoNode(t, lab.ServerCfg{Cfg: cfg, Identity: "g.example.net", Facts: "name: größe\n"})
	for _, m := range []*lab.Client{lab.RubyMco(t, lab.ClientCfg{Cfg: cfg}), lab.GoMco(t, lab.ClientCfg{Cfg: cfg})} {
		lab.Wait(t, "both nodes before "+m.Name, time.Minute, func() error {
			if out := m.Run(t, "find", "-F", "name=größe", "--dt", "2"); len(strings.Fields(out.Stdout)) != 2 {
				return fmt.Errorf("mco find: exit %d\n%s", out.Exit, out.All())
			}
			return nil
		})
		answers, out, err := rpc(t, m, "rpcutil", "get_fact", "fact=name")
		if err != nil || answers["r.example.net"].Data["value"] != "größe" || answers["g.example.net"].Data["value"] != "größe" {
			t.Errorf("%s: %v\n%s", m.Name, err, out.All())
		}
	}
}

// TestIdentities gives both daemons names that no node may have, and names that one may.
func TestIdentities(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	t.Parallel()
	b := peers.Broker(t, lab.RabbitMQKind)
	cfg := lab.Cfg{Brokers: []*lab.Broker{b}}
	for _, start := range []func(testing.TB, lab.ServerCfg) *lab.Node{lab.RubyNode, lab.GoNode} {
		for _, name := range []string{"a b", "node/1", "nöde", "node:1", "*"} {
			n := start(t, lab.ServerCfg{Cfg: cfg, Identity: name})
			select {
			case <-n.Done():
			case <-time.After(30 * time.Second):
				t.Errorf("%q (Go %t) runs on", name, n.Go)
			}
			if text := n.Log() + n.DaemonLog(); n.ExitCode() != 1 || !strings.Contains(text, "Identities can only match /") {
				t.Errorf("%q (Go %t): exit %d\n%s", name, n.Go, n.ExitCode(), text)
			}
		}
		for _, name := range []string{"UPPER_case", "-dash.", "1"} {
			n := start(t, lab.ServerCfg{Cfg: cfg, Identity: name})
			n.WaitReady(t, b, time.Minute)
		}
	}
}
