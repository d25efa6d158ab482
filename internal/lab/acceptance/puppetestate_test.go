package acceptance

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// managed is a machine and the Puppet that manages it.
type managed struct {
	*machine
	puppet *puppet
}

// manage makes the four machines of puppetTopology, each with the classes of what it is and the service program in place of systemd.
func manage(t *testing.T) (mq, ha, web, op managed) {
	t.Helper()
	lab.Need(t, lab.RabbitMQServer, lab.HAProxy, lab.Keepalived)
	n := lab.NewNetwork(t)
	classes := map[string]func(*puppet) string{
		"mq1": func(p *puppet) string {
			return "class { 'mco::broker': service => " + p.attributes("rabbitmq", "restart") + " }\n"
		},
		"ha1": func(p *puppet) string {
			return "class { 'mco::balancer':\n  services => {\n    'haproxy'    => " + p.attributes("haproxy", "reload") + ",\n    'keepalived' => " +
				p.attributes("keepalived", "reload") + ",\n  },\n}\n"
		},
		"web1": func(p *puppet) string {
			return "class { 'mco::server': services => { 'mcollective' => " + p.attributes("mcollective", "restart") + " } }\n"
		},
		"op1": func(*puppet) string { return "include mco::client\n" },
	}
	made := make(map[string]managed)
	for name, class := range classes {
		m := managed{newMachine(t, n, name), newPuppet(t, name, "")}
		m.puppet.classes = class(m.puppet)
		made[name] = m
	}
	return made["mq1"], made["ha1"], made["web1"], made["op1"]
}

// apply runs Puppet, which must end with the code, and returns what it said.
func (m managed) apply(t *testing.T, want int, options ...string) string {
	t.Helper()
	out, exit := m.puppet.apply(t, m.machine, options...)
	ends(t, out, exit, want)
	return out
}

// called fails the test if the services were asked for anything else since last time.
func (m managed) called(t *testing.T, want string) {
	t.Helper()
	if got := m.calls(t); got != want {
		t.Errorf("on %s the services were asked for %q, want %q", m.name, got, want)
	}
}

// An estate of four machines comes up from what Puppet writes, and each later change reaches the service that it is for, and no other.
func TestPuppetEstate(t *testing.T) {
	t.Parallel()
	mq, ha, web, op := manage(t)

	out := ha.apply(t, 0, "--noop")
	mentions(t, out, "Would have triggered 'refresh'", "not written by mco generate", "+    track_script {")
	ha.called(t, "")
	if text := ha.run(t, "cat", "/etc/haproxy/haproxy.cfg"); !strings.Contains(text, "/dev/log\tlocal0") {
		t.Errorf("after noop haproxy.cfg is not the package's any more:\n%s", text)
	}

	mq.puppet.mco = "  rotate_cookie => true,\n" // from the package's
	var all sync.WaitGroup
	for _, m := range []managed{mq, ha, op} {
		all.Go(func() { out, exit := m.puppet.apply(t, m.machine); check(t, m, out, exit, 2) })
	}
	all.Wait()
	lab.Wait(t, "the VIP on ha1", 20*time.Second, func() error {
		if !ha.Has(t, netip.MustParseAddr("192.0.2.100")) {
			return fmt.Errorf("it is not there")
		}
		return nil
	})
	web.apply(t, 2)
	lab.Wait(t, "web1 to answer over VIP, HAProxy and RabbitMQ", 60*time.Second, func() error {
		out, exit := op.try(t, "timeout", "20", lab.Program(t, "mco"), "ping", "-c", "/etc/mcollective/client.cfg")
		if exit != 0 || !strings.Contains(out, "web1") {
			log, _ := web.try(t, "tail", "-n", "20", "/var/log/mcollective.log")
			return fmt.Errorf("exit code %d: %s; web1 says: %s", exit, out, log)
		}
		return nil
	})
	mq.puppet.mco = ""
	for _, m := range []managed{mq, ha, web, op} {
		m.calls(t) // whatever a start is
	}

	for _, m := range []managed{mq, ha, web, op} {
		all.Go(func() { out, exit := m.puppet.apply(t, m.machine); check(t, m, out, exit, 0) })
	}
	all.Wait()
	for _, m := range []managed{mq, ha, web, op} {
		m.called(t, "")
	}

	t.Run("only haproxy.cfg", func(t *testing.T) {
		before, master := ha.run(t, "pgrep", "-P", ha.pid(t, "haproxy")), ha.pid(t, "haproxy")
		ha.change("inter: 1s", "inter: 2s")
		out := ha.apply(t, 2)
		mentions(t, out, "-    default-server inter 1s", "Mco_files[haproxy]")
		ha.called(t, "haproxy:reload")
		if after := ha.pid(t, "haproxy"); after != master {
			t.Errorf("the master was %s and is %s", master, after)
		}
		lab.Wait(t, "a new worker", 10*time.Second, func() error {
			if after, _ := ha.try(t, "pgrep", "-P", master); after == "" || after == before {
				return fmt.Errorf("workers were %q and are %q", before, after)
			}
			return nil
		})
	})
	t.Run("only keepalived.conf", func(t *testing.T) {
		ha.change("advert: 1", "advert: 2")
		ha.apply(t, 2)
		ha.called(t, "keepalived:reload")
	})
	t.Run("a mistake", func(t *testing.T) {
		files := tree(t, ha.machine, "/etc/haproxy", "/etc/keepalived")
		right := ha.puppet.topology
		ha.change("to: main", "to: mian")
		mentions(t, ha.apply(t, 6), "topology.reference") // the topology itself was written
		ha.called(t, "")
		if after := tree(t, ha.machine, "/etc/haproxy", "/etc/keepalived"); after != files {
			t.Errorf("the files were\n%s\nand are\n%s", files, after)
		}
		mentions(t, ha.apply(t, 4), "topology.reference")
		ha.puppet.topology = right
		ha.apply(t, 2)
		ha.called(t, "")
	})
	t.Run("a file that HAProxy refuses", func(t *testing.T) {
		files := tree(t, ha.machine, "/etc/haproxy", "/etc/keepalived")
		refuses := filepath.Join(ha.puppet.dir, "refuses")
		if err := os.WriteFile(refuses, []byte("#!/bin/sh\necho 'not with me' >&2\nexit 1\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		ha.run(t, "mount", "--bind", refuses, "/usr/sbin/haproxy")
		ha.change("inter: 2s", "inter: 3s")
		mentions(t, ha.apply(t, 6), "validator.refused", "not with me")
		ha.called(t, "")
		if after := tree(t, ha.machine, "/etc/haproxy", "/etc/keepalived"); after != files {
			t.Errorf("the files were\n%s\nand are\n%s", files, after)
		}
		ha.run(t, "umount", "/usr/sbin/haproxy")
		ha.apply(t, 2)
		ha.called(t, "haproxy:reload")
	})
	t.Run("only definitions", func(t *testing.T) {
		before := mq.pid(t, "rabbitmq")
		mq.change("users: {", "users: {late: {secret: mq_app}, ")
		mentions(t, mq.apply(t, 2), "Exec[mco import definitions]")
		mq.called(t, "")
		if after := mq.pid(t, "rabbitmq"); after != before {
			t.Errorf("the broker was %s and is %s", before, after)
		}
		if users := mq.run(t, "rabbitmqctl", "list_users"); !strings.Contains(users, "late") {
			t.Errorf("the broker's users are %s", users)
		}
	})
	t.Run("only rabbitmq.conf", func(t *testing.T) {
		mq.change("kind: standalone", "kind: standalone\n    extra: {heartbeat: 45}")
		out := mq.apply(t, 2)
		mq.called(t, "rabbitmq:restart rabbitmq:stop rabbitmq:start")
		if strings.Contains(out, "Exec[mco import definitions]") {
			t.Errorf("definitions were imported:\n%s", out)
		}
		mq.apply(t, 0)
	})
	t.Run("only server.cfg", func(t *testing.T) {
		before := web.pid(t, "mcollective")
		web.change("via: front", "via: front\n    server_settings: {loglevel: debug}")
		web.apply(t, 2)
		web.called(t, "mcollective:restart mcollective:stop mcollective:start")
		if after := web.pid(t, "mcollective"); after == before {
			t.Errorf("the daemon is still %s", after)
		}
	})
}

// change edits the machine's topology.
func (m managed) change(from, to string) {
	m.puppet.topology = strings.Replace(m.puppet.topology, from, to, 1)
}

func check(t *testing.T, m managed, out string, exit, want int) {
	t.Helper()
	if exit != want {
		t.Errorf("%s: exit code %d, want %d:\n%s", m.name, exit, want, out)
	}
}
