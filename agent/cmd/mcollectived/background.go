package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// backgroundEnv marks the child that runs in the background. Its file 3 is the pipe on which it tells how it started.
const backgroundEnv = "MCOLLECTIVED_BACKGROUND"

const (
	started   = "started"        // what the child says when it runs
	startWait = 30 * time.Second // how long the parent waits for that
)

// startInBackground runs this program again with the same arguments in a session of its own, without the terminal, and returns when
// the child says that it has started. If it does not, the error says why. (The original's parent leaves at once, so that its
// caller never hears of a failure.)
func startInBackground(args []string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	child := exec.Command(self, args...)
	child.Env = append(os.Environ(), backgroundEnv+"=1")
	child.ExtraFiles = []*os.File{w}
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = child.Start()
	w.Close()
	if err != nil {
		return fmt.Errorf("start in the background: %w", err)
	}
	if err := r.SetReadDeadline(time.Now().Add(startWait)); err != nil {
		return err
	}
	said, err := io.ReadAll(io.LimitReader(r, 64<<10))
	switch {
	case string(said) == started:
		return child.Process.Release()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("process %d in the background has not started after %s", child.Process.Pid, startWait)
	case len(said) > 0:
		return errors.New(strings.TrimSpace(string(said)))
	}
	state, err := child.Process.Wait()
	if err != nil {
		return fmt.Errorf("wait for the process in the background: %w", err)
	}
	return fmt.Errorf("the process in the background ended while it started: %s", state)
}

// notifier is the child's end of the pipe. The zero notifier, in the foreground, tells nobody.
type notifier struct{ pipe *os.File }

// parentOf returns the way to the process that waits for us, when we are the child in the background.
func parentOf() notifier {
	if os.Getenv(backgroundEnv) == "" {
		return notifier{}
	}
	os.Unsetenv(backgroundEnv)
	syscall.CloseOnExec(3)
	return notifier{pipe: os.NewFile(3, "parent")}
}

func (n notifier) background() bool { return n.pipe != nil }

// tell reports success (nil) or the failure, once.
func (n notifier) tell(err error) {
	if n.pipe == nil {
		return
	}
	text := started
	if err != nil {
		text = err.Error()
	}
	// A parent that was killed meanwhile does not hear it, and need not.
	_, _ = n.pipe.WriteString(text)
	n.pipe.Close()
}
