package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/rpc"
)

// Bounds on clocks. Times on the wire are whole seconds, so that less than two of them says nothing.
const (
	smallSkew = 3 * time.Second
	sameSkew  = 2 * time.Second // clocks that differ by no more are wrong together
)

// fleet judges what all brokers showed.
func (x *examination) fleet(views []*view) {
	var asked []*view
	everybody := map[string]bool{}
	skews := map[string]time.Duration{}
	for _, v := range views {
		if !v.asked {
			continue
		}
		asked = append(asked, v)
		for _, n := range v.nodes {
			everybody[n] = true
			skews[n] = v.skew[n]
		}
	}
	if len(asked) == 0 {
		return
	}
	x.unshared(asked)
	for _, v := range asked {
		level, text := Good, fmt.Sprintf("%d %s: %s", len(v.nodes), plural(len(v.nodes), "node answers", "nodes answer"), some(v.nodes))
		if len(v.nodes) == 0 {
			level, text = Note, "no node answers over this broker"
		}
		x.say(level, "nodes", v.where, text, "")
	}
	x.split(asked, everybody)
	x.clocks(skews)
	x.silence(asked, everybody)
}

// unshared tells of replies that our psk does not verify, and of other messages that are none.
func (x *examination) unshared(asked []*view) {
	told := map[string]bool{}
	for _, v := range asked {
		for _, s := range slices.Concat(v.broken, v.silent) {
			switch {
			case told[s.Node]:
			case s.Reason == rpc.BadSignature:
				x.say(Bad, "psk-differs", s.Node, "it answers, and its reply is not signed with our psk: "+s.Detail, "give it the psk that all others have")
			case s.Reason == rpc.Undecodable:
				x.say(Warning, "reply-undecodable", s.Node, "it answers what cannot be read: "+s.Detail, "look at its securityprovider and its version")
			default:
				continue
			}
			told[s.Node] = true
		}
	}
}

// split tells of nodes that are behind other brokers than the one where a client is.
func (x *examination) split(asked []*view, everybody map[string]bool) {
	if len(asked) < 2 || len(everybody) == 0 || x.Role == config.Server {
		return
	}
	here := asked[0]
	var elsewhere []string
	for _, v := range asked[1:] {
		var others []string
		for _, n := range v.nodes {
			if !slices.Contains(here.nodes, n) {
				others = append(others, n)
			}
		}
		if len(others) > 0 {
			elsewhere = append(elsewhere, fmt.Sprintf("%d over %s (%s)", len(others), v.where, some(others)))
		}
	}
	if len(elsewhere) == 0 {
		x.say(Good, "fleet-split", here.where, "no broker has nodes that this one has not", "")
		return
	}
	level, mend := Bad, "set plugin.mco.client.all_brokers = 1 to ask all brokers at once; let nodes come back (plugin.mco.pool.failback); or link the brokers"
	if x.cfg.Own.AllBrokers || x.cfg.Own.PoolAll {
		level, mend = Note, ""
	}
	x.say(level, "fleet-split", here.where, fmt.Sprintf("the fleet is split: %d %s here, %s", len(here.nodes), plural(len(here.nodes), "node answers", "nodes answer"),
		strings.Join(elsewhere, ", ")), mend)
}

// clocks tells which clocks are wrong. When all are wrong by the same, it is ours.
func (x *examination) clocks(skews map[string]time.Duration) {
	nodes := slices.Sorted(maps.Keys(skews))
	if len(nodes) == 0 {
		return
	}
	least, most := skews[nodes[0]], skews[nodes[0]]
	for _, s := range skews {
		least, most = min(least, s), max(most, s)
	}
	if len(nodes) > 1 && most-least <= sameSkew && (least >= smallSkew || most <= -smallSkew) {
		level, what := x.harm(least)
		x.say(level, "clock", "this machine", fmt.Sprintf("all %d nodes agree that our clock is %s theirs%s", len(nodes), ahead(-least), what), "let chrony or ntpd set this machine's clock")
		return
	}
	wrong := false
	for _, n := range nodes {
		s := skews[n]
		if s.Abs() < smallSkew {
			continue
		}
		wrong = true
		level, what := x.harm(s)
		x.say(level, "clock", n, fmt.Sprintf("its clock is %s ours%s", ahead(s), what), "let chrony or ntpd set its clock")
	}
	if !wrong {
		x.say(Good, "clock", "", fmt.Sprintf("the clocks of %d %s agree with ours", len(nodes), plural(len(nodes), "node", "nodes")), "")
	}
}

// harm says what a clock that is wrong by so much does.
func (x *examination) harm(skew time.Duration) (Level, string) {
	switch {
	case skew > x.cfg.TTL:
		return Bad, fmt.Sprintf(": requests live for %s and come too late", x.cfg.TTL)
	case -skew > x.cfg.Own.Skew:
		return Bad, fmt.Sprintf(": requests seem to come from more than %s in the future and are refused", x.cfg.Own.Skew)
	}
	return Warning, ""
}

func ahead(skew time.Duration) string {
	if skew < 0 {
		return fmt.Sprintf("%s behind", -skew)
	}
	return fmt.Sprintf("%s ahead of", skew)
}

// silence tells which nodes of the known fleet answer nowhere.
func (x *examination) silence(asked []*view, everybody map[string]bool) {
	known := x.known()
	var missing []string
	for _, n := range known {
		if !everybody[n] {
			missing = append(missing, n)
		}
	}
	switch {
	case len(known) == 0 && len(everybody) == 0:
		x.say(Warning, "nobody", "", "the brokers are good, and no node answers: none is connected here, or none shares our psk or collective",
			"compare plugin.psk, collectives, vhost and pool of this file and of a node's; run mco doctor -c server.cfg on a node")
		return
	case len(missing) > 0 && len(everybody) == 0 && x.Role == config.Client:
		x.say(Bad, "psk-unshared", x.at(x.cfg, "plugin.psk"), fmt.Sprintf("none of the %d nodes that answered before does, though the brokers take us in: "+
			"they do not accept our requests, or are connected elsewhere (%s)", len(missing), some(missing)),
			"compare plugin.psk with a node's: nodes drop what is not signed with theirs, and say so in their logs alone")
		return
	}
	for _, n := range missing {
		if x.Role == config.Server {
			x.say(Bad, "node-silent", n, "the daemon of this file answers over no broker: it does not run, or runs with other settings than these",
				"start mcollectived, or restart it so that it reads the file again, and look at its log")
			continue
		}
		reason := rpc.Silence{Node: n}
		for _, v := range asked {
			for _, s := range v.silent {
				if s.Node == n && (reason.Reason == 0 || s.Reason < reason.Reason) {
					reason = s
				}
			}
		}
		if reason.Reason == rpc.BadSignature {
			continue // told with its psk
		}
		x.say(Bad, "node-silent", n, fmt.Sprintf("it answered before and does not now: %s (%s)", reason.Reason, reason.Detail),
			"look whether its machine and its mcollectived run; run mco doctor -c server.cfg there")
	}
	if len(missing) == 0 && len(known) > 0 {
		x.say(Good, "node-silent", "", fmt.Sprintf("all %d nodes that are known answer", len(known)), "")
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// some names a few of many.
func some(nodes []string) string {
	const few = 8
	if len(nodes) <= few {
		return strings.Join(nodes, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(nodes[:few], ", "), len(nodes)-few)
}
