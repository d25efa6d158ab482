package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Bounds on a command.
const (
	maxCommandBytes = 16 << 10
	maxOutputTail   = 2 << 10
	commandTime     = 2 * time.Minute
	lastGrace       = 2 * time.Second // for a command that was told to end
)

// script reads the command from a pipe, so that no list of processes shows it.
const script = `c=$(cat <&3) && exec 3<&- && eval "$c"`

// run runs the command to its end: in a process group of its own, so that a Ctrl-C does not reach it, without standard input. What it
// leaves in the background lives on. It dies with us; what it has asked of others (ssh, systemctl) may go on.
func (s Shell) run(ctx context.Context, e Entry) error {
	ctx, cancel := context.WithTimeoutCause(ctx, commandTime, fmt.Errorf("it did not end within %s", commandTime))
	defer cancel()
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	host, port, err := net.SplitHostPort(e.Broker)
	if err != nil {
		return errors.Join(err, w.Close())
	}
	_, err = io.WriteString(w, s.Text) // shorter than a pipe holds
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", script)
	cmd.ExtraFiles = []*os.File{r}
	cmd.Env = append(os.Environ(), "MCO_DRILL_BROKER="+e.Broker, "MCO_DRILL_HOST="+host, "MCO_DRILL_PORT="+port)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = lastGrace
	// A file, because what the command leaves running would die of a pipe that nobody reads.
	output, err := os.CreateTemp("", "mco-drill-")
	if err != nil {
		return err
	}
	defer output.Close()
	if err := os.Remove(output.Name()); err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = output, output
	runtime.LockOSThread() // the kernel kills the command when the thread that started it ends
	defer runtime.UnlockOSThread()
	if err = cmd.Run(); ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		return nil
	}
	return &commandError{fmt.Errorf("%s: %w", s.From, err), tail(output)}
}

// commandError says how a command failed. What it said is for the operator alone: it may repeat the command, and what is secret there.
type commandError struct {
	err  error
	said string
}

func (e *commandError) Error() string {
	if e.said == "" {
		return e.err.Error()
	}
	return e.err.Error() + "; it said: " + e.said
}

func (e *commandError) Unwrap() error { return e.err }

// inPublic is an error for a report.
func inPublic(err error) string {
	if c, ok := errors.AsType[*commandError](err); ok {
		return c.err.Error()
	}
	return err.Error()
}

// tail is the end of what was written into a file.
func tail(f *os.File) string {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	kept := make([]byte, min(size, maxOutputTail))
	if _, err := f.ReadAt(kept, size-int64(len(kept))); err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(kept), "?"))
}
