package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/mco-go/mco-go/internal/lab/wire"
)

// raw is a STOMP session with nothing around it: no heart-beats, no queues, no goroutine. It is the floor that our own sessions are
// measured against.
type raw struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte // the frame being built
}

// message is what a raw session keeps of a MESSAGE frame.
type message struct {
	replyTo string
	body    []byte // valid until the next receive
}

func dialRaw(l wire.Login, bufferSize int) (*raw, error) {
	conn, err := net.DialTimeout("tcp", l.Addr, 10*time.Second)
	if err != nil {
		return nil, err
	}
	s := &raw{conn: conn, in: bufio.NewReaderSize(conn, bufferSize)}
	if err := conn.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		return nil, err
	}
	err = s.send("CONNECT", nil, connectHeaders(l)...)
	if err != nil {
		return nil, err
	}
	if command, _, err := s.next(); err != nil || command != "CONNECTED" {
		return nil, fmt.Errorf("broker %s answered %q: %w", l.Addr, command, err)
	}
	return s, nil
}

func connectHeaders(l wire.Login) []string {
	return []string{"login", l.User, "passcode", l.Password, "host", l.VHost, "accept-version", "1.1,1.0"}
}

// send writes one frame in one write. Headers are pairs.
func (s *raw) send(command string, body []byte, headers ...string) error {
	s.out = appendFrame(s.out[:0], command, body, headers...)
	_, err := s.conn.Write(s.out)
	return err
}

// appendFrame adds a frame to dst. Headers are pairs.
func appendFrame(dst []byte, command string, body []byte, headers ...string) []byte {
	dst = append(dst, command...)
	for i := 0; i < len(headers); i += 2 {
		dst = append(dst, '\n')
		dst = append(dst, headers[i]...)
		dst = append(dst, ':')
		dst = append(dst, headers[i+1]...)
	}
	dst = append(dst, "\ncontent-length:"...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, "\n\n"...)
	dst = append(dst, body...)
	return append(dst, 0)
}

// subscribe makes the given subscriptions and waits until the broker has finished them.
func (s *raw) subscribe(destinations ...string) error {
	for i, d := range destinations {
		if err := s.send("SUBSCRIBE", nil, "destination", d, "id", strconv.Itoa(i)); err != nil {
			return err
		}
	}
	// A receipt that is asked for behind them comes when the broker has worked through them.
	if err := s.send("SEND", nil, "destination", "/topic/floor.barrier", "receipt", "subscribed"); err != nil {
		return err
	}
	for {
		command, _, err := s.next()
		if err != nil {
			return err
		}
		if command == "RECEIPT" {
			return s.conn.SetDeadline(time.Time{})
		}
	}
}

var contentLength, replyTo = []byte("content-length:"), []byte("reply-to:")

// next reads one frame, skipping heart-beats.
func (s *raw) next() (command string, m message, err error) {
	length := -1
	for {
		line, err := s.in.ReadSlice('\n')
		if err != nil {
			return command, m, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0 && command == "":
			continue
		case len(line) == 0:
			if length < 0 {
				rest, err := s.in.ReadBytes(0)
				m.body = rest
				return command, m, err
			}
			m.body = make([]byte, length+1) // and the NUL behind it
			_, err := io.ReadFull(s.in, m.body)
			m.body = m.body[:length]
			return command, m, err
		case command == "":
			command = string(line)
		case bytes.HasPrefix(line, contentLength):
			if length, err = strconv.Atoi(string(line[len(contentLength):])); err != nil {
				return command, m, err
			}
		case bytes.HasPrefix(line, replyTo):
			m.replyTo = unescape(line[len(replyTo):])
		}
	}
}

// unescape undoes STOMP 1.1's header escapes.
func unescape(b []byte) string {
	if !bytes.ContainsRune(b, '\\') {
		return string(b)
	}
	b = bytes.ReplaceAll(b, []byte(`\c`), []byte(":"))
	b = bytes.ReplaceAll(b, []byte(`\n`), []byte("\n"))
	return string(bytes.ReplaceAll(b, []byte(`\\`), []byte(`\`)))
}

// answer replies to every message with the same body until the session ends.
func (s *raw) answer(body []byte) error {
	for {
		command, m, err := s.next()
		if err != nil {
			return err
		}
		if command != "MESSAGE" || m.replyTo == "" {
			continue
		}
		if err := s.send("SEND", body, "destination", m.replyTo, "content-type", "text/plain; charset=UTF-8"); err != nil {
			return err
		}
	}
}

// call sends one frame to each destination in turn, as many unanswered ones at a time as inFlight says, and returns when all n are
// answered.
func (s *raw) call(n, inFlight int, request func(i int) []byte, headers ...string) error {
	sent := 0
	for answered := 0; answered < n; {
		for ; sent < n && sent-answered < inFlight; sent++ {
			if err := s.send("SEND", request(sent), headers...); err != nil {
				return err
			}
		}
		command, _, err := s.next()
		if err != nil {
			return err
		}
		if command == "MESSAGE" {
			answered++
		}
	}
	return nil
}

func (s *raw) close() { s.conn.Close() }
