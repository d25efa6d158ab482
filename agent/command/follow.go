package command

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"syscall"
	"time"
)

// follow waits for the command, ends it when its time is over, and cleans up after it. When it returns, the shim is gone.
func (p *process) follow(ctx context.Context, s Spec, outputMax int) (Result, error) {
	out, errs := &capture{max: outputMax}, &capture{max: outputMax}
	drained, reports := p.listen(s.Output, out, errs)
	f := &follower{process: p, daemons: s.Daemons, drained: drained, reports: reports, res: Result{ExitCode: -1}}
	err := f.run(ctx)
	f.close()
	f.res.Stdout, f.res.StdoutDropped = out.result()
	f.res.Stderr, f.res.StderrDropped = errs.result()
	if startErr, ok := errors.AsType[*StartError](err); ok && startErr.Program == "" {
		startErr.Program = s.program()
	}
	return f.res, err
}

// program names what was to be run, for errors.
func (s Spec) program() string {
	if len(s.Argv) > 0 {
		return s.Argv[0]
	}
	return "/bin/sh"
}

// listen starts to read what the command and its shim say. drained is closed at the end of both streams, reports at the shim's.
func (p *process) listen(piece func(Stream, []byte), out, errs *capture) (drained chan struct{}, reports chan report) {
	var one sync.Mutex // around the caller's function
	hand := func(stream Stream, c *capture) func([]byte) {
		return func(b []byte) {
			c.add(b)
			if piece != nil {
				one.Lock()
				defer one.Unlock()
				piece(stream, b)
			}
		}
	}
	var streams sync.WaitGroup
	streams.Go(func() { drain(p.stdout, hand(Stdout, out)) })
	streams.Go(func() { drain(p.stderr, hand(Stderr, errs)) })
	drained, reports = make(chan struct{}), make(chan report, 4) // room for all that a shim says
	go func() {
		streams.Wait()
		close(drained)
	}()
	go func() {
		defer close(reports)
		dec := json.NewDecoder(p.status)
		for {
			var r report
			if dec.Decode(&r) != nil {
				return
			}
			reports <- r
		}
	}()
	return drained, reports
}

// follower is one command that is waited for. Its own goroutine is the caller's.
type follower struct {
	*process
	daemons bool
	drained chan struct{}
	reports chan report
	res     Result
	leader  int  // the command's process id
	gone    bool // the shim has ended
}

func (f *follower) run(ctx context.Context) error {
	if err := f.awaitStart(ctx); err != nil {
		return err
	}
	exited, err := f.awaitExit(ctx, nil)
	switch {
	case f.gone:
		// The kernel has killed the command with its shim; what else is in its group has lost the one that would have ended it.
		_ = syscall.Kill(-f.leader, syscall.SIGKILL)
		return err
	case !exited:
		f.ask(askTerminate)
		grace := time.NewTimer(termGrace)
		defer grace.Stop()
		f.awaitEnd(grace.C)
		f.finish(askKill)
		return err
	}
	// The command has ended. What it left may go on writing for a while, as in `(sleep 1; date) &`.
	linger := time.NewTimer(lingerTime)
	defer linger.Stop()
	wish := byte(askKill)
	if f.daemons {
		wish = askFinish
	}
	select {
	case <-f.drained:
	case <-linger.C:
	case <-ctx.Done():
		wish = askKill
	}
	f.finish(wish)
	return nil
}

// awaitStart waits until the command runs, or cannot. One whose time is over by then gets a moment, so that it ends as any other.
func (f *follower) awaitStart(ctx context.Context) error {
	limit := time.NewTimer(startTime)
	defer limit.Stop()
	over := ctx.Done()
	for {
		select {
		case r, ok := <-f.reports:
			switch {
			case r.Errno != 0:
				return &StartError{Program: r.What, Err: syscall.Errno(r.Errno)}
			case r.Started != 0:
				f.leader = r.Started
				return nil
			}
			f.gone = !ok
			return &StartError{Err: errNoShim}
		case <-over:
			over = nil
			limit.Reset(lateTime)
		case <-limit.C:
			f.finish(askKill)
			if err := context.Cause(ctx); err != nil {
				return err
			}
			return &StartError{Err: errNoShim}
		}
	}
}

// awaitExit waits until the command has ended. A nil limit is none.
func (f *follower) awaitExit(ctx context.Context, limit <-chan time.Time) (exited bool, err error) {
	for {
		select {
		case r, ok := <-f.reports:
			if !ok {
				f.gone = true
				return true, errShimLost
			}
			if r.Exited {
				f.ended(r.Status)
				return true, nil
			}
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-limit:
			return false, nil
		}
	}
}

// errShimLost is a command whose end nobody saw.
var errShimLost = errors.New("the command's shim was killed")

// awaitEnd waits, after SIGTERM, until the command has ended and nobody holds its streams.
func (f *follower) awaitEnd(limit <-chan time.Time) {
	if exited, _ := f.awaitExit(context.Background(), limit); !exited || f.gone {
		return
	}
	select {
	case <-f.drained:
	case <-limit:
	}
}

func (f *follower) ended(status int) {
	ws := syscall.WaitStatus(status)
	if ws.Signaled() {
		f.res.Signal = int(ws.Signal())
		return
	}
	f.res.ExitCode = ws.ExitStatus()
}

// ask writes a wish; a shim that is gone has fulfilled every one.
func (f *follower) ask(wish byte) { _, _ = f.control.Write([]byte{wish}) }

// finish has the shim clean up, and waits for its end.
func (f *follower) finish(wish byte) {
	f.ask(wish)
	grace := killGrace
	if wish == askFinish {
		grace += settleTime
	}
	limit := time.NewTimer(grace)
	defer limit.Stop()
	for !f.gone {
		select {
		case r, ok := <-f.reports:
			switch {
			case !ok:
				f.gone = true
			case r.Exited:
				f.ended(r.Status)
			case r.Done:
				f.res.Killed = r.Killed
			}
		case <-limit.C:
			return // a process that cannot be killed now, as one that waits for a dead disk; the shim goes without it
		}
	}
}

// close ends the shim if it is still there, and everything that was started to follow it.
func (f *follower) close() {
	if !f.gone {
		_ = f.cmd.Process.Kill()
	}
	_ = f.cmd.Wait()
	// A process that was left alive may hold the streams; what it writes is nobody's.
	past := time.Unix(1, 0)
	_ = f.stdout.SetReadDeadline(past)
	_ = f.stderr.SetReadDeadline(past)
	<-f.drained
	_ = f.status.SetReadDeadline(past)
	for range f.reports {
	}
	f.control.Close()
	f.status.Close()
	f.stdout.Close()
	f.stderr.Close()
}
