package failover

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/failover/drill"
)

func TestDrillOptions(t *testing.T) {
	for _, tc := range []struct{ line, says string }{
		{"1 2", "accepts at most 1 arg"},
		{"--stop true", "--stop and --start belong together"},
		{"--start true", "--stop and --start belong together"},
		{"--stop true --start true --firewall", "choose one"},
		{"--connections --firewall", "choose one"},
		{"--restore 1", "--restore goes by its journal"},
		{"--restore --connections", "--restore goes by its journal"},
		{"--bound x", "not a time like 10s"},
		{"--bound -1s", "not a time like 10s"},
		{"--hold 25h", "not a time like 10s"},
		{"-c /nonexistent/client.cfg", "/nonexistent/client.cfg"},
	} {
		c := drillCommand(Wiring{})
		var errs strings.Builder
		c.SetArgs(strings.Fields(tc.line))
		c.SetOut(io.Discard)
		c.SetErr(&errs)
		err := c.ExecuteContext(t.Context())
		if err == nil || !strings.Contains(errs.String()+err.Error(), tc.says) {
			t.Errorf("drill %s: %v %s", tc.line, err, &errs)
		}
		if code, ok := err.(exit); ok && code != exitNoDrill {
			t.Errorf("drill %s: exit code %d", tc.line, code)
		}
	}
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{"10s": 10 * time.Second, "2m": 2 * time.Minute, "10": 10 * time.Second, "0.5": 500 * time.Millisecond, "0": 0} {
		var s span
		if err := s.Set(text); err != nil || time.Duration(s) != want {
			t.Errorf("%s: %v, %v", text, time.Duration(s), err)
		}
	}
	for _, text := range []string{"", "s", "NaN", "Inf", "1e300", "-2", "86401"} {
		var s span
		if err := s.Set(text); err == nil {
			t.Errorf("%q: %v", text, time.Duration(s))
		}
	}
}

// rehearsed is a plan for a broker with a node of ours and one of the original's.
func rehearsed(t *testing.T) (*drill.Plan, drill.Fault) {
	t.Helper()
	s := status()
	s.Nodes = append(s.Nodes, failover.Node{Identity: "ours1", On: []string{"b1:1"}, Over: []string{"b1:1"},
		Told: &failover.Told{Brokers: []string{"b1:1"}, Mode: "failover", Failback: 60, Pool: []string{"b1:1", "b2:1"}}})
	p, err := drill.NewPlan(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	e, err := drill.NewEntry("client.cfg", p.Broker, p.Number)
	if err != nil {
		t.Fatal(err)
	}
	e.Start = "start it"
	f, err := drill.ByCommands(e, drill.Shell{Text: "stop it", From: "the command of --stop"}, drill.Shell{Text: "start it"})
	if err != nil {
		t.Fatal(err)
	}
	return p, f
}

func TestConfirm(t *testing.T) {
	const asked = `b1:1 will be taken away, by the command of --stop, and given back:
    takes it away: stop it
    gives it back: start it
  on it (2): ruby?[2J, ours1
  other brokers: b2:1
  will come back by themselves (1): ours1
  will stay where they go, as far as is known (1): ruby?[2J
  on no broker already now (1): gone
Go on? (y/n): `
	for answer, want := range map[string]string{"y\n": "", "YES\n": "", "yes": "", "n\n": "not confirmed", "\n": "not confirmed", "": "not confirmed"} {
		p, f := rehearsed(t)
		c := new(cobra.Command)
		var errs strings.Builder
		c.SetIn(strings.NewReader(answer))
		c.SetErr(&errs)
		err := new(drillFlags).confirm(t.Context(), c, p, f)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", answer, err)
		}
		if errs.String() != asked {
			t.Errorf("it says\n%s", &errs)
		}
	}
	p, f := rehearsed(t)
	c := new(cobra.Command)
	var errs strings.Builder
	c.SetErr(&errs)
	if err := (&drillFlags{yes: true}).confirm(t.Context(), c, p, f); err != nil || errs.Len() > 0 {
		t.Errorf("with --yes: %v, %s", err, &errs)
	}
	r, w := io.Pipe()
	defer w.Close()
	c.SetIn(r)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := new(drillFlags).confirm(ctx, c, p, f); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("interrupted: %v", err)
	}
}

func TestSummary(t *testing.T) {
	r := &drill.Result{Broker: "b1:1", Restored: true, Bound: 1, Away: drill.Figures{Expected: 2, Arrived: 2, P50: 0.5, P99: 1.25, Max: 1.25}, Nodes: []drill.Node{
		{Identity: "fast", Outcome: drill.Moved, To: "b2:1", Away: new(0.5)},
		{Identity: "slow\x1b", Outcome: drill.Moved, To: "b2:1", Away: new(1.25), Reason: "it is slow"},
		{Identity: "other", Outcome: drill.Bystander}}}
	const want = `NODE   OUTCOME  TO    AWAY     BACK  WHY
slow?  moved    b2:1  1.250 s  -     it is slow
fast   moved    b2:1  0.500 s  -

b1:1: 1 of 2 nodes took longer than the bound of 1 s
to another broker  2 of 2 nodes, p50 0.500 s, p99 1.250 s, max 1.250 s
not on b1:1 any more: fast, slow?
report: x.html, x.json
`
	var out strings.Builder
	if err := summary(&out, r, []string{"x.html", "x.json"}); err != nil || out.String() != want {
		t.Errorf("%v\n%s", err, &out)
	}
}

// On a terminal one line tells how far a drill is; elsewhere nothing does.
func TestDrillProgress(t *testing.T) {
	var out strings.Builder
	s := &drillScreen{out: &out, all: &out}
	for range 2 {
		s.progress(drill.Progress{Phase: drill.Away, Broker: "b1:1", Elapsed: 1250 * time.Millisecond, Done: 1, Of: 3})
	}
	s.clear()
	if want := "\rb1:1 is away, 1.2 s: 1 of 3 nodes are on another broker" + clearLine + "\r" + clearLine; out.String() != want {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	s = &drillScreen{all: &out}
	s.progress(drill.Progress{Phase: drill.Restoring, Broker: "b1:1"})
	s.clear()
	if out.Len() > 0 {
		t.Errorf("in a pipe: %q", out.String())
	}
}
