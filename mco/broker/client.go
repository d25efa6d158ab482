package broker

import (
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/go-stomp/stomp/v3/frame"

	"github.com/mco-go/mco-go/mco/connector/framing"
)

// client is one session. One goroutine reads and acts, one writes.
type client struct {
	broker   *Broker
	conn     net.Conn
	scan     framing.Scanner
	raw      bool          // STOMP 1.0
	patience time.Duration // how long it may be silent; 0: for ever

	mu      sync.Mutex // guards the fields below
	pending []byte     // to be written
	ending  bool       // nothing more comes: the writer hangs up when all is written
	wake    chan struct{}
	beat    time.Duration // how often the client wants to hear of us; 0: never
}

func newClient(b *Broker, conn net.Conn) *client {
	return &client{broker: b, conn: conn, scan: framing.Scanner{MaxBody: b.o.MaxFrame}, wake: make(chan struct{}, 1), patience: welcomeTime}
}

// reset makes the end of the connection a hard one.
func (c *client) reset() {
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// Read reads for the frame reader: with a deadline, and looked through.
func (c *client) Read(p []byte) (int, error) {
	var deadline time.Time
	if c.patience > 0 {
		deadline = time.Now().Add(c.patience)
	}
	if err := c.conn.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	n, err := c.conn.Read(p)
	if bad := c.scan.Look(p[:n]); bad != nil {
		return 0, bad
	}
	return n, err
}

// run serves the session until it ends.
func (c *client) run() {
	var writer sync.WaitGroup
	writer.Go(c.write)
	err := c.serve()
	if no, ok := err.(*refusal); ok {
		c.reply(frame.ERROR, []string{"message", no.message, "content-type", "text/plain"}, []byte(no.detail+"\n"))
	}
	c.end()
	c.broker.gone(c, err)
	writer.Wait()
	c.conn.Close()
}

func (c *client) serve() error {
	reader := frame.NewReader(c)
	connected := false
	for {
		f, err := reader.Read()
		if err != nil {
			if _, ok := err.(*framing.LimitError); ok || err == frame.ErrInvalidCommand || err == frame.ErrInvalidFrameFormat {
				return &refusal{"Invalid frame", err.Error()}
			}
			return err
		}
		if f == nil {
			continue
		}
		hello := f.Command == frame.CONNECT || f.Command == frame.STOMP
		switch {
		case hello && connected:
			return &refusal{"Already connected", "a session is opened once"}
		case hello:
			if err := c.connect(f.Header); err != nil {
				return err
			}
			connected = true
			continue
		case !connected:
			return &refusal{"Illegal command", "You must log in using CONNECT first"}
		}
		if err := c.handle(f); err != nil {
			return err
		}
		if id, ok := f.Header.Contains(frame.Receipt); ok {
			c.reply(frame.RECEIPT, []string{frame.ReceiptId, id}, nil)
		}
		if f.Command == frame.DISCONNECT {
			return nil
		}
	}
}

// handle does what a frame asks for. Messages need no acknowledgement here, and transactions hold nothing.
func (c *client) handle(f *frame.Frame) error {
	h := f.Header
	switch f.Command {
	case frame.SEND:
		return c.send(f)
	case frame.SUBSCRIBE:
		s := &subscription{client: c, id: h.Get(frame.Id), destination: h.Get(frame.Destination)}
		if s.id == "" {
			s.id = "Q_" + s.destination
		}
		var err error
		if s.selector, err = selector(h.Get("selector")); err != nil {
			return err
		}
		return c.broker.subscribe(s)
	case frame.UNSUBSCRIBE:
		return c.broker.unsubscribe(c, h.Get(frame.Id), h.Get(frame.Destination))
	case frame.BEGIN, frame.COMMIT, frame.ABORT:
		if h.Get(frame.Transaction) == "" {
			return &refusal{"Missing transaction", f.Command + " must include a 'transaction' header"}
		}
	case frame.ACK, frame.NACK, frame.DISCONNECT:
	default:
		return &refusal{"Bad command", fmt.Sprintf("Could not interpret command \"%s\"", f.Command)}
	}
	return nil
}

// send routes a SEND frame.
func (c *client) send(f *frame.Frame) error {
	m := &message{body: f.Body}
	temp := ""
	for i := range f.Header.Len() {
		name, value := f.Header.GetAt(i)
		switch name {
		case frame.Destination:
			if m.destination == "" {
				m.destination = value
			}
			continue
		case frame.Receipt, frame.ContentLength, frame.Transaction, frame.Subscription, frame.MessageId:
			continue
		case "reply-to":
			if len(value) > len("/temp-queue/") && value[:len("/temp-queue/")] == "/temp-queue/" {
				temp = value
				continue
			}
		case "expiration":
			if ms, err := strconv.ParseInt(value, 10, 64); err == nil && ms >= 0 && ms < 1<<40 {
				m.expires = time.Now().Add(time.Duration(ms) * time.Millisecond)
			}
		case "expires":
			if ms, err := strconv.ParseInt(value, 10, 64); err == nil && ms > 0 {
				m.expires = time.UnixMilli(ms)
			}
		case "mc_identity":
			m.identity = value
		}
		m.headers = append(m.headers, name, value)
	}
	if m.destination == "" {
		return &refusal{"Missing destination", "SEND must include a 'destination' header"}
	}
	return c.broker.send(c, m, temp)
}

// selector reads the one kind of selector that MCollective uses: mc_identity = 'NAME'.
func selector(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	const before = "mc_identity = '"
	if n := len(text); n > len(before) && text[:len(before)] == before && text[n-1] == '\'' {
		return text[len(before) : n-1], nil
	}
	return "", &refusal{"Bad selector", fmt.Sprintf("only mc_identity = 'NAME' is understood, not %.100q", text)}
}
