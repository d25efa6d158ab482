package failover

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/mco/management"
)

func TestManagedFindings(t *testing.T) {
	pair := func(more func(*management.View)) *management.View {
		v := &management.View{Members: []management.Member{{Node: "r1", Running: true}, {Node: "r2", Running: true}}}
		more(v)
		return v
	}
	queue := func(name, kind, leader string, whole ...string) management.Queue {
		return management.Queue{Name: name, Kind: kind, Leader: leader, Members: []string{"r1", "r2", "r3"}, Whole: whole}
	}
	for _, tc := range []struct {
		name     string
		views    []*management.View // of b1, b2; nil: the API could not be asked
		down     string             // a broker that cannot be asked
		clusters int
		want     []string // level kind broker
		says     string
	}{
		{"all is well", []*management.View{pair(func(*management.View) {})}, "", 1, nil, ""},
		{"refused", []*management.View{nil}, "", 0, []string{"warning unmanaged b1"}, "cannot be asked: refused"},
		{"the broker is gone", []*management.View{nil}, "b1", 0, []string{"note unmanaged b1"}, ""},
		{"two that are alone", []*management.View{{Members: []management.Member{{Node: "r", Running: true}}, Alarms: []management.Alarm{{Node: "r", Resource: "disk"}}},
			{Members: []management.Member{{Node: "r", Running: true}}, Alarms: []management.Alarm{{Node: "r", Resource: "disk"}}}}, "", 2,
			[]string{"critical alarm b1", "critical alarm b2"}, "disk ran out at r"},
		{"parted, as both see it", []*management.View{
			pair(func(v *management.View) { v.Members[0].Partitions, v.Members[1].Running = []string{"r2"}, false }),
			pair(func(v *management.View) { v.Members[1].Partitions, v.Members[0].Running = []string{"r1"}, false })}, "", 1,
			[]string{"critical partition b1", "warning member-down b1", "warning member-down b2"}, "r1 and r2 went on without each other"},
		{"copies", []*management.View{pair(func(v *management.View) {
			v.Queues.Replicated = []management.Queue{queue("a", "mirrored", "r1", "r1", "r2"), queue("b", "mirrored", "r1", "r1", "r2"), queue("c", "quorum", "r1", "r1", "r2"),
				queue("d", "quorum", "", "r1"), queue("e", "quorum", "r1", "r1", "r2", "r3")}
		})}, "", 1, []string{"critical leaderless b1", "warning unsynchronised b1", "warning unsynchronised b1"}, "2 mirrored queues (a, b) without a whole copy at r3"},
		{"away and a link", []*management.View{pair(func(v *management.View) {
			v.Queues.Away, v.Queues.Consumers = make([]management.Away, 2), 3
			v.Links = []management.Link{{Kind: "shovel", Name: "s", VHost: "/", State: "running"}, {Kind: "shovel", Name: "x", VHost: "/", State: "starting"}}
		})}, "", 1, []string{"warning link-down b1", "note away b1"}, "2 of 3 connections"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := &Status{Brokers: []Broker{{Addr: "b1"}, {Addr: "b2"}}}
			for i, v := range tc.views {
				m := Managed{Broker: s.Brokers[i].Addr, View: v}
				if v == nil {
					m.Error = "refused"
				}
				s.Managed = append(s.Managed, m)
			}
			for i := range s.Brokers {
				if s.Brokers[i].Addr == tc.down {
					s.Brokers[i].Error = "gone"
				}
			}
			s.add(ofManaged(s)...)
			var got, text []string
			for _, f := range s.Findings {
				got, text = append(got, fmt.Sprintf("%s %s %s", f.Level, f.Kind, f.Broker)), append(text, f.Text)
			}
			if !slices.Equal(got, tc.want) || len(s.Clusters()) != tc.clusters {
				t.Errorf("%d clusters, want %d; got %q, want %q", len(s.Clusters()), tc.clusters, got, tc.want)
			}
			if all := strings.Join(text, "\n"); !strings.Contains(all, tc.says) {
				t.Errorf("no %q in\n%s", tc.says, all)
			}
			page(t, s, OK)
		})
	}
}

// Numbers of the management API are judged where there is one, and are no part of the line where there is none.
func TestJudgeManaged(t *testing.T) {
	s := &Status{Expected: 1, Brokers: []Broker{{Addr: "b1:1", Nodes: 1, Over: 1}}, Nodes: []Node{at("a", "b1:1")}, Client: "b1:1"}
	if _, line := s.Judge(Thresholds{}); strings.Contains(line, "alarms") {
		t.Error(line)
	}
	v := &management.View{Members: []management.Member{{Node: "r1", Running: true}}, Alarms: []management.Alarm{{Node: "r1", Resource: "memory"}},
		Queues: management.Queues{Consumers: 3, Away: make([]management.Away, 1)}, Links: []management.Link{{Kind: "shovel", Name: "x|y", State: "terminated"}}}
	s.Managed = []Managed{{Broker: "b1:1", View: v}}
	s.add(ofManaged(s)...)
	state, line := s.Judge(Thresholds{})
	l := parsePlugin(t, line)
	if state != Crit || !strings.Contains(l.Text, "memory ran out at r1") || !strings.Contains(l.Text, "shovel x/y") {
		t.Errorf("%s: %s", state, line)
	}
	for label, want := range map[string]string{"alarms": "1", "partitions": "0", "links": "1", "away": "33.33", "members": "0", "copies": "0", "leaderless": "0"} {
		if d := l.Data[label]; d.Value != want {
			t.Errorf("%s: %+v, want %s in %s", label, d, want, line)
		}
	}
	if got := page(t, s, state); got["mco_failover_alarms"] != 1 || got["mco_failover_links"] != 1 {
		t.Errorf("%v", got)
	}
}
