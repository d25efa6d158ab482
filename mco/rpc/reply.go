package rpc

import (
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
)

// Reply is one node's answer to a request.
type Reply struct {
	Sender  string
	Agent   string
	Action  string
	Code    mco.StatusCode
	Message string
	Data    mco.Value // a hash from any agent that keeps to the protocol

	Body       mco.Value     // the whole inner body as it came
	Time       time.Time     // the node's clock when it answered
	Latency    time.Duration // from the request, or the batch, to the reply's arrival here
	Broker     string        // which pool member brought it
	Unexpected bool          // from a node that was not waited for
}

// newReply reads the body of an answer. One that is no RPC reply becomes a failure of its node: the node did answer, and the rest
// of the fleet should not suffer from it.
func newReply(agent, action string, a arrival) Reply {
	r := Reply{
		Sender: a.reply.Sender,
		Agent:  agent,
		Action: action,
		Body:   a.reply.Body,
		Time:   a.reply.Time,
		Broker: a.broker,
	}
	body, ok := r.Body.AsMap()
	if !ok {
		r.Code, r.Message = mco.UnknownError, "the reply is no hash but a "+r.Body.Kind().String()
		return r
	}
	r.Data = field(body, "data")
	r.Message = inspect.Text(field(body, "statusmsg"))
	code, ok := field(body, "statuscode").AsInt()
	if !ok {
		r.Code = mco.UnknownError
		if r.Message == "" {
			r.Message = "the reply has no status code"
		}
		return r
	}
	r.Code = mco.StatusCode(code)
	return r
}

// field returns the member of a body under a symbol or a string key; nodes that speak JSON send strings.
func field(m *mco.Map, key string) mco.Value {
	if v, ok := m.Get(mco.Sym(mco.Symbol(key))); ok {
		return v
	}
	v, _ := m.Get(mco.String(key))
	return v
}
