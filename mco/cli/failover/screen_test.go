package failover

import (
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco/failover"
)

func status() *failover.Status {
	s := &failover.Status{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local), Client: "b1:1", Unreached: 1,
		Brokers: []failover.Broker{{Addr: "b1:1", Nodes: 1, Over: 1}, {Addr: "b2:1", Nodes: 1, Over: 1}, {Addr: "b3:1", Error: "refused"}},
		Nodes: []failover.Node{
			{Identity: "gone", Silent: "nothing"},
			{Identity: "ours", On: []string{"b2:1"}, Over: []string{"b2:1"}, Told: &failover.Told{
				Since: time.Date(2026, 1, 2, 3, 2, 5, 0, time.Local), Reconnects: 2, Mode: "failover", Failback: 60,
				Sessions: []failover.Session{{Broker: "b2:1", State: "ready", HeartBeatAge: new(1.25), HeartBeatInterval: 5}}}},
			{Identity: "ruby\x1b[2J", On: []string{"b1:1"}, Over: []string{"b1:1", "b2:1"}},
		},
		Findings: []failover.Finding{
			{Level: failover.Critical, Kind: failover.Split, Nodes: []string{"ours", "gone"}, Text: "the fleet is \x07split", Mend: "link them"},
			{Level: failover.Note, Kind: failover.Empty, Broker: "b2:1", Text: "empty"},
		},
	}
	return s
}

const plainTable = `2026-01-02 03:04:05, 2 of 3 nodes answer

   BROKER  ON IT  OVER IT
1  b1:1    1      1        a plain mco asks this one
2  b2:1    1      1
3  b3:1    0      0        cannot be asked

NODE      1   2    3  SINCE                      RECONNECTS  HEART-BEAT    POOL
gone      -   -    ?  -                          -           -             no answer
ours      -   on   ?  2026-01-02 03:02:05 (2m0s)  2           1.2 s of 5 s  in order, back after 60 s
ruby?[2J  on  via  ?  -                          -           -             found by asking

critical 2 nodes: the fleet is ?split
         ours, gone
         -> link them
note     b2:1: empty
`

func TestTable(t *testing.T) {
	var out strings.Builder
	if err := newScreen(&out, new(statusFlags)).show(status()); err != nil {
		t.Fatal(err)
	}
	// How wide a column is says nothing.
	squeeze := func(s string) string {
		for strings.Contains(s, "   ") {
			s = strings.ReplaceAll(s, "   ", "  ")
		}
		return s
	}
	if got := squeeze(out.String()); got != squeeze(plainTable) {
		t.Errorf("got\n%s\nwant\n%s", got, squeeze(plainTable))
	}
	if colored := table(status(), true, false); !strings.Contains(colored, "\x1b[31mcritical\x1b[0m 2 nodes") || strings.Count(colored, "\x1b") != 4 {
		t.Errorf("%q", colored)
	}
}

// On a terminal each look takes the place of the one before, and the terminal is given back as it was.
func TestRedraw(t *testing.T) {
	var out strings.Builder
	s := screen{out: &out, redraw: true, fd: -1}
	for range 2 {
		if err := s.show(status()); err != nil {
			t.Fatal(err)
		}
	}
	s.close()
	got := out.String()
	begin, end := hideCursor+cutLines+clear+home, clearBelow+wrapLines+showCursor
	if !strings.HasPrefix(got, begin) || !strings.HasSuffix(got, end) || strings.Count(got, home) != 2 || strings.Count(got, clear) != 1 {
		t.Errorf("%q", got)
	}
	for line := range strings.Lines(strings.TrimSuffix(got, end)) {
		if !strings.HasSuffix(line, clearLine+"\n") {
			t.Errorf("what was there before shows behind %q", line)
		}
	}
	if strings.Index(got, "critical") > strings.Index(got, "NODE") {
		t.Error("the findings stand under the nodes, where a screen may end")
	}
}
