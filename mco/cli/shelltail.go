package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/rpc"
)

// How the output of jobs is followed.
const (
	pollFirst     = 100 * time.Millisecond // between two looks at a job that writes
	pollLongest   = time.Second            // at one that is silent
	pollAnswer    = 10 * time.Second       // for one answer
	pollTries     = 3                      // answers that may be missing in a row
	pollAtOnce    = 16                     // nodes asked at the same time
	stopTime      = 20 * time.Second       // for jobs to end once they are asked to
	startPatience = 3 * time.Second        // for answers of nodes that may have started a job, after Ctrl-C
)

// tail shows the output of jobs while they run, line by line with the node's name in front.
type tail struct {
	s     *session
	agent *agentClient
	jobs  []*tailedJob

	mu sync.Mutex // held while a piece is printed, and while a call is made, which notes itself in the command's search
}

// tailedJob is one job on one node. It belongs to the goroutine that follows it.
type tailedJob struct {
	node, handle string
	read         [2]int64  // bytes of stdout and stderr
	begun        [2]string // last lines, as far as they have come
}

func (t *tail) add(node, handle string) {
	t.jobs = append(t.jobs, &tailedJob{node: node, handle: handle})
}

// follow shows output until all jobs have ended, and tells whether it could; the end of ctx ends it.
func (t *tail) follow(ctx context.Context) bool {
	var all sync.WaitGroup
	turn := make(chan struct{}, pollAtOnce)
	lost := false
	for _, job := range t.jobs {
		all.Go(func() {
			if err := t.followOne(ctx, job, turn); err != nil {
				t.mu.Lock()
				defer t.mu.Unlock()
				lost = true
				if ctx.Err() == nil {
					fmt.Fprintf(t.s.errOut, "mco: %s: %s: %s\n", job.node, job.handle, err)
				}
			}
		})
	}
	all.Wait()
	return !lost
}

func (t *tail) followOne(ctx context.Context, job *tailedJob, turn chan struct{}) error {
	pause, missing := pollFirst, 0
	for {
		select {
		case turn <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		r, err := t.call(ctx, job, "status")
		<-turn
		switch {
		case err != nil:
			return err
		case r == nil:
			if missing++; missing == pollTries {
				return fmt.Errorf("no answer in %d tries", missing)
			}
		case r.Code != mco.OK:
			return errors.New(r.Message)
		default:
			missing = 0
			wrote, ended := t.show(job, r)
			if ended {
				return nil
			}
			if pause = min(pause*3/2, pollLongest); wrote {
				pause = pollFirst
			}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// show prints what a reply to status brings, whole lines first; the rest of a line waits for its end or the job's.
func (t *tail) show(job *tailedJob, r *rpc.Reply) (wrote, ended bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	status := inspect.Text(r.Data.Field("status"))
	ended = status == "stopped" || status == "failed"
	for i, name := range []string{"stdout", "stderr"} {
		piece := textOf(r.Data, name)
		job.read[i] += int64(len(piece))
		wrote = wrote || piece != ""
		whole, rest := cutLines(job.begun[i] + piece)
		if ended && rest != "" {
			whole, rest = append(whole, rest), ""
		}
		job.begun[i] = rest
		for _, line := range whole {
			fmt.Fprintf(t.s.out, "%s %s: %s", job.node, name, t.s.lines(line))
		}
	}
	return wrote, ended
}

// call asks the node of a job about it; nil is no answer.
func (t *tail) call(ctx context.Context, job *tailedJob, action string) (*rpc.Reply, error) {
	data := mco.SymbolMap(3)
	data.SetSymbol("handle", mco.String(job.handle))
	if action == "status" {
		data.SetSymbol("stdout_offset", mco.Int(job.read[0]))
		data.SetSymbol("stderr_offset", mco.Int(job.read[1]))
	}
	t.mu.Lock()
	call, err := t.agent.request(action, data)
	t.mu.Unlock()
	if err != nil {
		return nil, err
	}
	call.Filter = mco.Filter{Identities: []mco.Value{mco.String(job.node)}}
	call.Pick, call.Batch = nil, rpc.Batch{}
	call.Nodes = &rpc.Found{Nodes: []string{job.node}, Listed: t.s.cfg.DirectAddressing}
	call.Timeout = min(call.Timeout, pollAnswer)
	client, err := t.s.connect()
	if err != nil {
		return nil, err
	}
	for reply, err := range client.Call(ctx, call) {
		if err != nil {
			return nil, err
		}
		return &reply, nil
	}
	return nil, ctx.Err()
}

// cutLines returns the whole lines of text, and what is behind them.
func cutLines(text string) (whole []string, rest string) {
	for line := range strings.Lines(text) {
		if !strings.HasSuffix(line, "\n") {
			return whole, line
		}
		whole = append(whole, line)
	}
	return whole, ""
}

// runTail starts the command everywhere and follows it. The first Ctrl-C ends the jobs on the nodes, the second only us: for the first,
// the session at the broker has to outlive the context that Ctrl-C ends.
func (sh *shellCommand) runTail(s *session) error {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	interrupted := s.ctx
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.ctx))
	defer cancel()
	s.ctx = ctx
	nothingStarted := context.AfterFunc(interrupted, cancel)

	a, err := s.shellAgent("start")
	if err != nil {
		return err
	}
	call, err := a.request("start", sh.inputs())
	if err != nil {
		return err
	}
	if _, err := s.connect(); err != nil {
		return err
	}
	if call.Nodes, err = a.discover(s.opts.verbose); err != nil {
		return err
	}
	if !nothingStarted() {
		return exit(1)
	}
	t := &tail{s: s, agent: a}
	if err := t.start(interrupted, call); err != nil {
		return err
	}
	ended := make(chan bool, 1)
	go func() { ended <- t.follow(ctx) }()
	defer func() { cancel(); <-ended }()
	select {
	case all := <-ended:
		ended <- all
		if !all {
			return exit(1)
		}
		return nil
	case <-interrupted.Done():
		return t.stop(ctx, signals, ended)
	}
}

// start starts the jobs and notes who has one. Once it is interrupted, it waits only a little for nodes that have not answered.
func (t *tail) start(interrupted context.Context, call rpc.Call) error {
	s := t.s
	session := s.ctx
	ctx, cancel := context.WithCancel(session)
	defer cancel()
	defer context.AfterFunc(interrupted, func() {
		patience := time.NewTimer(startPatience)
		defer patience.Stop()
		select {
		case <-patience.C:
			cancel()
		case <-ctx.Done():
		}
	})()
	s.ctx = ctx
	replies, err := s.collect(call, nil)
	s.ctx = session
	if err != nil {
		return err
	}
	sortReplies(replies)
	for _, r := range replies {
		if r.Code != mco.OK {
			s.showRefusal(r)
			continue
		}
		t.add(r.Sender, textOf(r.Data, "handle"))
	}
	s.tellSilent(call.Stats)
	return nil
}

// stop asks every node to end its job and goes on showing what they write until they have. A second signal ends the wait.
func (t *tail) stop(ctx context.Context, signals <-chan os.Signal, ended chan bool) error {
	t.mu.Lock()
	fmt.Fprintln(t.s.out, "Attempting to stop cleanly, interrupt again to kill")
	t.mu.Unlock()
	var kills sync.WaitGroup
	defer kills.Wait()
	ctx, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	for _, job := range t.jobs {
		t.mu.Lock()
		fmt.Fprintf(t.s.out, "Sending kill to %s %s\n", job.node, job.handle)
		t.mu.Unlock()
		kills.Go(func() { _, _ = t.call(ctx, job, "kill") }) // whether it ends is seen by those who follow it
	}
	for seen := 0; ; {
		select {
		case all := <-ended:
			ended <- all
			if !all {
				return exit(1)
			}
			return nil
		case <-signals:
			if seen++; seen == 2 { // the first is the one that brought us here
				fmt.Fprintln(t.s.out, "OK you meant it; bye")
				return exit(1)
			}
		case <-ctx.Done():
			fmt.Fprintln(t.s.errOut, "mco: not all jobs have ended; mco shell list shows them")
			return exit(1)
		}
	}
}
