package connector

import (
	"fmt"
	"time"
)

// Pool says how a session chooses among the members of a pool (which are numbered from 0) and when it tries again.
type Pool struct {
	Randomize   bool          // randomize: each change goes to any other member; else to the next one, the first follows the last
	MaxAttempts int           // max_reconnect_attempts: 0 is for ever, N gives N+1 failed attempts in a row
	BackOff     BackOff       //
	Spread      time.Duration // plugin.mco.pool.reconnect_spread: a lost session waits uniformly in [0, Spread]
	Failback    time.Duration // plugin.mco.pool.failback: how long an earlier member must answer before the session returns; 0: never
}

// stand is where a session of a pool stands. It is a value: [Pool.step] returns the next one.
type stand struct {
	State  State
	Member int       // the current one
	Since  time.Time // of State
	Epoch  int       // grows when the work that is under way loses its meaning

	Attempts int           // failed in a row, for MaxAttempts and logs
	Tried    int           // members tried since the last session, the lost one included
	Failures int           // failed since the session was last stable: the index into the original's series
	Wait     time.Duration // the last jittered wait

	Candidate int       // the earlier member that answers, -1: none
	Good      time.Time // since when it does
	Reached   time.Time // since when a second link, to it, stands; zero: none does
}

// what happened.
type eventKind uint8

const (
	began   eventKind = iota // the session begins
	opened                   // a link to the member stands
	proven                   // all subscriptions are finished at the broker
	failed                   // the attempt, or the subscribing, failed
	lost                     // the link broke
	probed                   // the earlier members were asked for life: event.member answers, or -1
	reached                  // a second link, to event.member, stands: the session may move
	missed                   // that link could not be had, or broke
	closing                  // the owner ends the session
)

// event is what happened, and when. What belongs to an earlier epoch must not come here.
type event struct {
	kind   eventKind
	now    time.Time
	member int
	busy   bool // reached: a call is running, the session must not move now
	hole   bool // probed: a member neither took nor refused the attempt
	err    error
}

// what to do next.
type actionKind uint8

const (
	open      actionKind = iota // connect to member, after a wait
	subscribe                   // make all subscriptions on the link and prove them
	probe                       // ask the members before this one, after a wait
	reach                       // open a second link, to member, after a wait
	linger                      // come back with the second link after a wait
	change                      // leave the old link for the second one, and subscribe there
	forget                      // close the second link
	hangUp                      // close the link, which broke or is of no use
	exhaust                     // the attempts are used up
	leave                       // end the link in good order
)

type action struct {
	kind   actionKind
	member int
	after  time.Duration
}

// step is the state machine of failover: what becomes of a session of a pool of n members when e happens, and what its owner has to
// do. random returns numbers in [0, 1).
func (p Pool) step(s stand, e event, n int, random func() float64) (stand, []action) {
	if s.State == Closed || s.State == Draining {
		return s, nil
	}
	switch e.kind {
	case began:
		s = s.enter(Connecting, e.now)
		if s.Member = 0; p.Randomize {
			s.Member = pick(n, random)
		}
		return s, []action{{kind: open, member: s.Member}}

	case opened:
		return s.enter(Subscribing, e.now), []action{{kind: subscribe}}

	case proven:
		s = s.enter(Ready, e.now)
		s.Attempts, s.Tried, s.Candidate = 0, 0, -1
		return s, p.look(s, false, random)

	case failed:
		return p.fail(s, e.now, n, random, 0)

	case lost:
		if s.State != Ready {
			return p.fail(s, e.now, n, random, 0)
		}
		lasted := e.now.Sub(s.Since)
		if lasted >= StableAfter {
			s.Failures, s.Wait = 0, 0
		}
		s.Tried = 1
		spread := scale(p.Spread, random())
		if lasted < flapping {
			// A broker that takes us and throws us out at once must not be hammered.
			return p.fail(s, e.now, n, random, spread)
		}
		s = p.next(s, e.now, n, random)
		return s, []action{{kind: hangUp}, {kind: open, member: s.Member, after: spread}}

	case probed:
		return p.judge(s, e, random)

	case missed:
		s.Candidate, s.Reached = -1, time.Time{}
		return s, p.look(s, false, random)

	case reached:
		return p.arrive(s, e, random)

	case closing:
		s = s.enter(Draining, e.now)
		s.Epoch++
		return s, []action{{kind: leave}}
	}
	panic(fmt.Sprintf("connector: event %d is unknown", e.kind))
}

func (s stand) enter(state State, now time.Time) stand {
	s.State, s.Since, s.Reached = state, now, time.Time{}
	return s
}

// fail goes on to the next member after an attempt that failed, and waits at least least.
func (p Pool) fail(s stand, now time.Time, n int, random func() float64, least time.Duration) (stand, []action) {
	var todo []action
	if s.State != Connecting {
		todo = append(todo, action{kind: hangUp})
	}
	s.Attempts++
	s.Tried++
	if p.MaxAttempts > 0 && s.Attempts > p.MaxAttempts {
		s = s.enter(Closed, now)
		s.Epoch++
		return s, append(todo, action{kind: exhaust})
	}
	after := p.BackOff.wait(s.Failures, s.Wait, s.Tried >= n, p.Spread, random())
	if s.Tried >= n {
		s.Wait = after
	}
	s.Failures++
	s = p.next(s, now, n, random)
	return s, append(todo, action{kind: open, member: s.Member, after: max(after, least)})
}

// next chooses the next member.
func (p Pool) next(s stand, now time.Time, n int, random func() float64) stand {
	s = s.enter(Connecting, now)
	s.Epoch++
	switch {
	case n == 1:
	case p.Randomize:
		// Any other one: the original may draw the dead one again.
		s.Member = (s.Member + 1 + pick(n-1, random)) % n
	default:
		s.Member = (s.Member + 1) % n
	}
	return s
}

func pick(n int, random func() float64) int { return min(int(random()*float64(n)), n-1) }

// look plans the next look at the earlier members, where the session is to go back to one. Looks are so far apart that three fit
// into the time that the member must answer; a fleet with a long spread has a slow broker, which is asked less often, and so is one that
// swallowed the last attempt.
func (p Pool) look(s stand, hole bool, random func() float64) []action {
	if p.Failback <= 0 || p.Randomize || s.Member == 0 || s.State != Ready {
		return nil
	}
	after := p.between()*4/5 + scale(p.between()*2/5, random())
	if hole {
		after = max(after, holeRest)
	}
	return []action{{kind: probe, member: s.Member, after: after}}
}

// between is the mean time between two looks.
func (p Pool) between() time.Duration { return max(p.Failback/3, 2*p.Spread) }

// home is how long after an earlier member is there again the session is back on it at most; 0 where it does not return. A look comes too
// early, another finds that the member has answered for long enough, and both may be late by a fifth.
func (p Pool) home() time.Duration {
	if p.Failback <= 0 || p.Randomize {
		return 0
	}
	return 2*p.between()*6/5 + p.Failback + homeSpread*p.Spread + lingerTime
}

// judge decides after a look whether the session may go back.
func (p Pool) judge(s stand, e event, random func() float64) (stand, []action) {
	if s.State != Ready {
		return s, nil
	}
	switch {
	case e.member < 0:
		s.Candidate = -1
	case e.member != s.Candidate:
		s.Candidate, s.Good = e.member, e.now
	case e.now.Sub(s.Good) >= p.Failback:
		return s, []action{{kind: reach, member: s.Candidate, after: scale(homeSpread*p.Spread, random())}}
	}
	return s, p.look(s, e.hole, random)
}

// arrive moves the session over to the second link, or waits with it for a while until no call runs.
func (p Pool) arrive(s stand, e event, random func() float64) (stand, []action) {
	if s.Reached.IsZero() {
		s.Reached = e.now
	}
	switch {
	case !e.busy:
		s = s.enter(Subscribing, e.now)
		s.Member = e.member
		s.Epoch++
		return s, []action{{kind: change}}
	case e.now.Sub(s.Reached) < lingerTime:
		return s, []action{{kind: linger, after: lingerStep}}
	}
	s.Reached = time.Time{}
	return s, append([]action{{kind: forget}}, p.look(s, false, random)...)
}
