package acceptance

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	caller "github.com/mco-go/mco-go/mco/rpc"
)

// harmed is a node with a harmful agent, and a client of it.
type harmed struct {
	client *caller.Client
	extra  atomic.Int64 // replies that came beside the one that each call counts
}

const harmedName = "harmed.example.net"

func newHarmed(t *testing.T) *harmed {
	t.Helper()
	b := lab.RabbitMQ(t, lab.BrokerOptions{Collectives: []string{"mcollective"}})
	lib := t.TempDir()
	if err := os.MkdirAll(filepath.Join(lib, "mcollective", "agent"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(lib, "mcollective", "agent", "harm.ddl"), []byte(harmDDL), 0o644); err != nil {
		t.Fatal(err)
	}
	// A client.cfg and a server.cfg may be one file; ours of the laboratory lacks only the name of a node.
	home := lab.GoMco(t, lab.ClientCfg{Identity: harmedName, Cfg: lab.Cfg{Brokers: []*lab.Broker{b}, LibDirs: []string{lib}, LogLevel: "error"}})
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), harmfulNode+"="+home.Config)
	ended := make(chan struct{})
	if err := lab.Leash(cmd, func(error) { close(ended) }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
	})
	cfg, err := config.Load(home.Config, config.Client)
	if err != nil {
		t.Fatal(err)
	}
	o := caller.OptionsFromConfig(cfg)
	if o.Security, err = pskProvider(cfg); err != nil {
		t.Fatal(err)
	}
	if o.Connector, err = stompSession(cfg); err != nil {
		t.Fatal(err)
	}
	if err := o.Connector.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Connector.Close() })
	if err := o.Connector.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	client, err := caller.New(o)
	if err != nil {
		t.Fatal(err)
	}
	h := &harmed{client: client}
	lab.Wait(t, "the node answers", 30*time.Second, func() error {
		if r, _, err := h.call("rpcutil", "ping", time.Second); r == nil {
			return fmt.Errorf("no answer: %v", err)
		}
		return nil
	})
	return h
}

// call asks the node and returns its reply, nil where none came in time.
func (h *harmed) call(agent, action string, limit time.Duration) (reply *caller.Reply, stats caller.Stats, err error) {
	call := caller.Call{Agent: agent, Action: action, Data: new(mco.Map), Nodes: caller.Known(harmedName), Timeout: limit, Stats: &stats}
	for r, err := range h.client.Call(context.Background(), call) {
		if err != nil {
			return nil, stats, err
		}
		reply = &r
	}
	h.extra.Add(int64(stats.Duplicates + stats.Late))
	return reply, stats, nil
}

// latencies asks another agent so many times, one after the other.
func (h *harmed) latencies(t *testing.T, n int) []time.Duration {
	t.Helper()
	var all []time.Duration
	for range n {
		r, _, err := h.call("rpcutil", "inventory", 10*time.Second)
		if err != nil || r == nil || r.Code != mco.OK {
			t.Fatalf("another agent's reply: %+v, %v", r, err)
		}
		all = append(all, r.Latency)
	}
	slices.Sort(all)
	return all
}

// An agent that hangs, panics, returns 100 MB or replies twice harms nobody else: the replies of another agent of the same node come
// within twice their normal time while it does.
func TestHarmfulAgent(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	h := newHarmed(t)
	const asks = 200
	h.latencies(t, 50) // the first ones pay for what is made once
	for _, row := range []struct {
		action string
		every  time.Duration // how often it is asked to
		check  func(*caller.Reply, caller.Stats) bool
	}{
		{"panic", 10 * time.Millisecond, func(r *caller.Reply, _ caller.Stats) bool { return r != nil && r.Code == mco.UnknownError }},
		{"twice", 10 * time.Millisecond, func(r *caller.Reply, s caller.Stats) bool { return r != nil && r.Code == mco.OK && s.Responses == 1 }},
		{"flood", time.Second, func(r *caller.Reply, _ caller.Stats) bool { return r != nil && r.Code == mco.Aborted }},
		{"hang", 10 * time.Millisecond, func(r *caller.Reply, _ caller.Stats) bool { return r == nil || r.Code == mco.Aborted }}, // too busy, at last
	} {
		t.Run(row.action, func(t *testing.T) {
			before := h.latencies(t, asks)
			end := h.misbehave(t, row.action, row.every, row.check)
			during := h.latencies(t, asks)
			asked := end()
			if extra := h.extra.Swap(0); (row.action == "twice") != (extra > 0) {
				t.Errorf("%d replies came beside those to %d requests", extra, asked)
			}
			normal, harmed := before[asks/2], during[asks/2]
			t.Logf("median of another agent's replies: %v before, %v while the agent misbehaves; nine in ten within %v and %v",
				normal, harmed, before[asks*9/10], during[asks*9/10])
			if harmed > 2*normal {
				t.Errorf("replies took %v, normally %v", harmed, normal)
			}
		})
	}
}

// misbehave asks the harmful agent again and again, until the function that it returns is called. That one says how often.
func (h *harmed) misbehave(t *testing.T, action string, every time.Duration, check func(*caller.Reply, caller.Stats) bool) (end func() int) {
	ctx, cancel := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	asked := 0
	begun := make(chan struct{})
	calls.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for ; ctx.Err() == nil; asked++ {
			calls.Go(func() {
				if r, stats, err := h.call("harm", action, 2*time.Second); err != nil || !check(r, stats) {
					t.Errorf("%s: reply %+v, statistics %+v, %v", action, r, stats, err)
				}
			})
			if asked == 20 || every >= time.Second && asked == 1 {
				close(begun)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	})
	<-begun
	return func() int {
		cancel()
		calls.Wait()
		return asked
	}
}
