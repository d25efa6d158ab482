package estate

import (
	"slices"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
)

func (r *resolver) lvs(b *Balancer, t *topology.Balancer, key string) {
	if b.Kind != LVSDR {
		if t.LVS != nil {
			r.bad("topology.reference", t.LVS.Place, "lvs is for balancers of kind lvs-dr", "", "")
		}
		return
	}
	if len(t.VIP) == 0 {
		r.bad("topology.type", t.Place, "the key vip is missing, which direct routing needs", "", "")
	}
	lvs := t.LVS
	if lvs == nil {
		lvs = new(topology.LVS)
	}
	b.LVS = LVS{
		Scheduler:   r.choice(key+".lvs.scheduler", lvs.Scheduler, "wrr", "rr", "wlc", "lc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "fo", "ovf", "mh"),
		Weight:      r.number(key+".lvs.weight", lvs.Weight, 10, 0, 65535),
		Persistence: r.number(key+".lvs.persistence", lvs.Persistence, 0, 0, 2_678_400),
		DelayLoop:   r.number(key+".lvs.delay_loop", lvs.DelayLoop, 10, 1, 3600),
		Inhibit:     r.yes(key+".lvs.inhibit_on_failure", lvs.Inhibit, true),
		Timeout:     r.number(key+".lvs.check.timeout", lvs.Check.Timeout, 3, 1, 3600),
		Retry:       r.number(key+".lvs.check.retry", lvs.Check.Retry, 3, 1, 1000),
		Delay:       r.number(key+".lvs.check.delay", lvs.Check.Delay, 3, 1, 3600),
		Marks:       r.number(key+".lvs.marks", lvs.Marks, 0, 0, 1<<30),
	}
	for _, m := range b.To {
		m.Wildcard = true
		if b.VIP.IsValid() && (b.VIP.Addr().Is6() && !m.IPv6.IsValid() || b.VIP.Addr().Is4() && !m.IPv4.IsValid()) {
			r.problems.Add(problem.Problem{Class: "vip.family", Node: m.Node.Name, Where: t.Place.String(),
				What: "the broker has no address of the VIP's family, which direct routing needs", Got: b.VIP.String(), Want: "family: both"})
		}
		if b.VIP.IsValid() && len(connected(m.Node, b.VIP)) == 0 && !slices.ContainsFunc(b.Members, func(d *BalancerMember) bool { return d.Node == m.Node }) {
			r.problems.Add(problem.Problem{Class: "vip.off-subnet", Node: m.Node.Name, Where: t.Place.String(),
				What: "a broker that answers for the VIP is not in its subnet", Got: b.VIP.String()})
		}
	}
}

// needMAC: directors tell each other's packets by their MAC addresses.
func (r *resolver) needMAC(m *BalancerMember, fault error, t *topology.Balancer) {
	where := "networking.interfaces." + m.Interface + ".mac"
	switch {
	case fault != nil:
		r.problems.Add(safe.Problem(fault, m.Node.Name, where))
	case m.MAC == "":
		r.problems.Add(problem.Problem{Class: "fact.missing", Node: m.Node.Name, Where: t.String(),
			What: "the fact " + where + " is absent, which the other directors' rules for firewall marks need"})
	}
}
