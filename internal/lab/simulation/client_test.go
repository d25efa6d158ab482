package simulation

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab/history"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/rpc"
)

// client asks.
type client struct {
	w      *world
	plan   peerPlan
	conn   surveyor
	rpc    *rpc.Client
	asking atomic.Int64
	stop   context.CancelFunc
	gone   sync.WaitGroup
}

func newClient(t *testing.T, w *world, p peerPlan) *client {
	c := &client{w: w, plan: p}
	c.conn, _ = w.session(p, false, func() bool { return c.asking.Load() > 0 }, c.arrived, 0)
	var number atomic.Uint64
	var err error
	c.rpc, err = rpc.New(rpc.Options{
		Connector: c.conn, Security: provider(p.name), Identity: p.name, DirectAddressing: true, Threshold: 2,
		RequestID: func() string { return fmt.Sprintf("%s-%d", p.name, number.Add(1)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.conn.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, c.stop = context.WithCancel(context.Background())
	c.gone.Go(func() { w.follow(ctx, p.name, c.conn) })
	return c
}

func (c *client) close() {
	if err := c.conn.Close(); err != nil {
		c.w.add(history.Event{Who: c.plan.name, What: history.Broken, Broker: -1, Detail: err.Error()})
	}
	c.stop()
	c.gone.Wait()
}

// arrived writes down which replies the client has been given, read or not.
func (c *client) arrived(m connector.Message) {
	reply, err := keys().DecodeReply(m.Payload, "")
	if err != nil {
		c.w.add(history.Event{Who: c.plan.name, What: history.Broken, Broker: -1, Detail: err.Error()})
		return
	}
	c.w.add(history.Event{Who: c.plan.name, What: history.Received, Broker: brokerNumber(m.Broker), ID: reply.RequestID, Node: reply.Sender})
}

// call makes one request and writes down what came of it.
func (c *client) call(ctx context.Context, a ask) {
	c.asking.Add(1)
	defer c.asking.Add(-1)
	if a.giveUp > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.giveUp)
		defer cancel()
	}
	got := call{ask: a, began: c.w.now()}
	request := rpc.Call{
		Agent: "echo", Action: "say", Data: mco.NewMap(mco.Pair{Key: mco.Sym("token"), Value: mco.String(a.token)}),
		Direct: a.direct, Timeout: a.timeout, TTL: a.ttl, NoResults: a.noAnswer, Stats: &got.stats,
	}
	if len(a.nodes) > 0 {
		request.Nodes = rpc.Known(a.nodes...)
		if a.batch > 0 && !a.noAnswer {
			request.Batch = rpc.Batch{Size: a.batch, Sleep: 300 * time.Millisecond}
		}
	}
	for r, err := range c.rpc.Call(ctx, request) {
		if err != nil {
			got.err = err
			break
		}
		one := history.Answer{At: c.w.now(), Node: r.Sender, Code: int(r.Code), Unexpected: r.Unexpected}
		one.Token, _ = r.Data.Field("token").AsString()
		one.By, _ = r.Data.Field("by").AsString()
		got.answers = append(got.answers, one)
	}
	got.over = c.w.now()
	c.w.called(got)
}
