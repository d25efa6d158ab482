package stomp

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-stomp/stomp/v3/frame"

	"github.com/mco-go/mco-go/mco/connector"
)

// quietPeer is the other end of a pipe that says nothing by itself.
type quietPeer struct {
	net.Conn
	got chan string // what it read, heart-beats as "\n"
}

// pipe returns a link over a pipe, in a bubble of time. sends and wants are what the broker promised and asked for.
func pipe(t *testing.T, interval, sends, wants time.Duration, change ...func(*guard)) (*link, quietPeer) {
	t.Helper()
	o := options(RabbitMQ, "n", true, Host{Name: "broker1", Port: 61613})
	o.HeartBeat = interval
	tr, err := newTransport(o)
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	p := quietPeer{far, make(chan string, 1000)}
	g := newGuard(near, tr.WriteTime, tr.MaxFrame)
	for _, f := range change {
		f(g)
	}
	l := newLink(tr, &welcome{conn: g, reader: frame.NewReader(g), member: tr.members[0], send: wants, receive: sends}, func(connector.Message) {})
	t.Cleanup(func() { hangUp(l); far.Close() })
	return l, p
}

// listen reads all that comes.
func (p quietPeer) listen() {
	buf := make([]byte, 4096)
	for {
		n, err := p.Read(buf)
		if err != nil {
			close(p.got)
			return
		}
		p.got <- string(buf[:n])
	}
}

// ended waits for the end of a link and returns when that was.
func ended(l *link) (time.Duration, error) {
	start := time.Now()
	<-l.Done()
	return time.Since(start), l.Err()
}

func TestSilenceIsNoticed(t *testing.T) {
	for _, interval := range []time.Duration{time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second} {
		t.Run(interval.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, p := pipe(t, interval, interval-500*time.Millisecond, interval+500*time.Millisecond)
				go p.listen()
				// While it beats, all is well.
				for range 20 {
					time.Sleep(interval - 500*time.Millisecond)
					if _, err := p.Write([]byte("\n")); err != nil {
						t.Fatal(err)
					}
				}
				took, err := ended(l)
				if _, ok := errors.AsType[*SilenceError](err); !ok || took != silence(interval) || took > interval*3/2+2*time.Second {
					t.Errorf("after %s: %v, want a SilenceError after %s", took, err, silence(interval))
				}
			})
		})
	}
}

func TestHeartBeatsAreSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, p := pipe(t, 10*time.Second, 9500*time.Millisecond, 10500*time.Millisecond)
		go p.listen()
		go func() {
			for p2 := time.NewTicker(9 * time.Second); ; {
				select {
				case <-p2.C:
					_, _ = p.Write([]byte("\n"))
				case <-l.Done():
					p2.Stop()
					return
				}
			}
		}()
		last, beats := time.Now(), 0
		for range 40 {
			if got := <-p.got; got == "\n" {
				beats++
			}
			if gap := time.Since(last); gap > 10500*time.Millisecond {
				t.Errorf("nothing was sent for %s", gap)
			}
			last = time.Now()
		}
		if beats != 40 {
			t.Errorf("%d of 40 frames on an idle link were heart-beats", beats)
		}
		hangUp(l)
	})
}

func TestWriteStallIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := pipe(t, 0, 0, 0)
		start := time.Now()
		err := l.Publish(t.Context(), connector.Outgoing{Kind: connector.Broadcast, Collective: "mcollective", Agent: "a", Payload: []byte("x")})
		if took := time.Since(start); err == nil || took != writeTime {
			t.Errorf("Publish to a peer that does not read: %v after %s, want an error after %s", err, took, writeTime)
		}
		if took, err := ended(l); took != 0 || !strings.Contains(err.Error(), "write") {
			t.Errorf("the link ended %s later: %v", took, err)
		}
	})
}

// A broker that refuses heart-beats is asked, and noticed as well.
func TestQuestionsInsteadOfHeartBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const interval = 10 * time.Second
		l, p := pipe(t, interval, 0, 0)
		answers := make(chan bool, 1)
		answers <- true
		go func() {
			for r := frame.NewReader(p); ; {
				f, err := r.Read()
				if err != nil {
					return
				}
				if id, ok := f.Header.Contains(frame.Receipt); ok {
					alive := <-answers
					answers <- alive
					if alive {
						_, _ = io.WriteString(p, "RECEIPT\nreceipt-id:"+id+"\n\n\x00")
					}
				}
			}
		}()
		time.Sleep(time.Hour)
		if err := l.Err(); err != nil {
			t.Fatalf("a broker that answers was left: %v", err)
		}
		<-answers
		answers <- false
		took, err := ended(l)
		if _, ok := errors.AsType[*SilenceError](err); !ok || took > interval*3/2+2*time.Second {
			t.Errorf("after %s: %v", took, err)
		}
	})
}

// A process that was stopped for a while does not blame the broker.
func TestLateWatchDoubtsItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var jump atomic.Int64
		l, p := pipe(t, time.Second, 500*time.Millisecond, 1500*time.Millisecond, func(g *guard) {
			clock := g.clock
			g.clock = func() time.Duration { return clock() + time.Duration(jump.Load()) }
		})
		go p.listen()
		time.Sleep(100 * time.Millisecond)
		jump.Store(int64(time.Hour))
		time.Sleep(800 * time.Millisecond) // the next look comes an hour late
		if err := l.Err(); err != nil {
			t.Fatalf("left at once: %v", err)
		}
		_, _ = p.Write([]byte("\n")) // what had been waiting
		time.Sleep(time.Second)
		if err := l.Err(); err != nil {
			t.Errorf("left although it was heard of: %v", err)
		}
	})
}
