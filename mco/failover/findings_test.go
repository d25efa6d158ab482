package failover

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/rpc"
)

// told is a node of ours that is where it says, with a pool of b1 and b2.
func told(name, broker string, failback float64) Node {
	n := at(name, broker)
	n.Told = &Told{Brokers: []string{broker}, State: Ready, Mode: "failover", Pool: []string{"b1", "b2"}, Failback: failback,
		Sessions: []Session{{Broker: broker, State: Ready, HeartBeatAge: new(0.5), HeartBeatInterval: 5}}}
	return n
}

func TestFindings(t *testing.T) {
	beat := func(n Node, age float64, sockets int64) Node {
		n.Told.Sessions[0].HeartBeatAge, n.Told.StaleSockets = &age, sockets
		return n
	}
	all := func(second Session) Node {
		n := told("n", "b1", 0)
		n.Over = []string{"b1"}
		n.Told.Mode, n.Told.Sessions = "all", append(n.Told.Sessions, second)
		return n
	}
	for _, tc := range []struct {
		name      string
		down      []string // brokers that cannot be asked
		nodes     []Node
		expected  int
		randomize bool
		allAsked  bool
		want      []string // level kind broker: nodes
		says      string
	}{
		{name: "gathered", nodes: []Node{told("a", "b1", 60), at("r", "b1")}, want: []string{"note empty b2:"}},
		{name: "the trap", nodes: []Node{told("a", "b2", 0), at("r", "b2")}, says: "a plain mco asks b1 and does not reach 2 of 2 nodes, which answer over b2",
			want: []string{"critical trap b1: a r", "warning empty b1:", "warning not-preferred b2: a", "warning not-preferred b2: r"}},
		{name: "the trap, and all brokers are asked", nodes: []Node{told("a", "b2", 60)}, allAsked: true,
			want: []string{"warning empty b1:", "note not-preferred b2: a"}, says: "each goes back when that one has answered for 1m0s"},
		{name: "split", nodes: []Node{told("a", "b1", 60), at("r", "b2")}, says: "1 over b1, 1 over b2; a plain mco asks b1 and does not reach 1 node",
			want: []string{"critical split : r", "warning not-preferred b2: r"}},
		{name: "split, and all brokers are asked", nodes: []Node{told("a", "b1", 60), at("r", "b2")}, allAsked: true,
			want: []string{"warning not-preferred b2: r", "note split :"}},
		{name: "split at random", nodes: []Node{at("a", "b1"), at("r", "b2")}, randomize: true, says: "a plain mco may ask b1",
			want: []string{"critical split : r"}},
		{name: "the first broker is down", down: []string{"b1"}, nodes: []Node{told("a", "b2", 0), at("r", "b2")},
			want: []string{"warning unreachable b1:", "note not-preferred b2: a", "note not-preferred b2: r"}},
		{name: "all brokers are down", down: []string{"b1", "b2"}, nodes: []Node{{Identity: "a"}}, expected: 1,
			want: []string{"critical unreachable b1:", "critical unreachable b2:", "critical silent : a"}},
		{name: "on none", nodes: []Node{told("a", "b1", 60), {Identity: "m"}, {Identity: "n"}, {Identity: "o", silence: rpc.Silence{Reason: rpc.BadSignature}}}, expected: 4,
			says: "on no broker: nothing was heard over any of them",
			want: []string{"critical silent : m n", "critical silent : o", "note empty b2:"}},
		{name: "nobody", want: []string{"warning nobody :"}},
		{name: "deaf", nodes: []Node{{Identity: "d", On: []string{"b1"}, Over: []string{"b1"}, Deaf: true}}, want: []string{"warning deaf : d", "note empty b2:"}},
		{name: "does not tell", nodes: []Node{{Identity: "d", On: []string{"b1"}, Over: []string{"b1"}, Untold: "not authorized"}},
			want: []string{"note empty b2:", "note untold : d"}, says: "not authorized"},
		{name: "linked brokers", nodes: []Node{{Identity: "r", Over: []string{"b1", "b2"}}}},
		{name: "a late heart-beat", nodes: []Node{beat(told("a", "b1", 60), 5.9, 0)}, want: []string{"note empty b2:"}},
		{name: "stale", nodes: []Node{beat(told("a", "b1", 60), 6.1, 0)}, want: []string{"warning stale : a", "note empty b2:"}, says: "for 6.1 s, with heart-beats every 5 s"},
		{name: "a stale socket", nodes: []Node{beat(told("a", "b1", 60), 0, 2)}, want: []string{"warning stale : a", "note empty b2:"}, says: "holds 2 connections"},
		{name: "mode all without one", nodes: []Node{all(Session{Broker: "b2", State: "connecting", LastError: "refused"})},
			want: []string{"warning incomplete : n", "note empty b2:"}, says: "has no session with b2 (refused)"},
		{name: "mode all, one is down", down: []string{"b2"}, nodes: []Node{all(Session{Broker: "b2", State: "connecting"})}, want: []string{"warning unreachable b2:"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := &look{seen: map[string]*Node{}, Options: Options{Config: new(config.Config)}}
			l.Config.Own.AllBrokers, l.Pool.Randomize = tc.allAsked, tc.randomize
			for _, addr := range []string{"b1", "b2"} {
				v := &view{look: l, member: Member{Addr: addr}}
				if slices.Contains(tc.down, addr) {
					v.err = fmt.Errorf("refused")
				}
				l.views = append(l.views, v)
			}
			for i, n := range tc.nodes {
				l.seen[n.Identity] = &tc.nodes[i]
			}
			for i := range tc.expected {
				l.expected = append(l.expected, tc.nodes[i].Identity)
			}
			s := l.status()
			var got, text []string
			for _, f := range s.Findings {
				got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s: %s", f.Level, f.Kind, f.Broker, strings.Join(f.Nodes, " "))))
				text = append(text, f.Text)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tc.want, "\n  "))
			}
			if all := strings.Join(text, "\n"); !strings.Contains(all, tc.says) {
				t.Errorf("no %q in\n%s", tc.says, all)
			}
		})
	}
}
