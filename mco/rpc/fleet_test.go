package rpc_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/agent"
	builtin "github.com/mco-go/mco-go/agent/builtin/discovery"
	"github.com/mco-go/mco-go/agent/daemon"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/loopback"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/discovery"
	"github.com/mco-go/mco-go/mco/rpc"
	"github.com/mco-go/mco-go/mco/security"
	"github.com/mco-go/mco-go/mco/security/psk"
)

const ms = time.Millisecond

const lampDDL = `
metadata :name => "lamp", :description => "d", :author => "a", :license => "l", :version => "1.0", :url => "u", :timeout => 5
action "switch", :description => "takes 20 ms" do
  input :on, :prompt => "p", :description => "d", :type => :boolean, :optional => false
  output :was, :description => "d", :display_as => "d"
end
`

// lamp is an agent that counts how often it ran.
type lamp struct {
	ddl  *ddl.DDL
	runs atomic.Int64
}

func (l *lamp) DDL() *ddl.DDL { return l.ddl }

func (l *lamp) Handle(_ context.Context, r *agent.Request, reply *agent.Reply) error {
	l.runs.Add(1)
	time.Sleep(20 * ms)
	reply.Set("was", r.Value("on"))
	return nil
}

// fleet is a bus with real daemons on it, n1 to nN, and a client.
type fleet struct {
	t      *testing.T
	bus    *loopback.Bus
	client *rpc.Client
	lamps  []*lamp
	ends   []chan error
	stop   context.CancelFunc
	conn   connector.Connector
}

func start(t *testing.T, nodes int, secretOf func(node int) string) *fleet {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	f := &fleet{t: t, bus: loopback.NewBus("broker1:1", "broker2:1"), stop: stop}
	for i := 1; i <= nodes; i++ {
		d, err := ddl.ParseRuby(ddl.Agent, "lamp", []byte(lampDDL), "lamp.ddl")
		if err != nil {
			t.Fatal(err)
		}
		l := &lamp{ddl: d}
		name := fmt.Sprintf("n%d", i)
		node, err := daemon.New(daemon.Options{
			Identity:  name,
			Connector: f.bus.Connect(loopback.Options{Identity: name, Requests: true}),
			Security:  provider(t, name, secretOf(i)),
			Validity:  security.Validity{Skew: time.Minute},
			Direct:    true,
			Load: func(agent.Node) (daemon.Agents, error) {
				return daemon.Agents{Plain: []agent.Plain{builtin.Agent{}}, RPC: []daemon.Named{{Name: "lamp", Agent: l}}}, nil
			},
			Match: func(r mco.Request) (bool, error) {
				wanted, _ := r.Filter.Field("cf_class").AsList()
				return len(wanted) == 0 || i%2 == 1, nil // the one class there is: odd
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		end := make(chan error, 1)
		go func() { end <- node.Run(ctx) }()
		f.lamps, f.ends = append(f.lamps, l), append(f.ends, end)
	}
	f.conn = f.bus.Connect(loopback.Options{Identity: "client"})
	if err := f.conn.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var err error
	f.client, err = rpc.New(rpc.Options{Connector: f.conn, Security: provider(t, "client", "secret"), Identity: "client", DirectAddressing: true})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait() // until every node has subscribed
	return f
}

// end stops the fleet and waits for it.
func (f *fleet) end() {
	f.t.Helper()
	if err := f.conn.Close(); err != nil {
		f.t.Error(err)
	}
	f.stop()
	for i, end := range f.ends {
		if err := <-end; err != nil {
			f.t.Errorf("n%d: %v", i+1, err)
		}
	}
}

// call switches lamps and returns who replied, with the statistics.
func (f *fleet) call(c rpc.Call) ([]string, rpc.Stats) {
	f.t.Helper()
	var stats rpc.Stats
	c.Agent, c.Action, c.Stats = "lamp", "switch", &stats
	c.Data = mco.NewMap(mco.Pair{Key: mco.Sym("on"), Value: mco.Bool(true)})
	var from []string
	for r, err := range f.client.Call(f.t.Context(), c) {
		if err != nil {
			f.t.Fatal(err)
		}
		if on, ok := r.Data.Field("was").AsBool(); !ok || !on || r.Code != mco.OK {
			f.t.Errorf("reply %+v", r)
		}
		from = append(from, r.Sender)
	}
	slices.Sort(from)
	return from, stats
}

func provider(t *testing.T, identity, secret string) security.Provider {
	t.Helper()
	p, err := psk.New(psk.Options{Secret: security.Secret(secret), CallerType: "uid", Identity: identity})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func same(int) string { return "secret" }

func TestFleet(t *testing.T) {
	known := func(n int) *rpc.Found {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf("n%d", i+1))
		}
		return rpc.Known(all...)
	}
	tests := []struct {
		name string
		call rpc.Call
		runs int           // lamps switched, each once
		took time.Duration // agent time
		disc time.Duration
	}{
		{"everybody", rpc.Call{}, 25, 20 * ms, 400 * ms},
		{"a class", rpc.Call{Filter: mco.Filter{Classes: []string{"odd"}}}, 13, 20 * ms, 400 * ms},
		{"one by name", rpc.Call{Filter: mco.Filter{Identities: []mco.Value{mco.String("n7")}}}, 1, 20 * ms, 0},
		{"a list", rpc.Call{Nodes: known(20)}, 20, 20 * ms, 0},
		{"batches", rpc.Call{Nodes: known(25), Batch: rpc.Batch{Size: 10, Sleep: time.Second}}, 25, 2060 * ms, 0},
		{"a part", rpc.Call{Pick: discovery.Limit{Count: "20%", Random: true}.Pick}, 5, 20 * ms, 400 * ms},
		{"the first", rpc.Call{Discovery: rpc.Discovery{Limit: 1}, Pick: discovery.Limit{Count: "1"}.Pick}, 1, 20 * ms, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := start(t, 25, same)
				defer f.end()
				from, stats := f.call(tt.call)
				if len(from) != tt.runs || len(stats.Discovered) != tt.runs || len(stats.Silent)+len(stats.Unexpected)+stats.Duplicates != 0 || stats.ExitCode() != 0 {
					t.Errorf("%d replied, want %d: %+v", len(from), tt.runs, stats)
				}
				if stats.AgentTime != tt.took || stats.DiscoveryTime != tt.disc {
					t.Errorf("took %v and %v, want %v and %v", stats.DiscoveryTime, stats.AgentTime, tt.disc, tt.took)
				}
				runs := 0
				for _, l := range f.lamps {
					runs += int(l.runs.Load())
				}
				if runs != tt.runs {
					t.Errorf("%d runs, want %d", runs, tt.runs)
				}
			})
		})
	}
}

// The request of each batch is as young as the batch: its life does not end before the turn of the last ones comes.
func TestFleetBatchesOutliveTheTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, 4, same)
		defer f.end()
		from, stats := f.call(rpc.Call{
			Nodes: rpc.Known("n1", "n2", "n3", "n4"), Batch: rpc.Batch{Size: 1, Sleep: 4 * time.Second}, TTL: 5 * time.Second,
		})
		if len(from) != 4 || len(stats.Silent) != 0 {
			t.Errorf("replies of %v, silent: %+v", from, stats.Silent)
		}
	})
}

func TestFleetWithoutResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, 3, same)
		defer f.end()
		from, stats := f.call(rpc.Call{NoResults: true})
		time.Sleep(time.Second)
		if len(from) != 0 || stats.RequestID == "" || f.lamps[0].runs.Load()+f.lamps[1].runs.Load()+f.lamps[2].runs.Load() != 3 {
			t.Errorf("replies %v, %+v", from, stats)
		}
	})
}

// A node with another secret neither runs what we ask nor shows up.
func TestFleetStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, 2, func(node int) string { return fmt.Sprint("secret", "!"[:node-1]) })
		defer f.end()
		from, stats := f.call(rpc.Call{Nodes: rpc.Known("n1", "n2"), Timeout: time.Second})
		if !slices.Equal(from, []string{"n1"}) || len(stats.Silent) != 1 || stats.Silent[0].Reason != rpc.NeverSeen || f.lamps[1].runs.Load() != 0 {
			t.Errorf("replies %v, %+v", from, stats)
		}
	})
}

// With the broker dies what is under way; the client says so.
func TestFleetLosesItsBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, 3, same)
		defer f.end()
		time.AfterFunc(10*ms, func() { f.bus.Kill(0) })
		from, stats := f.call(rpc.Call{Nodes: rpc.Known("n1", "n2", "n3"), Timeout: 5 * time.Second})
		if len(from)+len(stats.Silent) != 3 {
			t.Errorf("replies %v, %+v", from, stats)
		}
		for _, s := range stats.Silent {
			if s.Reason != rpc.Disconnected {
				t.Errorf("%+v", s)
			}
		}
		from, stats = f.call(rpc.Call{})
		if len(from) != 3 {
			t.Errorf("on the second broker: %v, %+v", from, stats)
		}
	})
}
