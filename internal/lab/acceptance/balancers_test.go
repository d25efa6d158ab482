package acceptance

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/haproxy"
	"github.com/mco-go/mco-go/generators/keepalived"
	"github.com/mco-go/mco-go/generators/lvs"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/validate"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// site is a laboratory network with hosts that stand for nodes of an estate and have their generated files.
type site struct {
	estate  *estate.Estate
	network *lab.Network
	hosts   map[string]*lab.Host
}

// newSite makes a host for each of the named nodes of the full estate, after change, and a client. A host sees its generated files at
// their places as far as they lie in folders of its programs.
func newSite(t *testing.T, change func(*estate.Estate), nodes ...string) *site {
	t.Helper()
	lab.Need(t, lab.HAProxy, lab.Keepalived)
	s := &site{estate: estates.Full(), network: lab.NewNetwork(t), hosts: make(map[string]*lab.Host)}
	if change != nil {
		change(s.estate)
	}
	for _, name := range nodes {
		n := estates.Node(t, s.estate, name)
		i := n.Facts.Interfaces[0]
		h := s.network.Host(t, name, i.MAC, i.IPv4...)
		s.hosts[name] = h
		h.Run(t, "mount", "-t", "tmpfs", "tmpfs", "/run")
		h.Run(t, "mkdir", "/run/haproxy")
		var files []target.File
		for _, w := range []func(*estate.Estate, *estate.Node) (target.Set, problem.List){haproxy.Files, keepalived.Files, lvs.Files} {
			set, problems := w(s.estate, n)
			if problems.Failed() {
				t.Fatal(problems)
			}
			files = append(files, set.Files...)
		}
		if err := validate.Write(h.Folder, files); err != nil {
			t.Fatal(err)
		}
		for _, folder := range []string{"/etc/haproxy", "/etc/keepalived"} {
			if from := filepath.Join(h.Folder, folder); exists(from) {
				h.Run(t, "mount", "--bind", from, folder)
			}
		}
	}
	s.hosts["client"] = s.network.Host(t, "client", "", netip.MustParsePrefix("192.0.2.200/24"))
	return s
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// broker starts what answers every connection on the port with the host's name.
func (s *site) broker(t *testing.T, name string, port int) *lab.Process {
	t.Helper()
	h := s.hosts[name]
	p := h.Start(t, "socat", fmt.Sprintf("TCP-LISTEN:%d,fork,reuseaddr", port), "SYSTEM:echo "+name)
	lab.Wait(t, name+" to listen", 10*time.Second, func() error {
		if !strings.Contains(h.Run(t, "ss", "-Hltn"), fmt.Sprintf(":%d ", port)) {
			return errors.New("not yet")
		}
		return nil
	})
	return p
}

// haproxy starts the host's HAProxy and waits until it answers.
func (s *site) haproxy(t *testing.T, name string) *lab.Process {
	t.Helper()
	p := s.hosts[name].Start(t, "haproxy", "-db", "-f", haproxy.Path)
	lab.Wait(t, "haproxy on "+name, 10*time.Second, func() error {
		if exit := s.check(t, name); exit != 0 {
			return fmt.Errorf("the check ends with %d: %s", exit, p.Log())
		}
		return nil
	})
	return p
}

// check runs the check script as Keepalived does and returns its exit code.
func (s *site) check(t *testing.T, name string) int {
	t.Helper()
	_, exit := s.hosts[name].Try(t, estate.CheckScript, estates.Node(t, s.estate, name).AdminSocket(), "1")
	return exit
}

// ask connects to the address from the client and returns who answers; empty: nobody does.
func (s *site) ask(t *testing.T, address string) string {
	t.Helper()
	out, exit := s.hosts["client"].Try(t, "timeout", "2", "socat", "-u", "TCP:"+address, "STDOUT")
	if exit != 0 {
		return ""
	}
	return strings.TrimSpace(out)
}

// answers counts who answers n connections.
func (s *site) answers(t *testing.T, address string, n int) map[string]int {
	t.Helper()
	counts := make(map[string]int)
	for range n {
		counts[s.ask(t, address)]++
	}
	return counts
}

// quick makes checks of brokers fast enough for a test.
func quick(mode estate.Mode) func(*estate.Estate) {
	return func(e *estate.Estate) {
		b := e.Balancers[0]
		b.Mode = mode
		b.Check.Inter = 200 * time.Millisecond
	}
}

func TestCheckScriptTellsHowHAProxyIs(t *testing.T) {
	s := newSite(t, nil, "ha1")
	if exit := s.check(t, "ha1"); exit != 1 {
		t.Errorf("not started: %d, want 1", exit)
	}
	p := s.haproxy(t, "ha1") // running: 0
	if err := p.Freeze(); err != nil {
		t.Fatal(err)
	}
	before := time.Now()
	if exit := s.check(t, "ha1"); exit != 1 {
		t.Errorf("stopped where it stands: %d, want 1", exit)
	}
	if took := time.Since(before); took > 4*time.Second { // a limit of 1 s, on a machine that may be busy
		t.Errorf("the check of one that hangs took %v", took)
	}
	if err := p.Thaw(); err != nil {
		t.Fatal(err)
	}
	lab.Wait(t, "haproxy to answer again", 10*time.Second, func() error {
		if exit := s.check(t, "ha1"); exit != 0 {
			return fmt.Errorf("exit code %d", exit)
		}
		return nil
	})
	p.Kill()
	if exit := s.check(t, "ha1"); exit != 1 {
		t.Errorf("killed, with its socket left behind: %d, want 1", exit)
	}
}

func TestHAProxySpreadsConnections(t *testing.T) {
	s := newSite(t, quick(estate.RoundRobin), "ha1", "mq1", "mq2", "mq3")
	brokers := make(map[string]*lab.Process)
	for _, name := range []string{"mq1", "mq2", "mq3"} {
		brokers[name] = s.broker(t, name, 5672)
	}
	s.haproxy(t, "ha1")
	const front = "192.0.2.21:5672"
	if got := s.answers(t, front, 12); got["mq1"] != 4 || got["mq2"] != 4 || got["mq3"] != 4 {
		t.Errorf("12 connections: %v, want 4 each", got)
	}
	brokers["mq2"].Kill()
	lab.Wait(t, "connections to pass by the dead", 20*time.Second, func() error {
		if got := s.answers(t, front, 6); got["mq1"] != 3 || got["mq3"] != 3 {
			return fmt.Errorf("%v", got)
		}
		return nil
	})
	page := "http://192.0.2.21:8100/rabbitmq-stats;csv"
	if out := s.hosts["client"].Run(t, "curl", "-s", "-u", "admin:change-me", page); !strings.Contains(out, "front_amqp,mq2,") {
		t.Errorf("the page does not list mq2: %s", out)
	}
	if out := s.hosts["client"].Run(t, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", page); out != "401" {
		t.Errorf("the page without credentials: %s, want 401", out)
	}
}

// The password that HAProxy reads is the one that was meant, whatever it is made of.
func TestStatisticsTakeThePassword(t *testing.T) {
	for i, password := range []string{`p w#x$HOME"\'`, `'`, `a:b`, `\n${PATH}`} {
		t.Run(fmt.Sprint("password ", i), func(t *testing.T) {
			s := newSite(t, func(e *estate.Estate) { e.Balancers[0].Stats.Secret = secret.New("s", password) }, "ha1")
			s.haproxy(t, "ha1")
			for given, want := range map[string]string{password: "200", password + "x": "401"} {
				out := s.hosts["client"].Run(t, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-u", "admin:"+given, "http://192.0.2.21:8100/rabbitmq-stats")
				if out != want {
					t.Errorf("password %q asked with %q: %s, want %s", password, given, out, want)
				}
			}
		})
	}
}

func TestHAProxyFallsBack(t *testing.T) {
	s := newSite(t, quick(estate.ActiveBackup), "ha1", "mq1", "mq2")
	first := s.broker(t, "mq1", 5672)
	s.broker(t, "mq2", 5672)
	s.haproxy(t, "ha1")
	const front = "192.0.2.21:5672"
	only := func(want string) func() error {
		return func() error {
			if got := s.answers(t, front, 4); got[want] != 4 {
				return fmt.Errorf("%v", got)
			}
			return nil
		}
	}
	if err := only("mq1")(); err != nil {
		t.Error("both live:", err)
	}
	first.Kill()
	lab.Wait(t, "the second to take over", 20*time.Second, only("mq2"))
	s.broker(t, "mq1", 5672)
	lab.Wait(t, "the first to come back", 20*time.Second, only("mq1"))
}
