package daemon

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
)

// Bounds of what is known about requests of the past.
const (
	maxFates      = 512
	maxFateDetail = 256 // bytes
)

// fates remembers what became of the newest requests, each for the caller who made it alone. Neither inputs nor replies are kept. The
// zero fates is ready for use and holds no memory.
type fates struct {
	mu    sync.Mutex // guards the fields below
	known map[fateKey]*agent.Fate
	order []fateKey // a ring once it is full, of which next is the oldest
	next  int
}

// fateKey is what a client must know to be told: the id is random, and the caller is signed.
type fateKey struct{ id, caller string }

// note says what happened to r. What a repetition of r meets is no news of r itself.
func (f *fates) note(r mco.Request, what agent.Outcome, detail string) {
	detail = printable(detail)
	if len(detail) > maxFateDetail {
		detail = detail[:maxFateDetail] + "..."
	}
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	key := fateKey{r.ID, r.Caller}
	if before := f.known[key]; before != nil {
		old := what == agent.Expired || what == agent.Filtered                      // where it comes again, unless it waited
		if before.What != agent.Refused && (!old || before.What == agent.Waiting) { // the refusal, too, is answered
			before.What, before.Detail, before.Since = what, detail, now
		}
		return
	}
	key = fateKey{strings.Clone(r.ID), strings.Clone(r.Caller)} // theirs would keep the whole payload alive
	if f.known == nil {
		f.known = make(map[fateKey]*agent.Fate)
	}
	if len(f.order) < maxFates {
		f.order = append(f.order, key)
	} else {
		delete(f.known, f.order[f.next])
		f.order[f.next] = key
		f.next = (f.next + 1) % maxFates
	}
	f.known[key] = &agent.Fate{What: what, Detail: detail, Since: now, Age: now.Sub(r.Time)}
}

// Fate tells what became of a request of the caller's.
func (d *Daemon) Fate(id, caller string) agent.Fate {
	d.fates.mu.Lock()
	defer d.fates.mu.Unlock()
	if f := d.fates.known[fateKey{id, caller}]; f != nil {
		return *f
	}
	return agent.Fate{What: agent.Forgotten}
}

// witness is an authorizer that notes by which rule a request was refused.
type witness struct {
	agent.Authorizer
	fates *fates
}

func (w witness) Authorize(ctx context.Context, r *agent.Request) error {
	err := w.Authorizer.Authorize(ctx, r)
	if err != nil {
		w.fates.note(mco.Request{ID: r.ID, Caller: r.Caller, Time: r.Time}, agent.Refused, err.Error())
	}
	return err
}
