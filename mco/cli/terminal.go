package cli

import (
	"bytes"
	"io"
	"os"
	"strconv"

	"golang.org/x/term"
)

// onTerminal tells whether w is a terminal.
func onTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// columns is the width of the screen that output goes to, 0 where it does not go to one (util.rb: terminal_dimensions).
func (s *session) columns() int {
	f, ok := s.out.(*os.File)
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
