package stomp

import (
	"errors"
	"net"
	"testing"
	"time"
)

// A machine that has taken everything owes nothing, and neither does one that has no room.
func TestAcknowledged(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	settled := func(what string, least uint64) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			bytes, owes := acknowledged(c)
			if !owes && bytes >= least {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d bytes acknowledged, more owed: %v", what, bytes, owes)
			}
		}
	}
	if _, err := c.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	settled("a peer that does not read", 1000)
	if err := c.SetWriteDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var full net.Error
	if _, err := c.Write(make([]byte, 64<<20)); !errors.As(err, &full) || !full.Timeout() {
		t.Fatalf("64 MiB to who does not read: %v", err)
	}
	settled("a peer without room", 1000)

	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	if bytes, owes := acknowledged(near); bytes != 0 || owes {
		t.Errorf("a pipe: %d, %v", bytes, owes)
	}
}
