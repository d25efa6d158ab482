package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// pidFile is the file that names the running daemon. It is locked while the daemon lives, so that a file left behind is told from a
// living one even when its number has been given to another process since.
type pidFile struct {
	file *os.File
	path string
}

// createPidFile writes our process id to path. A file of a daemon that lives is an error in the original's words; one that was
// left behind is replaced (unix_daemon.rb). The original's own pid files are not locked: there the process itself is looked at.
func createPidFile(path string) (*pidFile, error) {
	for range 3 {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR|syscall.O_NOFOLLOW, 0o644)
		if err == nil {
			return lockPidFile(f, path)
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("create the pid file: %w", err)
		}
		if err := removeStale(path); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("create the pid file: %s comes back each time it is removed", path)
}

func lockPidFile(f *os.File, path string) (*pidFile, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		_, err = f.WriteString(strconv.Itoa(os.Getpid()))
	}
	if err == nil {
		return &pidFile{file: f, path: path}, nil
	}
	f.Close()
	os.Remove(path)
	return nil, fmt.Errorf("write the pid file %s: %w", path, err)
}

// removeStale removes the pid file of a daemon that is gone.
func removeStale(path string) error {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the pid file: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("read the pid file: %s is no plain file", path)
	}
	raw, err := io.ReadAll(io.LimitReader(f, 64))
	if err != nil {
		return fmt.Errorf("read the pid file: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	numbered := err == nil && pid > 0
	locked := errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
	if locked || numbered && isDaemon(pid) {
		//lint:ignore ST1005 the original's text
		return fmt.Errorf("Process is already running with PID %d", pid)
	}
	return removeIfSame(f, path)
}

// removeIfSame removes path while it is still the file that f is: two daemons that start together may both look at a stale one.
func removeIfSame(f *os.File, path string) error {
	opened, err := f.Stat()
	if err != nil {
		return err
	}
	there, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(opened, there) {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the pid file: %w", err)
	}
	return nil
}

// isDaemon tells whether the process lives and may be a daemon that does not lock its pid file: the original's.
func isDaemon(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return true // alive, and nobody tells what it is
	}
	// The program itself, or an interpreter with few options in front of it.
	words := strings.Split(string(cmdline), "\x00")
	return slices.ContainsFunc(words[:min(3, len(words))], func(w string) bool { return filepath.Base(w) == "mcollectived" })
}

// remove deletes the file, unless it is no longer ours, and gives up the lock.
func (p *pidFile) remove() error {
	defer p.file.Close()
	return removeIfSame(p.file, p.path)
}
