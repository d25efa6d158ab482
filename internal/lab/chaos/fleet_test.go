package chaos

import (
	"bufio"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
	"github.com/mco-go/mco-go/internal/lab/history"
)

// plan says what a fleet consists of.
type plan struct {
	Brokers   int
	Ours      int           // real daemons
	Originals int           // the original's
	Simulated int           // ours, in one process
	HeartBeat time.Duration // default 5 s
	Spread    time.Duration // default 0.3 s
	Failback  time.Duration // 0: off
	All       bool          // plugin.mco.pool.mode = all
	Extra     []string      // of nodes
}

// world is a fleet and what happens to it.
type world struct {
	plan
	seed    uint64
	begin   time.Time
	dir     string
	network *lab.Network
	brokers []*lab.Broker
	hosts   map[string]*lab.Host // brokers: broker1, ...; nodes: ours, originals, simulated; client
	nodes   []*lab.Node
	names   []string // of all nodes
	record  *history.Record
	inject  *faults.Injector
	jobs    []*lab.Process
	asker   *lab.Process
	crowd   *lab.Process // the simulated nodes
	proxy   *lab.Proxy   // in front of the first broker; nil: none
}

// newWorld starts everything and returns when each node answers over the first broker.
func newWorld(t *testing.T, p plan) *world {
	t.Helper()
	return startWorld(t, p, false)
}

// newWorldBehind is newWorld with a proxy in front of the first broker.
func newWorldBehind(t *testing.T, p plan) *world {
	t.Helper()
	return startWorld(t, p, true)
}

func startWorld(t *testing.T, p plan, behind bool) *world {
	t.Helper()
	lab.Need(t, lab.Superuser, lab.RabbitMQServer, lab.NetFilter)
	if p.Originals > 0 {
		lab.Need(t, lab.Ruby)
	}
	if p.HeartBeat == 0 {
		p.HeartBeat = 5 * time.Second
	}
	if p.Spread == 0 {
		p.Spread = 300 * time.Millisecond
	}
	w := &world{plan: p, seed: lab.Seed(t), begin: time.Now(), dir: t.TempDir(), hosts: map[string]*lab.Host{}}
	file, err := os.Create(w.path("injector"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	w.record = history.NewRecord(file, history.Injector, w.begin)
	w.network = lab.NewNetwork(t)
	var machines []*lab.Host
	for i := range p.Brokers {
		machines = append(machines, w.host(t, fmt.Sprint("broker", i+1)))
	}
	for _, name := range []string{"ours", "originals", "simulated", "client"} {
		w.host(t, name)
	}
	w.brokers = lab.BrokersOn(t, lab.RabbitMQKind, lab.BrokerOptions{}, machines...)
	w.step(t, "%d brokers run", p.Brokers)
	if behind {
		w.proxy = lab.NewProxyOn(t, machines[0], w.brokers[0])
	}
	w.inject = faults.NewInjector(t, w.record)
	for i := range p.Originals {
		w.nodes = append(w.nodes, lab.RubyNode(t, w.server(fmt.Sprintf("ruby%03d", i+1), "originals")))
	}
	for i := range p.Ours {
		w.nodes = append(w.nodes, lab.GoNode(t, w.server(fmt.Sprintf("go%03d", i+1), "ours")))
	}
	for _, n := range w.nodes {
		w.names = append(w.names, n.Identity)
	}
	w.simulate(t)
	if p.Simulated < crowded {
		w.ready(t, w.brokers[0], 90*time.Second)
	} else {
		w.stand(t, 0, 90*time.Second)
	}
	w.step(t, "%d nodes are ready", len(w.names))
	return w
}

// crowded is a fleet that would be kept busy by being asked, one by one, whether it is ready.
const crowded = 1000

func (w *world) host(t testing.TB, name string) *lab.Host {
	t.Helper()
	address := netip.AddrFrom4([4]byte{198, 18, 0, byte(len(w.hosts) + 1)})
	h := w.network.Host(t, name, "", netip.PrefixFrom(address, 24))
	w.hosts[name] = h
	return h
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name+".jsonl") }

func (w *world) audit(identity string) string { return filepath.Join(w.dir, "audit."+identity) }

// server is the configuration of a real node.
func (w *world) server(identity, host string) lab.ServerCfg {
	return lab.ServerCfg{Identity: identity, Facts: "role: web\n", Cfg: w.cfg(host, append(w.nodeLines(),
		"rpcaudit = 1", "rpcauditprovider = logfile", "plugin.rpcaudit.logfile = "+w.audit(identity)))}
}

// cfg is what all programs have in common: the pool, as it is seen from a host.
func (w *world) cfg(host string, lines []string) lab.Cfg {
	c := lab.Cfg{Brokers: w.brokers, Host: w.hosts[host], Extra: lines}
	if w.proxy != nil {
		c.VHost, c.Brokers, c.Pool = w.brokers[0].VHost, nil, []lab.Member{w.proxy.Member(w.brokers[0])}
		for _, b := range w.brokers[1:] {
			c.Pool = append(c.Pool, lab.Member{Host: b.Host, Port: b.Port, User: b.User, Password: b.Password})
		}
	}
	return c
}

func (w *world) nodeLines() []string {
	failback := "off"
	if w.Failback > 0 {
		failback = fmt.Sprint(w.Failback.Seconds())
	}
	lines := []string{
		fmt.Sprintf("plugin.rabbitmq.heartbeat_interval = %.0f", w.HeartBeat.Seconds()), // the original raises it to 30
		fmt.Sprintf("plugin.mco.pool.reconnect_spread = %g", w.Spread.Seconds()),
		"plugin.mco.pool.failback = " + failback,
	}
	if w.All {
		lines = append(lines, "plugin.mco.pool.mode = all")
	}
	return append(lines, w.Extra...)
}

// simulate starts the simulated nodes.
func (w *world) simulate(t *testing.T) {
	t.Helper()
	if w.Simulated == 0 {
		return
	}
	var names []string
	for i := range w.Simulated {
		names = append(names, fmt.Sprintf("sim%04d", i+1))
	}
	w.names = append(w.names, names...)
	cfg := w.cfg("simulated", w.nodeLines())
	w.crowd = w.job(t, "simulated", job{Role: "nodes", Name: "simulated", Config: lab.GoMco(t, lab.ClientCfg{Cfg: cfg}).Config, Nodes: names})
}

// job starts a process of this binary on the host of its name.
func (w *world) job(t testing.TB, host string, j job) *lab.Process {
	t.Helper()
	j.History, j.Begin, j.Seed = w.path(j.Name), w.begin, w.seed
	p := j.start(t, w.hosts[host])
	w.jobs = append(w.jobs, p)
	return p
}

// load starts a client that asks every node, so many times a second, and returns when the programs are warm.
func (w *world) load(t *testing.T, rate int, lines ...string) {
	t.Helper()
	w.askAt(t, rate, lines...)
	w.calls(t, "whole calls", time.Minute, history.Call.Whole, warm)
	w.step(t, "the load runs")
}

// ask starts the client of the load L1.
func (w *world) ask(t *testing.T, lines ...string) {
	t.Helper()
	w.askAt(t, 5, lines...)
}

func (w *world) askAt(t *testing.T, rate int, lines ...string) {
	t.Helper()
	cfg := w.cfg("client", append([]string{fmt.Sprintf("plugin.rabbitmq.heartbeat_interval = %.0f", w.HeartBeat.Seconds()),
		fmt.Sprintf("plugin.mco.pool.reconnect_spread = %g", w.Spread.Seconds())}, lines...))
	w.asker = w.job(t, "client", job{Role: "ask", Name: "client", Config: lab.GoMco(t, lab.ClientCfg{Cfg: cfg}).Config,
		Nodes: w.names, Every: time.Second / time.Duration(rate), Timeout: 10 * time.Second})
}

// warm is how many calls have made the programs' heaps as large as they will be.
const warm = 15

// step says how far a run is.
func (w *world) step(t testing.TB, format string, args ...any) {
	t.Helper()
	t.Logf("%6.1f s: %s", time.Since(w.begin).Seconds(), fmt.Sprintf(format, args...))
}

// ready waits until all nodes answer over b.
func (w *world) ready(t testing.TB, b *lab.Broker, limit time.Duration) {
	t.Helper()
	if _, err := b.ReadyTimes(w.names, "lab", limit); err != nil {
		t.Fatal(err)
	}
}

// calls waits for n calls that the client has written down and that are as wanted, from now on.
func (w *world) calls(t testing.TB, what string, limit time.Duration, wanted func(history.Call) bool, n int) {
	t.Helper()
	now := time.Since(w.begin)
	lab.Wait(t, what, limit, func() error {
		select {
		case <-w.asker.Done():
			t.Fatalf("the client has ended: %s", w.asker.Log())
		default:
		}
		found := 0
		for _, e := range w.events(t, "client") {
			if e.What == history.Called && e.Call.Began >= now && wanted(*e.Call) {
				found++
			}
		}
		if found < n {
			return fmt.Errorf("%d of %d", found, n)
		}
		return nil
	})
}

// events reads what one of the processes has written so far.
func (w *world) events(t testing.TB, name string) []history.Event {
	t.Helper()
	file, err := os.Open(w.path(name))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	events, err := history.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// baseline writes down what the processes hold before anything happens.
func (w *world) baseline(t testing.TB) { w.look(t, history.Baseline, syscall.SIGUSR1) }

func (w *world) look(t testing.TB, what history.Kind, s syscall.Signal) {
	t.Helper()
	for _, n := range w.nodes {
		if !n.Go {
			continue
		}
		pid := n.PID()
		w.record.Add(history.Event{From: history.Daemon, Who: n.Identity, What: what, Broker: -1,
			Held: &history.Held{FDs: lab.FDs(pid), Children: len(lab.Children(pid)), RSS: lab.RSS(pid)}})
	}
	if w.crowd == nil {
		return
	}
	before := len(w.events(t, "simulated"))
	if err := w.crowd.Signal(s); err != nil {
		t.Fatal(err)
	}
	lab.Wait(t, "the simulated nodes to tell what they hold", time.Minute, func() error {
		if !slices.ContainsFunc(w.events(t, "simulated")[before:], func(e history.Event) bool { return e.What == what }) {
			return fmt.Errorf("no %s yet", what)
		}
		return nil
	})
}

// settle waits until everybody holds what he may hold.
func (w *world) settle(t testing.TB, limit time.Duration) {
	t.Helper()
	before := map[string]history.Held{}
	err := lab.Sparingly(limit, func() error {
		w.look(t, history.Remaining, syscall.SIGUSR2) // which takes a while
		for _, e := range slices.Concat(w.events(t, "injector"), w.events(t, "simulated")) {
			if e.What == history.Baseline {
				before[e.Who] = *e.Held
			}
		}
		after := map[string]history.Held{}
		for _, e := range slices.Concat(w.events(t, "injector"), w.events(t, "simulated")) {
			if e.What == history.Remaining {
				after[e.Who] = *e.Held
			}
		}
		for who, b := range before {
			if a := after[who]; !a.Within(b, history.DefaultSlack) {
				return fmt.Errorf("%s holds %+v, before %+v", who, a, b)
			}
		}
		return nil
	})
	if err != nil {
		t.Log(err) // the checker says so, too
	}
}

// finish ends client and simulated nodes in good order, looks for what is left at the brokers, and returns the whole history.
func (w *world) finish(t testing.TB) []history.Event {
	t.Helper()
	for _, p := range slices.Backward(w.jobs) {
		if err := p.Stop(30 * time.Second); err != nil {
			t.Error(err)
		}
		if code := p.ExitCode(); code != 0 {
			t.Errorf("%s ended with %d: %s", p.Name, code, p.Log())
		}
	}
	w.orphans(t)
	var all []history.Event
	for _, name := range []string{"injector", "client", "simulated"} {
		all = append(all, w.events(t, name)...)
	}
	for _, n := range w.nodes {
		n.Alive(t)
		all = append(all, w.audited(t, n)...)
	}
	slices.SortStableFunc(all, func(a, b history.Event) int { return int(a.At - b.At) })
	w.keep(t, all)
	return all
}

// orphans writes down the queues that nobody reads, once what replies to a client that has gone was given back.
func (w *world) orphans(t testing.TB) {
	t.Helper()
	for i, b := range w.brokers {
		unread := func() (names []string, err error) {
			out, err := b.Control("list_queues", "-p", b.VHost, "name", "consumers", "--no-table-headers")
			for line := range strings.Lines(out) {
				if f := strings.Fields(line); len(f) == 2 && f[1] == "0" {
					names = append(names, f[0])
				}
			}
			return names, err
		}
		err := lab.Sparingly(20*time.Second, func() error {
			names, err := unread()
			if err == nil && len(names) > 0 {
				err = fmt.Errorf("%s has the queues %v, which nobody reads", b.Name, names)
			}
			return err
		})
		if err != nil {
			w.record.Add(history.Event{From: history.Broker, Who: b.Name, What: history.Orphan, Broker: i, Detail: err.Error()})
		}
	}
}

// audited reads the audit log of a real node.
func (w *world) audited(t testing.TB, n *lab.Node) []history.Event {
	t.Helper()
	file, err := os.Open(w.audit(n.Identity))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var events []history.Event
	for lines := bufio.NewScanner(file); lines.Scan(); {
		// [2026-11-21 14:26:07 UTC] reqid=...: reqtime=...
		stamp, rest, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "["), "] reqid=")
		id, _, whole := strings.Cut(rest, ":")
		at, err := time.Parse("2006-01-02 15:04:05 MST", stamp)
		if !ok || !whole || err != nil {
			t.Fatalf("%s wrote %q: %v", n.Identity, lines.Text(), err)
		}
		events = append(events, history.Event{From: history.Daemon, At: max(at.Sub(w.begin), 1), Who: n.Identity, What: history.Audited, ID: id, Broker: -1})
	}
	return events
}

// keep leaves the history behind when the test fails.
func (w *world) keep(t testing.TB, all []history.Event) {
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		path := filepath.Join(t.ArtifactDir(), "history.jsonl")
		file, err := os.Create(path)
		if err != nil {
			t.Log(err)
			return
		}
		defer file.Close()
		record := history.NewRecord(file, "", w.begin)
		for _, e := range all {
			record.Add(e)
		}
		t.Logf("history: %s", path)
	})
}

// terms are what is promised of this fleet.
func (w *world) terms() history.Terms {
	simulated := func(node string) bool { return strings.HasPrefix(node, "sim") }
	real := func(node string) bool { return !simulated(node) }
	return history.Terms{Audits: real, Mute: real, Nodes: w.names, Slack: history.DefaultSlack, Aftermath: w.recovery()}
}

// recovery is detect + spread + N/rate + 5 s: how long after a fault was healed everybody must be Ready again, and how long after one
// began where another broker is well.
func (w *world) recovery() time.Duration {
	const acceptRate = 80 // sessions a second that a broker of this size finishes
	detect := w.HeartBeat*3/2 + 2*time.Second
	return detect + w.Spread + time.Duration(len(w.names))*time.Second/acceptRate + 5*time.Second
}

// check ends the run and names each promise that was broken.
func (w *world) check(t testing.TB, change ...func(*history.Terms)) []history.Event {
	t.Helper()
	events := w.finish(t)
	terms := w.terms()
	terms.BackBy = history.Latest(events) + w.recovery()
	for _, c := range change {
		c(&terms)
	}
	found := history.Check(events, terms)
	for i, f := range found {
		if i == 20 {
			t.Errorf("and %d more", len(found)-i)
			break
		}
		t.Errorf("SEED=%d: %s", w.seed, f)
	}
	return events
}
