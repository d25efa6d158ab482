package daemon

import (
	"fmt"
	"time"
)

// Bounds of what a healthy daemon takes. The longest that the receive loop does by itself is to send an answer at hand while the session
// is being made again.
const (
	receiveLimit = 30 * time.Second
	sessionLimit = 5 * time.Second
)

// Alive tells whether both loops of the daemon still move: the one that receives is waiting for a message or has worked on its present
// one for a short time, and the session answers. It returns within a few seconds, with an error that says which does not. That no
// broker can be reached is no fault of the daemon's.
func (d *Daemon) Alive() error {
	if since := d.receiving.Load(); since != 0 {
		if took := time.Since(time.Unix(0, since)); took > receiveLimit {
			return fmt.Errorf("the receive loop has worked on one message for %s", took.Round(time.Second))
		}
	}
	answered := make(chan struct{})
	go func() { d.opt.Connector.Status(); close(answered) }()
	limit := time.NewTimer(sessionLimit)
	defer limit.Stop()
	select {
	case <-answered:
		return nil
	case <-limit.C:
		return fmt.Errorf("the session has not answered for %s", sessionLimit)
	}
}
