// Package lab starts and stops the real programs that this project must live with: RabbitMQ, ActiveMQ, the original's mcollectived
// and mco, and our own binaries, each in a temporary folder, on free loopback ports.
//
// What it promises: a start returns when the program is ready, which is proven and never waited out; nothing outlives the test
// binary, not even when that is killed; only processes that the laboratory started are signalled, each by its id; and no folder of
// the system is written to. It speaks to brokers and nodes by a few lines of its own (package lab/wire), so that it is a witness
// and not a friend.
//
// Only tests import it. Files lie in testdata/vectors: the shim that lets the original run on Ruby 3.1, and the plugins.
package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Peer is a program that comes from a package of the system.
type Peer string

// The peers.
const (
	RabbitMQServer Peer = "rabbitmq-server"
	ActiveMQServer Peer = "activemq"
	Ruby           Peer = "mcollective" // the original: mcollectived, mco, and ruby-stomp
	Interpreter    Peer = "ruby"        // alone, on PATH
	Shellcheck     Peer = "shellcheck"
	HAProxy        Peer = "haproxy" // with socat
	Keepalived     Peer = "keepalived"
	Cluster        Peer = "corosync, pacemaker, crmsh, drbd-utils"
	NetFilter      Peer = "iptables, nftables, procps"
	OsloMessaging  Peer = "python3-oslo.messaging"
	Superuser      Peer = "superuser" // no package: the right to make namespaces
	Puppet         Peer = "puppet-agent"
	Facter         Peer = "facter"
	Chromium       Peer = "chromium"
)

// missing returns which file of the peer is not there, or "".
func (p Peer) missing() string {
	if p == Interpreter {
		if _, err := exec.LookPath("ruby"); err != nil {
			return "ruby on PATH"
		}
		return ""
	}
	if p == Superuser {
		if os.Geteuid() != 0 {
			return "rights of the superuser"
		}
		return ""
	}
	files := map[Peer][]string{
		RabbitMQServer: {rabbitScripts + "/rabbitmq-server", "/usr/bin/epmd"},
		ActiveMQServer: {activeJar, "/usr/bin/java"},
		Ruby:           {"/usr/sbin/mcollectived", "/usr/bin/mco", "/usr/lib/ruby/vendor_ruby/stomp.rb"},
		Shellcheck:     {"/usr/bin/shellcheck"},
		HAProxy:        {"/usr/sbin/haproxy", "/usr/bin/socat"},
		Keepalived:     {"/usr/sbin/keepalived", "/usr/sbin/ip", "/usr/bin/unshare"},
		Cluster:        {"/usr/sbin/corosync", "/usr/sbin/crm_verify", "/usr/sbin/crm_simulate", "/usr/sbin/crm", "/usr/sbin/drbdadm"},
		NetFilter:      {"/usr/sbin/iptables-restore", "/usr/sbin/nft", "/usr/sbin/sysctl"},
		OsloMessaging:  {"/usr/bin/oslo-config-validator"},
		Puppet:         {"/usr/bin/puppet"},
		Facter:         {"/usr/bin/facter"},
		Chromium:       {"/usr/bin/chromium"},
	}[p]
	for _, pattern := range files {
		if found, _ := filepath.Glob(pattern); len(found) == 0 {
			return pattern
		}
	}
	return ""
}

// Need ends the test when a peer is missing: as a failure in CI (CI=true), otherwise as a skip that `make test` names at its end
// (it reads the file MCO_LAB_MISSING).
func Need(t testing.TB, peers ...Peer) {
	t.Helper()
	for _, p := range peers {
		file := p.missing()
		if file == "" {
			continue
		}
		why := fmt.Sprintf("%s: package %s is not installed (no %s)", t.Name(), p, file)
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		if list := os.Getenv("MCO_LAB_MISSING"); list != "" {
			f, err := os.OpenFile(list, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(f, why)
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		t.Skip(why)
	}
}

// Root returns the folder of the module.
func Root() string {
	_, self, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(self), "..", "..")
}

// Vectors returns the folder of the vectors, where the shim and the plugins for the original lie.
func Vectors() string { return filepath.Join(Root(), "testdata", "vectors") }

// Eventually polls done until it returns nil, and returns its last error when that takes longer than limit.
func Eventually(limit time.Duration, done func() error) error {
	return eventually(limit, 20*time.Millisecond, done)
}

// Sparingly is [Eventually] for a question that costs the machine something.
func Sparingly(limit time.Duration, done func() error) error {
	return eventually(limit, 100*time.Millisecond, done)
}

func eventually(limit, every time.Duration, done func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := done()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("after %v: %w", limit, err)
		}
		time.Sleep(every)
	}
}

// Wait is [Eventually] that fails the test.
func Wait(t testing.TB, what string, limit time.Duration, done func() error) {
	t.Helper()
	if err := Eventually(limit, done); err != nil {
		t.Fatalf("wait for %s: %v", what, err)
	}
}

// fileName makes a name of what a person called a thing.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || r == ' ' || r == ':' {
			return '_'
		}
		return r
	}, s)
}
