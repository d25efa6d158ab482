package shell

import (
	"errors"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/mco"
)

func (a *Agent) start(r *agent.Request, reply *agent.Reply) error {
	line := r.Text("command")
	handle, err := a.jobs.Start(command.Spec{Line: line, User: r.Text("user")}, line)
	if err != nil {
		return agent.Failf(mco.Aborted, "%s", err)
	}
	reply.Set("handle", mco.String(handle))
	return nil
}

// status tells what a job does and what it wrote since the offsets. Clients end when it is stopped, so it counts as running until they
// have been given all of its output.
func (a *Agent) status(r *agent.Request, reply *agent.Reply) error {
	handle := r.Text("handle")
	job, err := a.jobs.Status(handle)
	if err != nil {
		return failed(err, handle)
	}
	more := false
	for stream, name := range map[command.Stream]string{command.Stdout: "stdout", command.Stderr: "stderr"} {
		offset, _ := r.Value(name + "_offset").AsInt()
		out, left, err := a.jobs.Output(handle, stream, offset, a.piece)
		if err != nil {
			return failed(err, handle)
		}
		reply.Set(mco.Symbol(name), binary(out))
		more = more || left
	}
	switch {
	case job.State == command.JobStopped && more:
		job.State = command.JobRunning
	case job.State == command.JobStopped:
		reply.Set("exitcode", mco.Int(int64(job.ExitCode)))
	}
	reply.Set("status", mco.Sym(mco.Symbol(job.State)))
	return nil
}

func (a *Agent) list(reply *agent.Reply) error {
	jobs, err := a.jobs.List()
	if err != nil {
		return agent.Failf(mco.Aborted, "%s", err)
	}
	all := new(mco.Map)
	for _, job := range jobs {
		one := mco.SymbolMap(4)
		one.SetSymbol("id", mco.String(job.Handle))
		one.SetSymbol("command", mco.String(job.Command))
		one.SetSymbol("status", mco.Sym(mco.Symbol(job.State)))
		signal := mco.Nil()
		if job.Signal != 0 {
			signal = mco.Int(int64(job.Signal))
		}
		one.SetSymbol("signal", signal)
		all.Set(mco.String(job.Handle), mco.Hash(one))
	}
	reply.Set("jobs", mco.Hash(all))
	return nil
}

func (a *Agent) kill(r *agent.Request) error {
	handle := r.Text("handle")
	if err := a.jobs.Kill(handle); err != nil {
		return failed(err, handle)
	}
	return nil
}

// failed is the reply to a handle that led to nothing: an unknown error, as the original's.
func failed(err error, handle string) error {
	if errors.Is(err, command.ErrNoJob) {
		return agent.Failf(mco.UnknownError, "no such job: %s", handle)
	}
	return err
}
