package systems

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
	"github.com/mco-go/mco-go/internal/lab/site"
)

// pair is two balancers that share an address.
type pair struct {
	*site.Site
	*owners
	haproxy, keepalived map[string]*lab.Process
}

const one, two = "bhz79", "bhz80"

func newPair(t *testing.T, vrrp func(*estate.VRRP)) *pair {
	t.Helper()
	e := estates.Run{Topology: "seed001.fixed.yaml", Facts: "fleet-seed001", Software: estates.Laboratory(t)}.Load(t)
	b := e.Balancers[0]
	if vrrp != nil {
		vrrp(b.VRRP)
	}
	s := site.New(t, e, one, two)
	p := &pair{s, watch(t, b.VIP.Addr(), s.Hosts), make(map[string]*lab.Process), nil}
	for _, name := range []string{one, two} {
		p.haproxy[name] = s.HAProxy(t, name)
	}
	p.keepalived = s.Share(t, b.VIP.Addr(), one, two)
	return p
}

// moves makes something happen and says how long it took until the address had gone from the one to the other, alone.
func (p *pair) moves(t *testing.T, what, to, from string, bound time.Duration, happens func()) string {
	t.Helper()
	before := time.Now()
	happens()
	p.Owned(t, p.vip, to, from)
	return within(t, what, p.got(t, to).Sub(before), bound)
}

// stays waits until a Keepalived has said what makes it able to have the address again, and sees that the other still has it.
func (p *pair) stays(t *testing.T, where, other, said string, happens func()) {
	t.Helper()
	before := p.keepalived[where].Log()
	happens()
	lab.Wait(t, fmt.Sprintf("%s to say %q", where, said), 20*time.Second, func() error {
		if log := strings.TrimPrefix(p.keepalived[where].Log(), before); !strings.Contains(log, said) {
			return fmt.Errorf("it said %q", log)
		}
		return nil
	})
	since := p.got(t, other)
	p.Owned(t, p.vip, other, where)
	if p.got(t, other) != since {
		t.Errorf("%s did not keep the address", other)
	}
}

// never fails the test when both had the address for longer than it takes one to hear the other.
func (p *pair) never(t *testing.T) string {
	t.Helper()
	shared := p.shared(t, one, two)
	if shared > 100*time.Millisecond {
		t.Errorf("both had %v for %v", p.vip, shared)
	}
	return fmt.Sprintf("on both for %d ms at most", shared.Milliseconds())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// T09 without preemption: the address goes where HAProxy answers, and stays there.
func TestVIPMovesAndStays(t *testing.T) {
	t.Parallel()
	p := newPair(t, nil)
	dies := p.moves(t, "HAProxy dies", two, one, 6*time.Second, p.haproxy[one].Kill)
	p.stays(t, one, two, "Entering BACKUP STATE", func() { p.haproxy[one] = p.HAProxy(t, one) })
	hangs := p.moves(t, "hangs", one, two, 7*time.Second, func() { must(t, p.haproxy[two].Freeze()) })
	p.stays(t, two, one, "Entering BACKUP STATE", func() { must(t, p.haproxy[two].Thaw()) })
	lost := p.moves(t, "machine lost", two, one, 5*time.Second, func() {
		p.keepalived[one].Kill()
		must(t, p.Hosts[one].Plug(false))
		p.Hosts[one].Run(t, "ip", "address", "flush", "dev", "eth0") // the machine is gone, only our view of it is not
	})
	figures.add(t, line{"T09", "VRRP pair, no preemption", "HAProxy of the owner killed; that of the new one stopped where it stands; the machine lost",
		"6 s; 7 s; 5 s; stays where it is when the other recovers; on both 0.1 s at most", strings.Join([]string{dies, hangs, lost, "stays", p.never(t)}, "; ")})
}

// T09 with preemption and a weight: the address comes back. By multicast.
func TestVIPComesBack(t *testing.T) {
	t.Parallel()
	p := newPair(t, func(v *estate.VRRP) { v.Preempt, v.Weight, v.Unicast = true, -20, false })
	dies := p.moves(t, "HAProxy dies", two, one, 7*time.Second, p.haproxy[one].Kill)
	back := p.moves(t, "it is back", one, two, 9*time.Second, func() { p.haproxy[one] = p.HAProxy(t, one) })
	figures.add(t, line{"T09", "VRRP pair, preemption, weight -20", "HAProxy of the first killed, and started again",
		"7 s; 9 s; on both 0.1 s at most", strings.Join([]string{dies, back, p.never(t)}, "; ")})
}
