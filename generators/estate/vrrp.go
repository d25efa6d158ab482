package estate

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strconv"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/secret"
)

func (r *resolver) vrrp(b *Balancer, t *topology.Balancer, key string) {
	given := t.VRRP
	if given == nil {
		given = &topology.VRRP{Place: t.Place}
	}
	key += ".vrrp"
	v := &VRRP{
		Preempt:      r.yes(key+".preempt", given.Preempt, false),
		PreemptDelay: r.number(key+".preempt_delay", given.PreemptDelay, 0, 0, 1000),
		Advert:       r.number(key+".advert", given.Advert, 1, 1, 40),
	}
	b.VRRP = v
	r.vrrpVersion(b, given, key)
	r.priorities(b, given, key)
	r.weight(b, given, key)
	r.transport(b, given, key)
	r.vrrpSecret(b, given)
	if v.PreemptDelay > 0 && !v.Preempt {
		r.bad("vrrp.preempt-weight", given.PreemptDelay.Place, "without preemption there is nothing to delay", "", "preempt: true")
	}
	for _, name := range given.TrackInterface {
		for _, m := range b.Members {
			if _, ok := m.Node.Facts.Interface(name.V); !ok {
				r.problems.Add(problem.Problem{Class: "interface.unknown", Node: m.Node.Name, Where: name.String(), What: "the node has no such interface", Got: safe.Quote(name.V)})
			}
		}
		v.Track = append(v.Track, name.V)
	}
}

// vrrpVersion: version 2 is for IPv4 alone.
func (r *resolver) vrrpVersion(b *Balancer, given *topology.VRRP, key string) {
	usual := 2
	if b.VIP.Addr().Is6() {
		usual = 3
	}
	b.VRRP.Version = r.number(key+".version", given.Version, usual, 2, 3)
	if b.VIP.Addr().Is6() && b.VRRP.Version == 2 {
		r.bad("vip.family", given.Version.Place, "VRRP version 2 knows no IPv6", b.VIP.String(), "version: 3")
	}
}

// priorities (D6) are the topology's, or fall by tens in the order of the nodes.
func (r *resolver) priorities(b *Balancer, given *topology.VRRP, key string) {
	n := len(b.Members)
	for k, m := range b.Members {
		switch {
		case n <= 15:
			m.Priority = 200 - 10*k
		case k < 253:
			m.Priority = 254 - k
		default:
			r.bad("vrrp.priority", given.Place, "there are not as many priorities as nodes", strconv.Itoa(n), "at most 253 nodes")
			return
		}
	}
	for _, name := range sortedKeys(given.Priority.Each) {
		p := given.Priority.Each[name]
		node := r.node(name)
		i := slices.IndexFunc(b.Members, func(m *BalancerMember) bool { return m.Node == node && node != nil })
		if i < 0 {
			r.bad("topology.reference", p.Place, "priority names what is no node of the balancer", safe.Quote(name), "")
			continue
		}
		if p.V < 1 || p.V > 254 {
			r.bad("vrrp.priority", p.Place, "out of range: 255 is for the owner of the address, who ignores scripts", strconv.Itoa(p.V), "1 to 254")
		}
		b.Members[i].Priority = p.V
		r.origin(key+".priority."+b.Members[i].Node.Name, p.V, p.Place)
	}
	if given.Priority.Each != nil && len(given.Priority.Each) < n {
		r.bad("vrrp.priority", given.Priority.Place, "not every node has a priority", strconv.Itoa(len(given.Priority.Each)), strconv.Itoa(n))
	}
	best := 0
	for i, m := range b.Members {
		if m.Priority > b.Members[best].Priority {
			best = i
		}
		for _, other := range b.Members[:i] {
			if other.Priority == m.Priority {
				r.bad("vrrp.priority", given.Priority.Place, "two nodes have the same priority", m.Node.Name+" and "+other.Node.Name, "")
			}
		}
	}
	for i, m := range b.Members {
		m.State = "BACKUP"
		if i == best && b.VRRP.Preempt {
			m.State = "MASTER"
		}
		if given.Priority.Each == nil {
			r.note(key+".priority."+m.Node.Name, m.Priority, "rule D6")
		}
	}
}

// weight is what a failed check takes from a priority: it must bring the best below the worst, and without preemption nothing would
// ever move.
func (r *resolver) weight(b *Balancer, given *topology.VRRP, key string) {
	if len(b.Members) == 0 {
		return
	}
	least, most := b.Members[0].Priority, b.Members[0].Priority
	for _, m := range b.Members {
		least, most = min(least, m.Priority), max(most, m.Priority)
	}
	needed := least - most - 1
	w := given.Weight
	switch {
	case w.Set && !b.VRRP.Preempt:
		r.bad("vrrp.preempt-weight", w.Place, "without preemption a weight keeps the VIP where it is", strconv.Itoa(w.V), "no weight, or preempt: true")
	case w.Set && b.Kind == LVSDR:
		r.bad("vrrp.preempt-weight", w.Place, "there is no script whose failure could weigh anything", strconv.Itoa(w.V), "no weight")
	case w.Set && (w.V > needed || w.V < -253) && len(b.Members) > 1:
		r.bad("vrrp.preempt-weight", w.Place, "too small to move the VIP", strconv.Itoa(w.V), fmt.Sprintf("-253 to %d", needed))
	case w.Set:
		b.VRRP.Weight = w.V
		r.origin(key+".weight", w.V, w.Place)
	case b.VRRP.Preempt && b.Kind == HAProxy && len(b.Members) > 1:
		b.VRRP.Weight = needed
		r.note(key+".weight", needed, "rule: priorities and weight")
	}
}

// transport (D11): multicast passes neither a provider's network nor a router.
func (r *resolver) transport(b *Balancer, given *topology.VRRP, key string) {
	asked := r.choice(key+".transport", given.Transport, "auto", "unicast", "multicast")
	why := ""
	subnets := make(map[netip.Prefix]bool)
	for _, m := range b.Members {
		if m.Node.Facts.Cloud {
			why = "the facts of " + m.Node.Name + " show a cloud"
		}
		if m.Address.IsValid() {
			subnets[m.Address.Masked()] = true
		}
	}
	if why == "" && len(subnets) > 1 {
		why = "the nodes are in different subnets"
	}
	b.VRRP.Unicast = asked == "unicast" || asked == auto && why != ""
	if len(b.Members) == 1 { // Keepalived wants somebody to speak to
		b.VRRP.Unicast, why = false, ""
	}
	if asked == auto {
		if b.VRRP.Unicast {
			r.note(key+".transport", "unicast", "rule D11: "+why)
		} else {
			r.note(key+".transport", "multicast", "rule D11")
		}
	}
	for _, m := range b.Members {
		if b.VRRP.Unicast && m.Node.Software.Keepalived.Below(1, 2, 8) {
			r.problems.Add(problem.Problem{Class: "version.unsupported", Node: m.Node.Name, Where: given.String(), What: "Keepalived speaks unicast from 1.2.8 on",
				Got: m.Node.Software.Keepalived.String(), Want: "transport: multicast, or a later Keepalived"})
		}
	}
}

func (r *resolver) vrrpSecret(b *Balancer, given *topology.VRRP) {
	if !given.Secret.Set {
		return
	}
	if b.VRRP.Version == 3 {
		r.warn("vrrp.auth", given.Secret.Place, "VRRP version 3 has no authentication: the secret is not used", "leave it out")
		return
	}
	v := r.secretValue(given.Secret)
	switch n := len(v.Reveal()); {
	case n == 0:
	case n > 8:
		r.bad("vrrp.auth", given.Secret.Place, "the secret "+v.Name()+" is too long: VRRP cuts it after 8 bytes", strconv.Itoa(n)+" bytes", "1 to 8")
	default:
		if err := v.Fits(secret.VRRPPass); err != nil {
			r.bad("secret.unrepresentable", given.Secret.Place, "the secret "+v.Name()+": "+err.Error(), "", "")
		}
	}
	b.VRRP.Secret = v
}

// vrrpIDs (D5) gives each instance a virtual_router_id that no other on a shared subnet has: first those of the topology, then, in
// the order of names, hashes that move up until they are free.
func (r *resolver) vrrpIDs() {
	var open []*Balancer
	for _, b := range r.estate.Balancers {
		t := r.file.Balancers[b.Name].VRRP
		if b.VRRP == nil {
			continue
		}
		if t == nil || !t.ID.Set || t.ID.Word == auto {
			open = append(open, b)
			continue
		}
		if t.ID.Word != "" {
			r.bad("topology.type", t.ID.Place, "wrong value", safe.Quote(t.ID.Word), "auto, or 1 to 255")
			continue
		}
		id := t.ID.Number
		if id < 1 || id > 255 {
			r.bad("vrrp.id-range", t.ID.Place, "no such virtual router", strconv.Itoa(id), "1 to 255")
			continue
		}
		if other := r.rival(b, id); other != nil {
			r.bad("vrrp.id-clash", t.ID.Place, "the balancer "+other.Name+" on the same subnet has this id", strconv.Itoa(id), "")
		}
		b.VRRP.ID = id
		r.origin("balancers."+b.Name+".vrrp.id", id, t.ID.Place)
	}
	for _, b := range open {
		h := fnv.New32a()
		h.Write([]byte(r.estate.Name + b.Name))
		first := int(h.Sum32() % 255)
		for step := 0; step < 255 && b.VRRP.ID == 0; step++ {
			if id := 1 + (first+step)%255; r.rival(b, id) == nil {
				b.VRRP.ID = id
			}
		}
		if b.VRRP.ID == 0 {
			r.bad("vrrp.id-range", r.file.Balancers[b.Name].Place, "all 255 ids of the subnet are taken", "", "")
		}
		r.note("balancers."+b.Name+".vrrp.id", b.VRRP.ID, "rule D5")
	}
}

// rival is another balancer with that id on a subnet of b's.
func (r *resolver) rival(b *Balancer, id int) *Balancer {
	for _, other := range r.estate.Balancers {
		if other == b || other.VRRP == nil || other.VRRP.ID != id {
			continue
		}
		for _, m := range b.Members {
			for _, o := range other.Members {
				if m.Address.IsValid() && o.Address.IsValid() && m.Address.Masked().Overlaps(o.Address.Masked()) {
					return other
				}
			}
		}
	}
	return nil
}
