package chaos

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
	"github.com/mco-go/mco-go/internal/lab/site"
)

// front is a fleet behind two balancers that share an address.
type front struct {
	*site.Site
	fleet []*estate.Node
	nodes map[string]*lab.Process
}

const one, two = "bhz79", "bhz80"

func newFront(t *testing.T) *front {
	t.Helper()
	facts := []string{estates.Corpus("facts", "fleet-seed001")}
	for _, name := range []string{"rabbitmq01", "rabbitmq02", "ha1", "ha2"} {
		facts = append(facts, estates.Corpus("facts", "debian12-facter4", name+".json"))
	}
	o := estate.Options{Facts: estates.Fleet(t, facts...), Software: estates.Laboratory(t), Secrets: estates.Secrets(t, nil)}
	e, problems := estate.Load(filepath.Join("testdata", "balancers.yaml"), o)
	if problems.Failed() {
		t.Fatal(problems)
	}
	f := &front{Site: site.New(t, e), fleet: e.Collectives[0].Servers, nodes: make(map[string]*lab.Process)}
	f.RabbitMQ(t, "bhz76")
	f.Ready(t, "bhz76")
	return f
}

// reloadable starts the host's HAProxy with a master that can be told to read its file again.
func (f *front) reloadable(t *testing.T, name string) *lab.Process {
	t.Helper()
	p := f.Hosts[name].Start(t, "haproxy", "-W", "-db", "-f", "/etc/haproxy/haproxy.cfg")
	lab.Wait(t, "haproxy on "+name, 30*time.Second, func() error {
		if exit := f.Check(t, name); exit != 0 {
			return fmt.Errorf("the check ends with %d: %s", exit, p.Log())
		}
		return nil
	})
	return p
}

// through waits until every node has its session through the named balancer, and answers; it returns after how long the last one had, and
// the last one answered.
func (f *front) through(t *testing.T, name string, since time.Time) (sessions, answers time.Duration) {
	t.Helper()
	lab.Wait(t, "every node's session through "+name, time.Minute, func() error {
		if at := f.Stat(t, name, "front_stomp")["bhz76"]["scur"]; at != fmt.Sprint(len(f.fleet)) {
			return fmt.Errorf("%s sessions", at)
		}
		return nil
	})
	sessions = time.Since(since)
	f.Answered(t, "ha2", f.fleet, time.Minute)
	return sessions, time.Since(since)
}

// lost counts how often nodes have lost a session.
func (f *front) lost(t *testing.T) (n int) {
	t.Helper()
	for _, node := range f.fleet {
		n += strings.Count(f.Hosts[node.Name].Run(t, "cat", "/var/log/mcollective.log"), "Unexpected error on connection")
	}
	return n
}

// A HAProxy reads its configuration anew, is killed, and the machine that has the VIP is lost: nodes are Ready through the other one.
func TestF09Balancers(t *testing.T) {
	lab.NeedFull(t)
	f := newFront(t)
	vip := f.Estate.Balancers[0].VIP.Addr()
	first := f.reloadable(t, one)
	f.HAProxy(t, two)
	keepers := f.Share(t, vip, one, two)
	for _, n := range f.fleet {
		f.nodes[n.Name] = f.Daemon(t, n.Name)
	}
	f.through(t, one, time.Now())

	before := f.lost(t)
	if err := first.Signal(syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	lab.Wait(t, "HAProxy to have read its file again", 20*time.Second, func() error {
		if n := strings.Count(first.Log(), "Loading success"); n < 2 {
			return fmt.Errorf("%d times: %s", n, first.Log())
		}
		return nil
	})
	f.Answered(t, "ha2", f.fleet, 10*time.Second)
	if n := f.lost(t) - before; n != 0 {
		t.Errorf("%d sessions were lost by a reload", n)
	}
	f.Owned(t, vip, one, two)
	figures.add(t, figure{"F09", "HAProxy reads its file again: sessions lost", "0 of " + fmt.Sprint(len(f.fleet)), "0", "", 0})

	// Two checks, 2 s apart, and a second to be heard; who is refused meanwhile waits up to as long again.
	f.moves(t, "HAProxy killed", two, one, 5*time.Second, 10*time.Second, first.Kill)
	f.HAProxy(t, one)
	site.Standby(t, keepers[one])
	// Three adverts; nobody tells the nodes, whose next heart-beat the new owner refuses, or who miss the broker's.
	f.moves(t, "cable of the VIP's owner pulled", one, two, 4*time.Second, 10500*time.Millisecond, func() {
		if err := f.Hosts[two].Plug(false); err != nil {
			t.Fatal(err)
		}
	})
	if err := f.Hosts[two].Plug(true); err != nil {
		t.Fatal(err)
	}
	lab.Wait(t, "no session through the balancer that came back", 20*time.Second, func() error {
		if at := f.Stat(t, two, "front_stomp")["bhz76"]["scur"]; at != "0" {
			return fmt.Errorf("%s sessions", at)
		}
		return nil
	})
	f.Owned(t, vip, one, two)
	f.through(t, one, time.Now())
}

// moves makes something happen to the balancer that has the VIP, and holds the VIP and the nodes' sessions to their bounds.
func (f *front) moves(t *testing.T, what, to, from string, vip, ready time.Duration, happens func()) {
	t.Helper()
	since := time.Now()
	happens()
	f.Owned(t, f.Estate.Balancers[0].VIP.Addr(), to, from)
	moved := time.Since(since)
	sessions, answers := f.through(t, to, since)
	t.Logf("%s: the VIP after %v, the last session after %v, all answer after %v", what, moved, sessions, answers)
	figures.add(t, figure{"F09", what + ": VIP back", short(moved), short(vip), "", 0})
	figures.add(t, figure{"F09", what + ": every node's session through the other balancer", short(sessions), short(ready), "", 0})
	if moved > vip || sessions > ready {
		t.Errorf("%s: the VIP after %v, may take %v; sessions after %v, may take %v", what, moved, vip, sessions, ready)
	}
}
