package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/rpc"
)

// How the output of jobs is followed.
const (
	pollFirst   = 100 * time.Millisecond // between two looks at a job that writes
	pollLongest = time.Second            // at one that is silent
	pollAnswer  = 10 * time.Second       // for one answer
	pollTries   = 3                      // answers that may be missing in a row
	pollAtOnce  = 16                     // nodes asked at the same time
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
