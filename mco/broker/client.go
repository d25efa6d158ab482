package broker

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-stomp/stomp/v3/frame"

	"github.com/mco-go/mco-go/mco/connector/framing"
)

// client is one session. One goroutine reads and acts, one writes.
type client struct {
	broker    *Broker
	conn      net.Conn
	scan      framing.Scanner
	opened    time.Time
	connected bool          // CONNECT was accepted
	vhost     string        // that it named
	patience  time.Duration // how long it may be silent then; 0: for ever

	mu      sync.Mutex // guards the fields below
	pending []byte     // to be written
	ending  bool       // nothing more comes: the writer hangs up when all is written
	wake    chan struct{}
	beat    time.Duration // how often the client wants to hear of us; 0: never
}

func newClient(b *Broker, conn net.Conn) *client {
	return &client{broker: b, conn: conn, scan: framing.Scanner{MaxBody: b.o.MaxFrame}, wake: make(chan struct{}, 1), opened: time.Now()}
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
	switch {
	case !c.connected:
		deadline = c.opened.Add(welcomeTime)
	case c.patience > 0:
		deadline = time.Now().Add(c.patience)
	}
	if err := c.conn.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	n, err := c.conn.Read(p)
	if bad := c.scan.Look(p[:n]); bad != nil {
		return 0, &refusal{"Invalid frame", bad.Error() + "\n"}
	}
	return n, err
}

// run serves the session until it ends.
func (c *client) run() {
	defer c.broker.forget(c)
	var writer sync.WaitGroup
	writer.Go(c.write)
	err := c.serve()
	peer := slog.String("peer", c.conn.RemoteAddr().String())
	no, refused := errors.AsType[*refusal](err)
	if refused {
		c.broker.log.Warn("refused", peer, slog.String("message", no.message), slog.String("detail", strings.TrimSpace(no.detail)))
		c.reply(frame.ERROR, []string{"message", no.message, "version", versions, "content-type", "text/plain"}, []byte(no.detail))
	} else {
		c.broker.log.Info("session ended", peer, slog.Any("cause", err))
	}
	c.broker.leave(c)
	c.end()
	writer.Wait()
	if refused || err == errGoodBye {
		c.farewell()
	}
	c.conn.Close()
}

// farewell lets the peer read our last words: a connection that is closed with bytes unread is reset, and they are lost.
func (c *client) farewell() {
	tcp, ok := c.conn.(*net.TCPConn)
	if !ok || tcp.CloseWrite() != nil || tcp.SetReadDeadline(time.Now().Add(farewellTime)) != nil {
		return
	}
	_, _ = io.Copy(io.Discard, tcp)
}

var errGoodBye = errors.New("the client said good-bye")

// serve reads and acts until there is a reason to end.
func (c *client) serve() error {
	reader := frame.NewReader(c)
	for {
		f, err := reader.Read()
		switch {
		case err == frame.ErrInvalidCommand:
			return &refusal{"Bad command", "Could not interpret command\n"}
		case err == frame.ErrInvalidFrameFormat:
			return &refusal{"Invalid frame", err.Error() + "\n"}
		case err != nil:
			return err
		case f == nil:
			continue
		}
		hello := f.Command == frame.CONNECT || f.Command == frame.STOMP
		switch {
		case hello && c.connected:
			return &refusal{"Already connected", "a session is opened once\n"}
		case hello:
			if err := c.connect(f.Header); err != nil {
				return err
			}
			continue
		case !c.connected:
			return &refusal{"Illegal command", "You must log in using CONNECT first"}
		}
		if err := c.handle(f); err != nil {
			return err
		}
		if id, ok := f.Header.Contains(frame.Receipt); ok {
			c.reply(frame.RECEIPT, []string{frame.ReceiptId, id}, nil)
		}
		if f.Command == frame.DISCONNECT {
			return errGoodBye
		}
	}
}

// handle does what a frame asks for.
func (c *client) handle(f *frame.Frame) error {
	h := f.Header
	switch f.Command {
	case frame.SEND:
		return c.send(f)
	case frame.SUBSCRIBE:
		return c.subscribe(h)
	case frame.UNSUBSCRIBE:
		id, destination := h.Get(frame.Id), h.Get(frame.Destination)
		switch {
		case id != "":
			return c.broker.unsubscribe(c, "T_"+id, "id='"+id+"'")
		case destination != "":
			return c.broker.unsubscribe(c, "Q_"+destination, "destination='"+destination+"'")
		}
		return &refusal{"Missing destination or id", "UNSUBSCRIBE must include a 'destination' or 'id' header"}
	case frame.BEGIN, frame.COMMIT, frame.ABORT:
		// No SEND can be part of one, so there is nothing to do.
		if h.Get(frame.Transaction) == "" {
			return &refusal{"Missing transaction", fmt.Sprintf("%q must include a 'transaction' header\n", f.Command)}
		}
	case frame.ACK, frame.NACK, frame.DISCONNECT:
	default:
		return &refusal{"Bad command", fmt.Sprintf("Could not interpret command %q\n", f.Command)}
	}
	return nil
}

// subscribe reads a SUBSCRIBE frame.
func (c *client) subscribe(h *frame.Header) error {
	s := &subscription{client: c}
	text, id := h.Get(frame.Destination), h.Get(frame.Id)
	var err error
	if s.destination, err = parse(frame.SUBSCRIBE, text); err != nil {
		return err
	}
	if s.selector, err = selector(h.Get("selector")); err != nil {
		return err
	}
	if s.opening, err = opening(id); err != nil {
		return err
	}
	if s.tag = "T_" + id; id == "" {
		s.tag = "Q_" + text
	}
	return c.broker.subscribe(s)
}

// send reads a SEND frame and routes it. Of headers of one name the first counts.
func (c *client) send(f *frame.Frame) error {
	m := &message{body: f.Body, text: f.Header.Get(frame.Destination)}
	temp := ""
	for i := range f.Header.Len() {
		name, value := f.Header.GetAt(i)
		if repeated(f.Header, i) {
			continue
		}
		switch name {
		case frame.MessageId:
			return &refusal{"Invalid header", "'message-id' is not allowed on 'SEND'.\n"}
		case frame.Transaction:
			return &refusal{"Bad transaction", fmt.Sprintf("Invalid transaction identifier: %.100q\n", value)}
		case frame.Destination, frame.Receipt, frame.ContentLength, frame.Subscription, "redelivered":
			continue
		case "reply-to":
			if name, ok := strings.CutPrefix(value, "/temp-queue/"); ok {
				if name == "" || strings.Contains(name, "/") {
					return &refusal{"Invalid destination", fmt.Sprintf("'%.200s' is not a valid temp-queue destination\n", value)}
				}
				temp = value
				continue
			}
		case "expiration":
			ms, err := strconv.ParseUint(value, 10, 32)
			if err != nil {
				return &refusal{"precondition_failed", fmt.Sprintf("PRECONDITION_FAILED - invalid expiration '%.40s': no_integer", value)}
			}
			m.expires = time.Now().Add(time.Duration(ms) * time.Millisecond)
		case "expires":
			if ms, err := strconv.ParseInt(value, 10, 64); err == nil && ms > 0 {
				m.expires = time.UnixMilli(ms)
			}
		case "mc_identity":
			m.identity = value
		}
		m.headers = append(m.headers, name, value)
	}
	var err error
	if m.destination, err = parse(frame.SEND, m.text); err != nil {
		return err
	}
	if m.destination.reply != "" {
		m.text = "/queue/" + m.destination.reply // so RabbitMQ calls it to the receiver
	}
	return c.broker.send(c, m, temp)
}

// repeated tells whether a header before has the same name.
func repeated(h *frame.Header, i int) bool {
	name, _ := h.GetAt(i)
	for j := range i {
		if before, _ := h.GetAt(j); before == name {
			return true
		}
	}
	return false
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
