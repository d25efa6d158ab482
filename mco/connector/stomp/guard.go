package stomp

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/mco-go/mco-go/mco/connector/framing"
)

// guard is a connection whose writes have a deadline, whose reads are looked through by a scanner before anyone sees them, and which
// knows when either last happened.
type guard struct {
	net.Conn
	writeTime time.Duration
	scan      framing.Scanner
	clock     func() time.Duration // time since the connection began
	lastRead  atomic.Int64         // by that clock, nanoseconds
	lastWrite atomic.Int64
}

func newGuard(c net.Conn, writeTime time.Duration, maxBody int64) *guard {
	begin := time.Now()
	return &guard{Conn: c, writeTime: writeTime, scan: framing.Scanner{MaxBody: maxBody}, clock: func() time.Duration { return time.Since(begin) }}
}

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if n > 0 {
		g.lastRead.Store(int64(g.clock()))
		if bad := g.scan.Look(p[:n]); bad != nil {
			return 0, bad
		}
	}
	return n, err
}

func (g *guard) Write(p []byte) (int, error) {
	now := g.clock()
	if err := g.Conn.SetWriteDeadline(time.Now().Add(g.writeTime)); err != nil {
		return 0, err
	}
	n, err := g.Conn.Write(p)
	if err == nil {
		g.lastWrite.Store(int64(now))
	}
	return n, err
}
