package logging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// logMode is the mode of a new log file: the group may read, because operators do; the world may not.
const logMode = 0o640

// rotating is a log file that is renamed F, F.0, F.1 ... when it has grown past a size, as Ruby's Logger does it. It has no goroutine.
type rotating struct {
	path    string
	keep    int
	maxSize int64

	mu   sync.Mutex // guards the fields below
	file *os.File   // nil after Close
	size int64
}

func openRotating(path string, keep int, maxSize int64) (*rotating, error) {
	r := &rotating{path: path, keep: keep, maxSize: maxSize}
	if err := r.open(); err != nil {
		return nil, err
	}
	return r, nil
}

// open appends to the file, or begins a new one with the line that Ruby's Logger puts at its head.
func (r *rotating) open() error {
	f, err := os.OpenFile(r.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, logMode)
	if err != nil {
		return fmt.Errorf("open the log file: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("open the log file: %w", err), f.Close())
	}
	size := info.Size()
	if size == 0 && info.Mode().IsRegular() {
		n, err := fmt.Fprintf(f, "# Logfile created on %s by mco-go\n", time.Now().Format("2006-01-02 15:04:05 -0700"))
		if err != nil {
			return errors.Join(fmt.Errorf("write the log file: %w", err), f.Close())
		}
		size = int64(n)
	}
	r.file, r.size = f, size
	return nil
}

// Write appends one line, rotating first where the file has reached its size. A rotation that fails does not lose the line.
func (r *rotating) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return 0, fs.ErrClosed
	}
	var rotateErr error
	if r.keep > 0 && r.maxSize > 0 && r.size > r.maxSize {
		rotateErr = r.rotate()
	}
	n, err := r.file.Write(line)
	r.size += int64(n)
	return n, errors.Join(rotateErr, err)
}

// rotate shifts F.i to F.i+1, the oldest falling off the end, and F to F.0. The old file stays in use when the new one cannot be made.
func (r *rotating) rotate() error {
	for i := r.keep - 3; i >= 0; i-- {
		err := os.Rename(r.old(i), r.old(i+1))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("rotate the log file: %w", err)
		}
	}
	if err := os.Rename(r.path, r.old(0)); err != nil {
		return fmt.Errorf("rotate the log file: %w", err)
	}
	before := r.file
	if err := r.open(); err != nil {
		return err
	}
	return before.Close()
}

func (r *rotating) old(i int) string { return fmt.Sprintf("%s.%d", r.path, i) }

// Reopen opens the name anew; the old file stays in use when that fails.
func (r *rotating) Reopen() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.file
	if err := r.open(); err != nil {
		return err
	}
	if before == nil {
		return nil
	}
	return before.Close()
}

// Close closes the file; lines that come after it are refused.
func (r *rotating) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}
