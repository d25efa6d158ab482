package broker_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-stomp/stomp/v3/frame"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco/broker"
)

// hello opens a session; the caller closes it.
func hello(b *broker.Broker) (net.Conn, *frame.Reader, error) {
	conn, err := net.Dial("tcp", b.Addr())
	if err != nil {
		return nil, nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	r := frame.NewReader(conn)
	if _, err = io.WriteString(conn, "CONNECT\naccept-version:1.1\n\n\x00"); err == nil {
		err = expect(r, frame.CONNECTED)
	}
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return conn, r, nil
}

func expect(r *frame.Reader, command string) error {
	f, err := r.Read()
	if err == nil && (f == nil || f.Command != command) {
		err = fmt.Errorf("got %+v, want %s", f, command)
	}
	return err
}

// node answers what it is asked until the broker goes.
func node(b *broker.Broker, ready *sync.WaitGroup) error {
	conn, r, err := hello(b)
	if err == nil {
		defer conn.Close()
		if _, err = io.WriteString(conn, "SUBSCRIBE\nid:1\ndestination:/exchange/mcollective_broadcast/ping\nreceipt:1\n\n\x00"); err == nil {
			err = expect(r, frame.RECEIPT)
		}
	}
	ready.Done()
	for err == nil {
		var f *frame.Frame
		if f, err = r.Read(); err != nil {
			return nil // the broker has gone
		}
		_, err = io.WriteString(conn, "SEND\ndestination:"+f.Header.Get("reply-to")+"\n\n"+string(f.Body)+"\x00")
	}
	return err
}

// Every node gets every broadcast once, and every answer comes.
func TestLoad(t *testing.T) {
	lab.Leaks(t)
	const nodes, requests = 200, 50
	b, err := broker.Start(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var ready, running sync.WaitGroup
	ready.Add(nodes)
	for range nodes {
		running.Go(func() {
			if err := node(b, &ready); err != nil {
				t.Error(err)
			}
		})
	}
	ready.Wait()
	conn, r, err := hello(b)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	began := time.Now()
	for i := range requests {
		if _, err := fmt.Fprintf(conn, "SEND\ndestination:/exchange/mcollective_broadcast/ping\nreply-to:/temp-queue/answers\n\n%d\x00", i); err != nil {
			t.Fatal(err)
		}
	}
	answers := map[string]int{}
	for range nodes * requests {
		f, err := r.Read()
		if err != nil {
			t.Fatalf("after answers to %d requests: %v", len(answers), err)
		}
		answers[string(f.Body)]++
	}
	t.Logf("%d answers in %v", nodes*requests, time.Since(began))
	for body, n := range answers {
		if n != nodes {
			t.Errorf("%d answers to request %s, want %d", n, body, nodes)
		}
	}
	want := broker.Counts{Sessions: nodes + 1, In: requests + nodes*requests, Out: 2 * nodes * requests}
	if got := b.Counts(); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	running.Wait()
}

// Neither Close nor Kill leaves a goroutine or a descriptor behind, whatever the sessions are at.
func TestNothingIsLeft(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(*broker.Broker) error
	}{{"Close", (*broker.Broker).Close}, {"Kill", (*broker.Broker).Kill}} {
		t.Run(test.name, func(t *testing.T) {
			lab.Leaks(t)
			b, err := broker.Start(broker.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var conns []net.Conn
			for _, words := range []string{
				"", // does not even say CONNECT
				"SUBSCRIBE\nid:1\ndestination:/queue/x\n\n\x00",
				"SEND\ndestination:/queue/x\ncontent-length:1000\n\nhalf",
				"SEND\ndestination:/nosuch\n\n\x00", // waits for us to hang up
			} {
				conn, _, err := hello(b)
				if err != nil {
					t.Fatal(err)
				}
				if words == "" {
					conn.Close()
					if conn, err = net.Dial("tcp", b.Addr()); err != nil {
						t.Fatal(err)
					}
				}
				conns = append(conns, conn)
				if _, err := io.WriteString(conn, words); err != nil {
					t.Fatal(err)
				}
			}
			if err := test.end(b); err != nil {
				t.Error(err)
			}
			if n := b.Clients(); n != 0 {
				t.Errorf("%d clients of a broker that has gone", n)
			}
			for _, conn := range conns {
				conn.Close()
			}
		})
	}
}

// One who does not read is cut off, whether messages wait for it or what it asked for itself, and nobody else is held up.
func TestOneThatDoesNotRead(t *testing.T) {
	for _, test := range []struct{ name, words string }{
		{"messages", "SEND\ndestination:/topic/x\n\n%s\x00"},
		{"receipts", "BEGIN\ntransaction:t\nreceipt:%s\n\n\x00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, err := broker.Start(broker.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			lazy, _, err := hello(b)
			if err != nil {
				t.Fatal(err)
			}
			defer lazy.Close()
			if _, err := io.WriteString(lazy, "SUBSCRIBE\nid:1\ndestination:/topic/x\n\n\x00"); err != nil {
				t.Fatal(err)
			}
			words := fmt.Sprintf(test.words, strings.Repeat("x", 32<<10))
			for range 1 << 20 {
				if _, err = io.WriteString(lazy, words); err != nil {
					break
				}
			}
			if err == nil {
				t.Error("it was never cut off")
			}
			if got := b.Counts().CutOff; got != 1 {
				t.Errorf("%d were cut off", got)
			}
			if other, _, err := hello(b); err != nil {
				t.Errorf("another: %v", err)
			} else {
				other.Close()
			}
		})
	}
}
