package bus

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/agenttest"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
)

var now = time.Unix(1700000000, 0)

// node is a daemon of which only its session counts.
type node struct {
	agent.Node
	survey connector.Survey
	fates  map[string]agent.Fate // by id and caller
}

func (n node) Survey() connector.Survey { return n.survey }

func (n node) Fate(id, caller string) agent.Fate {
	if f, ok := n.fates[id+" "+caller]; ok {
		return f
	}
	return agent.Fate{What: agent.Forgotten}
}

func ask(t *testing.T, n node, action string, inputs ...mco.Pair) *agent.Reply {
	t.Helper()
	d, err := ddl.Load(nil, ddl.Agent, Name)
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(agent.Environment{DDL: func() *ddl.DDL { return d }, Node: n, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return agenttest.Ask(t, a, action, inputs...)
}

func TestStatus(t *testing.T) {
	ready := func(broker string, ago time.Duration, reconnects uint64) connector.Place {
		return connector.Place{
			Status:     connector.Status{State: connector.Ready, Broker: broker, Since: now.Add(-ago)},
			Reconnects: reconnects, Heard: now.Add(-2500 * time.Millisecond), HeartBeat: 5 * time.Second,
		}
	}
	lost := connector.Place{Status: connector.Status{State: connector.Connecting, Broker: "b3:1", Since: now.Add(-time.Second), LastErr: errors.New("refused")}, Reconnects: 1}
	for _, tc := range []struct {
		name   string
		survey connector.Survey
		want   map[mco.Symbol]string
	}{
		{"one session", connector.Survey{Failback: time.Minute, Home: 2 * time.Minute, Members: []string{"b1:1", "b2:1"}, Sessions: []connector.Place{ready("b2:1", time.Minute, 3)}},
			map[mco.Symbol]string{"broker": "b2:1", "state": "ready", "since": "1699999940", "seconds": "60.0", "reconnects": "3",
				"heartbeat_age": "2.5", "heartbeat_interval": "5.0", "mode": "failover", "pool": `["b1:1", "b2:1"]`, "randomize": "false",
				"failback": "60.0", "home": "120.0", "last_error": ""}},
		{"all members, one lost", connector.Survey{All: true, Members: []string{"b1:1", "b2:1", "b3:1"},
			Sessions: []connector.Place{lost, ready("b1:1", time.Minute, 1), ready("b2:1", time.Hour, 2)}},
			map[mco.Symbol]string{"broker": "b1:1,b2:1", "seconds": "3600.0", "reconnects": "4", "mode": "all", "last_error": "",
				"sessions": `[{:broker=>"b3:1", :state=>"connecting", :since=>1699999999, :seconds=>1.0, :reconnects=>1, :heartbeat_age=>nil, ` +
					`:heartbeat_interval=>0.0, :last_error=>"refused"}, {:broker=>"b1:1", :state=>"ready", :since=>1699999940, :seconds=>60.0, ` +
					`:reconnects=>1, :heartbeat_age=>2.5, :heartbeat_interval=>5.0, :last_error=>nil}, {:broker=>"b2:1", :state=>"ready", ` +
					`:since=>1699996400, :seconds=>3600.0, :reconnects=>2, :heartbeat_age=>2.5, :heartbeat_interval=>5.0, :last_error=>nil}]`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := ask(t, node{survey: tc.survey}, "status")
			if r.Status != mco.OK {
				t.Fatalf("%d %s", r.Status, r.Message)
			}
			for key, want := range tc.want {
				if got := agenttest.Output(r, key); got != want {
					t.Errorf("%s: %s, want %s", key, got, want)
				}
			}
		})
	}
	if r := ask(t, node{}, "status"); r.Status != mco.Aborted {
		t.Errorf("a connector that tells nothing: %d %s", r.Status, inspect.Text(r.Value()))
	}
}

func TestRequest(t *testing.T) {
	n := node{fates: map[string]agent.Fate{
		"a1 uid=0": {What: agent.Refused, Detail: "x.policy line 3 denies it", Since: now.Add(-2 * time.Second), Age: 90 * time.Second},
		"a2 uid=1": {What: agent.Running, Since: now},
	}}
	for _, tc := range []struct{ name, id, outcome, detail, seconds, age string }{
		{"of the caller", "a1", "refused", "x.policy line 3 denies it", "2.0", "90.0"},
		{"of another caller", "a2", "unknown", "", "", ""},
		{"of nobody", "a3", "unknown", "", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := ask(t, n, "request", agenttest.Texts("id", tc.id)...)
			for key, want := range map[mco.Symbol]string{"outcome": tc.outcome, "detail": tc.detail, "seconds": tc.seconds, "age": tc.age} {
				if got := agenttest.Output(r, key); r.Status != mco.OK || got != want {
					t.Errorf("%s: %q, want %q; %d %s", key, got, want, r.Status, r.Message)
				}
			}
		})
	}
	for _, id := range []string{"", "a b", "a\n", string(make([]byte, 65))} {
		if r := ask(t, n, "request", agenttest.Texts("id", id)...); r.Status != mco.InvalidData {
			t.Errorf("%q is taken for an id: %d %s", id, r.Status, r.Message)
		}
	}
}

func TestADaemonThatDoesNotTell(t *testing.T) {
	if a, err := New(agent.Environment{}); err == nil {
		t.Errorf("got %v", a)
	}
}

// A connection that the other side closed and that we keep is counted, for as long as we keep it.
func TestStaleSockets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	kept, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	other, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	count := func() string { return inspect.Text(staleSockets("/proc/self")) }
	if got := count(); got != "0" {
		t.Errorf("while both talk: %s", got)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := kept.Read(make([]byte, 1)); !errors.Is(err, io.EOF) { // now the kernel knows
		t.Fatal(err)
	}
	if got := count(); got != "1" {
		t.Errorf("after the other side closed: %s", got)
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != "0" {
		t.Errorf("after we closed: %s", got)
	}
	if v := staleSockets("/nonexistent"); !v.IsNil() {
		t.Errorf("without /proc: %s", inspect.Text(v))
	}
}
