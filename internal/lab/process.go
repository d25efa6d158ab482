package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Process is a program that the laboratory runs, in a process group of its own, with its output in a file.
type Process struct {
	Name    string
	LogFile string // what it prints
	cmd     *exec.Cmd
	done    chan struct{} // closed when it has been waited for
	err     error         // what Wait returned; valid after done
}

// Leash starts cmd in a process group of its own and calls ended, in another goroutine, with what Wait returned. The kernel kills the
// process when the thread that started it ends; that goroutine therefore keeps the thread for the whole life of the process.
func Leash(cmd *exec.Cmd, ended func(error)) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended(cmd.Wait())
		}
	}()
	return <-started
}

// startProcess runs cmd, on a leash, with both outputs appended to logFile.
func startProcess(name, logFile string, cmd *exec.Cmd) (*Process, error) {
	out, err := os.OpenFile(logFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	p := &Process{Name: name, LogFile: logFile, cmd: cmd, done: make(chan struct{})}
	err = Leash(cmd, func(err error) {
		p.err = err
		close(p.done)
	})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Signal sends one signal to the process alone.
func (p *Process) Signal(s syscall.Signal) error {
	select {
	case <-p.done:
		return os.ErrProcessDone
	default:
		return p.cmd.Process.Signal(s)
	}
}

// Freeze stops the process where it stands (SIGSTOP): its sockets stay open and nobody answers on them.
func (p *Process) Freeze() error { return p.Signal(syscall.SIGSTOP) }

// Thaw lets it go on (SIGCONT).
func (p *Process) Thaw() error { return p.Signal(syscall.SIGCONT) }

// Kill ends the process and its group without warning and returns when it is gone.
func (p *Process) Kill() {
	select {
	case <-p.done:
		return
	default:
	}
	_ = syscall.Kill(-p.PID(), syscall.SIGKILL) // the process has not been waited for, so its group's id is still its own
	<-p.done
}

// Stop asks the process to end (SIGTERM) and returns when it has; one that does not within the limit is killed, which is an error.
func (p *Process) Stop(limit time.Duration) error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return nil
	}
	_ = p.Signal(syscall.SIGCONT)
	select {
	case <-p.done:
		return nil
	case <-time.After(limit):
		p.Kill()
		return fmt.Errorf("%s did not end within %v of SIGTERM", p.Name, limit)
	}
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// ExitCode waits for the end and returns the exit code, -1 after a signal.
func (p *Process) ExitCode() int {
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

// Log returns what the process printed so far.
func (p *Process) Log() string {
	b, err := os.ReadFile(p.LogFile)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// keep registers what is to be done with a process when the test ends: it is killed, and after a failure its log is kept.
func keep(t testing.TB, p *Process) {
	t.Helper()
	t.Cleanup(func() {
		p.Kill()
		keepLog(t, p.Name, p.LogFile)
	})
}

func keepLog(t testing.TB, name, file string) {
	if !t.Failed() {
		return
	}
	b, err := os.ReadFile(file)
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			t.Log(err)
		}
		return
	}
	t.Logf("%s said (the end of it):\n%s", name, tail(string(b), 4000))
	// Without -artifacts the folder is a temporary one, and gone by now.
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), fileName(name)+".log"), b, 0o644); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Log(err)
	}
}

func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return "... " + s[len(s)-n:]
}
