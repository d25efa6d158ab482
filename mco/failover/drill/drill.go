// Package drill rehearses the loss of a broker: it takes one away, measures how long each node needs to come to another one and back,
// and gives the broker back ([Run]).
//
// What was taken away is given back, whatever happens: a journal is on disk before the fault ([Journal]), so that a run that was
// interrupted gives back before it ends, and one that was killed is made good by the next ([Restore]). Nodes get questions and no
// more: every node is asked over every broker, in a rhythm, who is there, the original's too; those of ours then tell to the
// millisecond since when they stand where they stand (agent bus).
//
// The package prints nothing and asks nobody: that is cli/failover's. Pages are mco/failover/report's.
//
// Source of the facts: the original's lib/mcollective/connector/rabbitmq.rb (a node moves along its pool and never returns by itself).
package drill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mco-go/mco-go/mco/failover"
)

// Defaults of [Options].
const (
	DefaultWait = 60 * time.Second
	// patience is how much longer than it tells a node may take to return where nobody says otherwise.
	patience = 30 * time.Second
)

// Options says what to rehearse. Look, Fault and Journal must be set.
type Options struct {
	Look    failover.Options // whom to ask
	Plan    *Plan            // what was looked at before, and confirmed
	Fault   Fault
	Journal *Journal

	Hold  time.Duration // the broker stays away for at least so long
	Wait  time.Duration // for the nodes to come to another broker, at most; 0: [DefaultWait], or Hold or Bound where that is longer
	Back  time.Duration // for the nodes to return, at most; 0: what they tell, and 30 s
	Bound time.Duration // a node that takes longer to another broker fails the drill; 0: none

	Progress func(Progress) // called in a rhythm, by one goroutine; nil: nobody looks
}

// Progress is how far a drill is.
type Progress struct {
	Phase   Phase
	Broker  string
	Elapsed time.Duration // since the phase began
	Done    int           // nodes
	Of      int
}

// Phase is a part of a drill.
type Phase string

// The phases, in their order.
const (
	Listening Phase = "listening" // every node is heard once; nothing is done yet
	Taking    Phase = "taking"    // the fault is being made
	Away      Phase = "away"      // nodes are on their way to another broker
	Restoring Phase = "restoring" // the broker is being given back
	Returning Phase = "returning" // nodes are on their way back
)

// ErrInterrupted says that the drill was told to end. What it took away was given back, unless a [*LeftError] is joined to it.
var ErrInterrupted = errors.New("interrupted")

// LeftError says that a broker could not be given back. The journal is kept, so that the next run tries again.
type LeftError struct {
	Broker string
	Err    error
}

// Error implements error.
func (e *LeftError) Error() string { return fmt.Sprintf("%s is not restored: %v", e.Broker, e.Err) }

// Unwrap returns why.
func (e *LeftError) Unwrap() error { return e.Err }

// Run rehearses what o.Plan says. A result is there as soon as the broker was taken away, also beside an error: it then holds what was
// measured until the end. When ctx ends the broker is given back before Run returns.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Plan == nil || o.Fault == nil || o.Journal == nil {
		return nil, errors.New("drill: plan, fault and journal must be set")
	}
	if o.Wait <= 0 {
		o.Wait = max(DefaultWait, o.Hold, o.Bound)
	}
	if o.Look.Timeout <= 0 {
		o.Look.Timeout = failover.DefaultTimeout
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return (&run{Options: o}).do(ctx)
}
