package connector

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// at is a moment of the tables' time.
func at(d time.Duration) time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(d) }

func TestStep(t *testing.T) {
	const n = 3
	half := func() float64 { return 0.5 }
	refused := errors.New("refused")
	ready := stand{State: Ready, Member: 0, Since: at(0), Epoch: 4, Candidate: -1}
	second := ready
	second.Member = 1
	plain := Pool{Spread: 2 * time.Second}
	home := Pool{Spread: 2 * time.Second, Failback: 60 * time.Second}
	random := Pool{Randomize: true}
	with := func(s stand, f func(*stand)) stand { f(&s); return s }

	tests := []struct {
		name string
		pool Pool
		from stand
		ev   event
		to   stand
		todo []action
	}{
		{"begin with the first", plain, stand{Candidate: -1}, event{kind: began, now: at(0)},
			stand{Since: at(0), Candidate: -1}, []action{{kind: open}}},
		{"begin with any", random, stand{Candidate: -1}, event{kind: began, now: at(0)},
			stand{Since: at(0), Member: 1, Candidate: -1}, []action{{kind: open, member: 1}}},
		{"opened", plain, stand{Member: 1, Candidate: -1, Attempts: 1, Tried: 1, Failures: 1}, event{kind: opened, now: at(0)},
			stand{State: Subscribing, Since: at(0), Member: 1, Candidate: -1, Attempts: 1, Tried: 1, Failures: 1}, []action{{kind: subscribe}}},
		{"proven forgets attempts, not failures", plain, stand{State: Subscribing, Member: 1, Epoch: 4, Attempts: 4, Tried: 4, Failures: 4, Wait: time.Second}, event{kind: proven, now: at(0)},
			with(second, func(s *stand) { s.Failures, s.Wait = 4, time.Second }), nil},
		{"first failure: the next member soon", plain, stand{Candidate: -1}, event{kind: failed, now: at(0), err: refused},
			stand{Since: at(0), Member: 1, Epoch: 1, Attempts: 1, Tried: 1, Failures: 1, Candidate: -1}, []action{{kind: open, member: 1, after: 5 * time.Millisecond}}},
		{"a whole round failed: jitter", plain, stand{Member: 2, Epoch: 2, Attempts: 2, Tried: 2, Failures: 2, Candidate: -1}, event{kind: failed, now: at(0), err: refused},
			stand{Since: at(0), Member: 0, Epoch: 3, Attempts: 3, Tried: 3, Failures: 3, Wait: 500 * time.Millisecond, Candidate: -1}, []action{{kind: open, member: 0, after: 500 * time.Millisecond}}},
		{"jitter grows from the last wait", plain, stand{Member: 0, Tried: 3, Attempts: 3, Failures: 3, Wait: time.Second, Candidate: -1}, event{kind: failed, now: at(0), err: refused},
			stand{Since: at(0), Member: 1, Epoch: 1, Attempts: 4, Tried: 4, Failures: 4, Wait: 1750 * time.Millisecond, Candidate: -1}, []action{{kind: open, member: 1, after: 1750 * time.Millisecond}}},
		{"the original's series waits after every failure", Pool{BackOff: BackOff{Series: true, Initial: time.Second, Multiplier: 2, Max: 30 * time.Second}}, stand{Failures: 1, Tried: 1, Attempts: 1, Candidate: -1}, event{kind: failed, now: at(0), err: refused},
			stand{Since: at(0), Member: 1, Epoch: 1, Attempts: 2, Tried: 2, Failures: 2, Candidate: -1}, []action{{kind: open, member: 1, after: 1500 * time.Millisecond}}},
		{"subscriptions refused: hang up, next", plain, stand{State: Subscribing, Candidate: -1}, event{kind: failed, now: at(0), err: refused},
			stand{Since: at(0), Member: 1, Epoch: 1, Attempts: 1, Tried: 1, Failures: 1, Candidate: -1}, []action{{kind: hangUp}, {kind: open, member: 1, after: 5 * time.Millisecond}}},
		{"lost: the next member within the spread", plain, ready, event{kind: lost, now: at(30 * time.Second), err: refused},
			stand{Since: at(30 * time.Second), Member: 1, Epoch: 5, Tried: 1, Candidate: -1}, []action{{kind: hangUp}, {kind: open, member: 1, after: time.Second}}},
		{"lost while stable: failures are forgotten", plain, with(ready, func(s *stand) { s.Failures, s.Wait = 7, time.Second }), event{kind: lost, now: at(60 * time.Second), err: refused},
			stand{Since: at(60 * time.Second), Member: 1, Epoch: 5, Tried: 1, Candidate: -1}, []action{{kind: hangUp}, {kind: open, member: 1, after: time.Second}}},
		{"lost before that: they are not", plain, with(ready, func(s *stand) { s.Failures, s.Wait = 7, time.Second }), event{kind: lost, now: at(59 * time.Second), err: refused},
			stand{Since: at(59 * time.Second), Member: 1, Epoch: 5, Tried: 1, Failures: 7, Wait: time.Second, Candidate: -1}, []action{{kind: hangUp}, {kind: open, member: 1, after: time.Second}}},
		{"thrown out at once: counts as failed", Pool{}, with(ready, func(s *stand) { s.Failures = 5 }), event{kind: lost, now: at(time.Millisecond), err: refused},
			stand{Since: at(time.Millisecond), Member: 1, Epoch: 5, Attempts: 1, Tried: 2, Failures: 6, Candidate: -1}, []action{{kind: hangUp}, {kind: open, member: 1, after: 5 * time.Millisecond}}},
		{"the last is followed by the first", plain, with(ready, func(s *stand) { s.Member = 2 }), event{kind: lost, now: at(time.Minute), err: refused},
			stand{Since: at(time.Minute), Member: 0, Epoch: 5, Tried: 1, Candidate: -1}, []action{{kind: hangUp}, {kind: open, after: time.Second}}},
		{"randomize never draws the one that failed", random, with(ready, func(s *stand) { s.Member = 2 }), event{kind: lost, now: at(time.Minute), err: refused},
			stand{Since: at(time.Minute), Member: 1, Epoch: 5, Tried: 1, Candidate: -1}, []action{{kind: hangUp}, {kind: open, member: 1}}},
		{"attempts used up", Pool{MaxAttempts: 4}, stand{Attempts: 4, Tried: 4, Candidate: -1}, event{kind: failed, now: at(0), err: refused},
			stand{State: Closed, Since: at(0), Epoch: 1, Attempts: 5, Tried: 5, Candidate: -1}, []action{{kind: exhaust}}},
		{"one more is allowed", Pool{MaxAttempts: 4}, stand{Attempts: 3, Tried: 3, Candidate: -1}, event{kind: failed, now: at(0), err: refused},
			stand{Since: at(0), Member: 1, Epoch: 1, Attempts: 4, Tried: 4, Failures: 1, Wait: 500 * time.Millisecond, Candidate: -1}, []action{{kind: open, member: 1, after: 500 * time.Millisecond}}},

		{"ready at the second: look back", home, stand{State: Subscribing, Member: 1, Epoch: 4}, event{kind: proven, now: at(0)}, second, []action{{kind: probe, member: 1, after: 20 * time.Second}}},
		{"ready at the first: nothing to look for", home, stand{State: Subscribing, Epoch: 4}, event{kind: proven, now: at(0)}, ready, nil},
		{"randomize has no preference", Pool{Failback: time.Second, Randomize: true}, stand{State: Subscribing, Member: 1, Epoch: 4}, event{kind: proven, now: at(0)}, second, nil},
		{"nobody answers", home, with(second, func(s *stand) { s.Candidate, s.Good = 0, at(0) }), event{kind: probed, now: at(90 * time.Second), member: -1},
			with(second, func(s *stand) { s.Good = at(0) }), []action{{kind: probe, member: 1, after: 20 * time.Second}}},
		{"nobody answers, and one does not even refuse", home, with(second, func(s *stand) { s.Candidate, s.Good = 0, at(0) }), event{kind: probed, now: at(90 * time.Second), member: -1, hole: true},
			with(second, func(s *stand) { s.Good = at(0) }), []action{{kind: probe, member: 1, after: holeRest}}},
		{"one answers for the first time", home, second, event{kind: probed, now: at(20 * time.Second), member: 0},
			with(second, func(s *stand) { s.Candidate, s.Good = 0, at(20*time.Second) }), []action{{kind: probe, member: 1, after: 20 * time.Second}}},
		{"not for long enough", home, with(second, func(s *stand) { s.Candidate, s.Good = 0, at(20*time.Second) }), event{kind: probed, now: at(79 * time.Second), member: 0},
			with(second, func(s *stand) { s.Candidate, s.Good = 0, at(20*time.Second) }), []action{{kind: probe, member: 1, after: 20 * time.Second}}},
		{"long enough: go back within three spreads", home, with(second, func(s *stand) { s.Candidate, s.Good = 0, at(20*time.Second) }), event{kind: probed, now: at(80 * time.Second), member: 0},
			with(second, func(s *stand) { s.Candidate, s.Good = 0, at(20*time.Second) }), []action{{kind: reach, member: 0, after: 3 * time.Second}}},
		{"reached, but a call runs: wait for its end", home, with(second, func(s *stand) { s.Candidate, s.Good = 0, at(20*time.Second) }), event{kind: reached, now: at(81 * time.Second), member: 0, busy: true},
			with(second, func(s *stand) { s.Candidate, s.Good, s.Reached = 0, at(20*time.Second), at(81*time.Second) }), []action{{kind: linger, after: lingerStep}}},
		{"it still runs", home, with(second, func(s *stand) { s.Candidate, s.Good, s.Reached = 0, at(20*time.Second), at(81*time.Second) }), event{kind: reached, now: at(90 * time.Second), member: 0, busy: true},
			with(second, func(s *stand) { s.Candidate, s.Good, s.Reached = 0, at(20*time.Second), at(81*time.Second) }), []action{{kind: linger, after: lingerStep}}},
		{"it runs for too long", home, with(second, func(s *stand) { s.Candidate, s.Good, s.Reached = 0, at(20*time.Second), at(81*time.Second) }), event{kind: reached, now: at(91 * time.Second), member: 0, busy: true},
			with(second, func(s *stand) { s.Candidate, s.Good = 0, at(20*time.Second) }), []action{{kind: forget}, {kind: probe, member: 1, after: 20 * time.Second}}},
		{"its end: move", home, with(second, func(s *stand) { s.Candidate, s.Good, s.Reached = 0, at(20*time.Second), at(81*time.Second) }), event{kind: reached, now: at(82 * time.Second), member: 0},
			stand{State: Subscribing, Since: at(82 * time.Second), Epoch: 5, Candidate: 0, Good: at(20 * time.Second)}, []action{{kind: change}}},
		{"the second link broke while it waited", home, with(second, func(s *stand) { s.Candidate, s.Good, s.Reached = 0, at(20*time.Second), at(81*time.Second) }), event{kind: missed, now: at(82 * time.Second), member: 0, err: refused},
			with(second, func(s *stand) { s.Good = at(20 * time.Second) }), []action{{kind: probe, member: 1, after: 20 * time.Second}}},
		{"reached: move", home, with(second, func(s *stand) { s.Candidate, s.Good = 0, at(20*time.Second) }), event{kind: reached, now: at(81 * time.Second), member: 0},
			stand{State: Subscribing, Since: at(81 * time.Second), Epoch: 5, Candidate: 0, Good: at(20 * time.Second)}, []action{{kind: change}}},
		{"could not be reached: stay", home, with(second, func(s *stand) { s.Candidate, s.Good = 0, at(20*time.Second) }), event{kind: missed, now: at(81 * time.Second), member: 0, err: refused},
			with(second, func(s *stand) { s.Good = at(20 * time.Second) }), []action{{kind: probe, member: 1, after: 20 * time.Second}}},

		{"closing", plain, ready, event{kind: closing, now: at(time.Minute)}, with(ready, func(s *stand) { s.State, s.Since, s.Epoch = Draining, at(time.Minute), 5 }), []action{{kind: leave}}},
		{"closed hears nothing", plain, stand{State: Closed}, event{kind: lost, now: at(0)}, stand{State: Closed}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, todo := test.pool.step(test.from, test.ev, n, half)
			if diff := cmp.Diff(test.to, got); diff != "" {
				t.Errorf("stand, - want + got:\n%s", diff)
			}
			if diff := cmp.Diff(test.todo, todo, cmp.AllowUnexported(action{})); diff != "" {
				t.Errorf("actions, - want + got:\n%s", diff)
			}
		})
	}
}

// Whoever waits for a fleet to come home waits for as long as its sessions say: that must be enough, and not much more than it takes.
func TestHome(t *testing.T) {
	if got := (Pool{Failback: time.Minute, Randomize: true}).home() + (Pool{Spread: time.Second}).home(); got != 0 {
		t.Errorf("sessions that do not return are home after %s", got)
	}
	for _, p := range []Pool{
		{Failback: 5 * time.Second, Spread: 300 * time.Millisecond},
		{Failback: 60 * time.Second, Spread: 2 * time.Second},
		{Failback: 60 * time.Second, Spread: 25 * time.Second},
		{Failback: time.Second, Spread: 25 * time.Second},
	} {
		dice := rand.New(rand.NewPCG(1, 2))
		var longest time.Duration
		for range 5000 {
			s := stand{State: Ready, Member: 1, Since: at(0), Candidate: -1}
			next := p.look(s, false, dice.Float64)[0]
			back := scale(next.after, dice.Float64()) // the member is there again at some moment before the next look
			now := time.Duration(0)
			for next.kind == probe {
				now += next.after
				var todo []action
				s, todo = p.step(s, event{kind: probed, now: at(now)}, 2, dice.Float64)
				next = todo[0]
			}
			s, todo := p.step(s, event{kind: reached, now: at(now + next.after), busy: true}, 2, dice.Float64)
			for now += next.after; todo[0].kind == linger; {
				now += todo[0].after
				s, todo = p.step(s, event{kind: reached, now: at(now), busy: now-s.Reached.Sub(at(0)) < lingerTime-2*lingerStep}, 2, dice.Float64)
			}
			if todo[0].kind != change {
				t.Fatalf("%+v: it does not move: %v", p, todo)
			}
			longest = max(longest, now-back)
		}
		if h := p.home(); longest > h || longest < h*8/10 {
			t.Errorf("%+v: home after %s at most, it says %s", p, longest, h)
		}
	}
}
