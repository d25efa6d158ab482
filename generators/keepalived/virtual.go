package keepalived

import (
	"strconv"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
)

// virtualServer forwards the connections that bear m's mark, by direct routing. Every real server keeps the port that the client asked
// for; each balanced port is checked, and a server that fails one gets no new connections.
func (c config) virtualServer(m *estate.BalancerMember) block.Statement {
	lvs := m.Balancer.LVS
	scheduler, method, retry := "lvs_sched", "lvs_method", "retry"
	if c.version.Below(2) {
		scheduler, method, retry = "lb_algo", "lb_kind", "nb_get_retry"
	}
	lines := []block.Statement{
		block.Line("delay_loop", strconv.Itoa(lvs.DelayLoop)),
		block.Line(scheduler, lvs.Scheduler),
		block.Line(method, "DR"),
	}
	if lvs.Persistence > 0 {
		lines = append(lines, block.Line("persistence_timeout", strconv.Itoa(lvs.Persistence)))
	}
	for _, to := range m.Balancer.To {
		server := []string{"real_server", to.Address().String()}
		if c.version.Below(2) {
			server = append(server, strconv.Itoa(m.Balancer.Ports[0].Backend)) // it wants one, and direct routing does not use it
		}
		body := []block.Statement{block.Line("weight", strconv.Itoa(lvs.Weight))}
		if lvs.Inhibit {
			body = append(body, block.Line("inhibit_on_failure"))
		}
		for _, port := range m.Balancer.Ports {
			body = append(body, block.Section([]string{"TCP_CHECK"},
				block.Line("connect_port", strconv.Itoa(port.Backend)),
				block.Line("connect_timeout", strconv.Itoa(lvs.Timeout)),
				block.Line(retry, strconv.Itoa(lvs.Retry)),
				block.Line("delay_before_retry", strconv.Itoa(lvs.Delay))))
		}
		lines = append(lines, block.Section(server, body...))
	}
	return block.Section([]string{"virtual_server", "fwmark", strconv.Itoa(m.Mark())}, lines...)
}
