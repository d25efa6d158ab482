package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// How long things may take that should take no time. They add up to less than 3 s: no command comes back later than that after its
// deadline.
const (
	termGrace  = 1 * time.Second         // between SIGTERM and SIGKILL
	lingerTime = 2 * time.Second         // a command has ended, but processes it left hold its output streams
	lateTime   = 300 * time.Millisecond  // for a command to start whose time is over
	settleTime = 1 * time.Second         // what a command left may take to become independent
	killGrace  = 1500 * time.Millisecond // between the order to kill everything and giving up on the shim
)

// Run runs a command and returns when it and all that it started are gone. The error is an [*StartError], [ErrBusy], [ErrTimeout] or
// the cause of ctx's end; an exit code other than 0 is none.
func (r *Runner) Run(ctx context.Context, s Spec) (Result, error) {
	none := Result{ExitCode: -1}
	o, err := r.order(s)
	if err != nil {
		return none, err
	}
	if err := r.slots.take(ctx); err != nil {
		return none, err
	}
	defer r.slots.give()
	for _, limit := range []time.Duration{s.Timeout, r.opt.Timeout} {
		if limit > 0 {
			bounded, cancel := context.WithTimeoutCause(ctx, limit, ErrTimeout)
			defer cancel()
			ctx = bounded
		}
	}
	began := time.Now()
	p, err := launch(o)
	if err != nil {
		return none, &StartError{Program: string(o.Argv[0]), Err: err}
	}
	res, err := p.follow(ctx, s, r.opt.OutputMax)
	res.Duration = time.Since(began)
	return res, err
}

// order checks the spec and completes it to what a shim needs.
func (r *Runner) order(s Spec) (*order, error) {
	if s.Line != "" {
		s.Argv = []string{"/bin/sh", "-c", s.Line}
	}
	if len(s.Argv) == 0 || s.Argv[0] == "" {
		return nil, errors.New("no command")
	}
	who, cred, err := credential(s.User)
	if err != nil {
		return nil, err
	}
	env, err := environ(who, s.Env)
	if err != nil {
		return nil, err
	}
	path, err := lookPath(s.Argv[0], env["PATH"])
	if err != nil {
		return nil, &StartError{Program: s.Argv[0], Err: err}
	}
	if s.Dir == "" {
		s.Dir = "/"
	}
	return &order{Path: []byte(path), Argv: toBytes(s.Argv), Env: toBytes(variables(env)), Dir: []byte(s.Dir), Umask: int(r.opt.Umask), Who: cred}, nil
}

// process is a shim with its command, seen from here.
type process struct {
	cmd            *exec.Cmd
	control        *os.File // write end
	status         *os.File // read ends
	stdout, stderr *os.File
}

// launch starts a shim and gives it its order. The command may not have started yet.
func launch(o *order) (_ *process, err error) {
	var opened []*os.File
	defer func() {
		if err != nil {
			closeAll(opened)
		}
	}()
	pipe := func() (r, w *os.File) {
		if err != nil {
			return nil, nil
		}
		if r, w, err = os.Pipe(); err == nil {
			opened = append(opened, r, w)
		}
		return r, w
	}
	controlR, controlW := pipe()
	statusR, statusW := pipe()
	outR, outW := pipe()
	errR, errW := pipe()
	if err != nil {
		return nil, err
	}
	cmd := shimCommand(nil, controlR, statusW)
	cmd.Stdout, cmd.Stderr = outW, errW
	if err = cmd.Start(); err != nil {
		return nil, err
	}
	closeAll([]*os.File{controlR, statusW, outW, errW})
	p := &process{cmd: cmd, control: controlW, status: statusR, stdout: outR, stderr: errR}
	if err = writeOrder(controlW, o); err != nil {
		p.abandon()
		return nil, err
	}
	return p, nil
}

// shimCommand is our own program as a shim. The environment is not the command's, which is part of the order.
func shimCommand(args []string, files ...*os.File) *exec.Cmd {
	return &exec.Cmd{
		Path: "/proc/self/exe", Args: append([]string{shimName}, args...), Env: shimEnviron(), Dir: "/",
		ExtraFiles:  files,
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
}

func shimEnviron() []string { return []string{"GOMAXPROCS=1", "GOTRACEBACK=none"} }

func writeOrder(w *os.File, o *order) error {
	line, err := json.Marshal(o)
	if err != nil {
		return err
	}
	// The shim reads at once; one that does not is no shim.
	if err := w.SetWriteDeadline(time.Now().Add(startTime)); err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// abandon ends a shim that does not do what it should.
func (p *process) abandon() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// startTime is how long a shim may take until its command runs, on a machine that is very busy.
const startTime = 20 * time.Second

// errNoShim is a program that runs commands and does not call Shim.
var errNoShim = fmt.Errorf("the shim did not answer; does %s call command.Shim first?", os.Args[0])
