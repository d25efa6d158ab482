package doctor

import (
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/rpc"
)

func TestFleetFindings(t *testing.T) {
	const h = time.Hour
	at := func(where string, nodes ...string) *view { return &view{where: where, asked: true, nodes: nodes} }
	skewed := func(skew map[string]time.Duration, nodes ...string) []*view {
		v := at("mq1:61613", nodes...)
		v.skew = skew
		return []*view{v}
	}
	told := func(reason rpc.Reason) []*view {
		v := at("mq1:61613", "n1")
		v.broken = []rpc.Silence{{Node: "n9", Reason: reason, Detail: "detail"}}
		return []*view{v, v}
	}
	tests := []struct {
		name  string
		views []*view
		all   bool // client.all_brokers
		level Level
		check string
		parts string // in place and text
	}{
		{"nodes", []*view{at("mq1:61613", "n1", "n2")}, false, Good, "nodes", "mq1:61613: 2 nodes answer: n1, n2"},
		{"many nodes", []*view{at("mq1:61613", strings.Fields("a b c d e f g h i j")...)}, false, Good, "nodes", "a, b, c, d, e, f, g, h and 2 more"},
		{"linked brokers", []*view{at("mq1:61613", "n1"), at("mq2:61613", "n1")}, false, Good, "fleet-split", "mq1:61613"},
		{"split", []*view{at("mq1:61613", "n1"), at("mq2:61613", "n1", "n2")}, false, Bad, "fleet-split", "1 node answers here, 1 over mq2:61613 (n2)"},
		{"all elsewhere", []*view{at("mq1:61613"), at("mq2:61613", "n1", "n2")}, false, Bad, "fleet-split", "0 nodes answer here, 2 over mq2:61613"},
		{"split and asked everywhere", []*view{at("mq1:61613", "n1"), at("mq2:61613", "n2")}, true, Note, "fleet-split", "n2"},
		{"right clocks", skewed(map[string]time.Duration{"n1": 2 * time.Second}, "n1", "n2"), false, Good, "clock", "2 nodes agree"},
		{"a clock a little ahead", skewed(map[string]time.Duration{"n1": 20 * time.Second}, "n1", "n2"), false, Warning, "clock", "n1: its clock is 20s ahead of ours"},
		{"beyond the TTL", skewed(map[string]time.Duration{"n1": h}, "n1", "n2"), false, Bad, "clock", "n1: its clock is 1h0m0s ahead of ours: requests live for 1m0s and come too late"},
		{"from the future", skewed(map[string]time.Duration{"n1": -h}, "n1", "n2"), false, Bad, "clock", "n1: its clock is 1h0m0s behind ours: requests seem to come from more than 1m0s in the future"},
		{"our own clock", skewed(map[string]time.Duration{"n1": h, "n2": h + time.Second}, "n1", "n2"), false, Bad, "clock", "this machine: all 2 nodes agree that our clock is 1h0m0s behind theirs: requests live for 1m0s and come too late"},
		{"another psk", told(rpc.BadSignature), false, Bad, "psk-differs", "n9: it answers"},
		{"unreadable", told(rpc.Undecodable), false, Warning, "reply-undecodable", "n9: it answers what cannot be read: detail"},
		{"nobody", []*view{at("mq1:61613")}, false, Warning, "nobody", "no node answers"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []Finding
			cfg := &config.Config{TTL: time.Minute, Own: config.Settings{Skew: time.Minute, AllBrokers: tt.all}}
			x := &examination{cfg: cfg, report: func(f Finding) { got = append(got, f) }}
			x.fleet(tt.views)
			times := 0
			for _, f := range got {
				if f.Level == tt.level && f.Check == tt.check && strings.Contains(f.Where+": "+f.Text, tt.parts) {
					times++
				}
				if (f.Level == Bad || f.Level == Warning) && f.Mend == "" {
					t.Errorf("nothing is said on how to mend %+v", f)
				}
			}
			if times != 1 {
				t.Errorf("told %d times that %s %s %q:\n%+v", times, tt.level, tt.check, tt.parts, got)
			}
		})
	}
}
