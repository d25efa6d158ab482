package recovery

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// The bounds of the trap's fleet, with heart-beats of 5 s, max_reconnect_delay of 2 s and failback after 12 s.
const (
	trapFailback = 12 * time.Second
	healed       = trapFailback + 12*time.Second // and the way back, and what a broker needs to open its doors
)

// trapped is the seed's own scenario: two brokers that know nothing of each other, five nodes, two of them the original's.
type trapped struct {
	fleet
	ruby []*lab.Node
	mco  *lab.Client
}

func startTrapped(t *testing.T) *trapped {
	t.Helper()
	f := &trapped{fleet: fleet{brokers: lab.Brokers(t, lab.RabbitMQKind, 2, lab.BrokerOptions{}), times: newTimes()}}
	cfg := func(identity string) lab.ServerCfg {
		return lab.ServerCfg{Identity: identity, Cfg: lab.Cfg{Brokers: f.brokers, Extra: []string{
			"plugin.rabbitmq.heartbeat_interval = 5", "plugin.rabbitmq.max_reconnect_delay = 2",
			fmt.Sprintf("plugin.mco.pool.failback = %g", trapFailback.Seconds())}}}
	}
	for i := range 2 {
		f.ruby = append(f.ruby, lab.RubyNode(t, cfg(fmt.Sprintf("ruby%d", i+1))))
	}
	for i := range 3 {
		f.returns = append(f.returns, lab.GoNode(t, cfg(fmt.Sprintf("go%d", i+1))))
	}
	f.nodes = slices.Concat(f.ruby, f.returns)
	for _, n := range f.nodes {
		n.WaitReady(t, f.brokers[0], time.Minute)
	}
	f.mco = lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: f.brokers, Extra: []string{"plugin.mco.state_dir = " + t.TempDir()}}})
	return f
}

// moved waits until all nodes answer over b, and notes the times of both programs' nodes side by side. The bound is for ours.
func (f *trapped) moved(t *testing.T, what string, b *lab.Broker, since time.Time, bound time.Duration) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.took(t, what+", the original's", f.ruby, since, time.Minute, ready(b, time.Minute))
	}()
	f.took(t, what+", ours", f.returns, since, bound, ready(b, time.Minute))
	<-done
}

// all fails unless a plain ping reaches everybody and says no more than the original does.
func (f *trapped) all(t *testing.T, when string) {
	t.Helper()
	if out := f.mco.Run(t, "ping"); !strings.Contains(out.Stdout, "5 replies") || out.Exit != 0 || out.Stderr != "" {
		t.Errorf("%s: exit code %d\n%s", when, out.Exit, out.All())
	}
}

// TestTrap is the seed's own scenario: stop broker 1; stop 2 and start 1; and the trap, in which 1 is back and all nodes are on 2. A plain
// ping names it and tells where the nodes are, --all-brokers reaches them, and failback heals it.
func TestTrap(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	f := startTrapped(t)
	first, second := f.brokers[0], f.brokers[1]
	t.Cleanup(func() { t.Log(f.times) })
	defer watched(t, f.nodes, 0)()
	f.all(t, "before anything happened")

	stopped := time.Now()
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	f.moved(t, "broker 1 stopped -> on 2", second, stopped, time.Since(stopped)+readyAfterKill)
	f.all(t, "with broker 1 stopped")

	// The nodes have nowhere to go until broker 1 is back.
	if err := second.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	f.moved(t, "2 stopped, 1 started -> on 1", first, time.Now(), 2*time.Second+readyAfterKill)
	f.all(t, "on broker 1 again")

	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	first.Kill()
	f.moved(t, "broker 1 killed -> on 2", second, killed, readyAfterKill)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	f.named(t, time.Now())
	f.healed(t)
}

// named is the trap itself, before any node may go home.
func (f *trapped) named(t *testing.T, back time.Time) {
	t.Helper()
	first, second := f.brokers[0], f.brokers[1]
	plain := f.mco.Run(t, "ping")
	for _, line := range []string{
		"mco: 0 of 5 nodes answered\n",
		"mco: " + first.Addr() + " has 0 of 5, and was asked\n",
		"mco: " + second.Addr() + " has 5 of 5\n",
		"mco: on another broker (" + second.Addr() + "): go1, go2, go3, ruby1, ruby2\n",
		"mco: a plain mco asks " + first.Addr() + " and does not reach 5 of 5 nodes, which answer over " + second.Addr() + "\n",
		"mco: -> mco --all-brokers",
	} {
		if !strings.Contains(plain.Stderr, line) {
			t.Errorf("a plain ping, %v after broker 1 was back, does not say %q\n%s", time.Since(back), line, plain.All())
		}
	}
	if plain.Exit != 4 || !strings.HasSuffix(plain.Stdout, "---- ping statistics ----\nNo responses received\n") {
		t.Errorf("exit code %d\n%s", plain.Exit, plain.Stdout)
	}
	t.Logf("the plain ping in the trap took %.1f s and said\n%s", plain.Took.Seconds(), plain.Stderr)
	if out := f.mco.Run(t, "ping", "--all-brokers"); !strings.Contains(out.Stdout, "5 replies") || out.Stderr != "" {
		t.Errorf("with --all-brokers:\n%s", out.All())
	}
	f.took(t, "broker 1 back -> healed by failback, ours", f.returns, back, healed, ready(first, time.Minute))
}

// healed is the end of it: ours are at home, and the original's where they were, until they lose their broker.
func (f *trapped) healed(t *testing.T) {
	t.Helper()
	second := f.brokers[1].Addr()
	out := f.mco.Run(t, "ping")
	for _, text := range []string{"mco: 3 of 5 nodes answered\n", "mco: on another broker (" + second + "): ruby1, ruby2\n"} {
		if !strings.Contains(out.Stderr, text) {
			t.Errorf("no %q once ours are home:\n%s", text, out.All())
		}
	}
	if out := f.mco.Run(t, "rpc", "rpcutil", "ping", "--all-brokers"); !strings.Contains(out.Stdout, "5 / 5") {
		t.Errorf("rpc with --all-brokers:\n%s", out.All())
	}
	left := time.Now()
	f.brokers[1].Kill()
	f.took(t, "broker 2 killed -> on 1, the original's", f.ruby, left, time.Minute, ready(f.brokers[0], time.Minute))
	f.all(t, "healed")
}
