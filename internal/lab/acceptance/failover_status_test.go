package acceptance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/monitoring"
	"github.com/mco-go/mco-go/mco/failover"
)

// watched is a fleet of both programs' nodes and clients that look at it.
type watched struct {
	brokers   []*lab.Broker
	ruby      []*lab.Node
	home      *lab.Node  // ours, with failback
	stays     *lab.Node  // ours, without
	both      *lab.Node  // ours, with a session on both brokers; the way to the second one can be cut
	way       *lab.Proxy // that way
	one, all  *lab.Client
	page      string // of Prometheus
	roundTrip []time.Duration
}

func startWatched(t *testing.T) *watched {
	t.Helper()
	f := &watched{brokers: lab.Brokers(t, lab.RabbitMQKind, 2, lab.BrokerOptions{}), page: filepath.Join(t.TempDir(), "mco.prom")}
	cfg := func(identity string, more ...string) lab.ServerCfg {
		return lab.ServerCfg{Identity: identity, Cfg: lab.Cfg{Brokers: f.brokers, Extra: append([]string{
			"plugin.rabbitmq.heartbeat_interval = 5", "plugin.rabbitmq.max_reconnect_delay = 2"}, more...)}}
	}
	f.way = lab.NewProxy(t, f.brokers[1].Addr())
	f.ruby = []*lab.Node{lab.RubyNode(t, cfg("ruby1")), lab.RubyNode(t, cfg("ruby2"))}
	f.home = lab.GoNode(t, cfg("home", "plugin.mco.pool.failback = 5"))
	f.stays = lab.GoNode(t, cfg("stays", "plugin.mco.pool.failback = off"))
	through := cfg("both", "plugin.mco.pool.mode = all")
	through.Pool, through.Brokers = []lab.Member{member(f.brokers[0], nil), f.way.Member(f.brokers[1])}, nil
	through.Connector, through.VHost = lab.RabbitMQKind, f.brokers[0].VHost
	f.both = lab.GoNode(t, through)
	client := func(more string) *lab.Client {
		c := lab.ClientCfg{Cfg: lab.Cfg{Brokers: f.brokers, Extra: []string{"plugin.mco.state_dir = " + t.TempDir(), more}}}
		return lab.GoMco(t, c)
	}
	f.one, f.all = client("plugin.mco.client.all_brokers = 0"), client("plugin.mco.client.all_brokers = 1")
	f.on(t, f.brokers[0], time.Minute)
	f.both.WaitReady(t, f.brokers[1], time.Minute)
	return f
}

// on waits until every node answers over a broker.
func (f *watched) on(t *testing.T, b *lab.Broker, limit time.Duration) {
	t.Helper()
	for _, n := range append([]*lab.Node{f.home, f.stays, f.both}, f.ruby...) {
		n.WaitReady(t, b, limit)
	}
}

// status looks at the fleet.
func (f *watched) status(t *testing.T, c *lab.Client, more ...string) (s failover.Status, code int) {
	t.Helper()
	out := c.Run(t, append([]string{"failover", "status", "--json", "-c", c.Config}, more...)...)
	if err := json.Unmarshal([]byte(out.Stdout), &s); err != nil {
		t.Fatalf("%v in %s", err, out.All())
	}
	f.roundTrip = append(f.roundTrip, out.Took)
	return s, out.Exit
}

// until looks until want finds nothing amiss, and returns that look.
func (f *watched) until(t *testing.T, what string, limit time.Duration, want func(failover.Status, int) error, more ...string) failover.Status {
	t.Helper()
	var last failover.Status
	lab.Wait(t, what, limit, func() error {
		s, code := f.status(t, f.one, more...)
		last = s
		if err := want(s, code); err != nil {
			return fmt.Errorf("%w\n%s", err, inWords(s))
		}
		return nil
	})
	return last
}

func inWords(s failover.Status) string {
	raw, err := json.MarshalIndent(s.Findings, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// found returns the finding of a kind, with the broker or the nodes that it must name.
func found(s failover.Status, kind failover.Kind, level failover.Level, broker string, nodes ...string) error {
	for _, f := range s.Findings {
		if f.Kind == kind && f.Broker == broker && slices.Equal(f.Nodes, nodes) {
			if f.Level != level {
				return fmt.Errorf("%s is a %s, want %s", kind, f.Level, level)
			}
			return nil
		}
	}
	return fmt.Errorf("no finding %s of broker %q and nodes %v", kind, broker, nodes)
}

// places compares where nodes are with what is wanted.
func places(s failover.Status, want map[string][]string) error {
	got := map[string][]string{}
	for _, n := range s.Nodes {
		got[n.Identity] = n.On
	}
	for name, on := range want {
		if !slices.Equal(got[name], on) {
			return fmt.Errorf("%s is on %v, want %v", name, got[name], on)
		}
	}
	return nil
}

// check has the fleet checked, and compares its line's state, exit code and data, and what Prometheus' parser makes of the page.
func (f *watched) check(t *testing.T, state string, code int, says string, data ...string) {
	t.Helper()
	out := f.one.Run(t, "failover", "check", "-c", f.one.Config, "--textfile", f.page)
	l, err := monitoring.Parse(out.Stdout)
	if err != nil {
		t.Error(err)
	}
	if out.Exit != code || l.Service != "FAILOVER" || l.State != state || !strings.Contains(l.Text, says) {
		t.Errorf("exit code %d, want %d, %s and %q in\n%s", out.Exit, code, state, says, out.All())
	}
	_, performance, _ := strings.Cut(strings.TrimSuffix(out.Stdout, "\n"), " | ")
	for _, d := range data {
		if !strings.Contains(" "+performance+" ", " "+d+" ") {
			t.Errorf("no %q in %s", d, performance)
		}
	}
	raw, err := os.ReadFile(f.page)
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	if got := families["mco_failover_state"].GetMetric()[0].GetGauge().GetValue(); got != float64(code) {
		t.Errorf("the page says %g, the exit code is %d", got, code)
	}
	if info, err := os.Stat(f.page); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the page's mode: %v, %v", info.Mode(), err)
	}
}

// TestFailoverStatus brings a fleet into each state that mco failover has a word for, with real brokers and both programs' nodes, and
// compares what it tells.
func TestFailoverStatus(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	t.Parallel()
	f := startWatched(t)
	first, second := f.brokers[0].Addr(), f.brokers[1].Addr()
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"gathered", func(t *testing.T) { f.gathered(t, first) }},
		{"first broker gone", func(t *testing.T) { f.firstGone(t, first, second) }},
		{"the trap", func(t *testing.T) { f.trap(t, first, second) }},
		{"failback", func(t *testing.T) { f.failback(t, first, second) }},
		{"a node hangs", func(t *testing.T) { f.hangs(t) }},
		{"a session hangs", func(t *testing.T) { f.stale(t, second) }},
		{"a way is cut", func(t *testing.T) { f.cut(t, first) }},
	} {
		if !t.Run(step.name, step.run) {
			break // the next one begins where this one ends
		}
	}
	slices.Sort(f.roundTrip)
	t.Logf("%d looks took %.2f s to %.2f s, median %.2f s", len(f.roundTrip), f.roundTrip[0].Seconds(), f.roundTrip[len(f.roundTrip)-1].Seconds(),
		f.roundTrip[len(f.roundTrip)/2].Seconds())
}

func (f *watched) gathered(t *testing.T, first string) {
	s, code := f.status(t, f.one)
	if len(s.Findings) > 1 || code != 0 || len(s.Nodes) != 5 || s.Client != first || s.Unreached != 0 {
		t.Errorf("exit code %d, %d nodes, client on %s: %s", code, len(s.Nodes), s.Client, inWords(s))
	}
	if err := places(s, map[string][]string{"ruby1": {first}, "ruby2": {first}, "home": {first}, "stays": {first}, "both": {first}}); err != nil {
		t.Error(err)
	}
	for _, n := range s.Nodes {
		ours := !strings.HasPrefix(n.Identity, "ruby")
		switch {
		case ours != (n.Told != nil):
			t.Errorf("%s tells %+v", n.Identity, n.Told)
		case ours && (n.Told.Reconnects != 0 || n.Told.StaleSockets != 0 || n.Told.Pool[0] != first || time.Since(n.Told.Since) > 5*time.Minute ||
			n.Told.Sessions[0].HeartBeatAge == nil || *n.Told.Sessions[0].HeartBeatAge > 7):
			t.Errorf("%s tells %+v", n.Identity, n.Told)
		}
	}
	f.check(t, "OK", 0, "5 of 5 nodes answer: 5 on "+first, "nodes=5;;;0;5", "missing=0;0;;0", "split=0%;0;50;0;100")
}

func (f *watched) firstGone(t *testing.T, first, second string) {
	f.brokers[0].Kill()
	f.on(t, f.brokers[1], time.Minute)
	s, code := f.status(t, f.one)
	if err := found(s, failover.Unreachable, failover.Warning, first); err != nil || code != 1 || !strings.Contains(s.Brokers[0].Error, "refused") {
		t.Errorf("%v, exit code %d, %+v", err, code, s.Brokers)
	}
	for _, nodes := range [][]string{{"home"}, {"stays"}, {"ruby1", "ruby2"}} {
		if err := found(s, failover.NotPreferred, failover.Note, second, nodes...); err != nil {
			t.Errorf("%v in %s", err, inWords(s))
		}
	}
	for _, n := range s.Nodes {
		if n.Identity == "stays" && (n.Told == nil || n.Told.Reconnects != 1 || !slices.Equal(n.On, []string{second})) {
			t.Errorf("%+v %+v", n, n.Told)
		}
	}
	f.check(t, "WARNING", 1, first+" cannot be asked", "unreachable=1;0;;0;2")
}

// trap is what the original's users end in: the first broker is back, and the nodes are still on the second one.
func (f *watched) trap(t *testing.T, first, second string) {
	if err := f.brokers[0].Start(); err != nil {
		t.Fatal(err)
	}
	// The node on both brokers comes back by itself, and so does the one with failback, later: between the two is the trap.
	s := f.until(t, "the trap", time.Minute, func(s failover.Status, _ int) error {
		if err := places(s, map[string][]string{"ruby1": {second}, "ruby2": {second}, "stays": {second}}); err != nil {
			return err
		}
		for _, x := range s.Findings {
			if (x.Kind == failover.Trap || x.Kind == failover.Split) && slices.Contains(x.Nodes, "ruby1") && slices.Contains(x.Nodes, "stays") {
				return nil
			}
		}
		return fmt.Errorf("neither trap nor split")
	})
	t.Logf("as seen in the trap:%s", inWords(s))
	f.both.WaitReady(t, f.brokers[0], time.Minute)
	blind := f.one.Run(t, "ping", "-c", f.one.Config)
	if strings.Contains(blind.Stdout, "ruby") || strings.Contains(blind.Stdout, "stays") {
		t.Errorf("the client is not in the trap:\n%s", blind.Stdout)
	}
	if seeing := f.one.Run(t, "ping", "--all-brokers", "-c", f.one.Config); !strings.Contains(seeing.Stdout, "5 replies") {
		t.Errorf("with --all-brokers:\n%s", seeing.All())
	}
}

// failback splits the fleet: one node goes home, three stay.
func (f *watched) failback(t *testing.T, first, second string) {
	f.until(t, "the split fleet", time.Minute, func(s failover.Status, code int) error {
		if code != 2 {
			return fmt.Errorf("exit code %d", code)
		}
		if err := found(s, failover.Split, failover.Critical, "", "ruby1", "ruby2", "stays"); err != nil {
			return err
		}
		if err := found(s, failover.NotPreferred, failover.Warning, second, "ruby1", "ruby2"); err != nil {
			return err
		}
		if err := found(s, failover.NotPreferred, failover.Warning, second, "stays"); err != nil {
			return err
		}
		return places(s, map[string][]string{"home": {first}})
	})
	f.check(t, "CRITICAL", 2, "a plain mco asks "+first+" and does not reach 3 of 5 nodes", "split=60%;0;50;0;100", "nodes=5;;;0;5")
	if s, code := f.status(t, f.all, "--forget"); code != 1 || found(s, failover.Split, failover.Note, "") != nil {
		t.Errorf("a client that asks all brokers: exit code %d, %s", code, inWords(s))
	}
	f.brokers[1].Kill() // brings them home
	f.on(t, f.brokers[0], time.Minute)
	if err := f.brokers[1].Start(); err != nil {
		t.Fatal(err)
	}
	f.both.WaitReady(t, f.brokers[1], time.Minute)
	f.until(t, "the gathered fleet", time.Minute, func(s failover.Status, code int) error {
		if code != 0 {
			return fmt.Errorf("exit code %d", code)
		}
		return nil
	})
}

// hangs is a node on no broker, as far as anybody can tell.
func (f *watched) hangs(t *testing.T) {
	if err := f.ruby[0].Freeze(); err != nil {
		t.Fatal(err)
	}
	s, code := f.status(t, f.one)
	if err := found(s, failover.Silent, failover.Critical, "", "ruby1"); err != nil || code != 2 {
		t.Errorf("%v, exit code %d, %s", err, code, inWords(s))
	}
	f.check(t, "WARNING", 1, "1 node missing (ruby1)", "missing=1;0;;0", "nodes=4;;;0;5")
	if err := f.ruby[0].Thaw(); err != nil {
		t.Fatal(err)
	}
	f.ruby[0].WaitReady(t, f.brokers[0], time.Minute)
}

// stale is a session of which nothing is heard any more, before the node itself gives it up.
func (f *watched) stale(t *testing.T, second string) {
	if err := f.brokers[1].Freeze(); err != nil {
		t.Fatal(err)
	}
	f.until(t, "the stale session", 30*time.Second, func(s failover.Status, _ int) error {
		if err := found(s, failover.Unreachable, failover.Warning, second); err != nil {
			return err
		}
		return found(s, failover.Stale, failover.Warning, "", "both")
	}, "--timeout", "0.5")
	if err := f.brokers[1].Thaw(); err != nil {
		t.Fatal(err)
	}
	f.both.WaitReady(t, f.brokers[1], time.Minute)
}

// cut is a node that cannot reach a broker which others can.
func (f *watched) cut(t *testing.T, first string) {
	f.way.Close()
	s := f.until(t, "the missing session", time.Minute, func(s failover.Status, code int) error {
		if code != 1 {
			return fmt.Errorf("exit code %d", code)
		}
		return found(s, failover.Incomplete, failover.Warning, "", "both")
	})
	if err := places(s, map[string][]string{"both": {first}}); err != nil {
		t.Error(err)
	}
}
