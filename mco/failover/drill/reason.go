package drill

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco/failover"
)

// reason says what is known of why a node took as long as it did. What is not known is not said.
func reason(r *Result, p *Plan, n *Node, before *failover.Node) string {
	var parts []string
	say := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	switch n.Outcome {
	case Lost:
		say("it answered over no broker for the %g s that it was waited for", r.Wait)
		if slices.Contains(p.Alone, n.Identity) {
			say("its pool has no other broker that can be asked")
		}
	case Untouched:
		say("it answered over %s all the time: the fault did not reach it", r.Broker)
	case Kept:
		say("it had a session with another broker all the time")
	case Moved:
		slow(r, p, n, before, say)
	}
	if r.Restored && !r.Interrupted {
		back(r, n, before, say)
	}
	return strings.Join(parts, "; ")
}

// slow says what is known of a node's way to another broker.
func slow(r *Result, p *Plan, n *Node, before *failover.Node, say func(string, ...any)) {
	if !n.Ours {
		say("the original's: it waits as its reconnect delays say, and was found by asking every %g s", r.Asked)
	}
	if interval := heartBeat(before, r.Broker); !r.Closed && interval > 0 {
		// The last sign of life came up to one interval before the silence began.
		least, most := interval/2+2, interval*1.5+2
		if *n.Away >= least-r.Asked {
			say("nothing closed its connection: with heart-beats every %g s it notices silence after %g to %g s", interval, least, most)
		}
	}
	if !r.Closed && n.Ours && heartBeat(before, r.Broker) == 0 {
		say("nothing closed its connection, and it has no heart-beats")
	}
	if tried := inVain(p, n, before); len(tried) > 0 {
		say("before %s come %s in its pool, which cannot be reached", n.To, strings.Join(tried, ", "))
	}
	if r.Closed && n.Ours {
		say("its connection was closed; before the next broker it waits at random, up to its plugin.mco.pool.reconnect_spread")
	}
	if n.Ours && !n.Exact {
		say("it did not tell where it stood in time: found by asking every %g s", r.Asked)
	}
}

// heartBeat is the interval of a node's session with a broker, in seconds; 0: none, or not known.
func heartBeat(n *failover.Node, broker string) float64 {
	if n.Told == nil {
		return 0
	}
	for _, s := range n.Told.Sessions {
		if s.Broker == broker || len(n.Told.Sessions) == 1 {
			return s.HeartBeatInterval
		}
	}
	return 0
}

// inVain names the members of a node's pool that it had to try in vain, between the one that it lost and the one that it came to.
func inVain(p *Plan, n *Node, before *failover.Node) (tried []string) {
	if before.Told == nil || before.Told.Randomize {
		return nil
	}
	pool := before.Told.Pool
	at, to := slices.Index(pool, p.Broker), slices.Index(pool, n.To)
	if at < 0 || to < 0 {
		return nil
	}
	for i := (at + 1) % len(pool); i != to; i = (i + 1) % len(pool) {
		for _, b := range p.Status.Brokers {
			if b.Addr == pool[i] && b.Error != "" {
				tried = append(tried, b.Addr)
			}
		}
	}
	return tried
}

// back says what is known of a node's way back.
func back(r *Result, n *Node, before *failover.Node, say func(string, ...any)) {
	t := before.Told
	switch {
	case !n.Returns && n.Outcome == Moved && t == nil:
		say("it stays until it loses its broker")
	case !n.Returns && n.Outcome == Moved && t.Failback <= 0:
		say("it stays, since its plugin.mco.pool.failback is off")
	case !n.Returns:
	case n.Back == nil && t.Mode == "all":
		say("it did not get its session with %s back", r.Broker)
	case n.Back == nil:
		say("it did not come back, though it goes back when %s has answered for %g s", r.Broker, t.Failback)
	case t.Mode != "all":
		say("it goes back when %s has answered for %g s", r.Broker, t.Failback)
	}
}
