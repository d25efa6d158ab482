package wire

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Request is what a client of the original sends under psk. The zero value of a field takes the usual value.
type Request struct {
	Agent      string    // default discovery
	Body       any       // default "ping", which the discovery agent answers
	Collective string    // default mcollective
	Identity   []string  // filter
	Secret     string    // default "lab"
	TTL        int       // seconds; default 60
	Time       time.Time // msgtime; default now
	ID         string    // default random
	Caller     string    // default uid=0
	Sender     string    // default lab.probe
	Compound   any       // a compound filter's call stack
}

// RPC is the body of an RPC request.
func RPC(agent, action string, data Hash) Hash {
	data = append(data, Pair{Sym("process_results"), true})
	return Hash{{Sym("agent"), agent}, {Sym("action"), action}, {Sym("caller"), "uid=0"}, {Sym("data"), data}}
}

// Encode returns the request's id and its payload.
func (r Request) Encode() (id string, payload []byte) {
	set := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	set(&r.Agent, "discovery")
	set(&r.Collective, "mcollective")
	set(&r.Secret, "lab")
	set(&r.Caller, "uid=0")
	set(&r.Sender, "lab.probe")
	set(&r.ID, strings.ToLower(rand.Text() + rand.Text())[:32])
	if r.Body == nil {
		r.Body = "ping"
	}
	if r.TTL == 0 {
		r.TTL = 60
	}
	if r.Time.IsZero() {
		r.Time = time.Now()
	}
	compound := []any{}
	if r.Compound != nil {
		compound = append(compound, r.Compound)
	}
	body := string(Dump(r.Body))
	sum := md5.Sum([]byte(body + r.Secret))
	return r.ID, Dump(Hash{
		{Sym("body"), binary(body)},
		{Sym("senderid"), r.Sender},
		{Sym("requestid"), r.ID},
		{Sym("filter"), Hash{
			{"fact", []any{}}, {"cf_class", []any{}}, {"agent", []any{r.Agent}}, {"identity", r.Identity}, {"compound", compound}}},
		{Sym("collective"), r.Collective},
		{Sym("agent"), r.Agent},
		{Sym("callerid"), r.Caller},
		{Sym("ttl"), r.TTL},
		{Sym("msgtime"), int(r.Time.Unix())},
		{Sym("hash"), hex.EncodeToString(sum[:])},
	})
}

// binary is a string without an encoding, as Marshal.dump returns it.
func binary(s string) Raw {
	d := dumper{}
	d.out = append(d.out, '"')
	d.bytes(s)
	return Raw(d.out)
}

// Directed is the frame that brings payload to one node at a broker of the given kind ("rabbitmq" or "activemq"). seq makes the
// reply destination of this session; the session must have been subscribed with [Session.Replies].
func Directed(kind, collective, identity, seq string, payload []byte) Frame {
	f := Frame{Command: "SEND", Header: map[string]string{"mc_sender": "lab.probe", "reply-to": replyTo(kind, collective, seq)}, Body: payload}
	if kind == "activemq" {
		f.Header["destination"] = "/queue/" + collective + ".nodes"
		f.Header["mc_identity"] = identity
		f.Header["expires"] = strconv.FormatInt(time.Now().Add(2*time.Second).UnixMilli(), 10)
		return f
	}
	f.Header["destination"] = fmt.Sprintf("/exchange/%s_directed/%s", collective, identity)
	f.Header["expiration"] = "2000"
	return f
}

// Broadcast is the frame that brings payload to every node that has the agent.
func Broadcast(kind, collective, agent, seq string, payload []byte) Frame {
	f := Frame{Command: "SEND", Header: map[string]string{"mc_sender": "lab.probe", "reply-to": replyTo(kind, collective, seq)}, Body: payload}
	if kind == "activemq" {
		f.Header["destination"] = "/topic/" + collective + "." + agent + ".agent"
		return f
	}
	f.Header["destination"] = fmt.Sprintf("/exchange/%s_broadcast/%s", collective, agent)
	f.Header["expiration"] = "2000"
	return f
}

// Replies makes the session receive what is answered to seq. RabbitMQ does that by itself when the request is sent.
func (s *Session) Replies(kind, collective, seq string) error {
	if kind != "activemq" {
		return nil
	}
	return s.Send(Frame{Command: "SUBSCRIBE", Header: map[string]string{"destination": replyTo(kind, collective, seq), "id": seq}})
}

func replyTo(kind, collective, seq string) string {
	if kind == "activemq" {
		return "/queue/" + collective + ".reply.lab." + seq
	}
	return "/temp-queue/" + seq
}
