package cli

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"sync"

	"golang.org/x/term"
)

// onTerminal tells whether w is a terminal.
func onTerminal(w any) bool {
	f, ok := file(w)
	return ok && term.IsTerminal(int(f.Fd()))
}

// file returns the file that w is or that it writes to.
func file(w any) (*os.File, bool) {
	if o, ok := w.(*output); ok {
		w = o.Writer
	}
	f, ok := w.(*os.File)
	return f, ok
}

// output is standard output. It remembers why it could not be written to: a report that is lost is a failure, however well the call went.
type output struct {
	io.Writer
	mu  sync.Mutex // guards err
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// Fd lets commands of ours see whether they write to a terminal. What is no file has a number that none has.
func (o *output) Fd() uintptr {
	if f, ok := file(o); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

func (o *output) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// columns is the width of the screen that output goes to, 0 where it does not go to one (util.rb: terminal_dimensions).
func (s *session) columns() int {
	f, ok := file(s.out)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	if n, err := strconv.Atoi(s.c.Getenv("COLUMNS")); err == nil && n > 0 && s.c.Getenv("LINES") != "" {
		return n
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// waiting tells whether somebody sends names on standard input, and returns them to be read. Like the original's it waits until
// there is something or the other side closes; a terminal and an empty input do not count.
func (s *session) waiting() (io.Reader, bool) {
	if s.in == nil || onTerminal(s.in) {
		return nil, false
	}
	type first struct {
		b   [1]byte
		n   int
		err error
	}
	got := make(chan first, 1) // the reader is left behind when the operator stops us: the process ends then
	go func() {
		var f first
		f.n, f.err = io.ReadFull(s.in, f.b[:])
		got <- f
	}()
	select {
	case f := <-got:
		if f.n == 0 {
			return nil, false
		}
		return io.MultiReader(bytes.NewReader(f.b[:]), s.in), true
	case <-s.ctx.Done():
		return nil, false
	}
}
