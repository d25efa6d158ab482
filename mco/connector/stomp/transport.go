package stomp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/framing"
)

// transport is what all connections of a session share.
type transport struct {
	Options
	log     *slog.Logger
	names   dialect
	members []connector.Member
	buffers buffers
	now     func() time.Time

	// sendRefused is set when a broker did not let us send to ourselves: from then on a throw-away subscription is the barrier.
	sendRefused atomic.Bool

	mu        sync.Mutex // guards the fields below
	sequence  int
	sequences map[connector.Subscription]int // of reply destinations, so that they keep their names on a new connection
}

var _ connector.Transport = (*transport)(nil)

func newTransport(o Options) (*transport, error) {
	if o.Flavour != RabbitMQ && o.Flavour != ActiveMQ {
		return nil, fmt.Errorf("connector %q is neither rabbitmq nor activemq", o.Flavour)
	}
	if len(o.Hosts) == 0 {
		return nil, errors.New("no broker is given")
	}
	if o.ProcessID == 0 {
		o.ProcessID = os.Getpid()
	}
	if o.WriteTime <= 0 {
		o.WriteTime = writeTime
	}
	if o.MaxFrame <= 0 {
		o.MaxFrame = DefaultMaxFrame
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	t := &transport{Options: o, log: o.Log, now: time.Now, sequences: map[connector.Subscription]int{}}
	t.names = t.dialect()
	for _, h := range t.Hosts {
		addr := net.JoinHostPort(h.Name, strconv.Itoa(h.Port))
		scheme := "stomp"
		if h.TLS != nil {
			scheme = "stomp+ssl"
			if _, unknown := h.TLS.suites(); len(unknown) > 0 {
				t.log.Warn(fmt.Sprintf("Ciphers of %s that are not known here are left out: %s", addr, strings.Join(unknown, " ")))
			}
		}
		t.members = append(t.members, connector.Member{Addr: addr, URL: fmt.Sprintf("%s://%s@%s:%d", scheme, h.Login, h.Name, h.Port)})
	}
	return t, nil
}

// Members implements [connector.Transport].
func (t *transport) Members() []connector.Member { return t.members }

// Check implements [connector.Transport].
func (t *transport) Check(sub connector.Subscription) error {
	return connector.KnownCollective(sub.Collective, t.Collectives)
}

// Open implements [connector.Transport].
func (t *transport) Open(ctx context.Context, member int, deliver func(connector.Message)) (connector.Link, error) {
	w, err := t.connect(ctx, member)
	if err != nil {
		return nil, err
	}
	return newLink(t, w, deliver), nil
}

// Probe implements [connector.Transport].
func (t *transport) Probe(ctx context.Context, member int) error {
	w, err := t.connect(ctx, member)
	if err != nil {
		return err
	}
	defer w.conn.Close()
	bye, err := framing.Append(nil, "DISCONNECT", true, nil, nil)
	if err == nil {
		_, err = w.conn.Write(bye)
	}
	return err
}

// number returns the sequence of a reply subscription; a new one gets the next.
func (t *transport) number(sub connector.Subscription) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, ok := t.sequences[sub]
	if !ok {
		t.sequence++
		n = t.sequence
		t.sequences[sub] = n
	}
	return n
}

func (t *transport) forget(sub connector.Subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.sequences, sub)
}
