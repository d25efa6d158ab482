package daemon

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

// Bounds of the replies that are kept.
const (
	maxKept      = 256
	maxKeptBytes = 16 << 20
	maxWaiting   = 4           // destinations that wait for one reply
	askAgain     = time.Second // what comes sooner is no new question: the same message came over two brokers
)

// kept holds the replies of RPC requests until their TTL ends. A client that lost its connection in mid-call sends its request again,
// with the same id, over whatever broker it finds: it gets the reply that was made, and nothing runs twice. What is full forgets the
// oldest. The zero kept is ready for use.
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

type keptReply struct {
	payload  []byte // nil while the request runs
	also     []string
	answered time.Time // when the reply was sent last, or the request received
	until    time.Time
}

// begin notes that r is being worked on.
func (k *kept) begin(r mco.Request, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.replies == nil {
		k.replies = make(map[asked]*keptReply)
	}
	key := askedBy(r)
	if before, ok := k.replies[key]; ok { // an id that is used again after its time
		k.bytes -= len(before.payload)
	} else {
		k.order = append(k.order, key)
	}
	k.replies[key] = &keptReply{answered: now, until: r.Time.Add(r.TTL)}
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
	entry.payload, entry.also, entry.answered = payload, nil, now
	k.bytes += len(payload)
	k.shrink(now)
	return also
}

// again returns the reply to a request that came before, for destination to. Without one, nil: nothing is known of it, it came too soon,
// or it is still running and is answered when it ends.
func (k *kept) again(r mco.Request, to string, now time.Time) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	entry, ok := k.replies[askedBy(r)]
	if !ok || to == "" || now.Sub(entry.answered) < askAgain {
		return nil
	}
	if entry.payload == nil {
		if len(entry.also) < maxWaiting && !slices.Contains(entry.also, to) {
			entry.also = append(entry.also, to)
		}
		return nil
	}
	entry.answered = now
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

// publishReply sends an encoded reply. It waits at most as long for a session.
func (d *Daemon) publishReply(r mco.Request, to string, payload []byte, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(d.jobsCtx, wait)
	defer cancel()
	return d.opt.Connector.Publish(ctx, connector.Outgoing{
		Kind: connector.Replies, Collective: r.Collective, Agent: r.Agent, To: to, TTL: d.opt.TTL, Payload: payload,
	})
}
