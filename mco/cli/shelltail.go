package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rpc"
)

// How long Ctrl-C waits.
const (
	startPatience = 3 * time.Second  // for answers of nodes that may have started a job
	stopTime      = 20 * time.Second // for jobs to end once they are asked to
)

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
