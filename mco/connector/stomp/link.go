package stomp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-stomp/stomp/v3/frame"

	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/framing"
)

// link is one connection. Its goroutines are one that reads and, with heart-beats, one that watches the clock; Close waits for both.
type link struct {
	*transport
	*welcome
	deliver func(connector.Message)
	writing chan struct{} // held while a frame is written; a channel, so that waiting for it can be given up
	done    chan struct{}
	workers sync.WaitGroup

	mu       sync.Mutex // guards the fields below
	err      error
	subs     map[string]*subscribed // by id
	wildcard map[string]bool        // destinations that a wildcard subscription is meant to bring; nil without one
	replies  map[connector.Subscription]string
	receipts map[string]chan struct{}
	number   int // of the last receipt
}

// subscribed is one subscription at the broker, for one or more of ours.
type subscribed struct {
	target
	wanted map[connector.Subscription]bool
}

var errHungUp = errors.New("connection closed")

func newLink(t *transport, w *welcome, deliver func(connector.Message)) *link {
	l := &link{
		transport: t, welcome: w, deliver: deliver, writing: make(chan struct{}, 1), done: make(chan struct{}),
		subs: map[string]*subscribed{}, replies: map[connector.Subscription]string{}, receipts: map[string]chan struct{}{},
	}
	l.workers.Go(l.read)
	if t.HeartBeat > 0 {
		l.workers.Go(l.watch)
	}
	return l
}

// fail ends the link. The first reason counts.
func (l *link) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	l.err = err
	l.conn.Close()
	close(l.done)
}

func (l *link) Done() <-chan struct{} { return l.done }

func (l *link) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Close implements [connector.Link].
func (l *link) Close(ctx context.Context) {
	switch {
	case ctx.Err() != nil || l.Err() != nil:
	case l.conn.lastRead.Load() > l.conn.lastWrite.Load():
		// The broker has spoken since: what was sent has been taken, and an operator's prompt need not wait for a receipt.
		_ = l.write(ctx, frame.DISCONNECT, nil, nil)
	default:
		// The receipt says that what was sent before has been taken.
		_ = l.confirm(ctx, frame.DISCONNECT, nil, nil)
	}
	l.fail(errHungUp)
	l.workers.Wait()
}

// read hands on what comes, until the link ends.
func (l *link) read() {
	for {
		f, err := l.reader.Read()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("the broker closed the connection")
			}
			l.fail(err)
			return
		}
		if f == nil {
			continue // a heart-beat; the guard has seen it
		}
		switch f.Command {
		case frame.MESSAGE:
			l.message(f)
		case frame.RECEIPT:
			l.receipt(f.Header.Get(frame.ReceiptId))
		default:
			l.fail(brokerError(f))
			return
		}
	}
}

func (l *link) receipt(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c, ok := l.receipts[id]; ok {
		close(c)
		delete(l.receipts, id)
	}
}

// message passes on a MESSAGE, but for what is ours alone.
func (l *link) message(f *frame.Frame) {
	h := f.Header
	if _, ours := h.Contains(barrierHeader); ours || h.Get(frame.Subscription) == barrierID {
		return
	}
	m := connector.Message{
		ReplyTo:     h.Get("reply-to"),
		Destination: h.Get(frame.Destination),
		Sender:      h.Get("mc_sender"),
		Broker:      l.member.Addr,
		Payload:     f.Body,
	}
	if l.unwanted(h.Get(frame.Subscription), m.Destination) {
		return
	}
	if l.Base64 {
		var err error
		if m.Payload, err = decode64(f.Body); err != nil {
			l.log.Warn(fmt.Sprintf("Failed to handle message: %s - RuntimeError", err))
			return
		}
	}
	l.deliver(m)
}

// unwanted tells whether a wildcard subscription brought a frame for an agent that we lack.
func (l *link) unwanted(id, destination string) bool {
	if !strings.HasSuffix(id, "_broadcast_*") {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wildcard != nil && !l.wildcard[destination]
}

// Subscribe implements [connector.Link].
func (l *link) Subscribe(ctx context.Context, subs []connector.Subscription) (asked int, err error) {
	for _, sub := range subs {
		sequence := 0
		if sub.Kind == connector.Replies {
			sequence = l.transport.number(sub)
		}
		t := l.names.subscription(sub, sequence)
		if !l.note(sub, t) {
			continue
		}
		headers := append([]string{frame.Destination, t.name, frame.Id, t.id}, t.headers...)
		if l.raw {
			headers = append([]string{frame.Destination, t.name}, t.headers...)
		}
		if err := l.write(ctx, frame.SUBSCRIBE, headers, nil); err != nil {
			return asked, err
		}
		asked++
	}
	return asked, nil
}

// note remembers a subscription and tells whether the broker must be asked for it.
func (l *link) note(sub connector.Subscription, t target) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if sub.Kind == connector.Replies {
		l.replies[sub] = t.name
	}
	if strings.HasSuffix(t.id, "_broadcast_*") {
		if l.wildcard == nil {
			l.wildcard = map[string]bool{}
		}
		l.wildcard[strings.TrimSuffix(t.name, "*")+sub.Agent] = true
	}
	if t.silent {
		return false
	}
	if s, ok := l.subs[t.id]; ok {
		s.wanted[sub] = true
		return false
	}
	l.subs[t.id] = &subscribed{t, map[connector.Subscription]bool{sub: true}}
	return true
}

// Unsubscribe implements [connector.Link]. A destination that serves another subscription of ours is kept; the original leaves it.
func (l *link) Unsubscribe(ctx context.Context, subs []connector.Subscription) error {
	for _, sub := range subs {
		l.transport.forget(sub)
		t, last := l.strike(sub)
		if !last {
			continue
		}
		headers := append([]string{frame.Destination, t.name, frame.Id, t.id}, t.headers...)
		if l.raw {
			headers = append([]string{frame.Destination, t.name}, t.headers...)
		}
		if err := l.write(ctx, frame.UNSUBSCRIBE, headers, nil); err != nil {
			return err
		}
	}
	return nil
}

// strike forgets a subscription and tells whether it was the last one for its destination.
func (l *link) strike(sub connector.Subscription) (target, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.replies, sub)
	for id, s := range l.subs {
		if !s.wanted[sub] {
			continue
		}
		delete(s.wanted, sub)
		delete(l.wildcard, strings.TrimSuffix(s.name, "*")+sub.Agent)
		if len(s.wanted) == 0 {
			delete(l.subs, id)
			return s.target, true
		}
	}
	return target{}, false
}

// Publish implements [connector.Link].
func (l *link) Publish(ctx context.Context, out connector.Outgoing) error {
	replyTo := ""
	if out.Kind != connector.Replies {
		if err := connector.KnownCollective(out.Collective, l.Collectives); err != nil {
			return err
		}
		replyTo = l.replyTo(out)
	} else if out.To == "" {
		return errors.New("the request names no destination for replies")
	}
	payload := out.Payload
	if l.Base64 {
		payload = encode64(payload)
	}
	if int64(len(payload)) > l.MaxFrame {
		return fmt.Errorf("a message of %d bytes is more than the %d that are allowed", len(payload), l.MaxFrame)
	}
	t := l.names.send(out, replyTo, l.now())
	return l.write(ctx, frame.SEND, append([]string{frame.Destination, t.name}, t.headers...), payload)
}

// replyTo is where answers to a request shall go.
func (l *link) replyTo(out connector.Outgoing) string {
	if out.ReplyTo != "" || out.NoReply {
		return out.ReplyTo
	}
	l.mu.Lock()
	name, ok := l.replies[connector.Subscription{Kind: connector.Replies, Collective: out.Collective, Agent: out.Agent}]
	l.mu.Unlock()
	if ok {
		return name
	}
	return l.names.replies(out.Collective, out.Agent, out.Sequence)
}

// write writes one frame in one piece. An error of the frame itself leaves the link as it was.
func (l *link) write(ctx context.Context, command string, headers []string, body []byte) error {
	buf := l.buffers.get()
	defer l.buffers.put(buf)
	bytes, err := framing.Append((*buf)[:0], command, l.raw, append(headers, frame.ContentType, contentType), body)
	if err != nil {
		return err
	}
	*buf = bytes
	return l.writeBytes(ctx, bytes)
}

func (l *link) writeBytes(ctx context.Context, bytes []byte) error {
	select {
	case l.writing <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-l.done:
		return l.Err()
	}
	_, err := l.conn.Write(bytes)
	<-l.writing
	if err != nil {
		// Part of the frame may be out: the stream is of no use any more.
		l.fail(fmt.Errorf("write: %w", err))
		return l.Err()
	}
	return nil
}

// confirm writes a frame with a receipt and waits for it.
func (l *link) confirm(ctx context.Context, command string, headers []string, body []byte) error {
	c := make(chan struct{})
	l.mu.Lock()
	l.number++
	id := "mco-" + strconv.Itoa(l.number)
	l.receipts[id] = c
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.receipts, id)
		l.mu.Unlock()
	}()
	if err := l.write(ctx, command, append(headers, frame.Receipt, id), body); err != nil {
		return err
	}
	select {
	case <-c:
		return nil
	case <-l.done:
		select {
		case <-c: // it came, and then the end
			return nil
		default:
			return l.Err()
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Names of the barrier's own frames.
const (
	barrierHeader = "mco-barrier"
	barrierID     = "mco-barrier"
	barrierTTL    = 10 * time.Second
)

// Barrier implements [connector.Link]: brokers handle the frames of a connection in order, so a receipt proves what stands before
// it. A node sends a frame to itself, which proves the way back too; a client sends one to its reply destination.
func (l *link) Barrier(ctx context.Context) error {
	to, any := l.barrierTarget()
	switch {
	case to.name != "" && !l.BarrierSubscription && !l.sendRefused.Load():
		headers := append([]string{frame.Destination, to.name, barrierHeader, "1"}, to.headers...)
		err := l.confirm(ctx, frame.SEND, headers, nil)
		if refused, ok := errors.AsType[*BrokerError](err); ok && notAllowed(refused) {
			l.sendRefused.Store(true)
		}
		return err
	case any.name != "" && !l.raw:
		headers := append([]string{frame.Destination, any.name, frame.Id, barrierID}, any.headers...)
		if err := l.write(ctx, frame.SUBSCRIBE, headers, nil); err != nil {
			return err
		}
		return l.confirm(ctx, frame.UNSUBSCRIBE, []string{frame.Destination, any.name, frame.Id, barrierID}, nil)
	}
	return l.ask(ctx)
}

// ask has the broker answer without doing anything: a transaction that ends before it holds something.
func (l *link) ask(ctx context.Context) error {
	if err := l.write(ctx, frame.BEGIN, []string{frame.Transaction, barrierID}, nil); err != nil {
		return err
	}
	return l.confirm(ctx, frame.ABORT, []string{frame.Transaction, barrierID}, nil)
}

// barrierTarget finds a destination that reaches only us, and any that we may subscribe to.
func (l *link) barrierTarget() (own, any target) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range maps.Values(l.subs) {
		any = s.target
		for sub := range s.wanted {
			out := connector.Outgoing{Kind: sub.Kind, Collective: sub.Collective, Node: l.Identity, To: s.name, TTL: barrierTTL}
			if sub.Kind == connector.Directed || sub.Kind == connector.Replies && own.name == "" {
				own = l.names.send(out, "", l.now())
			}
		}
	}
	return own, any
}

// notAllowed tells a lack of permission from other errors: "access_refused" of RabbitMQ, "User x is not authorized to write to" of
// ActiveMQ.
func notAllowed(e *BrokerError) bool {
	text := strings.ToLower(e.Message + " " + e.Detail)
	return strings.Contains(text, "refused") || strings.Contains(text, "authorized") || strings.Contains(text, "denied")
}
