package daemon

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	mrand "math/rand/v2"
	"slices"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

// registrationAgent is the agent that registrations are sent to (registration/base.rb).
const registrationAgent = "registration"

// Registration says what the node tells about itself, and how often.
type Registration struct {
	Interval   time.Duration // registerinterval; 0: never
	Splay      bool          // registration_splay: the first one after a random part of Interval, otherwise at once
	Collective string        // registration_collective; empty or unknown: the main collective
	// Body makes what is sent; nil data sends nothing this time. A nil Body sends the list of agents.
	Body func(context.Context, agent.Node) (mco.Value, error)
}

// register sends registrations until ctx ends.
func (d *Daemon) register(ctx context.Context) {
	o := d.opt.Registration
	wait := time.Duration(0)
	if o.Splay {
		wait = mrand.N(o.Interval)
		d.log.Debug(fmt.Sprintf("registration_splay enabled. Registration will start in %d seconds", int(wait.Seconds())))
	}
	next := time.NewTimer(wait)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		// A session that is away must not pile up registrations: what cannot be sent within the interval is given up.
		attempt, cancel := context.WithTimeout(ctx, o.Interval)
		if err := d.registerOnce(attempt); err != nil && ctx.Err() == nil {
			d.log.Error(fmt.Sprintf("Sending registration message failed: %s", err))
		}
		cancel()
		next.Reset(o.Interval)
	}
}

func (d *Daemon) registerOnce(ctx context.Context) error {
	o := d.opt.Registration
	body, err := mco.Strings(d.Agents()...), error(nil)
	if o.Body != nil {
		if body, err = o.Body(ctx, d); err != nil {
			return err
		}
	}
	if body.IsNil() {
		d.log.Debug("Skipping registration due to nil body")
		return nil
	}
	collective := o.Collective
	if collective == "" {
		collective = d.opt.MainCollective
	}
	if !slices.Contains(d.opt.Collectives, collective) {
		d.log.Warn(fmt.Sprintf("Sending registration to %s: %s is not a valid collective", d.opt.MainCollective, collective))
		collective = d.opt.MainCollective
	}
	r := mco.Request{
		ID: newID(), Agent: registrationAgent, Collective: collective, Sender: d.opt.Identity,
		TTL: d.opt.TTL, Time: time.Now(), Filter: mco.Filter{Agents: []string{registrationAgent}}.Value(), Body: body,
	}
	payload, err := d.opt.Security.EncodeRequest(r)
	if err != nil {
		return err
	}
	d.log.Debug(fmt.Sprintf("Sending registration %s to collective %s", r.ID, collective))
	return d.opt.Connector.Publish(ctx, connector.Outgoing{
		Kind: connector.Broadcast, Collective: collective, Agent: registrationAgent, TTL: d.opt.TTL, Payload: payload,
	})
}

// newID makes a request id as the original's look: 32 hex digits.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
