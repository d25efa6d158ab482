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
	answered := map[string]time.Time{}
	waiting := map[string][]byte{} // what a reply of the node contains
	for _, name := range names {
		waiting[name] = append([]byte{'"', byte(len(name) + 5)}, name...) // Marshal's form of a short text
	}
	for len(waiting) > 0 && time.Now().Before(deadline) {
		for _, name := range slices.Sorted(maps.Keys(waiting)) {
			_, payload := wire.Request{Secret: secret, Identity: []string{name}}.Encode()
			if err := s.Send(wire.Directed(string(b.Kind), "mcollective", name, seq, payload)); err != nil {
				return answered, err
			}
		}
		for next := time.Now().Add(askAgain); len(waiting) > 0 && time.Now().Before(next); {
			f, err := s.Receive(time.Until(next))
			if isTimeout(err) {
				break
			}
			if err != nil {
				return answered, err
			}
			if f.Command != "MESSAGE" {
				return answered, fmt.Errorf("%s: %s %s", f.Command, f.Header["message"], f.Body)
			}
			for name, text := range waiting {
				if bytes.Contains(f.Body, text) {
					answered[name] = time.Now()
					delete(waiting, name)
				}
			}
		}
	}
	if len(waiting) > 0 {
		return answered, fmt.Errorf("%d of %d nodes do not answer over %s within %v: %v", len(waiting), len(names), b.Name, limit, slices.Sorted(maps.Keys(waiting)))
	}
	return answered, nil
}
