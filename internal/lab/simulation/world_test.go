package simulation

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/internal/lab/history"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/loopback"
)

// defences are what keeps promises; a run can be made without one of them, to see whether the checker notices.
type defences struct {
	heartBeats bool // links on which nothing passes are given up
	receipts   bool // Ready is what a receipt behind the subscriptions has proven
	memory     bool // nodes know requests again
}

var allDefences = defences{true, true, true}

// world is one run.
type world struct {
	*schedule
	defences
	*record
	bus     *loopback.Bus
	nodes   map[string]*node
	clients map[string]*client

	mu      sync.Mutex // guards the field below
	weather []fault    // that is now
}

// run lets everything happen that a schedule says and returns the history.
func run(t *testing.T, s *schedule, d defences) *record {
	h := &record{}
	synctest.Test(t, func(t *testing.T) {
		h.begin = time.Now()
		w := &world{schedule: s, defences: d, record: h, nodes: map[string]*node{}, clients: map[string]*client{}}
		var names []string
		for i := range s.brokers {
			names = append(names, brokerName(i))
		}
		w.bus = loopback.NewBus(names...)
		w.bus.SetCourse(w.course)
		w.bus.SetSubscribing(func(peer string) time.Duration {
			return between(s.of("subscribing", peer, h.now().String()), 0, s.subscribing)
		})
		for _, p := range s.nodes {
			w.nodes[p.name] = newNode(w, p)
		}
		for _, p := range s.clients {
			w.clients[p.name] = newClient(t, w, p)
		}
		w.play(t.Context())
		for _, c := range w.clients {
			c.close()
		}
		var ends sync.WaitGroup
		for _, n := range w.nodes {
			ends.Go(func() { n.halt(false) })
		}
		ends.Wait()
		for i := range s.brokers {
			if n := w.bus.Links(i); n > 0 {
				h.left = append(h.left, fmt.Sprintf("%d links at %s", n, brokerName(i)))
			}
		}
	})
	h.order()
	return h
}

// moment is something that is to be done.
type moment struct {
	at time.Duration
	do func()
}

// play does everything in its time and returns when all is over.
func (w *world) play(ctx context.Context) {
	var todo []moment
	var under sync.WaitGroup
	for _, p := range w.schedule.nodes {
		n := w.nodes[p.name]
		todo = append(todo, moment{between(w.of("start", p.name), 0, time.Second), n.start})
	}
	for _, f := range w.faults {
		todo = append(todo, moment{f.at, func() { w.begin(f, &under) }}, moment{f.until, func() { w.heal(f, &under) }})
	}
	for _, a := range w.asks {
		todo = append(todo, moment{a.at, func() { under.Go(func() { w.clients[a.client].call(ctx, a) }) }})
	}
	slices.SortStableFunc(todo, func(a, b moment) int { return int(a.at - b.at) })
	for _, m := range todo {
		time.Sleep(m.at - w.now())
		m.do()
	}
	under.Wait()
}

// begin makes a fault.
func (w *world) begin(f fault, under *sync.WaitGroup) {
	switch f.what {
	case kill:
		w.bus.Kill(f.broker)
	case freeze:
		w.bus.Freeze(f.broker)
	case cutWay:
		w.bus.Cut(f.peer, f.broker, f.in, f.out)
	case hangUp:
		w.bus.Disconnect(f.peer)
	case crash, restart:
		under.Go(func() { w.nodes[f.peer].halt(f.what == crash) })
	default:
		w.mu.Lock()
		w.weather = append(w.weather, f)
		w.mu.Unlock()
	}
}

// heal ends a fault.
func (w *world) heal(f fault, under *sync.WaitGroup) {
	switch f.what {
	case kill, freeze:
		w.bus.Restore(f.broker)
	case cutWay:
		w.bus.Cut(f.peer, f.broker, false, false)
	case hangUp:
	case crash, restart:
		under.Go(w.nodes[f.peer].start)
	default:
		w.mu.Lock()
		w.weather = slices.DeleteFunc(w.weather, func(x fault) bool { return x == f })
		w.mu.Unlock()
	}
}

// course says when each copy of a frame arrives.
func (w *world) course(f loopback.Frame) []time.Duration {
	r := w.of("frame", strconv.Itoa(int(f.Kind)), f.From, f.To, f.Broker, strconv.Itoa(f.Number))
	late := between(r, 100*time.Microsecond, 2*time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, x := range w.weather {
		switch {
		case x.what == loss && r.Float64() < x.share:
			return nil
		case x.what == slowness:
			late += between(r, 0, x.delay)
		}
	}
	copies := []time.Duration{late}
	if r.Float64() < w.duplicates {
		copies = append(copies, late+between(r, time.Microsecond, time.Duration(1+r.IntN(70))*time.Second))
	}
	return copies
}

// session makes the connector of a peer. The returned switch makes it unable to connect, as a dead process is.
func (w *world) session(p peerPlan, requests bool, busy func() bool, deliver func(connector.Message), generation int) (surveyor, *transport) {
	o := loopback.Options{Identity: p.name}
	if w.heartBeats {
		o.Silence = p.silence
	}
	tr := &transport{Transport: w.bus.Transport(o), w: w, peer: p.name, watch: deliver, generation: generation}
	so := connector.SessionOptions{
		Transport: tr, Requests: requests, Busy: busy,
		Pool: connector.Pool{Randomize: w.randomize, Spread: w.spread, Failback: w.failback},
		// A number for each moment: sessions that ask at the same moment do not depend on each other's order.
		Random: func() float64 { return w.of("session", p.name, w.now().String()).Float64() },
	}
	if p.all {
		return connector.NewGroup(so), tr
	}
	return connector.NewSession(so), tr
}

// surveyor is a connector that tells where it stands.
type surveyor interface {
	connector.Connector
	Survey() connector.Survey
}

// follow writes down where a peer stands, whenever that changes, until ctx ends. What changed in the moment of the end is written down
// too: which of the two a select would take is chance, and a seed repeats its run.
func (w *world) follow(ctx context.Context, peer string, c surveyor, subs ...connector.Subscription) {
	for ended := false; !ended; {
		select {
		case <-c.Changes():
		case <-ctx.Done():
			ended = true
			select {
			case <-c.Changes():
			default:
				return
			}
		}
		e := history.Event{Who: peer, What: history.Stands, Broker: -1}
		for _, place := range c.Survey().Sessions {
			if place.State != connector.Ready {
				continue
			}
			i := brokerNumber(place.Broker)
			e.BrokersUp = append(e.BrokersUp, i)
			linked, all := w.bus.Hears(peer, i, subs...)
			if linked && !all && slices.Contains(c.Survey().Sessions, place) { // not one that was lost just now
				w.add(history.Event{Who: peer, What: history.Early, Broker: i})
			}
		}
		w.add(e)
	}
}

func brokerNumber(name string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(name, "broker"))
	return n - 1
}
