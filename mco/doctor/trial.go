package doctor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
)

// trial is a session with one broker that is given up at the first thing that goes wrong. Its context then ends, with the broker's
// words as the cause.
type trial struct {
	connector.Connector
	ctx  context.Context
	stop context.CancelCauseFunc
	over sync.WaitGroup
}

// errDone ends a trial that is not needed any more.
var errDone = errors.New("the trial is over")

// begin opens a session and returns once the broker has taken us in.
func (x *examination) begin(ctx context.Context, m Member) (*trial, error) {
	conn, err := m.Open(x.name(), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	t := &trial{Connector: conn}
	t.ctx, t.stop = context.WithCancelCause(ctx)
	if err := conn.Start(t.ctx); err != nil {
		t.stop(errDone)
		return nil, errors.Join(err, conn.Close())
	}
	t.over.Go(t.watch)
	if err := t.do(x, func(ctx context.Context) error { return conn.WaitReady(ctx) }); err != nil {
		t.end()
		return nil, err
	}
	return t, nil
}

// watch ends the trial when the session fails.
func (t *trial) watch() {
	for {
		select {
		case st := <-t.Changes():
			if st.LastErr != nil {
				t.stop(st.LastErr)
				return
			}
		case <-t.ctx.Done():
			return
		}
	}
}

// do runs one step within the time for it; why the session failed goes before what the step makes of that.
func (t *trial) do(x *examination, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(t.ctx, x.Timeout, fmt.Errorf("%w %s", errNoAnswer, x.Timeout))
	defer cancel()
	err := step(ctx)
	if err == nil && t.ctx.Err() == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// objected waits for a broker to object to what was sent to it, and returns its words.
func (t *trial) objected() error {
	wait := time.NewTimer(objection)
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-t.ctx.Done():
		return context.Cause(t.ctx)
	}
}

// errNoAnswer is a step that took too long.
var errNoAnswer = errors.New("no answer within")

// end says goodbye to the broker and waits for all that the trial started.
func (t *trial) end() {
	t.stop(errDone)
	t.over.Wait()
	_ = t.Close() // what is left of the session is gone in any case
}
