package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
)

// bus examines all brokers of the pool at once, and then what they have in common.
func (x *examination) bus(ctx context.Context) {
	if x.broken {
		x.say(Note, "broker", x.File, "brokers are not looked at while the file has mistakes", "")
		return
	}
	members, err := x.Members(x.cfg)
	if err != nil {
		x.say(Bad, "pool", x.File, err.Error(), "docs/reference-config.md has the settings of a pool")
		return
	}
	provider, err := x.Security(x.cfg)
	if err != nil {
		if x.cfg.SecurityProvider != "psk" { // of which the file's part has spoken
			x.say(Bad, "security", x.at(x.cfg, "securityprovider"), err.Error(), "")
		}
		return
	}
	x.Step(fmt.Sprintf("asking %d brokers and their nodes", len(members)))
	views := make([]*view, len(members))
	var wg sync.WaitGroup
	for i, m := range members {
		v := &view{examination: x, member: m, provider: provider, where: net.JoinHostPort(m.Host, strconv.Itoa(m.Port))}
		views[i] = v
		wg.Go(func() { v.look(ctx) })
	}
	wg.Wait()
	if ctx.Err() != nil {
		return
	}
	for _, v := range views {
		for _, f := range v.found {
			x.report(f)
		}
	}
	x.fleet(views)
}

// name is who we say we are at a broker. A node's own name would take away what is sent to it: brokers share a queue out.
func (x *examination) name() string {
	if x.Role == config.Server {
		return x.cfg.Identity + "-doctor"
	}
	return x.cfg.Identity
}

func (v *view) say(level Level, check, text, mend string) {
	v.found = append(v.found, Finding{Level: level, Check: check, Where: v.where, Text: text, Mend: mend})
}

// look goes as far with one broker as it lets us.
func (v *view) look(ctx context.Context) {
	if err := v.reach(ctx); err != nil {
		v.refused("reach it", err)
		return
	}
	t, err := v.begin(ctx, v.member)
	if err != nil {
		v.refused("log in", err)
		return
	}
	defer t.end()
	v.say(Good, "broker-login", "the broker takes us in", "")
	needs := v.needs()
	if v.Role == config.Server && !v.each(ctx, needs) {
		return
	}
	if v.Role == config.Client {
		for _, d := range needs {
			if err = t.do(v.examination, func(ctx context.Context) error { return d.try(ctx, t) }); err != nil {
				break
			}
		}
	}
	if err == nil {
		err = v.ask(t)
	}
	switch {
	case err == nil && len(needs) > 0:
		v.say(Good, "broker-destinations", fmt.Sprintf("%d destinations exist, and we may use them", len(needs)), "")
	case err != nil && (v.Role == config.Server || v.each(ctx, needs)):
		v.refused("ask who is there", err)
	}
}

// refused tells of an error; nothing is told when it is we who broke off.
func (v *view) refused(what string, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	check, mend := refusal(err, v.member)
	v.say(Bad, check, what+": "+err.Error(), mend)
}

// reach finds the machine and the port, so that what is wrong with them is not taken for the broker's fault.
func (v *view) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, v.Timeout, fmt.Errorf("%w %s", errNoAnswer, v.Timeout))
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", v.where)
	if err != nil {
		return err
	}
	return conn.Close()
}

// destination is one place at a broker that a client or a node needs.
type destination struct {
	name string
	try  func(context.Context, connector.Connector) error
}

// probeTTL is how long a broker may keep a message that tries a destination; the connector adds the original's 10 s.
const probeTTL = time.Second

// nobody is a node that is in no fleet, and an agent that no node has.
const nobody = "mco-doctor-nobody"

// objection is how long a broker may take to say no to what needs no answer.
const objection = time.Second

// each tries every destination in a session of its own, because a broker ends one with the first refusal, and tells which it refused.
// It returns whether there was none.
func (v *view) each(ctx context.Context, needs []destination) bool {
	good := true
	for _, d := range needs {
		t, err := v.begin(ctx, v.member)
		if err == nil {
			err = t.do(v.examination, func(ctx context.Context) error { return d.try(ctx, t) })
			if err == nil && v.Role == config.Client {
				err = t.objected()
			}
			t.end()
		}
		if err != nil {
			good = false
			v.refused(d.name, err)
		}
	}
	return good
}

// needs lists the destinations of each collective: a node subscribes to them, a client sends to them. What is sent here reaches
// nobody. ActiveMQ makes each destination when it is first named, and would keep what is tried; there, asking the nodes tells as much.
func (v *view) needs() (all []destination) {
	for _, c := range v.cfg.Collectives {
		for kind, word := range map[connector.Kind]string{connector.Broadcast: "broadcast", connector.Directed: "directed"} {
			if v.Role == config.Server {
				sub := connector.Subscription{Kind: kind, Collective: c}
				if kind == connector.Broadcast {
					sub.Agent = mco.DiscoveryAgent
				}
				all = append(all, destination{"subscribe to " + c + "_" + word, func(ctx context.Context, s connector.Connector) error {
					return s.Subscribe(ctx, sub)
				}})
			} else if v.cfg.Connector == "rabbitmq" {
				out := connector.Outgoing{Kind: kind, Collective: c, Agent: nobody, Node: nobody, NoReply: true, TTL: probeTTL}
				all = append(all, destination{"send to " + c + "_" + word, func(ctx context.Context, s connector.Connector) error {
					return s.Publish(ctx, out)
				}})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b destination) int { return strings.Compare(a.name, b.name) })
	return all
}
