package validate

import (
	"net/netip"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// sixth gives the members of a balancer, and what it balances to, IPv6 addresses, and makes that the VIP's family.
func sixth(b *estate.Balancer) {
	address := func(n *estate.Node) netip.Prefix {
		i := &n.Facts.Interfaces[0]
		if len(i.IPv6) == 0 {
			four := i.IPv4[0].Addr().As4()
			six := netip.MustParseAddr("2001:db8::").As16()
			six[15] = four[3]
			i.IPv6 = []netip.Prefix{netip.PrefixFrom(netip.AddrFrom16(six), 64)}
		}
		return i.IPv6[0]
	}
	b.VIP = netip.MustParsePrefix("2001:db8::110/64")
	for _, m := range b.Members {
		m.Address = address(m.Node)
	}
	for _, m := range b.To {
		m.IPv4, m.IPv6 = netip.Prefix{}, address(m.Node)
	}
}

// What a topology can ask of balancers is taken by the programs in every combination that differs in words.
func TestProgramsTakeVariants(t *testing.T) {
	lab.Need(t, lab.Superuser, lab.HAProxy, lab.Keepalived, lab.NetFilter)
	rows := []struct {
		name     string
		balancer int
		change   func(*estate.Balancer)
	}{
		{"active and backup, AMQP checks", 0, func(b *estate.Balancer) { b.Mode, b.Check.Kind = estate.ActiveBackup, "amqp" }},
		{"fewest connections, STOMP checks", 0, func(b *estate.Balancer) { b.Mode, b.Check.Kind = estate.LeastConn, "stomp" }},
		{"by source, HTTP checks", 0, func(b *estate.Balancer) { b.Mode, b.Check.Kind = estate.Source, "http" }},
		{"VIP alone", 0, func(b *estate.Balancer) { b.BindVIP = true }},
		{"IPv6", 0, sixth},
		{"IPv6, VIP alone, multicast", 0, func(b *estate.Balancer) { sixth(b); b.BindVIP, b.VRRP.Unicast = true, false }},
		{"VRRP 3", 0, func(b *estate.Balancer) { b.VRRP.Version = 3 }},
		{"preempting with a weight", 0, func(b *estate.Balancer) { b.VRRP.Preempt, b.VRRP.Weight, b.Members[0].State = true, -20, "MASTER" }},
		{"preempting late", 0, func(b *estate.Balancer) { b.VRRP.Preempt, b.VRRP.PreemptDelay, b.Members[0].State = true, 60, "MASTER" }},
		{"other interfaces are watched", 0, func(b *estate.Balancer) { b.VRRP.Track = []string{"eth0", "eth1", "bond0.17"} }},
		{"no password", 0, func(b *estate.Balancer) { b.VRRP.Secret = secret.Value{} }},
		{"no VIP, no page", 0, func(b *estate.Balancer) { b.VIP, b.VRRP, b.Stats = netip.Prefix{}, nil, nil }},
		{"a director of two ports, persistent", 1, func(b *estate.Balancer) {
			b.Ports = append(b.Ports, estate.BalancedPort{Name: "stomp", Port: 61613, Backend: 61613})
			b.LVS.Persistence, b.LVS.Scheduler, b.LVS.Inhibit = 600, "wlc", false
		}},
		{"a director of IPv6", 1, sixth},
		{"two directors", 1, func(b *estate.Balancer) { b.Members = b.Members[:2] }},
		{"one director", 1, func(b *estate.Balancer) { b.Members = b.Members[:1] }},
		{"marks of others", 1, func(b *estate.Balancer) { b.LVS.Marks = 64 }},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			e := estates.Full()
			b := e.Balancers[r.balancer]
			r.change(b)
			scratch, files := render(t, e, b.Members[0].Node.Name)
			for _, f := range files {
				if err := f.Check(f.Content); err != nil {
					t.Errorf("%s: %v", f.Path, err)
				}
				if len(For(f.Kind)) > 0 {
					judged(t, scratch, f, Accepted)
				}
			}
		})
	}
}
