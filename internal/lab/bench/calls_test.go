package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/wire"
)

// replyBytes is about the size of a node's reply to rpcutil's ping.
const replyBytes = 290

// target is what answers calls: a node, or the floor's echo.
type target struct {
	identity string
	pid      int
}

// calls returns a function that sends n requests to the target over a session of its own and measures calls a second.
func (t target) calls(b *testing.B, l wire.Login, n, inFlight int) func() measure {
	return func() measure {
		s, err := dialRaw(l, 64<<10)
		if err != nil {
			b.Fatal(err)
		}
		defer s.close()
		payloads := make([][]byte, n) // made before the clock starts: each needs an id of its own
		for i := range payloads {
			payloads[i] = rpcPing()
		}
		before, start := processSeconds(b, t.pid), time.Now()
		if err := s.call(n, inFlight, func(i int) []byte { return payloads[i] }, callHeaders(t.identity)...); err != nil {
			b.Fatalf("%s: %v", t.identity, err)
		}
		took := time.Since(start).Seconds()
		return measure{wall: float64(n) / took, cpu: 1000 * (processSeconds(b, t.pid) - before) / float64(n)}
	}
}

// rpcPing is a request of rpcutil's ping with an id of its own.
func rpcPing() []byte {
	_, payload := wire.Request{Agent: "rpcutil", Body: wire.RPC("rpcutil", "ping", wire.Hash{{Key: wire.Sym("process_results"), Value: true}})}.Encode()
	return payload
}

// callHeaders are those of a directed request, as the original sends it.
func callHeaders(identity string) []string {
	return []string{"destination", "/exchange/mcollective_directed/" + identity, "reply-to", "/temp-queue/bench",
		"content-type", "text/plain; charset=UTF-8", "expiration", "70000", "mc_sender", "bench"}
}

// BenchmarkCalls measures how many calls one node answers.
func BenchmarkCalls(b *testing.B) {
	lab.Need(b, lab.RabbitMQServer, lab.Ruby)
	broker := lab.RabbitMQ(b, lab.BrokerOptions{})
	cfg := lab.Cfg{Brokers: []*lab.Broker{broker}, LogLevel: "warn"}
	goNode := lab.GoNode(b, lab.ServerCfg{Cfg: cfg, Identity: "go.example.net"})
	rubyNode := lab.RubyNode(b, lab.ServerCfg{Cfg: cfg, Identity: "ruby.example.net"})
	goNode.WaitReady(b, broker, time.Minute)
	rubyNode.WaitReady(b, broker, time.Minute)
	echo := target{"floor0.example.net", startFloor(b, floorJob{Login: broker.Login(), Count: 1, Collective: "mcollective", Reply: make([]byte, replyBytes)})}
	ours, theirs := target{"go.example.net", goNode.PID()}, target{"ruby.example.net", rubyNode.PID()}
	t := table{
		title: "Calls that one node answers",
		note: "Calls of `rpcutil ping` a second through one RabbitMQ, median (spread) of 10 rounds in the order A B B A; processor milliseconds of the answering " +
			"process for each call beside it. The echo is a bare STOMP session that answers without decoding. Goals: one at a time at least 4 x Ruby, 32 in flight at least 6 x.",
		head: []string{"in flight", "Go", "ms a call", "Ruby", "ms a call", "bare echo", "ms a call", "Go / Ruby", "Go / echo"},
	}
	for _, c := range []struct{ inFlight, calls int }{{1, 400}, {32, 2000}} {
		l := broker.Login()
		for _, warm := range []target{ours, theirs, echo} {
			warm.calls(b, l, 50, c.inFlight)()
		}
		wg, wr, cg, cr := abba(b, 10, ours.calls(b, l, c.calls, c.inFlight), theirs.calls(b, l, c.calls, c.inFlight))
		_, we, _, ce := abba(b, 10, ours.calls(b, l, c.calls, c.inFlight), echo.calls(b, l, c.calls, c.inFlight))
		t.row(fmt.Sprint(c.inFlight), wg.String(), short(cg.median()), wr.String(), short(cr.median()), we.String(), short(ce.median()),
			short(wg.median()/wr.median()), short(wg.median()/we.median()))
	}
	t.print(b)
}
