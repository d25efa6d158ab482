package rpc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
)

// publication is the sending of one request, or of one batch of it. Its fields are valid once done is closed.
type publication struct {
	start    time.Time // valid at once
	done     chan struct{}
	finished time.Time
	unsent   map[string]error // directed: nodes that it could not be sent to
	err      error            // the broadcast could not be sent, or the session is over
	fatal    bool             // nothing was sent and waiting is of no use
}

// publish sends a request to nodes, or to all, in the background, so that replies are read while the rest is still being sent. All
// frames together have the publish timeout; what is not sent until then is not sent, and the wait for replies goes on, as in the
// original.
func (c *Client) publish(ctx context.Context, r *run, nodes []string, payload []byte) *publication {
	p := &publication{start: time.Now(), done: make(chan struct{})}
	out := connector.Outgoing{
		Kind:       r.plan.kind,
		Collective: r.call.Collective,
		Agent:      r.call.Agent,
		ReplyTo:    r.call.ReplyTo,
		Sequence:   r.ex.sequence,
		TTL:        r.call.TTL,
		Payload:    payload,
	}
	c.announce(r.ex.id, r.call.Agent, r.call.Collective, r.call.TTL)
	go func() {
		defer r.ex.wakeUp()
		defer close(p.done)
		pctx, cancel := context.WithTimeout(ctx, r.call.PublishTimeout)
		defer cancel()
		sent := 0
		if out.Kind == connector.Broadcast {
			if p.err = c.o.Connector.Publish(pctx, out); p.err == nil {
				sent = 1
			}
		} else {
			sent = c.publishEach(pctx, p, out, nodes)
		}
		p.finished = time.Now()
		timedOut := pctx.Err() != nil && ctx.Err() == nil
		if timedOut && (p.err != nil || len(p.unsent) > 0) {
			c.log.Warn("Could not publish all messages. Publishing timed out.")
		}
		// A frame whose time ran out may have left all the same; one that was refused has not.
		p.fatal = sent == 0 && p.err != nil && !timedOut && ctx.Err() == nil
	}()
	return p
}

// publishEach sends one frame to each node and returns how many were sent. The first error that concerns the session, and not one
// node, ends it.
func (c *Client) publishEach(ctx context.Context, p *publication, out connector.Outgoing, nodes []string) (sent int) {
	for i, node := range nodes {
		out.Node = node
		err := ctx.Err()
		if err == nil {
			err = c.o.Connector.Publish(ctx, out)
		}
		if err == nil {
			sent++
			continue
		}
		if p.unsent == nil {
			p.unsent = map[string]error{}
		}
		p.unsent[node] = err
		if p.err == nil && sent == 0 {
			p.err = err
		}
		if ctx.Err() != nil || errors.Is(err, connector.ErrClosed) || errors.Is(err, connector.ErrExhausted) {
			for _, rest := range nodes[i+1:] {
				p.unsent[rest] = err
			}
			return sent
		}
	}
	if sent > 0 {
		p.err = nil
	}
	return sent
}

// failure returns what the sender of a request that nobody waits for has to know.
func (p *publication) failure() error {
	switch {
	case p.err != nil:
		return fmt.Errorf("publish request: %w", p.err)
	case len(p.unsent) > 0:
		nodes := slices.Sorted(maps.Keys(p.unsent))
		return fmt.Errorf("publish request: %d nodes left out, the first is %s: %w", len(nodes), nodes[0], p.unsent[nodes[0]])
	}
	return nil
}
