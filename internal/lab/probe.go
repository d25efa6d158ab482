package lab

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/mco-go/mco-go/internal/lab/wire"
)

// Ready returns when the node answers a directed ping over this broker, and when that was. A node subscribes to its own name last,
// so its other subscriptions then stand too. secret is the fleet's psk.
func (b *Broker) Ready(identity, secret string, limit time.Duration) (time.Time, error) {
	return b.Answers(identity, wire.Request{Secret: secret, Identity: []string{identity}}, limit)
}

// Answers sends the request to the node, again and again, until a reply comes.
func (b *Broker) Answers(identity string, r wire.Request, limit time.Duration) (time.Time, error) {
	deadline := time.Now().Add(limit)
	s, err := b.Session(limit)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", b.Name, err)
	}
	defer s.Close()
	collective := r.Collective
	if collective == "" {
		collective = "mcollective"
	}
	seq := rand.Text()
	if err := s.Replies(string(b.Kind), collective, seq); err != nil {
		return time.Time{}, err
	}
	for time.Now().Before(deadline) {
		id, payload := r.Encode()
		if err := s.Send(wire.Directed(string(b.Kind), collective, identity, seq, payload)); err != nil {
			return time.Time{}, err
		}
		for {
			f, err := s.Receive(50 * time.Millisecond)
			if isTimeout(err) {
				break
			}
			if err != nil {
				return time.Time{}, err
			}
			if f.Command != "MESSAGE" {
				return time.Time{}, fmt.Errorf("%s: %s %s", f.Command, f.Header["message"], f.Body)
			}
			if bytes.Contains(f.Body, []byte(id)) {
				return time.Now(), nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%s does not answer over %s within %v", identity, b.Name, limit)
}

// Session opens a session at the broker, trying until limit.
func (b *Broker) Session(limit time.Duration) (*wire.Session, error) {
	var s *wire.Session
	err := Eventually(limit, func() (err error) {
		s, err = wire.Dial(b.Login(), time.Second)
		return err
	})
	return s, err
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
