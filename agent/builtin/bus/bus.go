// Package bus is the agent that tells where its node stands on the bus: on which member of its pool, since when, how often it came
// back, when the broker last gave a sign of life, and which pool it has. It reads and changes nothing. `mco failover` asks it, so that
// a fleet that is spread over its brokers can be seen as a whole. A caller who got no reply may ask what became of his request.
//
// The original has no such agent: what it knows of its session it only logs.
package bus

import (
	"context"
	"errors"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/ddl"
)

// Name is what requests call the agent.
const Name = "bus"

// Agent is the agent bus.
type Agent struct {
	env  agent.Environment
	node daemon
}

// daemon is what the agent asks of its node.
type daemon interface {
	Survey() connector.Survey
	Fate(id, caller string) agent.Fate
}

var _ agent.Agent = (*Agent)(nil)

// New returns the agent; it is an [agent.Maker]. The daemon has to be one that tells of its session.
func New(env agent.Environment) (agent.Agent, error) {
	d, ok := env.Node.(daemon)
	if !ok {
		return nil, errors.New("this daemon does not tell where it stands with its brokers")
	}
	return &Agent{env: env, node: d}, nil
}

// DDL describes the agent.
func (a *Agent) DDL() *ddl.DDL { return a.env.DDL() }

// Handle runs one action.
func (a *Agent) Handle(_ context.Context, r *agent.Request, reply *agent.Reply) error {
	switch r.Action {
	case "status":
		return a.status(reply)
	case "request":
		return a.request(r, reply)
	}
	return agent.UnknownAction(r)
}

// request tells a caller what became of an earlier request of his own. Of others' he learns nothing, not even that they were there.
func (a *Agent) request(r *agent.Request, reply *agent.Reply) error {
	f, now := a.node.Fate(r.Text("id"), r.Caller), a.env.Now()
	reply.Set("outcome", mco.String(string(f.What)))
	reply.Set("detail", mco.String(f.Detail))
	reply.Set("seconds", age(f.Since, now))
	if f.What != agent.Forgotten {
		reply.Set("age", mco.Float(f.Age.Round(time.Millisecond).Seconds()))
	}
	return nil
}

func (a *Agent) status(reply *agent.Reply) error {
	v, now := a.node.Survey(), a.env.Now()
	if len(v.Sessions) == 0 {
		return agent.Failf(mco.Aborted, "the connector of this node does not tell where it stands")
	}
	best := v.Sessions[0]
	sessions := make([]mco.Value, len(v.Sessions))
	brokers, reconnects := "", uint64(0)
	for i, p := range v.Sessions {
		sessions[i] = mco.Hash(place(p, now))
		reconnects += p.Reconnects
		if p.State != connector.Ready {
			continue
		}
		if best.State != connector.Ready || p.Since.Before(best.Since) {
			best = p
		}
		if brokers != "" {
			brokers += ","
		}
		brokers += p.Broker
	}
	for k, value := range place(best, now).All() {
		reply.Data.Set(k, value)
	}
	reply.Set("broker", mco.String(brokers))
	reply.Set("reconnects", mco.Int(int64(reconnects)))
	reply.Set("stale_sockets", staleSockets("/proc/self"))
	reply.Set("mode", mco.String(mode(v)))
	reply.Set("pool", mco.Strings(v.Members...))
	reply.Set("randomize", mco.Bool(v.Randomize))
	reply.Set("failback", mco.Float(v.Failback.Seconds()))
	reply.Set("home", mco.Float(v.Home.Seconds()))
	reply.Set("sessions", mco.List(sessions...))
	return nil
}

func mode(v connector.Survey) string {
	if v.All {
		return "all"
	}
	return "failover"
}

// place is one session. Ages stand beside times, because clocks differ.
func place(p connector.Place, now time.Time) *mco.Map {
	m := mco.SymbolMap(8)
	m.SetSymbol("broker", mco.String(p.Broker))
	m.SetSymbol("state", mco.String(p.State.String()))
	m.SetSymbol("since", mco.Int(p.Since.Unix()))
	m.SetSymbol("seconds", age(p.Since, now))
	m.SetSymbol("reconnects", mco.Int(int64(p.Reconnects)))
	m.SetSymbol("heartbeat_age", age(p.Heard, now))
	m.SetSymbol("heartbeat_interval", mco.Float(p.HeartBeat.Seconds()))
	last := mco.Value{}
	if p.LastErr != nil {
		last = mco.String(p.LastErr.Error())
	}
	m.SetSymbol("last_error", last)
	return m
}

// age is how long ago t was, in seconds to the millisecond; nil where that is not known.
func age(t, now time.Time) mco.Value {
	if t.IsZero() {
		return mco.Value{}
	}
	return mco.Float(max(now.Sub(t), 0).Round(time.Millisecond).Seconds())
}
