// Package framing bounds and writes STOMP frames. Reading them is go-stomp's frame package's, which has no bounds of its own: it makes
// room for whatever a header claims. Both ends of the bus share this package, the connector and the dev broker.
//
// Source of the facts: the STOMP 1.0, 1.1 and 1.2 specifications, go-stomp's frame/reader.go, ruby-stomp's lib/stomp/codec.rb.
package framing

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// Bounds of a frame beside its body.
const (
	MaxHeaderBytes = 64 << 10 // of command and headers
	MaxHeaders     = 128
)

// A LimitError is a frame that is larger than allowed.
type LimitError struct {
	What string
	Most int64
}

// Error implements error.
func (e *LimitError) Error() string {
	return fmt.Sprintf("a frame has more than %d %s", e.Most, e.What)
}

// Scanner follows a stream of frames, as go-stomp's reader will read it, and says no to what is too large before that reader makes
// room for it. The zero value but for MaxBody is at the begin of a stream.
type Scanner struct {
	MaxBody int64 // bytes of a body

	state  scanState
	line   [32]byte // begin of the current line: enough for a content-length
	length int      // of the current line
	last   byte     // of the current line
	total  int      // bytes of command and headers so far
	count  int      // headers so far
	body   int64    // of the frame: what is still to come, or what came already where the length is unknown
	known  bool     // the frame has a content-length
}

type scanState uint8

const (
	inCommand scanState = iota // also between frames, where empty lines are heart-beats
	inHeaders
	inBody       // of known length
	atTerminator // behind it
	inOpenBody   // until NUL
)

// Look takes the next bytes of the stream.
func (s *Scanner) Look(p []byte) error {
	for len(p) > 0 {
		switch s.state {
		case inCommand, inHeaders:
			n := bytes.IndexByte(p, '\n')
			whole := n >= 0
			if !whole {
				n = len(p)
			}
			if s.length < len(s.line) {
				copy(s.line[s.length:], p[:n])
			}
			s.length += n
			if n > 0 {
				s.last = p[n-1]
			}
			if s.total += n + 1; s.total > MaxHeaderBytes {
				return &LimitError{"bytes of headers", MaxHeaderBytes}
			}
			if !whole {
				return nil
			}
			p = p[n+1:]
			if err := s.endLine(); err != nil {
				return err
			}
		case inBody:
			n := min(int64(len(p)), s.body)
			p, s.body = p[n:], s.body-n
			if s.body == 0 {
				s.state = atTerminator
			}
		case atTerminator:
			if p[0] != 0 {
				return errors.New("a frame's body is longer than it says")
			}
			p = p[1:]
			s.next()
		case inOpenBody:
			n := bytes.IndexByte(p, 0)
			whole := n >= 0
			if !whole {
				n = len(p)
			}
			if s.body += int64(n); s.body > s.MaxBody {
				return &LimitError{"bytes of body", s.MaxBody}
			}
			if !whole {
				return nil
			}
			p = p[n+1:]
			s.next()
		}
	}
	return nil
}

// next is the end of a frame.
func (s *Scanner) next() {
	*s = Scanner{MaxBody: s.MaxBody}
}

// endLine is the end of a line of command or headers.
func (s *Scanner) endLine() error {
	length := s.length
	if length > 0 && s.last == '\r' {
		length--
	}
	line := s.line[:min(length, len(s.line))]
	s.length = 0
	switch {
	case s.state == inCommand && length == 0:
		s.total = 0
	case s.state == inCommand:
		s.state = inHeaders
	case length == 0 && s.known:
		if s.state = inBody; s.body == 0 {
			s.state = atTerminator
		}
	case length == 0:
		s.state = inOpenBody
	default:
		if s.count++; s.count > MaxHeaders {
			return &LimitError{"headers", MaxHeaders}
		}
		if value, ok := bytes.CutPrefix(line, []byte("content-length:")); ok && !s.known {
			n, err := strconv.ParseUint(string(value), 10, 32)
			if err != nil || length > len(s.line) {
				return fmt.Errorf("a frame's content-length is %.20q", value)
			}
			if int64(n) > s.MaxBody {
				return &LimitError{"bytes of body", s.MaxBody}
			}
			s.body, s.known = int64(n), true
		}
	}
	return nil
}
