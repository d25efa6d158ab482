package connector

import (
	"math"
	"time"
)

// Numbers of the back-off that no setting changes.
const (
	// firstRound is the wait between members while some of the pool were not tried yet: at most the original's first delay.
	firstRound = 10 * time.Millisecond
	// jitterBase is the least wait once every member of the pool failed.
	jitterBase = 500 * time.Millisecond
	// jitterCap is the longest wait where the spread is short.
	jitterCap = 5 * time.Second
	// StableAfter is how long a session must be Ready before its earlier failures are forgotten. The original never forgets them.
	StableAfter = 60 * time.Second
	// holeRest is the least time between looks at a member that neither takes nor refuses a connection, each of which costs the dial's
	// whole time.
	holeRest = 30 * time.Second
	// patience is how long a member may take to refuse before it counts as one.
	patience = time.Second
	// homeSpread is how many spreads a fleet takes to go home. Nobody waits for it, and a broker that is rushed keeps each node deaf for
	// seconds between its goodbye elsewhere and its subscriptions here.
	homeSpread = 3
	// lingerTime is how long a session that could move to an earlier member waits, with a link to either, for its calls to end, and
	// lingerStep how often it looks whether they have.
	lingerTime = 10 * time.Second
	lingerStep = 250 * time.Millisecond
	// flapping is how long a session must at least be Ready so that its loss is not counted as a failed attempt.
	flapping = time.Second
)

// BackOff says how long to wait after a failed attempt. The zero value is ours: short waits until every member of the pool was
// tried once, then decorrelated jitter. With Series it is the original's, whose delays are then the longest that is waited.
type BackOff struct {
	Series     bool          // the cfg file sets one of the delay keys
	Constant   bool          // use_exponential_back_off = false: always Initial
	Initial    time.Duration // initial_reconnect_delay
	Multiplier int           // back_off_multiplier
	Max        time.Duration // max_reconnect_delay
}

// Nominal returns the n-th delay (from 0) of the original's series: Initial, then each Multiplier times the one before, but no more
// than Max. The first one is not bounded by Max.
func (b BackOff) Nominal(n int) time.Duration {
	d := max(b.Initial, 0)
	for ; n > 0 && !b.Constant; n-- {
		next := float64(d) * float64(b.Multiplier)
		if next >= float64(b.Max) || next > math.MaxInt64/2 {
			return max(b.Max, 0) // it stays there
		}
		if d = max(time.Duration(next), 0); d == 0 {
			break
		}
	}
	return d
}

// wait returns the wait after a failure. failures counts the failed attempts since the session was last stable, from 0; previous is
// the wait that jitter returned before, 0 at first; tried says that every member of the pool failed since the last session. spread
// is the fleet's. random is in [0, 1).
func (b BackOff) wait(failures int, previous time.Duration, tried bool, spread time.Duration, random float64) time.Duration {
	if b.Series {
		nominal := max(b.Nominal(failures), firstRound)
		return nominal/2 + scale(nominal/2, random)
	}
	if !tried {
		return scale(firstRound, random)
	}
	top := max(jitterCap, 2*spread)
	high := min(max(3*previous, jitterBase), top)
	return min(jitterBase+scale(high-jitterBase, random), top)
}

// scale returns random x d.
func scale(d time.Duration, random float64) time.Duration { return time.Duration(float64(d) * random) }
