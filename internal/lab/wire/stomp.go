// Package wire is the laboratory's own way to speak on the bus: a STOMP session of a hundred lines and the original's request as
// Ruby would write it, both without limits, so that they can also say what no honest program says.
//
// It shares no code with the connectors, the codec or the security providers, because it is the witness of their tests.
//
// Source of the facts: STOMP 1.1, the original's security/base.rb and security/psk.rb, Ruby's doc/marshal.rdoc.
package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Login is where a broker is and who we are there.
type Login struct {
	Addr, User, Password, VHost string
	// Dial opens the connection. Nil: from where this process is.
	Dial func(network, addr string, limit time.Duration) (net.Conn, error) `json:"-"`
}

// Frame is one STOMP frame.
type Frame struct {
	Command string
	Header  map[string]string
	Body    []byte
}

// Session is one connection. It belongs to one goroutine.
type Session struct {
	Conn net.Conn // for what no method offers
	r    *bufio.Reader
}

// Dial opens a session and waits for CONNECTED; an ERROR frame is an error.
func Dial(l Login, limit time.Duration) (*Session, error) {
	dial := l.Dial
	if dial == nil {
		dial = net.DialTimeout
	}
	c, err := dial("tcp", l.Addr, limit)
	if err != nil {
		return nil, err
	}
	s := &Session{Conn: c, r: bufio.NewReader(c)}
	err = s.Send(Frame{Command: "CONNECT", Header: map[string]string{
		"accept-version": "1.1", "host": l.VHost, "login": l.User, "passcode": l.Password, "heart-beat": "0,0"}})
	if err == nil {
		var f Frame
		if f, err = s.Receive(limit); err == nil && f.Command != "CONNECTED" {
			err = fmt.Errorf("%s: %s %s", f.Command, f.Header["message"], f.Body)
		}
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return s, nil
}

// Close ends the connection without a word.
func (s *Session) Close() error { return s.Conn.Close() }

// Send writes one frame. A header content-length that the caller set is kept, also when it lies.
func (s *Session) Send(f Frame) error {
	var b strings.Builder
	b.WriteString(f.Command + "\n")
	keys := make([]string, 0, len(f.Header))
	for k := range f.Header {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		b.WriteString(k + ":" + f.Header[k] + "\n")
	}
	if _, told := f.Header["content-length"]; !told && len(f.Body) > 0 {
		b.WriteString("content-length:" + strconv.Itoa(len(f.Body)) + "\n")
	}
	b.WriteString("\n")
	b.Write(f.Body)
	b.WriteByte(0)
	if err := s.Conn.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	_, err := io.WriteString(s.Conn, b.String())
	return err
}

// Receive returns the next frame whose first byte arrives within limit.
func (s *Session) Receive(limit time.Duration) (Frame, error) {
	if err := s.Conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return Frame{}, err
	}
	for { // empty lines are heart-beats, or the end of the frame before
		first, err := s.r.Peek(1)
		if err != nil {
			return Frame{}, err
		}
		if first[0] != '\n' && first[0] != '\r' {
			break
		}
		if _, err := s.r.Discard(1); err != nil {
			return Frame{}, err
		}
	}
	// What has begun may take longer: a frame cut in two would put the session out of step.
	if err := s.Conn.SetReadDeadline(time.Now().Add(limit + 5*time.Second)); err != nil {
		return Frame{}, err
	}
	f := Frame{Header: map[string]string{}}
	line := func() (string, error) {
		text, err := s.r.ReadString('\n')
		return strings.TrimRight(text, "\r\n"), err
	}
	var err error
	if f.Command, err = line(); err != nil {
		return f, err
	}
	for {
		text, err := line()
		if err != nil {
			return f, err
		}
		if text == "" {
			break
		}
		key, value, _ := strings.Cut(text, ":")
		if _, again := f.Header[key]; !again {
			f.Header[key] = strings.NewReplacer(`\c`, ":", `\n`, "\n", `\\`, `\`).Replace(value)
		}
	}
	if text, told := f.Header["content-length"]; told {
		n, bad := strconv.Atoi(text)
		if bad != nil {
			return f, bad
		}
		f.Body = make([]byte, n+1)
		_, err = io.ReadFull(s.r, f.Body)
		f.Body = f.Body[:n]
	} else {
		f.Body, err = s.r.ReadBytes(0)
		f.Body = f.Body[:max(len(f.Body)-1, 0)]
	}
	return f, err
}
