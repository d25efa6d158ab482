package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

// Bounds of the replies that are kept.
const (
	maxKept      = 256
	maxKeptBytes = 16 << 20
	maxWaiting   = 4           // destinations that one reply goes to, while it is waited for and then each askAgain
	askAgain     = time.Second // what one destination asks sooner is no new question: a message that came twice
)

// kept holds replies until their TTL ends. A client that lost its connection in mid-call sends its request again,
// with the same id, over whatever broker it finds: it gets the reply that was made, and nothing runs twice. So does one that sends each
// request over several brokers: the reply goes back over each of them, and none of them is missed when it dies. What comes over several
// sessions for one destination is answered there once: members of a cluster bring everything twice, and not every client knows whom it has
// counted. What is full forgets the oldest. The zero kept is ready for use.
type kept struct {
	mu      sync.Mutex // guards the fields below
	replies map[asked]*keptReply
	order   []asked // in order of arrival, from index head on
	head    int
	bytes   int
	sweeper *time.Timer // drops what is over when nothing else comes
}

// asked is what a request must have in common with an earlier one to get its reply.
type asked struct{ id, agent, caller, sender string }

func askedBy(r mco.Request) asked { return asked{r.ID, r.Agent, r.Caller, r.Sender} }

// own returns texts that do not keep the payload alive which they were decoded from.
func (a asked) own() asked {
	return asked{strings.Clone(a.id), strings.Clone(a.agent), strings.Clone(a.caller), strings.Clone(a.sender)}
}

type keptReply struct {
	payload []byte   // nil while the request runs
	also    []string // destinations that wait for it, beside the first; one may be there by several sessions
	heard   []heard  // the latest questions
	until   time.Time
}

// heard is a question from a destination that is answered, or will be.
type heard struct {
	to string
	at time.Time
}

// news tells whether a question of to is a new one, and if so notes it.
func (e *keptReply) news(to string, now time.Time) bool {
	e.heard = slices.DeleteFunc(e.heard, func(h heard) bool { return now.Sub(h.at) >= askAgain })
	if len(e.heard) >= maxWaiting || slices.ContainsFunc(e.heard, func(h heard) bool { return connector.Bare(h.to) == connector.Bare(to) }) {
		return false
	}
	e.heard = append(e.heard, heard{to, now})
	return true
}

// begin notes that r is being worked on, for destination to.
func (k *kept) begin(r mco.Request, to string, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.replies == nil {
		k.replies = make(map[asked]*keptReply)
	}
	key := askedBy(r)
	if before, ok := k.replies[key]; ok { // an id that is used again after its time
		k.bytes -= len(before.payload)
	} else {
		key = key.own()
		k.order = append(k.order, key)
	}
	k.replies[key] = &keptReply{heard: []heard{{to, now}}, until: r.Time.Add(r.TTL)}
	k.shrink(now)
}

// finish keeps the reply to r, and returns who else asked for it meanwhile.
func (k *kept) finish(r mco.Request, payload []byte, now time.Time) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	entry, ok := k.replies[askedBy(r)]
	if !ok || entry.payload != nil {
		return nil
	}
	also := entry.also
	entry.payload, entry.also = payload, nil
	k.bytes += len(payload)
	k.shrink(now)
	return also
}

// again returns the reply to a request that came before, for destination to. Without one, nil: nothing is known of it, the question is
// not new, or it is still running and is answered when it ends.
func (k *kept) again(r mco.Request, to string, now time.Time) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	entry, ok := k.replies[askedBy(r)]
	if !ok || to == "" {
		return nil
	}
	if entry.payload == nil {
		if len(entry.also) < maxWaiting && !slices.Contains(entry.also, to) {
			entry.also = append(entry.also, to)
		}
		return nil
	}
	if !entry.news(to, now) {
		return nil
	}
	return entry.payload
}

// shrink drops what is over, and the oldest until the rest is within bounds. Requests are over in about the order in which they came.
func (k *kept) shrink(now time.Time) {
	for k.head < len(k.order) {
		oldest := k.replies[k.order[k.head]]
		if len(k.order)-k.head <= maxKept && k.bytes <= maxKeptBytes && now.Before(oldest.until) {
			break
		}
		k.bytes -= len(oldest.payload)
		delete(k.replies, k.order[k.head])
		k.order[k.head] = asked{}
		k.head++
	}
	if k.head == len(k.order) {
		k.replies, k.order, k.head = nil, nil, 0
		return
	}
	if k.head > maxKept {
		k.order = k.order[:copy(k.order, k.order[k.head:])]
		k.head = 0
	}
	if k.sweeper == nil {
		k.sweeper = time.AfterFunc(max(k.replies[k.order[k.head]].until.Sub(now), askAgain), func() {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.sweeper = nil
			k.shrink(time.Now())
		})
	}
}

// stop ends the sweeping.
func (k *kept) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sweeper != nil {
		k.sweeper.Stop()
	}
	k.replies, k.order, k.head, k.bytes = nil, nil, 0, 0
}

// answerAgain sends the reply to a request that came before, if it is one that its client asks for again.
func (d *Daemon) answerAgain(r mco.Request, m connector.Message) bool {
	payload := d.kept.again(r, m.ReplyTo, time.Now())
	if payload == nil {
		return false
	}
	d.stats.reasked.Add(1)
	d.log.Info(fmt.Sprintf("Message %s is asked again. Sending its reply again.", description(r)))
	d.jobs.Go(func() {
		if err := d.publishReply(r, m.ReplyTo, payload, replyWait); err != nil {
			d.log.Error(fmt.Sprintf("Sending the reply to %s again failed: %s", description(r), err))
		}
	})
	return true
}

// publishReplies sends an encoded reply to every destination, side by side: one whose broker is gone must not hold up the others.
func (d *Daemon) publishReplies(r mco.Request, destinations []string, payload []byte, wait time.Duration) error {
	last := len(destinations) - 1
	errs := make([]error, len(destinations))
	var wg sync.WaitGroup
	for i, to := range destinations[:last] {
		wg.Go(func() { errs[i] = d.publishReply(r, to, payload, wait) })
	}
	errs[last] = d.publishReply(r, destinations[last], payload, wait)
	wg.Wait()
	return errors.Join(errs...)
}

// ways leaves one way to each destination: by a session that could answer at once, where there is one.
func (d *Daemon) ways(destinations []string) []string {
	var chosen []string
	for _, to := range destinations {
		i := slices.IndexFunc(chosen, func(w string) bool { return connector.Bare(w) == connector.Bare(to) })
		switch {
		case i < 0:
			chosen = append(chosen, to)
		case !d.canAnswer(chosen[i]):
			chosen[i] = to
		}
	}
	return chosen
}

// publishReply sends an encoded reply. It waits at most as long for a session.
func (d *Daemon) publishReply(r mco.Request, to string, payload []byte, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(d.jobsCtx, wait)
	defer cancel()
	return d.opt.Connector.Publish(ctx, connector.Outgoing{
		Kind: connector.Replies, Collective: r.Collective, Agent: r.Agent, To: to, TTL: d.opt.TTL, Payload: payload,
	})
}
