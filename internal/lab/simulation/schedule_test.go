package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// chance makes numbers of a seed and of what they are for, so that no number depends on the order in which goroutines ask.
type chance uint64

// of returns the numbers for something.
func (c chance) of(what ...string) *rand.Rand {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h := uint64(offset)
	for _, w := range what {
		for i := range len(w) {
			h = (h ^ uint64(w[i])) * prime
		}
		h = (h ^ 0xff) * prime
	}
	return rand.New(rand.NewPCG(uint64(c), h))
}

// between returns a time in [low, high), fine enough that two are hardly ever equal.
func between(r *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(r.Int64N(int64(high-low)))
}

// What can go wrong.
const (
	kill     = "kill"     // a broker dies, and comes back
	freeze   = "freeze"   // a broker stops, and goes on
	cutWay   = "cut"      // nothing passes between a peer and a broker
	hangUp   = "hang up"  // a broker ends the connections of a peer
	loss     = "loss"     // frames are lost
	slowness = "slowness" // frames are late
	crash    = "crash"    // a node dies, and is started again
	restart  = "restart"  // a node ends in good order, and is started again
)

// fault is something that goes wrong for a while.
type fault struct {
	what      string
	at, until time.Duration // since the start
	broker    int           // kill, freeze, cut
	peer      string        // cut, hang up, crash, restart
	in, out   bool          // cut
	share     float64       // loss
	delay     time.Duration // slowness
}

func (f fault) String() string {
	s := fmt.Sprintf("%s from %s to %s", f.what, f.at, f.until)
	switch f.what {
	case kill, freeze:
		s += " of " + brokerName(f.broker)
	case cutWay:
		s += fmt.Sprintf(" between %s and %s (in %v, out %v)", f.peer, brokerName(f.broker), f.in, f.out)
	case loss:
		s += fmt.Sprintf(" of %.0f %%", 100*f.share)
	case slowness:
		s += fmt.Sprintf(" up to %s", f.delay)
	default:
		s += " of " + f.peer
	}
	return s
}

// weather tells whether the fault may touch any frame, wherever it passes.
func (f fault) weather() bool { return f.what == loss || f.what == slowness }

// touches tells whether the fault can disturb a peer at a broker, or elsewhere where broker is -1.
func (f fault) touches(peer string, broker int) bool {
	switch f.what {
	case kill, freeze:
		return f.broker == broker
	case cutWay:
		return f.peer == peer && f.broker == broker
	}
	return f.weather() || f.peer == peer
}

func (f fault) during(from, to time.Duration) bool { return f.at <= to && from <= f.until }

// ask is a request that a client makes.
type ask struct {
	at       time.Duration
	client   string
	token    string   // what the nodes are to give back
	nodes    []string // nil: they are discovered
	direct   bool
	batch    int
	ttl      time.Duration
	timeout  time.Duration
	giveUp   time.Duration // when the caller has had enough, after at; 0: never
	noAnswer bool          // nobody waits for replies
}

// peerPlan is a node or a client.
type peerPlan struct {
	name    string
	all     bool          // a session on every broker at once
	silence time.Duration // when its heart-beats tell
}

// schedule is all that a seed decides.
type schedule struct {
	chance
	brokers     int
	nodes       []peerPlan
	clients     []peerPlan
	randomize   bool
	failback    time.Duration
	spread      time.Duration
	subscribing time.Duration // the longest time that brokers take to subscribe
	duplicates  float64       // share of frames that come twice
	faults      []fault
	asks        []ask
	healed      time.Duration // when the last fault is over
}

const (
	faultsEnd = 90 * time.Second // when the last fault begins
	longCall  = 60 * time.Second // what no call exceeds where nothing goes wrong any more
	grace     = 10 * time.Second // what a daemon may take to end
)

// What may delay a session's way home: that it rests after a look at a broker that swallowed it, and waits for its calls to end.
const (
	rest      = 30 * time.Second
	lingering = 10 * time.Second
)

// heartBeats is when heart-beats of 10 s must have told of a silent broker.
const heartBeats = 17 * time.Second

func brokerName(i int) string { return "broker" + strconv.Itoa(i+1) }

// draw makes the schedule of a seed.
func draw(seed uint64) *schedule {
	s := &schedule{chance: chance(seed)}
	r := s.of("schedule")
	pick := func(d ...time.Duration) time.Duration { return d[r.IntN(len(d))] }
	s.brokers = 1 + r.IntN(3)
	s.randomize = r.IntN(6) == 0
	s.failback = pick(0, 10*time.Second, 30*time.Second)
	s.spread = pick(0, 300*time.Millisecond, 4*time.Second)
	s.subscribing = pick(time.Millisecond, 500*time.Millisecond, 5*time.Second)
	s.duplicates = []float64{0, 0.05, 0.3}[r.IntN(3)]
	everyBroker := r.IntN(3)
	peer := func(kind string, i int) peerPlan {
		all := everyBroker == 0 || everyBroker == 1 && r.IntN(2) == 0
		return peerPlan{kind + strconv.Itoa(i+1), all, between(r, heartBeats*2/3, heartBeats)}
	}
	for i := range 2 + r.IntN(4) {
		s.nodes = append(s.nodes, peer("node", i))
	}
	for i := range 1 + r.IntN(2) {
		s.clients = append(s.clients, peer("client", i))
	}
	for range 1 + r.IntN(7) {
		s.faults = append(s.faults, s.drawFault(r, faultsEnd))
	}
	s.faults = apart(s.faults)
	for _, f := range s.faults {
		s.healed = max(s.healed, f.until)
	}
	s.healed += grace // a node that is to be started again may still be ending
	for range 3 + r.IntN(6) {
		s.asks = append(s.asks, s.drawAsk(r, between(r, 0, faultsEnd+20*time.Second)))
	}
	// Once all is well, everybody is asked.
	for i := range s.clients {
		last := s.drawAsk(r, s.settled()+time.Duration(i)*30*time.Second+between(r, 0, time.Second))
		last.client, last.nodes, last.batch, last.giveUp, last.noAnswer = s.clients[i].name, nil, 0, 0, false
		s.asks = append(s.asks, last)
	}
	slices.SortFunc(s.asks, func(a, b ask) int { return int(a.at - b.at) })
	for i := range s.asks {
		s.asks[i].token = "ask" + strconv.Itoa(i+1)
	}
	return s
}

func (s *schedule) drawFault(r *rand.Rand, end time.Duration) fault {
	f := fault{at: between(r, 0, end), broker: r.IntN(s.brokers), peer: s.nodes[r.IntN(len(s.nodes))].name}
	f.until = f.at + between(r, 10*time.Millisecond, 40*time.Second)
	switch n := r.IntN(10); n {
	case 0, 1:
		f.what = kill
	case 2, 3:
		f.what = freeze
	case 4, 5:
		f.what = cutWay
		if way := r.IntN(3); way == 0 {
			f.in, f.out = true, true
		} else {
			f.in, f.out = way == 1, way == 2
		}
	case 6:
		f.what, f.until = hangUp, f.at
	case 7:
		f.what, f.share = loss, 0.02+r.Float64()*0.5
	case 8:
		f.what, f.delay = slowness, between(r, 100*time.Millisecond, 20*time.Second)
	default:
		f.what = []string{crash, restart}[r.IntN(2)]
	}
	if (f.what == cutWay || f.what == hangUp) && r.IntN(4) == 0 {
		f.peer = s.clients[r.IntN(len(s.clients))].name
	}
	return f
}

// apart drops faults that would end one another: of the same thing, at the same time.
func apart(all []fault) []fault {
	var kept []fault
	for _, f := range all {
		clash := slices.ContainsFunc(kept, func(k fault) bool {
			brokers := func(x fault) bool { return x.what == kill || x.what == freeze }
			nodes := func(x fault) bool { return x.what == crash || x.what == restart }
			same := brokers(f) && brokers(k) && f.broker == k.broker || nodes(f) && nodes(k) && f.peer == k.peer ||
				f.what == k.what && (f.weather() || f.what == cutWay && f.peer == k.peer && f.broker == k.broker)
			return same && f.during(k.at-grace-time.Second, k.until+grace+time.Second)
		})
		if !clash {
			kept = append(kept, f)
		}
	}
	slices.SortFunc(kept, func(a, b fault) int { return int(a.at - b.at) })
	return kept
}

func (s *schedule) drawAsk(r *rand.Rand, at time.Duration) ask {
	a := ask{at: at, client: s.clients[r.IntN(len(s.clients))].name}
	a.ttl = []time.Duration{3, 10, 60}[r.IntN(3)] * time.Second
	a.timeout = between(r, 2*time.Second, 10*time.Second)
	switch r.IntN(4) {
	case 0, 1:
	case 2:
		a.direct = true
	default:
		for _, n := range s.nodes {
			if r.IntN(3) > 0 {
				a.nodes = append(a.nodes, n.name)
			}
		}
		if r.IntN(3) == 0 {
			a.nodes = append(a.nodes, "nobody")
		}
		a.batch = r.IntN(3)
	}
	if r.IntN(8) == 0 {
		a.giveUp = between(r, 10*time.Millisecond, 8*time.Second)
	}
	a.noAnswer = r.IntN(12) == 0
	return a
}

// backAgain is the longest time from a moment on which all members of the pool are well until a session is Ready: an attempt at a
// member that was not well, the longest wait, the subscriptions, and once more, where what stood was lost.
func (s *schedule) backAgain() time.Duration {
	return 2*(5*time.Second+s.longestWait()+s.subscribing) + heartBeats + time.Second
}

// longestWait is the longest time between two attempts.
func (s *schedule) longestWait() time.Duration { return max(5*time.Second, 2*s.spread) }

// gathered is the longest time from then on until a session is back at the first member. It may be on its way to another one.
func (s *schedule) gathered() time.Duration {
	if s.failback == 0 || s.randomize {
		return 0
	}
	look := max(s.failback/3, 2*s.spread) * 6 / 5
	return rest + 2*(s.failback+3*look+3*s.spread+s.subscribing+lingering+5*time.Second)
}

// settled is when everybody must be where he belongs. Clients stay where they are while they ask.
func (s *schedule) settled() time.Duration {
	return max(s.healed, faultsEnd+20*time.Second+longCall) + s.backAgain() + s.gathered()
}

// work is how long a node takes for a request. A few take longer than anybody waits.
func (s *schedule) work(node, token string) time.Duration {
	r := s.of("work", node, token)
	if r.IntN(20) == 0 {
		return between(r, time.Second, 12*time.Second)
	}
	return between(r, time.Millisecond, 800*time.Millisecond)
}
