package stomp

import (
	"strconv"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

// target is a destination with what goes with it.
type target struct {
	name    string
	id      string   // of a subscription
	headers []string // name, value, name, value ...
	silent  bool     // known to the broker without being subscribed to
}

// dialect is how one kind of broker names things.
type dialect interface {
	// subscription is what to SUBSCRIBE to. sequence is part of reply destinations.
	subscription(sub connector.Subscription, sequence int) target
	// send is where a frame goes. replyTo is for requests.
	send(out connector.Outgoing, replyTo string, now time.Time) target
	// replies is the reply destination of a request.
	replies(collective, agent string, sequence int) string
}

func (o *Options) dialect() dialect {
	if o.Flavour == ActiveMQ {
		return activemq{o}
	}
	return rabbitmq{o}
}

// milliseconds is a duration as headers give it.
func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

type rabbitmq struct{ *Options }

func (r rabbitmq) broadcast(collective, agent string) (name, id string) {
	if r.AgentsMultiplex {
		return "/exchange/" + collective + "_broadcast", collective + "_broadcast"
	}
	return "/exchange/" + collective + "_broadcast/" + agent, collective + "_broadcast_" + agent
}

func (r rabbitmq) replies(_, agent string, sequence int) string {
	if r.ReplyExchange {
		return "/exchange/mcollective_reply/" + r.Identity + "_" + strconv.Itoa(r.ProcessID) + "_" + strconv.Itoa(sequence)
	}
	return "/temp-queue/mcollective_reply_" + agent
}

func (r rabbitmq) subscription(sub connector.Subscription, sequence int) target {
	switch sub.Kind {
	case connector.Directed:
		return target{name: "/exchange/" + sub.Collective + "_directed/" + r.Identity, id: sub.Collective + "_" + r.Identity + "_directed_to_identity"}
	case connector.Replies:
		// The broker makes the queue from the request's reply-to, and refuses a SUBSCRIBE to it.
		return target{name: r.replies(sub.Collective, sub.Agent, sequence), id: "mcollective_" + sub.Agent + "_replies", silent: !r.ReplyExchange}
	}
	if r.WildcardBroadcast && !r.AgentsMultiplex {
		return target{name: "/exchange/" + sub.Collective + "_broadcast/*", id: sub.Collective + "_broadcast_*"}
	}
	name, id := r.broadcast(sub.Collective, sub.Agent)
	// The reply-to means nothing to the broker; the original sends it.
	return target{name: name, id: id, headers: []string{"reply-to", r.replies(sub.Collective, sub.Agent, 0)}}
}

func (r rabbitmq) send(out connector.Outgoing, replyTo string, _ time.Time) target {
	t := target{name: out.To, headers: make([]string, 0, 8)}
	switch out.Kind {
	case connector.Broadcast:
		t.name, _ = r.broadcast(out.Collective, out.Agent)
	case connector.Directed:
		t.name = "/exchange/" + out.Collective + "_directed/" + out.Node
	}
	if replyTo != "" {
		t.headers = append(t.headers, "reply-to", replyTo)
	}
	t.headers = append(t.headers, "expiration", milliseconds(out.TTL+mco.BrokerGrace), "mc_sender", r.Identity)
	return t
}

type activemq struct{ *Options }

func (a activemq) broadcast(collective, agent string) string {
	if a.AgentsMultiplex {
		return "/topic/" + collective + ".agents"
	}
	return "/topic/" + collective + "." + agent + ".agent"
}

func (a activemq) replies(collective, _ string, sequence int) string {
	return "/queue/" + collective + ".reply." + a.Identity + "_" + strconv.Itoa(a.ProcessID) + "." + strconv.Itoa(sequence)
}

func (a activemq) subscription(sub connector.Subscription, sequence int) target {
	switch sub.Kind {
	case connector.Directed:
		return target{name: "/queue/" + sub.Collective + ".nodes", id: sub.Collective + "_directed_to_identity", headers: []string{"selector", "mc_identity = '" + a.Identity + "'"}}
	case connector.Replies:
		name := a.replies(sub.Collective, sub.Agent, sequence)
		return target{name: name, id: name}
	}
	name := a.broadcast(sub.Collective, sub.Agent)
	return target{name: name, id: name}
}

func (a activemq) send(out connector.Outgoing, replyTo string, now time.Time) target {
	t := target{name: out.To, headers: make([]string, 0, 12)}
	switch out.Kind {
	case connector.Broadcast:
		t.name = a.broadcast(out.Collective, out.Agent)
	case connector.Directed:
		t.name = "/queue/" + out.Collective + ".nodes"
	}
	if a.Priority > 0 {
		t.headers = append(t.headers, "priority", strconv.Itoa(a.Priority))
	}
	seconds := now.Unix()
	t.headers = append(t.headers, "timestamp", strconv.FormatInt(seconds*1000, 10),
		"expires", strconv.FormatInt(seconds*1000+(out.TTL+mco.BrokerGrace).Milliseconds(), 10))
	if replyTo != "" {
		t.headers = append(t.headers, "reply-to", replyTo)
	}
	if out.Kind == connector.Directed {
		t.headers = append(t.headers, "mc_identity", out.Node)
	}
	t.headers = append(t.headers, "mc_sender", a.Identity)
	return t
}
