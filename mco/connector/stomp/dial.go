package stomp

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/go-stomp/stomp/v3/frame"

	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/framing"
)

// welcome is a connection behind CONNECTED.
type welcome struct {
	conn    *guard
	reader  *frame.Reader
	member  connector.Member
	raw     bool          // STOMP 1.0: headers are written as they are
	send    time.Duration // how often the broker wants to hear of us; 0: it does not care
	receive time.Duration // how often it lets us hear of it; 0: never
}

// connect dials a member and says hello. Each step has a deadline, ends with ctx, and leaves nothing open when it fails.
func (t *transport) connect(ctx context.Context, member int) (*welcome, error) {
	conn, err := t.dial(ctx, member)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", t.members[member].Addr, err)
	}
	w, err := t.hello(ctx, conn, member)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("log in to %s: %w", t.members[member].Addr, err)
	}
	return w, nil
}

func (t *transport) dial(ctx context.Context, member int) (net.Conn, error) {
	limit := cmp.Or(t.DialTime, dialTime)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer in %s", limit))
	defer cancel()
	host, m := t.Hosts[member], t.members[member]
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", m.Addr)
	if err != nil {
		return nil, because(ctx, err)
	}
	if host.TLS == nil {
		return conn, nil
	}
	t.log.Info("Establishing SSL session with " + m.URL)
	secure, err := t.handshake(ctx, conn, host)
	if err != nil {
		conn.Close()
		err = explain(because(ctx, err))
		t.log.Error(fmt.Sprintf("SSL session creation with %s failed: %s", m.URL, err))
		return nil, err
	}
	t.log.Info("SSL session established with " + m.URL)
	return secure, nil
}

func (t *transport) handshake(ctx context.Context, conn net.Conn, host Host) (net.Conn, error) {
	c, err := host.TLS.config(host.Name)
	if err != nil {
		return nil, err
	}
	for _, own := range c.Certificates {
		if end := ending(own.Leaf, t.now()); end != "" {
			t.log.Warn(fmt.Sprintf("Our certificate %s ends at %s", host.TLS.Cert, end))
		}
	}
	secure := tls.Client(conn, c)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	for _, peer := range secure.ConnectionState().PeerCertificates[:1] {
		if end := ending(peer, t.now()); end != "" && !host.TLS.Unverified {
			t.log.Warn(fmt.Sprintf("The certificate of %s ends at %s", host.Name, end))
		}
	}
	return secure, nil
}

// because gives the reason why ctx ended, where that is why something failed.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// hello sends CONNECT and waits for CONNECTED.
func (t *transport) hello(ctx context.Context, conn net.Conn, member int) (*welcome, error) {
	limit := cmp.Or(t.DialTime, connectTime)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the broker did not answer CONNECT in %s", limit))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	w := &welcome{conn: newGuard(conn, t.WriteTime, t.MaxFrame), member: t.members[member]}
	w.reader = frame.NewReader(w.conn)
	hello, err := framing.Append(nil, frame.CONNECT, true, t.connectHeaders(t.Hosts[member]), nil)
	if err != nil {
		return nil, err
	}
	if _, err := w.conn.Write(hello); err != nil {
		return nil, because(ctx, err)
	}
	var f *frame.Frame
	for f == nil { // heart-beats before the welcome would be odd, and harmless
		if f, err = w.reader.Read(); err != nil {
			return nil, because(ctx, err)
		}
	}
	if f.Command != frame.CONNECTED {
		return nil, brokerError(f)
	}
	if !stop() {
		return nil, because(ctx, context.Canceled) // the deadline may be set already
	}
	return w, t.agree(w, f.Header)
}

// connectHeaders is what CONNECT says, in the original's order and forms.
func (t *transport) connectHeaders(h Host) []string {
	headers := []string{frame.AcceptVersion, "1.0", frame.Host, t.VHost}
	if t.HeartBeat > 0 {
		headers[1] = "1.1"
		if t.Fallback10 {
			headers[1] = "1.1,1.0"
		}
		ms := t.HeartBeat.Milliseconds()
		headers = append(headers, frame.HeartBeat, strconv.FormatInt(ms+500, 10)+","+strconv.FormatInt(max(ms-500, 1), 10))
	}
	if h.Login != "" {
		headers = append(headers, frame.Login, h.Login, frame.Passcode, h.Passcode)
	}
	return append(headers, frame.ContentType, contentType)
}

// agree reads what the broker made of our wishes.
func (t *transport) agree(w *welcome, h *frame.Header) error {
	switch version := h.Get(frame.Version); version {
	case "", "1.0":
		w.raw = true
		if t.HeartBeat > 0 && !t.Fallback10 {
			return fmt.Errorf("the broker speaks STOMP 1.0 alone, and plugin.%s.stomp_1_0_fallback is off", t.Flavour)
		}
	case "1.1", "1.2":
	default:
		return fmt.Errorf("the broker speaks STOMP %.20q, which was not asked for", version)
	}
	text, ok := h.Contains(frame.HeartBeat)
	if !ok || t.HeartBeat <= 0 {
		return nil
	}
	sends, wants, err := frame.ParseHeartBeat(text)
	if err != nil {
		return fmt.Errorf("the broker's heart-beat is %.40q", text)
	}
	if wants > 0 {
		w.send = max(wants, t.HeartBeat+500*time.Millisecond)
	}
	if sends > 0 {
		w.receive = max(sends, t.HeartBeat-500*time.Millisecond)
	}
	return nil
}

// A BrokerError is an ERROR frame.
type BrokerError struct {
	Message string // its message header
	Detail  string // its body
}

// Error implements error.
func (e *BrokerError) Error() string {
	if e.Detail == "" {
		return "the broker says: " + e.Message
	}
	return "the broker says: " + e.Message + ": " + e.Detail
}

// brokerError makes an error of a frame that is not the one that was expected.
func brokerError(f *frame.Frame) error {
	if f.Command != frame.ERROR {
		return words("Received frame of type '%s' expected 'MESSAGE'", f.Command)
	}
	return &BrokerError{Message: line(f.Header.Get(frame.Message)), Detail: line(string(f.Body))}
}

// line makes one short, printable line of what a broker wrote.
func line(text string) string {
	const most = 300
	clean := make([]rune, 0, min(len(text), most))
	for _, r := range text {
		if len(clean) == most {
			return string(clean) + "..."
		}
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			if n := len(clean); n > 0 && clean[n-1] != ' ' {
				clean = append(clean, ' ')
			}
		case r >= ' ' && r != 0x7f && r != 0xfffd:
			clean = append(clean, r)
		}
	}
	for n := len(clean); n > 0 && clean[n-1] == ' '; n-- {
		clean = clean[:n-1]
	}
	return string(clean)
}
