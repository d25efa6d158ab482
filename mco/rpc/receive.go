package rpc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/security"
)

// begin opens a request: from now on its replies are collected, and its reply destination exists at the broker. size is the
// number of replies expected, 0 when unknown. The exchange must be ended.
func (c *Client) begin(ctx context.Context, collective, agent string, replies bool, size int) (*exchange, error) {
	if err := c.waitReady(ctx); err != nil {
		return nil, err
	}
	ex := &exchange{
		id:     c.o.RequestID(),
		sub:    connector.Subscription{Kind: connector.Replies, Collective: collective, Agent: agent},
		most:   c.pendingMax,
		wake:   make(chan struct{}, 1),
		taken:  make(chan struct{}, 1),
		closed: make(chan struct{}),
		seen:   make(map[string]struct{}, size),
	}
	c.mu.Lock()
	c.sequence++
	ex.sequence = c.sequence
	if !replies {
		ex.sub = connector.Subscription{}
		c.mu.Unlock()
		return ex, nil
	}
	c.open[ex.id] = ex
	c.subs[ex.sub]++
	if c.stop == nil {
		c.startReceiver()
	}
	c.mu.Unlock()

	if err := c.o.Connector.Subscribe(ctx, ex.sub); err != nil {
		c.end(ex)
		return nil, fmt.Errorf("subscribe to replies: %w", err)
	}
	return ex, nil
}

// end closes a request: it gives its subscription back and, with the last one, ends the receiver.
func (c *Client) end(ex *exchange) {
	if ex.sub == (connector.Subscription{}) {
		return
	}
	close(ex.closed)
	var stopped chan struct{}
	c.mu.Lock()
	delete(c.open, ex.id)
	c.subs[ex.sub]--
	last := c.subs[ex.sub] == 0
	if last {
		delete(c.subs, ex.sub)
	}
	if len(c.open) == 0 && c.stop != nil {
		c.stop()
		c.stop, stopped = nil, c.stopped
	}
	c.mu.Unlock()
	if stopped != nil {
		<-stopped
	}
	if last {
		// The caller's context may be over; the broker should not keep the queue because of that.
		ctx, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		if err := c.o.Connector.Unsubscribe(ctx, ex.sub); err != nil && !errors.Is(err, connector.ErrClosed) {
			c.log.Debug("Unsubscribing from replies: " + err.Error())
		}
	}
}

// startReceiver starts the goroutine that hands replies to the open requests. c.mu is held.
func (c *Client) startReceiver() {
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	c.stop, c.stopped = stop, stopped
	go func() {
		defer close(stopped)
		for {
			m, err := c.o.Connector.Receive(ctx)
			if err == nil {
				c.dispatch(ctx, m, time.Now())
				continue
			}
			if ctx.Err() == nil {
				c.fail(err, stopped)
			}
			stop()
			return
		}
	}()
}

// fail tells every open request that the session is over, and lets the next request try again. stopped names the receiver that
// says so.
func (c *Client) fail(err error, stopped chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped == stopped {
		c.stop = nil
	}
	for _, ex := range c.open {
		ex.mu.Lock()
		ex.err = err
		ex.mu.Unlock()
		ex.wakeUp()
	}
}

// dispatch decodes one message and hands it to the request that it answers.
func (c *Client) dispatch(ctx context.Context, m connector.Message, at time.Time) {
	// A provider can turn away an answer to somebody else's question early when there is only one question. One that is asked
	// while we decode cannot be meant: its answer would have come after this message.
	expect := ""
	var only *exchange
	c.mu.Lock()
	if len(c.open) == 1 {
		for expect, only = range c.open {
		}
	}
	c.mu.Unlock()

	reply, err := c.o.Security.DecodeReply(m.Payload, expect)
	if err != nil {
		c.refuse(m, err)
		return
	}
	ex := only
	if ex == nil || reply.RequestID != expect {
		c.mu.Lock()
		ex = c.open[reply.RequestID]
		c.mu.Unlock()
	}
	if ex == nil {
		c.refuse(m, fmt.Errorf("%w: %s", security.ErrOtherRequest, reply.RequestID))
		return
	}
	ex.add(ctx, arrival{reply, at, m.Broker, len(m.Payload)})
}

// refuse notes a message that is no reply to an open request, in every open one: which it was meant for is not known.
func (c *Client) refuse(m connector.Message, err error) {
	other := errors.Is(err, security.ErrOtherRequest)
	if other {
		c.log.Debug("Ignoring a message for some other client : " + err.Error())
	} else {
		// The header is all there is to go by; it proves nothing.
		c.log.Warn(fmt.Sprintf("Failed to decode a message from '%s': %s", printable(m.Sender), printable(err.Error())))
	}
	reason := Undecodable
	if errors.Is(err, security.ErrSignature) {
		reason = BadSignature
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ex := range c.open {
		ex.mu.Lock()
		if other {
			ex.late++
		} else if len(ex.troubles) < maxTroubles {
			if ex.troubles == nil {
				ex.troubles = map[string]trouble{}
			}
			ex.troubles[m.Sender] = trouble{reason, printable(err.Error())}
		}
		ex.mu.Unlock()
	}
}

// printable keeps what an unverified peer wrote from steering a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\t' {
			return r
		}
		return '?'
	}, s)
}
