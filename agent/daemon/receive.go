package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/security"
)

// receive handles one message after the other until ctx ends, which is no error, or the session is over.
func (d *Daemon) receive(ctx context.Context) error {
	for {
		m, err := d.opt.Connector.Receive(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		d.stats.total.Add(1)
		d.receiving.Store(time.Now().UnixNano())
		d.accept(m)
		d.receiving.Store(0)
	}
}

// accept takes one message as far as its agent's lane. What it refuses it counts and logs.
func (d *Daemon) accept(m connector.Message) {
	r, ok := d.decode(m)
	if !ok || !d.timely(r) || d.repeats(r, m) || !d.targeted(r) {
		return
	}
	d.compareClocks(r)
	a, known := d.loaded.Load().byName[r.Agent]
	if !known {
		d.log.Error(fmt.Sprintf("Execution of %s failed: No plugin %s_agent defined", printable(r.Agent), printable(r.Agent)))
		d.fates.note(r, agent.Refused, "there is no agent "+r.Agent)
		return
	}
	j := &job{daemon: d, agent: a, request: r, message: m}
	if !j.read() {
		return
	}
	if !d.rates.allows(r, time.Now()) {
		d.stats.limited.Add(1)
		d.log.Warn(fmt.Sprintf("Too many requests of one caller: message %s", description(r)))
		d.fates.note(r, agent.Refused, "plugin.mco.caller.rate")
		j.refuse("Too busy: a caller may send " + strconv.Itoa(d.opt.CallerRate) + " requests a second (plugin.mco.caller.rate). Try again later.")
		return
	}
	if j.rpc == nil || j.rpc.WantsReply() {
		d.kept.begin(r, m.ReplyTo, time.Now())
	}
	if d.atOnce(j) {
		j.runAtOnce()
		return
	}
	j.note(agent.Waiting, "")
	if !a.lane.admit(j, &d.jobs) {
		d.stats.busy.Add(1)
		d.log.Warn(fmt.Sprintf("Too busy for message %s", description(r)))
		j.note(agent.Refused, "too many requests wait for agent "+a.name)
		j.busy()
	}
}

// atOnce tells whether j may be answered by the receive loop itself: the agent has the answer at hand, nobody writes or asks elsewhere
// before it, and the reply can be sent.
func (d *Daemon) atOnce(j *job) bool {
	action := ""
	if j.rpc != nil {
		if d.opt.Runner.Authorizer != nil || d.opt.Runner.Auditor != nil {
			return false
		}
		action = j.rpc.Action
	}
	return j.agent.quick != nil && j.agent.quick.Quick(action) && d.canAnswer(j.message.ReplyTo)
}

// canAnswer tells whether a reply to that destination could leave without waiting for a session.
func (d *Daemon) canAnswer(to string) bool {
	if several, ok := d.opt.Connector.(interface{ CanAnswer(to string) bool }); ok {
		return several.CanAnswer(to)
	}
	return d.opt.Connector.Status().State == connector.Ready
}

// decode checks size, form, signature and caller id.
func (d *Daemon) decode(m connector.Message) (mco.Request, bool) {
	if len(m.Payload) > d.opt.MaxMessage {
		d.stats.undecodable.Add(1)
		d.refuse(fmt.Errorf("%w: %d bytes, at most %d are accepted", security.ErrMalformed, len(m.Payload), d.opt.MaxMessage))
		return mco.Request{}, false
	}
	r, err := d.opt.Security.DecodeRequest(m.Payload)
	switch {
	case err == nil:
		d.stats.validated.Add(1)
		return r, true
	case errors.Is(err, security.ErrSignature):
		d.stats.unvalidated.Add(1)
	case errors.Is(err, security.ErrCallerID):
		d.stats.validated.Add(1)
	default:
		d.stats.undecodable.Add(1)
	}
	d.refuse(err)
	return r, false
}

// skewWarning is how far ahead a sender's clock may be before the log says so.
const skewWarning = 5 * time.Second

// timely checks that r is neither too old nor from the future.
func (d *Daemon) timely(r mco.Request) bool {
	err := d.opt.Validity.Check(r, time.Now())
	if err == nil {
		return true
	}
	d.stats.ttlExpired.Add(1)
	d.fates.note(r, agent.Expired, "")
	d.log.Warn(printable(err.Error()))
	return false
}

// compareClocks says in the log, once a minute, that a sender's clock is ahead of ours but not so far that we refuse.
func (d *Daemon) compareClocks(r mco.Request) {
	now := time.Now()
	if ahead := r.Time.Sub(now); ahead > skewWarning && now.Sub(d.skewTold) > time.Minute {
		d.skewTold = now
		d.log.Warn(fmt.Sprintf("The clock of %s is %d seconds ahead of this node's", printable(r.Sender), int(ahead.Seconds())))
	}
}

// repeats tells whether r was accepted before. It is remembered for as long as a repetition could pass the other checks. A client that
// asks again for a reply that it lost gets it.
func (d *Daemon) repeats(r mco.Request, m connector.Message) bool {
	if a, ok := d.loaded.Load().byName[r.Agent]; ok && a.rpc == nil {
		// Two searches of one caller in one second may be signed alike, and to answer both harms nobody.
		r.Signed = ""
	}
	if d.opt.Seen.First(r, time.Now(), r.Time.Add(r.TTL+time.Second)) {
		return false
	}
	d.stats.repeated.Add(1)
	if d.answerAgain(r, m) {
		return true
	}
	level := slog.LevelWarn
	if connector.Bare(m.ReplyTo) != m.ReplyTo {
		level = slog.LevelDebug // sessions with several members of a cluster each bring it
	}
	d.log.Log(context.Background(), level, fmt.Sprintf("Message %s was received before. Ignoring message.", description(r)))
	return true
}

// targeted tells whether the filter lets this node through.
func (d *Daemon) targeted(r mco.Request) bool {
	if d.opt.Match != nil {
		passed, err := d.opt.Match(r)
		if err != nil {
			d.refuse(err)
			return false
		}
		if !passed {
			d.stats.filtered.Add(1)
			if r.Agent != mco.DiscoveryAgent { // who is asked with and without a filter tells that itself
				d.fates.note(r, agent.Filtered, "")
			}
			d.log.Info(fmt.Sprintf("Message %s does not pass filters. Ignoring message.", description(r)))
			return false
		}
	}
	d.stats.passed.Add(1)
	return true
}

// refuse logs a message that could not be handled, with the class of exception that the original would name.
func (d *Daemon) refuse(err error) {
	class := "RuntimeError"
	switch {
	case errors.Is(err, security.ErrSignature):
		class = "MCollective::SecurityValidationFailed"
	case errors.Is(err, security.ErrMalformed):
		class = "TypeError"
	}
	d.log.Warn(fmt.Sprintf("Failed to handle message: %s - %s", printable(err.Error()), class))
}
