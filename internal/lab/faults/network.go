package faults

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// Way is a direction, as seen from the host at which packets are lost.
type Way int

// The ways.
const (
	Both Way = iota
	In
	Out
)

func (w Way) String() string { return [...]string{"both ways", "in", "out"}[w] }

// number makes the names of tables in the kernel differ.
var number atomic.Uint64

// rules loads a table of filter rules on a host, in and out being the rules of each direction, and takes it away again.
func rules(h *lab.Host, in, out string) (heal func() error, err error) {
	table := fmt.Sprintf("inet fault%d", number.Add(1))
	text := "add table " + table
	for _, c := range []struct{ hook, rule string }{{"input", in}, {"output", out}} {
		if c.rule != "" {
			text += fmt.Sprintf("; add chain %s %s { type filter hook %[2]s priority -300; }; add rule %[1]s %[2]s %[3]s", table, c.hook, c.rule)
		}
	}
	if err := h.Do("nft", text); err != nil {
		return nil, err
	}
	return sync.OnceValue(func() error { return h.Do("nft", "delete table "+table) }), nil
}

// Drop loses, at a host, every packet from and to the peers; without any, of everybody.
func Drop(h *lab.Host, broker int, way Way, peers ...netip.Addr) Fault {
	return Fault{Name: "drop " + way.String() + " at " + h.Name, Broker: broker, needs: []lab.Peer{lab.NetFilter, lab.Superuser},
		inject: func(context.Context) (func() error, error) { return dropped(h, way, "drop", peers) }}
}

func dropped(h *lab.Host, way Way, verdict string, peers []netip.Addr) (func() error, error) {
	match := func(field string) string {
		if len(peers) == 0 {
			return "meta iifname != lo meta oifname != lo "
		}
		var list []string
		for _, p := range peers {
			list = append(list, p.String())
		}
		return "ip " + field + " { " + strings.Join(list, ", ") + " } "
	}
	var in, out string
	if way != Out {
		in = strings.Replace(match("saddr"), "meta oifname != lo ", "", 1) + verdict
	}
	if way != In {
		out = strings.Replace(match("daddr"), "meta iifname != lo ", "", 1) + verdict
	}
	return rules(h, in, out)
}

// Loss loses a share of the packets that reach a host, in percent, less than 100.
func Loss(h *lab.Host, broker, percent int) Fault {
	return Fault{Name: fmt.Sprintf("loss of %d %% at %s", percent, h.Name), Broker: broker, needs: []lab.Peer{lab.NetFilter, lab.Superuser},
		inject: func(context.Context) (func() error, error) {
			return dropped(h, In, fmt.Sprintf("numgen random mod 100 < %d drop", percent), nil)
		}}
}

// BlackHole loses the packets that would open a connection to a port of the host; those that stand go on.
func BlackHole(h *lab.Host, broker, port int) Fault {
	return Fault{Name: "black hole at " + h.Name, Broker: broker, needs: []lab.Peer{lab.NetFilter, lab.Superuser},
		inject: func(context.Context) (func() error, error) {
			return rules(h, fmt.Sprintf("iifname != lo tcp dport %d tcp flags & (syn | ack) == syn drop", port), "")
		}}
}

// NoRoute takes the way from a host to an address away (a black hole route): what it sends there is lost without a word.
func NoRoute(h *lab.Host, broker int, to netip.Addr) Fault {
	return Fault{Name: "no route from " + h.Name, Broker: broker, needs: []lab.Peer{lab.Superuser},
		inject: func(context.Context) (func() error, error) {
			heal := func() error { return h.Do("ip", "route", "del", "blackhole", to.String()) }
			return heal, h.Do("ip", "route", "add", "blackhole", to.String())
		}}
}

// LinkDown pulls a host's cable.
func LinkDown(h *lab.Host, broker int) Fault {
	return Fault{Name: "link down at " + h.Name, Broker: broker, needs: []lab.Peer{lab.Superuser},
		inject: func(context.Context) (func() error, error) {
			return func() error { return h.Plug(true) }, h.Plug(false)
		}}
}

// Flapping pulls a host's cable for down and plugs it in for up, again and again, until it is healed. flapped, where not nil, is told
// of each time that the cable is in again.
func Flapping(h *lab.Host, broker int, down, up time.Duration, flapped func(n int)) Fault {
	return Fault{Name: "flapping at " + h.Name, Broker: broker, needs: []lab.Peer{lab.Superuser},
		inject: func(context.Context) (func() error, error) {
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- flap(ctx, h, down, up, flapped) }()
			return func() error {
				stop()
				return <-ended
			}, nil
		}}
}

func flap(ctx context.Context, h *lab.Host, down, up time.Duration, flapped func(int)) error {
	wait := func(d time.Duration) bool {
		select {
		case <-time.After(d):
			return true
		case <-ctx.Done():
			return false
		}
	}
	for n := 1; ; n++ {
		if err := h.Plug(false); err != nil {
			return err
		}
		going := wait(down)
		if err := h.Plug(true); err != nil || !going {
			return err
		}
		if flapped != nil {
			flapped(n)
		}
		if !wait(up) {
			return nil
		}
	}
}

// Rate lets a host send no faster than so many kilobits in a second.
func Rate(h *lab.Host, broker, kbit int) Fault {
	return Fault{Name: fmt.Sprintf("%d kbit/s at %s", kbit, h.Name), Broker: broker, needs: []lab.Peer{lab.Superuser},
		inject: func(context.Context) (func() error, error) {
			heal := func() error { return h.Do("tc", "qdisc", "del", "dev", "eth0", "root") }
			return heal, h.Do("tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", fmt.Sprintf("%dkbit", kbit), "burst", "16kb", "latency", "2s")
		}}
}
