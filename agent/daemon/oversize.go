package daemon

import (
	"fmt"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
)

// encode makes the payload of a reply. A body that no message can hold becomes a refusal, so that the caller learns why: the check is
// made before the encoding, which for such a body would take the processor from every other agent.
func (j *job) encode(body mco.Value) ([]byte, error) {
	d := j.daemon
	if left := d.opt.MaxMessage; !fits(body, &left) {
		return j.envelope(j.oversized())
	}
	payload, err := j.envelope(body)
	if err == nil && len(payload) > d.opt.MaxMessage {
		return j.envelope(j.oversized())
	}
	return payload, err
}

// envelope signs or encrypts a body and puts the reply's envelope around it.
func (j *job) envelope(body mco.Value) ([]byte, error) {
	return j.daemon.opt.Security.EncodeReply(mco.Reply{
		RequestID: j.request.ID, IDEncoding: j.request.IDEncoding,
		Sender: j.daemon.opt.Identity, Agent: j.request.Agent, Time: time.Now(), Body: body,
	}, j.request)
}

// oversized is the body that takes the place of one that is too large.
func (j *job) oversized() mco.Value {
	text := fmt.Sprintf("The reply is larger than the %d bytes of a message (plugin.mco.max_frame)", j.daemon.opt.MaxMessage)
	j.daemon.log.Error(fmt.Sprintf("Execution of %s failed: %s", j.name(), text))
	reply := agent.Reply{Data: new(mco.Map)}
	reply.Fail(mco.Aborted, text)
	return reply.Value()
}

// fits takes the bytes of all texts in v from left and tells whether there were as many.
func fits(v mco.Value, left *int) bool {
	if text, ok := v.AsName(); ok {
		*left -= len(text)
	} else if items, ok := v.AsList(); ok {
		for _, item := range items {
			if !fits(item, left) {
				return false
			}
		}
	} else if m, ok := v.AsMap(); ok {
		for key, value := range m.All() {
			if !fits(key, left) || !fits(value, left) {
				return false
			}
		}
	}
	return *left >= 0
}
