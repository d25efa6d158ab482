package drill

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/rpc"
)

const (
	retry    = 200 * time.Millisecond // between two tries to be taken in by a broker
	listen   = 5 * time.Second        // for the answers to one question
	tellTime = 2 * time.Second        // for nodes to tell where they stand
)

// eye watches the fleet through one broker, whenever that takes us in.
type eye struct {
	look   failover.Options
	member failover.Member
	name   string
	rec    *record
	nodes  []string
	due    func(broker string) []string // nodes of ours that should tell where they stand, asked over this broker

	mu   sync.Mutex         // guards the field below
	stop context.CancelFunc // ends the present session
}

// watch asks until ctx ends. It returns when everything that it started has ended.
func (e *eye) watch(ctx context.Context) {
	for ctx.Err() == nil {
		session, stop := context.WithCancel(ctx)
		e.mu.Lock()
		e.stop = stop
		e.mu.Unlock()
		e.session(session)
		stop()
		failover.Pause(ctx, retry)
	}
}

// renew gives up the present session, which may hang, for a new one.
func (e *eye) renew() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stop != nil {
		e.stop()
	}
}

// session asks over one session until that is lost.
func (e *eye) session(ctx context.Context) {
	g, err := failover.Enter(ctx, e.look, e.member, e.name)
	defer g.Leave()
	if err != nil {
		return
	}
	e.rec.connected(e.member.Addr)
	ctx, cancel := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()
	asking.Go(func() { e.tell(ctx, g.Client) })
	tick := time.NewTicker(e.rec.every)
	defer tick.Stop()
	for {
		asking.Go(func() { e.ask(ctx, g.Client) })
		for again := false; !again; {
			select {
			case st := <-g.Conn.Changes():
				if st.State != connector.Ready {
					if ctx.Err() == nil {
						e.rec.lost(e.member.Addr, time.Now())
					}
					return
				}
			case <-tick.C:
				again = true
			case <-ctx.Done():
				return
			}
		}
	}
}

// ask asks once who is there.
func (e *eye) ask(ctx context.Context, c *rpc.Client) {
	ctx, cancel := context.WithTimeout(ctx, max(listen, e.rec.every))
	defer cancel()
	missing := len(e.nodes)
	for pong, err := range c.Ping(ctx, rpc.Discovery{Timeout: listen, Expect: e.nodes}) {
		if err != nil {
			return // the session tells what became of it
		}
		e.rec.answered(pong.Node, e.member.Addr, time.Now(), pong.Latency)
		if missing--; missing == 0 {
			return
		}
	}
}

// tell asks nodes of ours where they stand, as long as there are such that should tell.
func (e *eye) tell(ctx context.Context, c *rpc.Client) {
	for failover.Pause(ctx, e.rec.every/2) {
		names := e.due(e.member.Addr)
		if len(names) == 0 {
			continue
		}
		slices.Sort(names)
		call := rpc.Call{Agent: failover.Agent, Action: "status", Data: new(mco.Map), Nodes: &rpc.Found{Nodes: names}, Timeout: tellTime}
		for r, err := range c.Call(ctx, call) {
			if err != nil {
				break
			}
			if r.Code == mco.OK {
				now := time.Now()
				e.rec.tells(r.Sender, failover.ReadTold(r.Data, now), now)
			}
		}
	}
}

// Await returns when a broker takes us in, or ctx ends.
func Await(ctx context.Context, o failover.Options, m failover.Member) (err error) {
	for ctx.Err() == nil {
		g, enterErr := failover.Enter(ctx, o, m, fmt.Sprintf("%s-drill", o.Config.Identity))
		g.Leave()
		if enterErr == nil {
			return nil
		}
		if ctx.Err() == nil {
			err = enterErr
		}
		failover.Pause(ctx, retry)
	}
	return fmt.Errorf("it does not take us in: %w", err)
}
