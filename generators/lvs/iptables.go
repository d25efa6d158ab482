package lvs

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/target"
)

// chain holds the rules of more than two directors.
const chain = "MCO-LVS"

// IPTables is the language of iptables-restore.
func IPTables() block.Language { return block.Lines(target.Managed, "_.-/:*![]") }

// rules are for iptables-restore --noflush: they leave the rules of others alone, and empty their own chain before they fill it.
func (c config) rules() []block.Statement {
	if len(c.director) == 0 {
		return nil
	}
	own := false
	var rules []block.Statement
	for _, m := range c.director {
		macs := peers(m)
		in := "PREROUTING"
		if len(macs) > 1 {
			// Several negated matches of one rule would need all to hold, and iptables takes one. So: first out with the peers' packets.
			own, in = true, chain
			for _, mac := range macs {
				rules = append(rules, block.Line("-A", in, "-d", host(m.Balancer.VIP.Addr()), "-m", "mac", "--mac-source", mac, "-j", "RETURN"))
			}
		}
		for _, p := range m.Balancer.Ports {
			rule := []string{"-A", in, "-d", host(m.Balancer.VIP.Addr()), "-p", "tcp", "-m", "tcp", "--dport", strconv.Itoa(p.Port)}
			if len(macs) == 1 {
				rule = append(rule, "-m", "mac", "!", "--mac-source", macs[0])
			}
			rules = append(rules, block.Line(append(rule, "-j", "MARK", "--set-xmark", fmt.Sprintf("%#x/0xffffffff", m.Mark()))...))
		}
	}
	head := []block.Statement{block.Line("*mangle"), block.Line(":PREROUTING", "ACCEPT", "[0:0]")}
	if own {
		head = append(head, block.Line(":"+chain, "-", "[0:0]"), block.Line("-A", "PREROUTING", "-j", chain))
	}
	return append(append(head, rules...), block.Line("COMMIT"))
}

// inPrerouting lists the rules, without their "-A", that --noflush would add once more at each loading.
func (c config) inPrerouting() [][]string {
	var specs [][]string
	for _, r := range c.rules() {
		if len(r.Words) > 2 && r.Words[0] == "-A" && r.Words[1] == "PREROUTING" {
			specs = append(specs, r.Words[1:])
		}
	}
	return specs
}

// host is the address as a prefix of its full length.
func host(a netip.Addr) string { return netip.PrefixFrom(a, a.BitLen()).String() }
