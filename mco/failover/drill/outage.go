package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mco-go/mco-go/mco/failover"
)

// Times that giving back may take.
const (
	restoreTime  = 3 * time.Minute  // with the broker's own start
	afterFailure = 10 * time.Second // for a broker whose command failed
	settleTime   = time.Second      // what was stopping the broker when its drill was killed may still be at work
)

// outage is a fault with its journal.
type outage struct {
	fault   Fault
	journal *Journal
	up      func(context.Context) error // returns when the broker takes sessions; nil: nobody can tell
}

// plan puts on the disk what will be done. Nothing is done without it.
func (o *outage) plan() error {
	if err := o.write(Planned); err != nil {
		return fmt.Errorf("nothing was done: %w", err)
	}
	return nil
}

// take makes the fault. When it fails, or ctx ends, the fault may stand in part: give is called in any case.
func (o *outage) take(ctx context.Context) error {
	if err := o.fault.Inject(ctx); err != nil {
		return err
	}
	return o.write(Gone)
}

func (o *outage) write(s Step) error {
	e := o.fault.Entry()
	e.Step, e.PID, e.Time = s, os.Getpid(), time.Now().UTC().Truncate(time.Second)
	return o.journal.Write(e)
}

// give gives the broker back. A command that fails has done its work when the broker takes sessions all the same.
func (o *outage) give(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, restoreTime, fmt.Errorf("not within %s", restoreTime))
	defer cancel()
	e := o.fault.Entry()
	_ = o.write(Giving) // the entry before will do
	err := o.fault.Restore(ctx)
	if o.up != nil && (err == nil || e.Fault == Command) {
		err = o.confirm(ctx, err)
	}
	if err != nil {
		return &LeftError{e.Broker, err}
	}
	if err := o.journal.Clear(); err != nil {
		return &LeftError{e.Broker, fmt.Errorf("it is up, and the journal says otherwise: %w", err)}
	}
	return nil
}

// confirm waits for the broker to take sessions; where its command failed not for long.
func (o *outage) confirm(ctx context.Context, failed error) error {
	if failed != nil {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, afterFailure)
		defer stop()
	}
	if err := o.up(ctx); err != nil {
		return errors.Join(failed, err)
	}
	return nil
}

// Restore gives back what a drill that ended too early took away, as its journal says. up returns when the broker takes sessions; nil
// where nobody can tell, and the end of the fault's command has to do.
func Restore(ctx context.Context, j *Journal, f Fault, up func(context.Context) error) error {
	o := outage{fault: f, journal: j}
	if up != nil {
		o.up = func(ctx context.Context) error {
			if err := up(ctx); err != nil {
				return err
			}
			failover.Pause(ctx, settleTime)
			return up(ctx)
		}
	}
	return o.give(ctx)
}
