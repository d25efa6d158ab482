// Package site brings an estate up in the laboratory's network: each of its machines is a host with the interface, the addresses and the
// generated files that it has in the estate, and runs what they are for: RabbitMQ, HAProxy, Keepalived, mcollectived. What runs there is
// the real thing, and ends with the test. Only tests import it.
package site

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/validate"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// Site is a network with machines of an estate.
type Site struct {
	Estate  *estate.Estate
	Network *lab.Network
	Hosts   map[string]*lab.Host // by the node's name
	names   string               // what every host has in /etc/hosts
	brokers map[string]*broker
}

// New makes a host for each of the named nodes of the estate; without names, for every one.
func New(t testing.TB, e *estate.Estate, nodes ...string) *Site {
	t.Helper()
	s := &Site{Estate: e, Network: lab.NewNetwork(t), Hosts: make(map[string]*lab.Host), names: "127.0.0.1 localhost\n", brokers: make(map[string]*broker)}
	for _, n := range e.Nodes {
		if i, ok := plug(n); ok && len(i.IPv4) > 0 {
			s.names += fmt.Sprintf("%s %s %s\n", i.IPv4[0].Addr(), n.Facts.Hostname, n.Facts.FQDN)
		}
		if len(nodes) == 0 {
			s.Host(t, n.Name)
		}
	}
	for _, name := range nodes {
		s.Host(t, name)
	}
	return s
}

// plug is the interface that a node has in the network: the one that others know its broker or balancer by, else the primary one.
func plug(n *estate.Node) (facts.Interface, bool) {
	switch {
	case n.Broker != nil:
		return n.Facts.Interface(n.Broker.Interface)
	case len(n.Balancers) > 0:
		return n.Facts.Interface(n.Balancers[0].Interface)
	}
	return n.Facts.Interface(n.Facts.Primary)
}

// ours are the folders of which a host sees those that the generators made for it.
var ours = []string{"/etc/haproxy", "/etc/keepalived", "/etc/rabbitmq", "/var/lib/rabbitmq", "/etc/mcollective"}

// Host makes a node's host. It has the node's interface under its own name and reaches every address without a router.
func (s *Site) Host(t testing.TB, name string) *lab.Host {
	t.Helper()
	n := estates.Node(t, s.Estate, name)
	i, ok := plug(n)
	if !ok {
		t.Fatalf("%s has no interface", name)
	}
	h := s.Network.Host(t, n.Facts.Hostname, i.MAC, i.IPv4...)
	s.Hosts[name] = h
	if i.Name != "eth0" {
		h.Run(t, "sh", "-euc", `ip link set eth0 down; ip link set eth0 name "$1"; ip link property add dev "$1" altname eth0; ip link set "$1" up`, "sh", i.Name)
	}
	h.Run(t, "ip", "route", "add", "default", "dev", "eth0")
	set, problems := generators.Files(s.Estate, n)
	if problems.Failed() {
		t.Fatal(problems)
	}
	if err := validate.Write(h.Folder, set.Files); err != nil {
		t.Fatal(err)
	}
	for _, f := range set.Files { // a cookie that others could read stops a broker
		if err := os.Chmod(validate.At(h.Folder, f), f.Mode.Perm()); err != nil {
			t.Fatal(err)
		}
	}
	// Names are known or not, but nobody waits for a name server.
	for path, text := range map[string]string{"/etc/hosts": s.names, "/etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files\n"} {
		own := filepath.Join(h.Folder, filepath.Base(path))
		if err := os.WriteFile(own, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		h.Run(t, "mount", "--bind", own, path)
	}
	if err := os.MkdirAll("/var/lib/mco", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"/var/log", "/run", "/var/lib/haproxy", "/var/lib/mco"} {
		if exists(folder) {
			h.Run(t, "mount", "-t", "tmpfs", "tmpfs", folder)
		}
	}
	h.Run(t, "mkdir", "/run/haproxy", "/var/log/rabbitmq")
	for _, folder := range ours {
		if from := filepath.Join(h.Folder, folder); exists(from) {
			h.Run(t, "mount", "--bind", from, folder)
		}
	}
	return h
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Guest adds a host that is no machine of the estate.
func (s *Site) Guest(t testing.TB, name string, address netip.Prefix) *lab.Host {
	t.Helper()
	h := s.Network.Host(t, name, "", address)
	h.Run(t, "ip", "route", "add", "default", "dev", "eth0")
	s.Hosts[name] = h
	return h
}

// Daemon starts the node's mcollectived.
func (s *Site) Daemon(t testing.TB, name string) *lab.Process {
	t.Helper()
	return s.Hosts[name].Start(t, lab.Program(t, "mcollectived"), "--no-daemonize", "--config", "/etc/mcollective/server.cfg")
}

// Ping runs mco ping on the host, by a user whose home is the host's alone, with so much time as timeout(1) takes, and returns what it printed and the nodes that did not answer.
func (s *Site) Ping(t testing.TB, from, limit string, nodes []*estate.Node) (output string, silent []string) {
	t.Helper()
	output, _ = s.Hosts[from].Try(t, "timeout", limit, "env", "HOME=/run", lab.Program(t, "mco"), "ping", "--config", "/etc/mcollective/client.cfg")
	for _, n := range nodes {
		if !strings.Contains(output, n.Name+" ") {
			silent = append(silent, n.Name)
		}
	}
	return output, silent
}

// Answered waits until mco ping on the host finds all of the nodes, and returns how long that took.
func (s *Site) Answered(t testing.TB, from string, nodes []*estate.Node, limit time.Duration) time.Duration {
	t.Helper()
	before := time.Now()
	lab.Wait(t, "an answer of every node", limit, func() error {
		if out, silent := s.Ping(t, from, "20", nodes); len(silent) > 0 {
			return fmt.Errorf("no answer of %v: %s", silent, out)
		}
		return nil
	})
	return time.Since(before)
}
