package shell

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/mco"
)

// Exit codes of what has none of its own.
const (
	exitNoCommand = 42  // the original's for a program that is not there
	exitTimeout   = 124 // timeout(1)'s
	exitSignal    = 128 // and the signal's number, as in a shell
)

// execute is phobos182's action. The exit code is part of the data: a request whose command failed has succeeded.
func (a *Agent) execute(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	spec := command.Spec{Line: r.Text("cmd"), Timeout: command.Limit(a.env, r), Daemons: true}
	if words, ok := plainWords(spec.Line); ok {
		spec.Argv, spec.Line = words, ""
	}
	res, err := a.runner.Run(ctx, spec)
	reply.Set("exitcode", mco.Int(int64(exitCode(res, err))))
	stdout, stderr := texts(res.Stdout, withDropped(res))
	reply.Set("stdout", stdout)
	reply.Set("stderr", stderr)
	switch _, notStarted := errors.AsType[*command.StartError](err); {
	case notStarted:
		return nil // the exit code says it, as the original's does
	case errors.Is(err, command.ErrTimeout):
		return agent.Failf(mco.Aborted, "The command was ended after %s", res.Duration.Round(time.Second/10))
	case err != nil:
		return agent.Failf(mco.Aborted, "%s", err)
	}
	return nil
}

func exitCode(res command.Result, err error) int {
	switch _, notStarted := errors.AsType[*command.StartError](err); {
	case notStarted:
		return exitNoCommand
	case errors.Is(err, command.ErrTimeout):
		return exitTimeout
	case res.Signal != 0:
		return exitSignal + res.Signal
	}
	return res.ExitCode
}

// run is Puppet Labs' action. success is about the timeout alone.
func (a *Agent) run(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	spec := command.Spec{Line: r.Text("command"), User: r.Text("user"), Timeout: command.Limit(a.env, r), Daemons: true}
	if seconds, ok := r.Value("timeout").AsFloat(); ok && seconds > 0 && seconds < spec.Timeout.Seconds() {
		spec.Timeout = max(time.Duration(seconds*float64(time.Second)), time.Nanosecond)
	}
	res, err := a.runner.Run(ctx, spec)
	if err != nil && !errors.Is(err, command.ErrTimeout) {
		return agent.Failf(mco.Aborted, "%s", err)
	}
	reply.Set("stdout", binary(res.Stdout))
	reply.Set("stderr", binary(withDropped(res)))
	reply.Set("success", mco.Bool(err == nil))
	if err == nil {
		reply.Set("exitcode", mco.Int(int64(max(res.ExitCode, 0)))) // a signal's is 0, as in the original
	}
	return nil
}

// withDropped is the command's error output, with a word about what could not be kept.
func withDropped(res command.Result) []byte {
	out := res.Stderr
	if res.StdoutDropped+res.StderrDropped == 0 {
		return out
	}
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	return fmt.Appendf(out, "mco: output beyond plugin.mco.command.output_max was dropped: %d bytes of stdout, %d of stderr\n",
		res.StdoutDropped, res.StderrDropped)
}

// texts labels both streams UTF-8, or both binary: Ruby clients of execute join them, which fails where the labels differ.
func texts(stdout, stderr []byte) (mco.Value, mco.Value) {
	if utf8.Valid(stdout) && utf8.Valid(stderr) {
		return mco.String(string(stdout)), mco.String(string(stderr))
	}
	return binary(stdout), binary(stderr)
}

// binary is output as the original's `run` and `status` send it.
func binary(p []byte) mco.Value { return mco.Text(string(p), mco.Binary) }
