package failover

import (
	"fmt"
	"slices"
	"strings"
)

// beatSlack is how much later than its interval a heart-beat may come before its session is called stale, in seconds.
const beatSlack = 1.0

// ofNodes tells what is wrong with single nodes.
func ofNodes(s *Status) (all []Finding) {
	say := func(level Level, kind Kind, n *Node, text, mend string) {
		for i := range all { // many nodes may have one trouble
			if f := &all[i]; f.Kind == kind && f.Text == text {
				f.Nodes = append(f.Nodes, n.Identity)
				return
			}
		}
		all = append(all, Finding{Level: level, Kind: kind, Nodes: []string{n.Identity}, Text: text, Mend: mend})
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		switch {
		case !n.answers():
			say(Critical, Silent, n, "on no broker: "+n.Silent, "look whether its machine and its mcollectived run; mco failover status --forget takes those that answer for the fleet")
		case n.Deaf:
			say(Warning, Deaf, n, "answers to its name and does not hear broadcasts", "restart its daemon")
		case n.Told == nil && n.Untold != "":
			say(Note, Untold, n, "does not tell where it stands: "+n.Untold, "")
		case n.Told != nil:
			if text := stale(n.Told); text != "" {
				say(Warning, Stale, n, text, "look at that broker; the node leaves it by itself when 1.5 heart-beats and 2 s have passed")
			}
			if text := incomplete(n.Told, s); text != "" {
				say(Warning, Incomplete, n, text, "")
			}
		}
	}
	return all
}

// stale tells of sessions and sockets of which nothing is heard any more.
func stale(t *Told) string {
	var parts []string
	for _, x := range t.Sessions {
		if age := x.HeartBeatAge; x.State == Ready && age != nil && x.HeartBeatInterval > 0 && *age > x.HeartBeatInterval+beatSlack {
			parts = append(parts, fmt.Sprintf("has heard nothing from %s for %.1f s, with heart-beats every %g s", x.Broker, *age, x.HeartBeatInterval))
		}
	}
	if t.StaleSockets > 0 {
		parts = append(parts, fmt.Sprintf("holds %s that the other side closed", count(int(t.StaleSockets), "connection")))
	}
	return strings.Join(parts, "; ")
}

// incomplete tells of brokers with which a node in mode all has no session though they are up.
func incomplete(t *Told, s *Status) string {
	if t.Mode != "all" {
		return ""
	}
	var parts []string
	for _, x := range t.Sessions {
		up := !slices.ContainsFunc(s.Brokers, func(b Broker) bool { return b.Addr == x.Broker && b.Error != "" })
		if x.State != Ready && up {
			part := "has no session with " + x.Broker
			if x.LastError != "" {
				part += " (" + x.LastError + ")"
			}
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "; ")
}
