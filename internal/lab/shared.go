package lab

import (
	"errors"
	"os"
	"sync"
	"testing"
)

// Shared keeps brokers that the tests of one package use together, because a start takes seconds. A package declares one and ends
// it in TestMain:
//
//	var peers lab.Shared
//
//	func TestMain(m *testing.M) { os.Exit(peers.Run(m)) }
//
// A test that stops, freezes or fills a broker starts its own instead.
type Shared struct {
	mu      sync.Mutex // guards the field below; held while a broker starts
	brokers map[Kind]*result
}

type result struct {
	once   sync.Once
	broker *Broker
	err    error
}

// Broker returns the shared broker of a kind, which is started when the first test asks. Two kinds may start at once.
func (s *Shared) Broker(t testing.TB, kind Kind) *Broker {
	t.Helper()
	Need(t, kind.peer())
	s.mu.Lock()
	if s.brokers == nil {
		s.brokers = map[Kind]*result{}
	}
	r := s.brokers[kind]
	if r == nil {
		r = new(result)
		s.brokers[kind] = r
	}
	s.mu.Unlock()
	r.once.Do(func() {
		var dir string
		if dir, r.err = os.MkdirTemp("", "mco-lab-broker-*"); r.err != nil {
			return
		}
		if r.err = removeAtEnd(dir); r.err != nil {
			return
		}
		if r.broker, r.err = startBroker(kind, dir, BrokerOptions{Collectives: []string{"mcollective", "eu", "us"}, TLS: kind == RabbitMQKind}); r.err != nil {
			r.err = errors.Join(r.err, os.RemoveAll(dir))
		}
	})
	if r.err != nil {
		t.Fatal(r.err)
	}
	t.Cleanup(func() { keepLog(t, r.broker.Name, r.broker.log) })
	return r.broker
}

// Run runs the tests and ends the brokers; its result is for os.Exit.
func (s *Shared) Run(m *testing.M) int {
	defer s.Close()
	return m.Run()
}

// Close ends the brokers.
func (s *Shared) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for kind, r := range s.brokers {
		if r.broker != nil {
			r.broker.close()
			_ = os.RemoveAll(r.broker.dir)
		}
		delete(s.brokers, kind)
	}
}
