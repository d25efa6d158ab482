package facts

import (
	"errors"
	"fmt"
	"io"

	"github.com/mco-go/mco-go/generators/safe"
)

// splitter cuts a JSON array into its elements as it comes. It knows texts and brackets, no more: an element is read by a [scanner].
type splitter struct {
	in     io.Reader // behind the bracket that opens the array
	limits Limits
	read   int64
	line   int // of the byte that is looked at
	number int // of elements so far
	buf    []byte
	at     int
	err    error
}

func newSplitter(in io.Reader, limits Limits, line int) *splitter {
	return &splitter{in: in, limits: limits, line: line, buf: make([]byte, 0, 64<<10)}
}

// next returns the next element and the line that it begins on; no text at the end.
func (s *splitter) next() (element string, line int, f *fault) {
	c, ok := s.space()
	switch {
	case ok && c == ']':
		s.at++
		return "", 0, s.tail()
	case ok && s.number > 0 && c != ',':
		return "", 0, s.syntax("a comma or ] is missing")
	case ok && s.number > 0:
		s.at++
		c, ok = s.space()
	}
	switch {
	case !ok:
		return "", 0, s.end()
	case c == ',' || c == ']' || c == '}' || c == ':':
		return "", 0, s.syntax("an element is missing")
	}
	s.number++
	line = s.line
	element, f = s.element()
	return element, line, f
}

// element reads up to where the element's brackets are closed; one without brackets ends before a comma or bracket.
func (s *splitter) element() (string, *fault) {
	var partial []byte
	depth, quoted, escaped := 0, false, false
	for start := s.at; ; {
		for ; s.at < len(s.buf); s.at++ {
			c := s.buf[s.at]
			switch {
			case escaped:
				escaped = false
			case quoted:
				escaped, quoted = c == '\\', c != '"'
			case c == '"':
				quoted = true
			case c == '{' || c == '[':
				depth++
			case c == '\n':
				s.line++
			case depth == 0 && (c == ',' || c == ']'):
				return s.whole(append(partial, s.buf[start:s.at]...))
			case c == '}' || c == ']':
				if depth--; depth <= 0 {
					s.at++
					return s.whole(append(partial, s.buf[start:s.at]...))
				}
			}
		}
		if partial = append(partial, s.buf[start:]...); int64(len(partial)) > s.limits.File {
			return "", s.tooLong()
		}
		if start = 0; !s.fill() {
			return "", s.end()
		}
	}
}

// whole is an element that has been read.
func (s *splitter) whole(element []byte) (string, *fault) {
	if int64(len(element)) > s.limits.File {
		return "", s.tooLong()
	}
	return string(element), nil
}

func (s *splitter) tooLong() *fault {
	return &fault{class: inputLimit, line: s.line, what: "an element is too long", want: fmt.Sprintf("at most %d bytes", s.limits.File)}
}

// space passes over white space and returns what follows.
func (s *splitter) space() (byte, bool) {
	for {
		for ; s.at < len(s.buf); s.at++ {
			switch c := s.buf[s.at]; c {
			case '\n':
				s.line++
			case ' ', '\t', '\r':
			default:
				return c, true
			}
		}
		if !s.fill() {
			return 0, false
		}
	}
}

// fill reads on. Nothing of what it replaces is needed any more.
func (s *splitter) fill() bool {
	s.at = 0
	s.buf = s.buf[:0]
	for empty := 0; s.err == nil && len(s.buf) == 0; empty++ {
		var n int
		n, s.err = s.in.Read(s.buf[:cap(s.buf)])
		s.buf = s.buf[:n]
		if empty == 100 {
			s.err = io.ErrNoProgress
		}
	}
	if s.read += int64(len(s.buf)); s.read > s.limits.Array {
		s.err, s.buf = errTooLong, s.buf[:0]
	}
	return len(s.buf) > 0
}

var errTooLong = errors.New("the array is too long")

// tail sees to it that nothing follows the array.
func (s *splitter) tail() *fault {
	if _, ok := s.space(); ok {
		return s.syntax("there is something behind the end")
	}
	if !errors.Is(s.err, io.EOF) {
		return s.end()
	}
	return nil
}

func (s *splitter) syntax(what string) *fault {
	return &fault{class: inputSyntax, line: s.line, what: "not JSON: " + what, got: safe.Quote(string(s.buf[s.at : s.at+1]))}
}

// end says why there is no more.
func (s *splitter) end() *fault {
	switch {
	case errors.Is(s.err, errTooLong):
		return &fault{class: inputLimit, line: s.line, what: s.err.Error(), want: fmt.Sprintf("at most %d bytes", s.limits.Array),
			todo: "ask for fewer nodes or facts at a time"}
	case errors.Is(s.err, io.EOF):
		return &fault{class: inputSyntax, line: s.line, what: "not JSON: it ends in the middle", todo: "write the file anew"}
	}
	return unreadable(s.err)
}
