package lab

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Fault is what a [Proxy] does to the bytes that pass it.
type Fault struct {
	Name string
	// Change returns what goes on instead of chunk; toServer tells the direction. Nil: chunk as it is.
	Change func(toServer bool, chunk []byte) []byte
	// Delay says how much later a chunk arrives, never before one that was sent earlier. It does not make the way narrower: what comes
	// after a chunk is on its way meanwhile.
	Delay  func() time.Duration
	Hole   bool // nothing passes, and nobody is told
	Refuse bool // new connections are closed at once
}

// The faults that need no parameters.
var (
	NoFault   = Fault{Name: "none"}
	BlackHole = Fault{Name: "black hole", Hole: true}
	Refusing  = Fault{Name: "refusing", Refuse: true}
)

// Proxy stands between a program and a broker.
type Proxy struct {
	target   string
	listener net.Listener
	dial     func() (net.Conn, error)
	wg       sync.WaitGroup
	mu       sync.Mutex // guards the fields below
	fault    Fault
	changed  chan struct{} // closed when the fault changes
	conns    map[net.Conn]bool
	accepted int
	closed   bool
}

// NewProxy listens on a free loopback port and passes everything on to target, until the test ends.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return newProxy(t, l, target, func() (net.Conn, error) { return net.Dial("tcp", target) })
}

// NewProxyOn listens on a free port of the host's address and passes everything on to a broker that runs there.
func NewProxyOn(t testing.TB, h *Host, b *Broker) *Proxy {
	t.Helper()
	l, err := h.Listen("tcp", h.Address.String()+":0")
	if err != nil {
		t.Fatal(err)
	}
	return newProxy(t, l, b.Addr(), func() (net.Conn, error) { return h.Dial("tcp", b.Addr(), 5*time.Second) })
}

func newProxy(t testing.TB, l net.Listener, target string, dial func() (net.Conn, error)) *Proxy {
	t.Helper()
	p := &Proxy{target: target, listener: l, dial: dial, conns: map[net.Conn]bool{}, changed: make(chan struct{})}
	p.wg.Go(p.accept)
	t.Cleanup(p.Close)
	return p
}

// Port is where it listens.
func (p *Proxy) Port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// Address is the port with the host.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Set changes the fault, for connections that stand and for new ones.
func (p *Proxy) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	close(p.changed)
	p.changed = make(chan struct{})
}

// Cut closes every connection that stands.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

// Connections returns how many connections stand.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns) / 2
}

// Accepted returns how many connections there were.
func (p *Proxy) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

// Close ends everything and waits for it.
func (p *Proxy) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.changed)
		p.changed = make(chan struct{})
	}
	p.mu.Unlock()
	_ = p.listener.Close()
	p.Cut()
	p.wg.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.accepted++
		p.mu.Unlock()
		if fault, _, _ := p.now(); fault.Refuse {
			_ = client.Close()
			continue
		}
		server, err := p.dial()
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			_, _ = client.Close(), server.Close()
			return
		}
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		p.wg.Go(func() { p.pass(true, client, server) })
		p.wg.Go(func() { p.pass(false, server, client) })
	}
}

func (p *Proxy) now() (fault Fault, changed <-chan struct{}, closed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault, p.changed, p.closed
}

// pass moves bytes in one direction. When either end closes, both do.
func (p *Proxy) pass(toServer bool, from, to net.Conn) {
	defer func() {
		_, _ = from.Close(), to.Close()
		p.mu.Lock()
		delete(p.conns, from)
		delete(p.conns, to)
		p.mu.Unlock()
	}()
	way := &line{to: to, chunks: make(chan delayed, onTheWay)}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(way.chunks)
	wg.Go(way.run)
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !p.forward(toServer, way, buf[:n]) {
			return
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) forward(toServer bool, way *line, chunk []byte) bool {
	for {
		fault, changed, closed := p.now()
		if closed {
			return false
		}
		if fault.Hole { // the bytes stay here until the hole is closed
			<-changed
			continue
		}
		if fault.Change != nil {
			chunk = fault.Change(toServer, append([]byte(nil), chunk...))
		}
		if fault.Delay == nil {
			return way.write(chunk)
		}
		return way.later(chunk, fault.Delay())
	}
}

// onTheWay is how many chunks a slow line holds.
const onTheWay = 1024

// line is one direction of a connection, on which chunks may take their time. One goroutine sends, one runs.
type line struct {
	to     io.Writer
	chunks chan delayed
	slow   sync.WaitGroup // the chunks that are on their way
	broken atomic.Bool
}

type delayed struct {
	due   time.Time
	bytes []byte
}

// write passes a chunk on as soon as those before it have arrived.
func (l *line) write(chunk []byte) bool {
	l.slow.Wait()
	_, err := l.to.Write(chunk)
	return err == nil
}

// later passes a chunk on after a while.
func (l *line) later(chunk []byte, after time.Duration) bool {
	l.slow.Add(1)
	l.chunks <- delayed{time.Now().Add(after), append([]byte(nil), chunk...)}
	return !l.broken.Load()
}

// run ends when chunks is closed and what was on its way has arrived, or cannot.
func (l *line) run() {
	for d := range l.chunks {
		if !l.broken.Load() {
			<-time.After(time.Until(d.due))
			_, err := l.to.Write(d.bytes)
			l.broken.Store(err != nil)
		}
		l.slow.Done()
	}
}

// Member is the pool member that leads through the proxy to b.
func (p *Proxy) Member(b *Broker) Member {
	return Member{Host: p.listener.Addr().(*net.TCPAddr).IP.String(), Port: p.Port(), User: b.User, Password: b.Password}
}

// String tells where from and where to.
func (p *Proxy) String() string { return fmt.Sprintf("proxy %d -> %s", p.Port(), p.target) }
