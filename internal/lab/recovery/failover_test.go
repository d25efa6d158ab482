package recovery

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// The bounds that a node of ours keeps to, with heart-beats of 5 s and a reconnect spread of 1 s.
const (
	readyAfterKill    = 3 * time.Second
	noticedFreeze     = 9500 * time.Millisecond // 1.5 heart-beats + 2 s
	readyAfterFreeze  = noticedFreeze + readyAfterKill
	returnedAfterBack = 20 * time.Second // failback 5 s, spread 1 s, and what the broker needs to boot its listeners
	closeWait         = time.Second
)

// fleet is two brokers that know nothing of each other and five nodes with both in their pool.
type fleet struct {
	brokers []*lab.Broker
	nodes   []*lab.Node // of both programs
	returns []*lab.Node // ours, with failback
	stays   []*lab.Node // ours, with failback off
	times   *times
	pace    *pace
}

// times is what was measured of fleets, by what happened.
type times struct {
	mu   sync.Mutex // guards the field below
	took map[string][]time.Duration
}

func newTimes() *times { return &times{took: make(map[string][]time.Duration)} }

func (m *times) add(what string, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.took[what] = append(m.took[what], took)
}

// pace has fleets take their steps together: a broker that boots for one would slow down what another measures.
type pace struct {
	mu      sync.Mutex // guards the fields below
	members int
	waiting int
	next    chan struct{} // closed when all are here
}

func newPace(members int) *pace { return &pace{members: members, next: make(chan struct{})} }

// step waits for the other fleets.
func (p *pace) step() {
	p.mu.Lock()
	next := p.next
	p.waiting++
	p.release()
	p.mu.Unlock()
	<-next
}

// leave lets the others go on without this one.
func (p *pace) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.members--
	p.release()
}

// release ends the step when nobody is missing. It is called with mu held.
func (p *pace) release() {
	if p.waiting >= p.members {
		close(p.next)
		p.waiting, p.next = 0, make(chan struct{})
	}
}

func (f *fleet) ours() []*lab.Node { return slices.Concat(f.returns, f.stays) }

func startFleet(t *testing.T, m *times, p *pace) *fleet {
	t.Helper()
	f := &fleet{brokers: lab.Brokers(t, lab.RabbitMQKind, 2, lab.BrokerOptions{}), times: m, pace: p}
	cfg := func(identity, failback string) lab.ServerCfg {
		return lab.ServerCfg{Identity: identity, Cfg: lab.Cfg{Brokers: f.brokers, Extra: []string{
			"plugin.rabbitmq.heartbeat_interval = 5", // the original raises it to 30
			"plugin.rabbitmq.max_reconnect_delay = 2",
			"plugin.mco.pool.failback = " + failback,
		}}}
	}
	for i := range 2 {
		f.nodes = append(f.nodes, lab.RubyNode(t, cfg(fmt.Sprintf("ruby%d", i+1), "off")))
		f.returns = append(f.returns, lab.GoNode(t, cfg(fmt.Sprintf("go%d", i+1), "5")))
	}
	f.stays = append(f.stays, lab.GoNode(t, cfg("go3", "off")))
	f.nodes = append(f.nodes, f.ours()...)
	for _, n := range f.nodes {
		n.WaitReady(t, f.brokers[0], time.Minute)
	}
	return f
}

// took runs find for each node at once and notes under what how long after since each came true; more than limit is a failure.
func (f *fleet) took(t *testing.T, what string, nodes []*lab.Node, since time.Time, limit time.Duration, find func(*lab.Node) (time.Time, error)) {
	t.Helper()
	var wg sync.WaitGroup
	for _, n := range nodes {
		wg.Go(func() {
			at, err := find(n)
			took := at.Sub(since)
			switch {
			case err != nil:
				t.Errorf("%s: %v", what, err)
			case took > limit:
				t.Errorf("%s: %s after %v, want at most %v", what, n.Identity, took, limit)
			}
			if err == nil {
				f.times.add(what, took)
			}
		})
	}
	wg.Wait()
}

// ready is for took: when the node answers over b.
func ready(b *lab.Broker, limit time.Duration) func(*lab.Node) (time.Time, error) {
	return func(n *lab.Node) (time.Time, error) { return b.Ready(n.Identity, "lab", limit) }
}

// gone is for took: when the node has no session with b any more.
func gone(b *lab.Broker, limit time.Duration) func(*lab.Node) (time.Time, error) {
	return func(n *lab.Node) (time.Time, error) {
		err := lab.Sparingly(limit, func() error {
			if connected(n, b) {
				return fmt.Errorf("%s still has its session with %s", n.Identity, b.Name)
			}
			return nil
		})
		return time.Now(), err
	}
}

func connected(n *lab.Node, b *lab.Broker) bool {
	return slices.ContainsFunc(lab.Sockets(n.PID()), func(s lab.Socket) bool {
		return s.Remote == b.Addr() && s.State == "ESTABLISHED"
	})
}

// stayed fails when a node without failback left b, or answers nowhere.
func (f *fleet) stayed(t *testing.T, b *lab.Broker) {
	t.Helper()
	for _, n := range f.stays {
		if _, err := b.Ready(n.Identity, "lab", 5*time.Second); err != nil {
			t.Errorf("failback = off: %v", err)
		}
	}
}

// gather brings the nodes that stayed on broker 2 home: it dies for a moment.
func (f *fleet) gather(t *testing.T) {
	t.Helper()
	first, second := f.brokers[0], f.brokers[1]
	f.pace.step()
	died := time.Now()
	second.Kill()
	f.took(t, "broker 2 killed -> ready on 1", f.stays, died, readyAfterKill, ready(first, 2*readyAfterKill))
	f.pace.step()
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	// The original's nodes move at once, or when their own delays allow.
	for _, n := range f.nodes {
		n.WaitReady(t, first, time.Minute)
	}
}

func (f *fleet) round(t *testing.T) {
	first, second := f.brokers[0], f.brokers[1]

	f.pace.step()
	died := time.Now()
	first.Kill()
	f.took(t, "broker 1 killed -> ready on 2", f.ours(), died, readyAfterKill, ready(second, 2*readyAfterKill))
	if t.Failed() {
		return
	}
	for _, n := range f.nodes {
		n.WaitReady(t, second, time.Minute)
	}
	f.pace.step()
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	f.took(t, "broker 1 back -> returned", f.returns, back, returnedAfterBack, ready(first, returnedAfterBack))
	f.stayed(t, second)
	f.gather(t)
	if t.Failed() {
		return
	}

	f.pace.step()
	frozen := time.Now()
	if err := first.Freeze(); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		f.took(t, "broker 1 frozen -> ready on 2", f.ours(), frozen, readyAfterFreeze, ready(second, 2*readyAfterFreeze))
	})
	f.took(t, "broker 1 frozen -> noticed", f.ours(), frozen, noticedFreeze, gone(first, 2*noticedFreeze))
	wg.Wait()
	if err := first.Thaw(); err != nil {
		t.Fatal(err)
	}
	back = time.Now()
	f.took(t, "broker 1 thawed -> returned", f.returns, back, returnedAfterBack, ready(first, returnedAfterBack))
	f.stayed(t, second)
	f.gather(t)
}

// side is how many fleets go through their rounds at the same time.
const side = 3

// TestFailover lets brokers die, freeze and come back under fleets of both programs' nodes, ROUNDS times (default 3).
func TestFailover(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	rounds := 3
	if text := os.Getenv("ROUNDS"); text != "" {
		var err error
		if rounds, err = strconv.Atoi(text); err != nil || rounds < 1 {
			t.Fatalf("ROUNDS=%q is not a number of rounds", text)
		}
	}
	fleets := min(side, rounds)
	m, p := newTimes(), newPace(fleets)
	t.Cleanup(func() { t.Log(m) })
	var wg sync.WaitGroup
	for i := range fleets {
		own := (rounds + fleets - 1 - i) / fleets
		wg.Go(func() { // they wait for each other, so none may wait until go test has a place for it, as t.Parallel would
			t.Run(fmt.Sprintf("fleet%d", i+1), func(t *testing.T) {
				defer p.leave()
				startFleet(t, m, p).rounds(t, own)
			})
		})
	}
	wg.Wait()
}

// rounds lets n rounds happen and looks at the nodes' sockets all the time.
func (f *fleet) rounds(t *testing.T, n int) {
	defer watched(t, f.nodes, closeWait)()
	for i := range n {
		// The next round begins where this one ends: after a failure there is nothing to learn from it.
		if !t.Run(fmt.Sprintf("round%d", i+1), f.round) {
			break
		}
	}
	for _, n := range f.nodes {
		n.Alive(t)
	}
}

// watched samples the nodes' sockets until the function that it returns is called. That one fails the test when one of ours had a socket
// in CLOSE_WAIT for longer than limit.
func watched(t *testing.T, nodes []*lab.Node, limit time.Duration) (end func()) {
	var all []int
	for _, n := range nodes {
		all = append(all, n.PID())
	}
	sampler := lab.Sample(all...)
	return func() {
		longest, samples := sampler.Stop()
		var report strings.Builder
		for _, n := range nodes {
			fmt.Fprintf(&report, "\n  %-6s %v", n.Identity, longest[n.PID()].Round(time.Millisecond))
			if n.Go && longest[n.PID()] > limit {
				t.Errorf("%s had a socket in CLOSE_WAIT for %v, want at most %v", n.Identity, longest[n.PID()], limit)
			}
		}
		t.Logf("longest time of a socket in CLOSE_WAIT, in %d samples:%s", samples, report.String())
	}
}

func (m *times) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-34s%6s%9s%9s%9s", "", "nodes", "least", "median", "most")
	for _, what := range slices.Sorted(maps.Keys(m.took)) {
		d := slices.Sorted(slices.Values(m.took[what]))
		round := func(x time.Duration) string { return fmt.Sprintf("%.2f s", x.Seconds()) }
		fmt.Fprintf(&b, "\n%-34s%6d%9s%9s%9s", what, len(d), round(d[0]), round(d[len(d)/2]), round(d[len(d)-1]))
	}
	return b.String()
}
