package drill

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco/failover"
)

// Times of a run.
const (
	baseline = 3 * time.Second        // for every node to be heard before the fault, at most
	listed   = 6 * time.Second        // for RabbitMQ's management to know of every connection: it collects them every 5 s
	beat     = 100 * time.Millisecond // between two looks at what was heard
	overrun  = 2                      // questions that are still asked when everything was measured, for the picture's sake
)

// run is one drill.
type run struct {
	Options
	rec  *record
	eyes []*eye
	ways map[string]*way // of the nodes that are on the broker, or may be

	mu    sync.Mutex // guards the fields below
	phase Phase
	fault time.Duration // moments; 0: not yet
	gone  time.Duration
	back  time.Duration
}

func (r *run) do(ctx context.Context) (*Result, error) {
	start := time.Now()
	r.rec = newRecord(start, len(r.Plan.Status.Nodes))
	r.prepare()
	watching, stop := context.WithCancel(context.WithoutCancel(ctx)) // what is being measured is measured to the end
	var eyes sync.WaitGroup
	for _, e := range r.eyes {
		eyes.Go(func() { e.watch(watching) })
	}
	defer eyes.Wait()
	defer stop()

	res := &Result{Time: start.UTC().Truncate(time.Millisecond), Broker: r.Plan.Broker, Fault: r.Fault.Entry().Fault, By: r.Fault.By(),
		Asked: seconds(r.rec.every), Wait: seconds(r.Wait), Bound: seconds(r.Bound)}
	for _, b := range r.Plan.Status.Brokers {
		res.Pool = append(res.Pool, b.Addr)
	}
	least := time.Duration(0)
	if res.Fault == Connections {
		least = listed
	}
	r.until(ctx, Listening, least, max(baseline, least), r.heard)
	if ctx.Err() != nil {
		return nil, ErrInterrupted
	}
	err := r.outage(ctx, res)
	if r.gone == 0 {
		return nil, err // there is nothing to tell
	}
	r.evaluate(res)
	return res, err
}

// prepare makes an eye for each broker, and a way for each node that the fault may touch.
func (r *run) prepare() {
	r.ways = map[string]*way{}
	var names []string
	for i := range r.Plan.Status.Nodes {
		n := &r.Plan.Status.Nodes[i]
		names = append(names, n.Identity)
		if w := newWay(r.Plan, n); w != nil {
			w.same = r.Fault.Entry().Fault == Connections
			r.ways[n.Identity] = w
		}
	}
	for i, m := range r.Look.Pool.Members {
		r.eyes = append(r.eyes, &eye{look: r.Look, member: m, name: fmt.Sprintf("%s-drill-%d", r.Look.Config.Identity, i+1), rec: r.rec, nodes: names, due: r.due})
	}
}

// outage takes the broker away, has the ways measured, gives it back, and has the ways back measured.
func (r *run) outage(ctx context.Context, res *Result) error {
	target := r.eyes[r.Plan.Number-1]
	o := outage{r.Fault, r.Journal, func(ctx context.Context) error { return Await(ctx, r.Look, target.member) }}
	mark := func(m **float64) time.Duration {
		now := r.rec.now()
		*m = new(seconds(now))
		return now
	}
	if err := o.plan(); err != nil {
		return err
	}
	r.Progress(Progress{Phase: Taking, Broker: r.Plan.Broker})
	r.set(&r.fault, mark(&res.Marks.Fault))
	err := o.take(ctx)
	if err != nil && ctx.Err() == nil {
		res.Trouble = inPublic(err)
	} else if err == nil {
		r.takenAway(res)
		r.until(ctx, Away, r.Hold, max(r.Wait, r.Hold), func() (int, int) { return r.count((*way).arrived) })
	}
	res.Interrupted = ctx.Err() != nil

	mark(&res.Marks.Restore)
	r.Progress(Progress{Phase: Restoring, Broker: r.Plan.Broker})
	left := o.give(context.WithoutCancel(ctx))
	if left != nil {
		mark(&res.Marks.End)
		if res.Interrupted {
			left = errors.Join(ErrInterrupted, left)
		}
		return errors.Join(err, left)
	}
	res.Restored = true
	now := mark(&res.Marks.Restored)
	if res.Fault == Connections && r.gone > 0 {
		now = r.gone // it was never away
		res.Marks.Restored = new(seconds(now))
	}
	r.set(&r.back, now)
	target.renew()
	if err == nil && !res.Interrupted {
		wait := r.Back
		if wait <= 0 {
			wait = r.Plan.homeOf() + patience
		}
		r.until(ctx, Returning, 0, wait, func() (int, int) { return r.count((*way).home) })
		failover.Pause(ctx, overrun*r.rec.every)
	}
	mark(&res.Marks.End)
	if ctx.Err() != nil {
		res.Interrupted = true
		return ErrInterrupted
	}
	return err
}

// takenAway settles when the broker was gone: when our own session with it was lost, or when what takes it away had ended without that.
// Connections that are closed one after another are gone with the first.
func (r *run) takenAway(res *Result) {
	now := r.rec.now()
	failover.Pause(context.Background(), beat) // the end of our own session may be on its way to us
	r.rec.mu.Lock()
	down, closed := r.rec.down[r.Plan.Broker]
	r.rec.mu.Unlock()
	closed = closed && down >= r.fault
	res.Closed = closed
	gone := now
	switch {
	case res.Fault == Connections:
		gone, res.Closed = r.fault, true
	case closed:
		gone = min(now, down)
	}
	r.set(&r.gone, gone)
	res.Marks.Gone = new(seconds(gone))
}

func (r *run) set(moment *time.Duration, to time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*moment = to
}

// until waits until everybody of a count is done, for so long at least and at most.
func (r *run) until(ctx context.Context, phase Phase, least, limit time.Duration, count func() (done, of int)) {
	r.mu.Lock()
	r.phase = phase
	r.mu.Unlock()
	r.rec.mu.Lock()
	clear(r.rec.asked)
	r.rec.mu.Unlock()
	begin := time.Now()
	for ctx.Err() == nil {
		done, of := count()
		elapsed := time.Since(begin)
		r.Progress(Progress{phase, r.Plan.Broker, elapsed, done, of})
		if done >= of && elapsed >= least || elapsed >= limit {
			return
		}
		failover.Pause(ctx, beat)
	}
}

// heard counts the nodes that were heard over the broker.
func (r *run) heard() (done, of int) {
	r.rec.mu.Lock()
	defer r.rec.mu.Unlock()
	for name := range r.ways {
		of++
		if len(r.rec.answers[name][r.Plan.Broker]) > 1 {
			done++
		}
	}
	return done, of
}

// count follows the ways with what was heard until now, and counts those of which something is true.
func (r *run) count(is func(*way) bool) (done, of int) {
	r.mu.Lock()
	m := moments{r.fault, r.gone, r.back}
	r.mu.Unlock()
	r.rec.mu.Lock()
	defer r.rec.mu.Unlock()
	for name, w := range r.ways {
		w.follow(r.rec, name, m)
		of++
		if is(w) {
			done++
		}
	}
	return done, of
}
