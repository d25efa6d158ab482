package keepalived

import (
	"strconv"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
)

// scriptName is what instances call the check of HAProxy by.
const scriptName = "chk_haproxy"

// global holds what concerns the whole program.
func (c config) global() block.Statement {
	lines := []block.Statement{block.Line("router_id", c.node.HostName())}
	if c.version.AtLeast(2) {
		lines = append(lines, block.Line("enable_script_security"))
		if c.asksHAProxy() {
			lines = append(lines, block.Line("script_user", "root"))
		}
		// The kernel has one daemon for the connections of all directors.
		if directors := c.directors(); len(directors) > 0 {
			lines = append(lines, block.Line("lvs_sync_daemon", directors[0].Interface, directors[0].Balancer.Name))
		}
	}
	return block.Section([]string{"global_defs"}, lines...)
}

// script asks HAProxy whether it answers.
func (c config) script() block.Statement {
	lines := []block.Statement{
		block.Line("script", estate.CheckScript+" "+c.node.AdminSocket()+" 1"),
		block.Line("interval", "2"),
	}
	if c.version.AtLeast(1, 3) {
		lines = append(lines, block.Line("timeout", "2"))
	}
	if c.version.AtLeast(1, 2) {
		lines = append(lines, block.Line("rise", "2"), block.Line("fall", "2"))
	}
	return block.Section([]string{"vrrp_script", scriptName}, lines...)
}

// instance is how m takes part in holding its balancer's VIP.
func (c config) instance(m *estate.BalancerMember) block.Statement {
	v := m.Balancer.VRRP
	state := m.State
	if !v.Preempt || v.PreemptDelay > 0 {
		state = "BACKUP" // Keepalived ignores both wishes of one that begins as MASTER
	}
	lines := []block.Statement{block.Line("state", state)}
	if !v.Preempt {
		lines = append(lines, block.Line("nopreempt"))
	}
	lines = append(lines, block.Line("interface", m.Interface))
	if third(m.Balancer) && c.version.AtLeast(1, 3) {
		lines = append(lines, block.Line("version", "3"))
	}
	lines = append(lines,
		block.Line("virtual_router_id", strconv.Itoa(v.ID)),
		block.Line("priority", strconv.Itoa(m.Priority)),
		block.Line("advert_int", strconv.Itoa(v.Advert)),
	)
	if v.Preempt && v.PreemptDelay > 0 {
		lines = append(lines, block.Line("preempt_delay", strconv.Itoa(v.PreemptDelay)))
	}
	if m.Balancer.Kind == estate.LVSDR && c.version.Below(2) {
		lines = append(lines, block.Line("lvs_sync_daemon_interface", m.Interface))
	}
	if v.Unicast {
		peers := block.Section([]string{"unicast_peer"})
		for _, peer := range m.Balancer.Members {
			if peer != m {
				peers.Block = append(peers.Block, block.Line(peer.Address.Addr().String()))
			}
		}
		lines = append(lines, block.Line("unicast_src_ip", m.Address.Addr().String()), peers)
	}
	if v.Secret.Set() && !third(m.Balancer) {
		lines = append(lines, block.Section([]string{"authentication"},
			block.Line("auth_type", "PASS"), block.Line("auth_pass", v.Secret.Reveal())))
	}
	lines = append(lines, block.Section([]string{"virtual_ipaddress"}, block.Line(m.Balancer.VIP.String(), "dev", m.Interface)))
	if tracked := c.tracked(m); len(tracked) > 0 {
		lines = append(lines, block.Section([]string{"track_interface"}, tracked...))
	}
	if m.Balancer.Kind == estate.HAProxy {
		check := []string{scriptName}
		if v.Weight != 0 {
			check = append(check, "weight", strconv.Itoa(v.Weight))
		}
		lines = append(lines, block.Section([]string{"track_script"}, block.Line(check...)))
	}
	return block.Section([]string{"vrrp_instance", m.Balancer.Name}, lines...)
}

// tracked lists further interfaces that must be up; the instance's own is tracked in any case, and naming it again is an error.
func (c config) tracked(m *estate.BalancerMember) []block.Statement {
	var lines []block.Statement
	for _, name := range m.Balancer.VRRP.Track {
		if name != m.Interface {
			lines = append(lines, block.Line(name))
		}
	}
	return lines
}

// third tells whether the instance speaks VRRP version 3, which is the only one for IPv6 and has no authentication.
func third(b *estate.Balancer) bool { return b.VRRP.Version == 3 || b.VIP.Addr().Is6() }
