package lab

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mco-go/mco-go/internal/lab/wire"
)

// askAgain is after how long a node that has not answered is asked again.
const askAgain = 50 * time.Millisecond

// ReadyTimes asks many nodes over one session, again and again, and returns when each answered first. Those that did not within limit
// are named in the error; the times of the others come with it.
func (b *Broker) ReadyTimes(names []string, secret string, limit time.Duration) (map[string]time.Time, error) {
	deadline := time.Now().Add(limit)
	s, err := b.Session(limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name, err)
	}
	defer s.Close()
	seq := rand.Text()
	if err := s.Replies(string(b.Kind), "mcollective", seq); err != nil {
		return nil, err
	}
	c := newCensus(names)
	for len(c.waiting) > 0 && time.Now().Before(deadline) {
		for _, name := range slices.Sorted(maps.Keys(c.waiting)) {
			_, payload := wire.Request{Secret: secret, Identity: []string{name}}.Encode()
			if err := s.Send(wire.Directed(string(b.Kind), "mcollective", name, seq, payload)); err != nil {
				return c.answered, err
			}
		}
		if err := c.listen(s, time.Now().Add(askAgain)); err != nil {
			return c.answered, err
		}
	}
	return c.answered, c.missing(b, limit)
}

// Reached sends one broadcast ping and returns when each node answered. Those that did not within limit are named in the error.
func (b *Broker) Reached(names []string, secret string, limit time.Duration) (map[string]time.Time, error) {
	s, err := b.Session(limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name, err)
	}
	defer s.Close()
	seq := rand.Text()
	if err := s.Replies(string(b.Kind), "mcollective", seq); err != nil {
		return nil, err
	}
	_, payload := wire.Request{Secret: secret}.Encode()
	if err := s.Send(wire.Broadcast(string(b.Kind), "mcollective", "discovery", seq, payload)); err != nil {
		return nil, err
	}
	c := newCensus(names)
	if err := c.listen(s, time.Now().Add(limit)); err != nil {
		return c.answered, err
	}
	return c.answered, c.missing(b, limit)
}

// census is who has answered and who has not.
type census struct {
	names    int
	answered map[string]time.Time
	waiting  map[string][]byte // what a reply of the node contains
}

func newCensus(names []string) *census {
	c := &census{names: len(names), answered: map[string]time.Time{}, waiting: map[string][]byte{}}
	for _, name := range names {
		c.waiting[name] = append([]byte{'"', byte(len(name) + 5)}, name...) // Marshal's form of a short text
	}
	return c
}

// listen takes answers until then, or until everybody has answered.
func (c *census) listen(s *wire.Session, until time.Time) error {
	for len(c.waiting) > 0 && time.Now().Before(until) {
		f, err := s.Receive(time.Until(until))
		if isTimeout(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if f.Command != "MESSAGE" {
			return fmt.Errorf("%s: %s %s", f.Command, f.Header["message"], f.Body)
		}
		for name, text := range c.waiting {
			if bytes.Contains(f.Body, text) {
				c.answered[name] = time.Now()
				delete(c.waiting, name)
			}
		}
	}
	return nil
}

func (c *census) missing(b *Broker, limit time.Duration) error {
	if len(c.waiting) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d nodes do not answer over %s within %v: %v", len(c.waiting), c.names, b.Name, limit, slices.Sorted(maps.Keys(c.waiting)))
}
