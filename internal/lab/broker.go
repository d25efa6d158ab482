package lab

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab/wire"
)

// Kind is which broker, in the word that the connector setting uses.
type Kind string

// The brokers.
const (
	RabbitMQKind Kind = "rabbitmq"
	ActiveMQKind Kind = "activemq"
)

// BrokerOptions says what a broker is to offer. The zero value is one collective, mcollective, without TLS.
type BrokerOptions struct {
	Name        string   // in logs; default: the kind and the port
	Collectives []string // RabbitMQ's exchanges; default mcollective
	Host        *Host    // where it runs and listens; nil: on this machine's loopback
	TLS         bool     // a second listener with a certificate of its own authority, see [Broker.TLS]
	Management  bool     // RabbitMQ's management API and an AMQP listener, see [Broker.Management]
	Plugins     []string // of RabbitMQ, besides
	Cluster     bool     // of the RabbitMQ nodes that one call of [Brokers] starts

	cluster *cluster
	member  int
}

// Broker is one running broker, independent of all others.
type Broker struct {
	Kind     Kind
	Name     string
	Host     string
	Port     int // STOMP
	TLSPort  int // STOMP over TLS; 0 without
	TLS      *Certificates
	User     string
	Password string
	VHost    string

	Node       string // what RabbitMQ's nodes call each other
	AMQPPort   int    // with Management
	Management string // URL of the management API; empty: it has none

	dir   string
	log   string
	on    *Host         // nil: this machine
	limit time.Duration // of a start

	epmdPort string // of RabbitMQ's port mapper
	start    func() (*Process, error)
	aside    []*Process // what it needs to have run beside it
	mu       sync.Mutex // guards proc
	proc     *Process
}

// Addr is where the broker listens for STOMP.
func (b *Broker) Addr() string { return fmt.Sprintf("%s:%d", b.Host, b.Port) }

// Machine is where the broker runs; nil: on this machine, with all others.
func (b *Broker) Machine() *Host { return b.on }

// Login is what a session of the laboratory's own needs.
func (b *Broker) Login() wire.Login {
	l := wire.Login{Addr: b.Addr(), User: b.User, Password: b.Password, VHost: b.VHost}
	if b.on != nil {
		l.Dial = b.on.Dial
	}
	return l
}

// Process is the broker's present process.
func (b *Broker) Process() *Process {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.proc
}

// Kill ends the broker as a power cut does.
func (b *Broker) Kill() { b.Process().Kill() }

// Stop ends the broker as its administrator would.
func (b *Broker) Stop() error { return b.Process().Stop(20 * time.Second) }

// Freeze makes the broker a black hole: connections stand, nothing answers.
func (b *Broker) Freeze() error { return b.Process().Freeze() }

// Thaw lets a frozen broker go on.
func (b *Broker) Thaw() error { return b.Process().Thaw() }

// Start starts the broker again, on its old ports and with its data, and returns when it takes sessions.
func (b *Broker) Start() error {
	p, err := b.start()
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.proc = p
	b.mu.Unlock()
	err = Eventually(b.limit, func() error {
		select {
		case <-p.Done():
			return fmt.Errorf("%s ended while it started: %s", b.Name, tail(p.Log(), 3000))
		default:
		}
		s, err := wire.Dial(b.Login(), time.Second)
		if err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
		return s.Close()
	})
	if err != nil {
		b.close()
		return fmt.Errorf("%w; it said: %s", err, tail(p.Log(), 3000))
	}
	return nil
}

func (b *Broker) close() {
	if p := b.Process(); p != nil {
		p.Kill()
	}
	for _, p := range b.aside {
		p.Kill()
	}
}

// RabbitMQ starts a RabbitMQ node that ends with the test.
func RabbitMQ(t testing.TB, o BrokerOptions) *Broker {
	t.Helper()
	return Brokers(t, RabbitMQKind, 1, o)[0]
}

// ActiveMQ starts an ActiveMQ broker that ends with the test.
func ActiveMQ(t testing.TB, o BrokerOptions) *Broker {
	t.Helper()
	return Brokers(t, ActiveMQKind, 1, o)[0]
}

// Brokers starts n brokers of a kind at once; they end with the test.
func Brokers(t testing.TB, kind Kind, n int, o BrokerOptions) []*Broker {
	t.Helper()
	if o.Cluster {
		o.cluster = newCluster(t, n)
	}
	return brokers(t, kind, slices.Repeat([]BrokerOptions{o}, n))
}

// BrokersOn starts a broker of a kind on each host; they end with the test.
func BrokersOn(t testing.TB, kind Kind, o BrokerOptions, hosts ...*Host) []*Broker {
	t.Helper()
	var all []BrokerOptions
	for _, h := range hosts {
		o.Host, o.Name = h, "rabbitmq on "+h.Name
		all = append(all, o)
	}
	return brokers(t, kind, all)
}

func brokers(t testing.TB, kind Kind, options []BrokerOptions) []*Broker {
	t.Helper()
	Need(t, kind.peer())
	brokers := make([]*Broker, len(options))
	errs := make([]error, len(options))
	var wg sync.WaitGroup
	for i, o := range options {
		dir := t.TempDir()
		o.member = i
		wg.Go(func() {
			defer o.cluster.turn(i)()
			brokers[i], errs[i] = startBroker(kind, dir, o)
		})
	}
	wg.Wait()
	for _, b := range brokers {
		if b != nil {
			t.Cleanup(func() {
				b.close()
				keepLog(t, b.Name, b.log)
			})
		}
	}
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return brokers
}

func (k Kind) peer() Peer {
	if k == ActiveMQKind {
		return ActiveMQServer
	}
	return RabbitMQServer
}

// startBroker returns a ready broker, or an error and nothing running.
// starting is a place for each broker that starts: side by side, more of them than processors run out of the time for a start.
var starting = make(chan struct{}, runtime.NumCPU())

func startBroker(kind Kind, dir string, o BrokerOptions) (*Broker, error) {
	if len(o.Collectives) == 0 {
		o.Collectives = []string{"mcollective"}
	}
	b := &Broker{Kind: kind, Host: "127.0.0.1", User: "mcollective", Password: "marionette", VHost: "/mcollective", dir: dir, limit: 3 * time.Minute}
	if o.Host != nil {
		b.on, b.Host = o.Host, o.Host.Address.String()
	}
	if o.TLS {
		var err error
		if b.TLS, err = newCertificates(dir); err != nil {
			return nil, err
		}
	}
	prepare := b.prepareRabbitMQ
	if kind == ActiveMQKind {
		prepare = b.prepareActiveMQ
	}
	if err := prepare(o); err != nil {
		b.close()
		return nil, fmt.Errorf("prepare %s: %w", kind, err)
	}
	if o.cluster == nil { // members of a cluster wait for each other
		starting <- struct{}{}
		defer func() { <-starting }()
	}
	if err := b.Start(); err != nil {
		return nil, err
	}
	return b, nil
}
