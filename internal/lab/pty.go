package lab

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// RunOnTerminal runs one command on a pseudo terminal of the given width, types keys, and returns what came there.
func (c *Client) RunOnTerminal(t testing.TB, columns uint16, keys string, args ...string) Output {
	t.Helper()
	ours, theirs, err := openPTY(columns)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	cmd := exec.Command(c.program, args...)
	cmd.Dir, cmd.Env = c.Dir, append(c.env[:len(c.env):len(c.env)], "TERM=xterm")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = theirs.Close()
	if _, err := ours.WriteString(keys); err != nil {
		t.Fatal(err)
	}
	var screen strings.Builder
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 4096)
		for {
			n, err := ours.Read(buf)
			screen.Write(buf[:n])
			if err != nil { // EIO: the other end is closed
				return
			}
		}
	}()
	select {
	case <-read:
	case <-time.After(time.Minute):
		_ = cmd.Process.Kill()
		<-read
	}
	_ = cmd.Wait()
	return Output{Stdout: screen.String(), Exit: cmd.ProcessState.ExitCode(), Took: time.Since(start)}
}

func openPTY(columns uint16) (ours, theirs *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open /dev/ptmx: %w", err)
	}
	ours = os.NewFile(uintptr(fd), "pty")
	defer func() {
		if err != nil {
			_ = ours.Close()
		}
	}()
	if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, fmt.Errorf("unlock pty: %w", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return nil, nil, fmt.Errorf("number of pty: %w", err)
	}
	if err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: columns}); err != nil {
		return nil, nil, fmt.Errorf("size of pty: %w", err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	return ours, theirs, err
}
