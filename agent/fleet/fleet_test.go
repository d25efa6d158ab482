package fleet

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/builtin/discovery"
	"github.com/mco-go/mco-go/agent/builtin/rpcutil"
	"github.com/mco-go/mco-go/agent/node"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/loopback"
	"github.com/mco-go/mco-go/mco/security"
	"github.com/mco-go/mco-go/mco/security/psk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// options describe a fleet on a bus in memory.
func options(t testing.TB, bus *loopback.Bus, n int) Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "client.cfg")
	text := "connector = rabbitmq\nplugin.psk = lab\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, config.Server)
	if err != nil {
		t.Fatal(err)
	}
	return Options{N: n, Config: c, Parallel: 8, Providers: node.Providers{
		Connectors: map[string]func(*config.Config, node.Session) (connector.Connector, error){
			"rabbitmq": func(c *config.Config, _ node.Session) (connector.Connector, error) {
				return bus.Connect(loopback.Options{Identity: c.Identity, Requests: true}), nil
			},
		},
		Security: map[string]func(*config.Config) (security.Provider, error){
			"psk": func(c *config.Config) (security.Provider, error) {
				return psk.New(psk.Options{Secret: "lab", Identity: c.Identity})
			},
		},
		Plain:  []agent.Plain{discovery.Agent{}},
		Agents: []node.NamedMaker{{Name: rpcutil.Name, Make: rpcutil.New}},
	}}
}

// ask publishes a discovery ping with the filter and returns the names of those that answered, n of them.
func ask(t *testing.T, bus *loopback.Bus, f mco.Filter, n int) map[string]bool {
	t.Helper()
	keys, err := psk.New(psk.Options{Secret: "lab", Identity: "client"})
	if err != nil {
		t.Fatal(err)
	}
	c := bus.Connect(loopback.Options{Identity: "client"})
	defer c.Close()
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	payload, err := keys.EncodeRequest(mco.Request{
		ID: rand.Text(), Agent: mco.DiscoveryAgent, Collective: mco.DefaultCollective, Sender: "client",
		TTL: time.Minute, Time: time.Now(), Filter: f.Value(), Body: mco.String("ping"),
	})
	if err != nil {
		t.Fatal(err)
	}
	err = c.Publish(t.Context(), connector.Outgoing{Kind: connector.Broadcast, Collective: mco.DefaultCollective, Agent: mco.DiscoveryAgent, Payload: payload})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for range n {
		m, err := c.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r, err := keys.DecodeReply(m.Payload, "")
		if err != nil {
			t.Fatal(err)
		}
		names[r.Sender] = true
	}
	return names
}

func TestFleetAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := loopback.NewBus()
		f, err := New(options(t, bus, 40))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Run(ctx) }()
		synctest.Wait()
		if f.Ready() != 40 || f.Len() != 40 {
			t.Fatalf("%d of %d nodes are ready", f.Ready(), f.Len())
		}
		if names := ask(t, bus, mco.Filter{}, 40); len(names) != 40 || !names["sim0001.example.net"] || !names["sim0040.example.net"] {
			t.Errorf("%d nodes answered: %v", len(names), names)
		}
		web := mco.Filter{Facts: []mco.FactFilter{{Fact: "role", Operator: mco.FactEqual, Value: "web"}}}
		if names := ask(t, bus, web, 10); len(names) != 10 || !names["sim0004.example.net"] {
			t.Errorf("web nodes: %v", names)
		}
		if names := ask(t, bus, mco.Filter{Classes: []string{"role::db"}}, 10); !names["sim0001.example.net"] {
			t.Errorf("nodes of class role::db: %v", names)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := bus.Links(0); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
}

func TestCommandTellsWhenAllAreReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var out lockedBuffer
		ended := make(chan error, 1)
		go func() { ended <- Command(ctx, &out, options(t, loopback.NewBus(), 20)) }()
		synctest.Wait()
		for _, want := range []string{"Starting 20 nodes, sim0001.example.net to sim0020.example.net", " of 20 after", "20 nodes ready after"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("output has no %q:\n%s", want, out.String())
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if !strings.Contains(out.String(), "Stopped 20 nodes") {
			t.Errorf("output:\n%s", out.String())
		}
	})
}

func TestCommandTellsWhyNothingIsReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := loopback.NewBus()
		bus.Kill(0)
		ctx, stop := context.WithCancel(t.Context())
		var out lockedBuffer
		ended := make(chan error, 1)
		go func() { ended <- Command(ctx, &out, options(t, bus, 3)) }()
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if want := "     0 of 3 after 10 s; sim0001.example.net has tried "; !strings.Contains(out.String(), want) || !strings.Contains(out.String(), "connection refused") {
			t.Errorf("output has no %q:\n%s", want, out.String())
		}
		stop()
		<-ended
	})
}

func TestNodesWithoutABrokerComeLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := loopback.NewBus()
		bus.Kill(0)
		f, err := New(options(t, bus, 20))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Run(ctx) }()
		time.Sleep(time.Minute)
		if f.Ready() != 0 {
			t.Errorf("%d nodes are ready without a broker", f.Ready())
		}
		bus.Restore(0)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if f.Ready() != 20 {
			t.Errorf("%d nodes are ready", f.Ready())
		}
		stop()
		<-ended
	})
}

func TestWrongOptions(t *testing.T) {
	if _, err := New(Options{N: 0}); err == nil {
		t.Error("a fleet of none was built")
	}
	o := options(t, loopback.NewBus(), 1)
	o.Providers.Connectors = nil
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "node sim0001.example.net: connector = rabbitmq") {
		t.Errorf("error %v", err)
	}
	o = options(t, loopback.NewBus(), 1)
	o.Providers.Security["psk"] = func(*config.Config) (security.Provider, error) { return nil, errors.New("no key") }
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "no key") {
		t.Errorf("error %v", err)
	}
}

// BenchmarkMemory reports what one node at rest takes beside its network connection.
func BenchmarkMemory(b *testing.B) {
	const n = 2000
	for b.Loop() {
		bus := loopback.NewBus()
		before := inUse()
		goroutines := runtime.NumGoroutine()
		all := make(chan struct{})
		o := options(b, bus, n)
		o.OnReady = func(ready int) {
			if ready == n {
				close(all)
			}
		}
		f, err := New(o)
		if err != nil {
			b.Fatal(err)
		}
		ctx, stop := context.WithCancel(b.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Run(ctx) }()
		<-all
		b.ReportMetric(float64(inUse()-before)/1024/n, "KiB/node")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/n, "goroutines/node")
		stop()
		if err := <-ended; err != nil {
			b.Fatal(err)
		}
	}
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
