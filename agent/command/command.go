// Package command runs programs for callers, and is the only package that does. It promises that a command ends: at its deadline, at
// the end of its context or with the program that started it, whatever its processes do, and that none of them is left then.
//
// Each command has a small process above it, the shim: our own program started again ([Shim]). It is the reaper of all that the command
// starts, so that a process which left its group, its session and its parent is still found, and it watches a pipe, so that it also
// ends everything when we are killed. Output is read up to a bound; what is beyond is counted and dropped. A command sees /dev/null as
// its input, an environment that is built here and no descriptor above 2.
//
// [Jobs] are commands that nobody waits for: they outlive the program that started them, and are found again by process id and start
// time together.
package command

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mco-go/mco-go/mco/config"
)

// Options are the limits of a [Runner]. Zero values mean the defaults.
type Options struct {
	Timeout     time.Duration // bound of every command beside its own; 0: none
	OutputMax   int           // bytes kept of each stream, 1 MiB
	Concurrency int           // commands that run at once, 10
	Queue       int           // commands that wait for their turn, 100; negative: none
	Umask       os.FileMode   // of the commands, 022
}

// FromConfig returns the limits that the cfg file sets (plugin.mco.command.*).
func FromConfig(c *config.Config) Options {
	o := Options{Timeout: c.Own.CommandTimeout, OutputMax: int(c.Own.CommandOutputMax), Concurrency: c.Own.CommandConcurrency, Queue: c.Own.CommandQueue}
	if o.Queue == 0 {
		o.Queue = -1
	}
	return o
}

// Spec says what to run. Argv or Line is needed.
type Spec struct {
	Argv []string // the program, looked up in the command's PATH, and its arguments
	Line string   // instead of Argv: a line for /bin/sh -c
	Dir  string   // working folder; "" is /
	// Env is set on top of the environment that every command gets: PATH, HOME, USER, LOGNAME, SHELL, LANG and LC_ALL. Names that
	// make a program load or run something else, as LD_PRELOAD and BASH_ENV, are refused.
	Env     map[string]string
	User    string        // run as this user, with its groups; "" is ours
	Timeout time.Duration // 0: no other limit than that of Options and the context
	// Output is called with each piece of output as it comes, also with what is beyond the cap. Calls do not overlap; p is only
	// valid until it returns.
	Output func(stream Stream, p []byte)
	// Daemons lets processes live on that the command has made independent: when it ends by itself, those that have a session of
	// their own and none of its output streams stay. It is for what starts services. Without it, nothing stays.
	Daemons bool
}

// Stream is one of a command's two outputs.
type Stream uint8

// The outputs of a command.
const (
	Stdout Stream = iota
	Stderr
)

// Result is what a command did. With an error of [Runner.Run] it holds what was known by then.
type Result struct {
	Stdout, Stderr               []byte
	StdoutDropped, StderrDropped int64 // bytes beyond the cap
	ExitCode                     int   // 0 to 255; -1 when a signal ended the command, or it never ran
	Signal                       int   // the signal that ended it, 0 for none
	Killed                       int   // processes that were left when it was over, and were killed
	Duration                     time.Duration
}

// Errors that callers decide on.
var (
	// ErrTimeout ends a command that ran longer than its own or the general timeout.
	ErrTimeout = errors.New("the command's time is over")
	// ErrBusy refuses a command when too many are waiting.
	ErrBusy = errors.New("too many commands are running and waiting")
)

// StartError is a command that could not be started. It unwraps to the system's error, such as [os.ErrNotExist] for a program that
// is not there.
type StartError struct {
	Program string
	Err     error
}

// Error says what could not be started.
func (e *StartError) Error() string { return fmt.Sprintf("start %s: %s", e.Program, e.Err) }

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }

// Runner runs commands within common limits. It has no goroutines but those of running commands, is safe for concurrent use, and
// needs no end.
type Runner struct {
	opt   Options
	slots *slots
}

// New returns a Runner.
func New(o Options) (*Runner, error) {
	if o.Timeout < 0 || o.OutputMax < 0 || o.Concurrency < 0 {
		return nil, fmt.Errorf("limits of commands: %+v has a negative one", o)
	}
	if o.OutputMax == 0 {
		o.OutputMax = 1 << 20
	}
	if o.Concurrency == 0 {
		o.Concurrency = 10
	}
	switch {
	case o.Queue == 0:
		o.Queue = 100
	case o.Queue < 0:
		o.Queue = 0
	}
	if o.Umask == 0 {
		o.Umask = 0o022
	}
	return &Runner{opt: o, slots: newSlots(o.Concurrency, o.Queue)}, nil
}
