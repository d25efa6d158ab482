package failover

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco/failover"
)

// snapshot is one look: a status, or why there is none.
type snapshot struct {
	number int // of looks so far; 0 is none
	status *failover.Status
	err    error
	at     time.Time
}

// watcher looks at the fleet for everybody who watches, once for all of them, and not at all while nobody does.
type watcher struct {
	look  func(context.Context) (*failover.Status, error)
	every time.Duration // between the end of a look and the next one

	mu       sync.Mutex // guards the fields below
	watching int
	last     snapshot
	news     chan struct{} // closed by the next look
	somebody chan struct{} // closed by the next who comes when nobody watches
}

func newWatcher(every time.Duration, look func(context.Context) (*failover.Status, error)) *watcher {
	return &watcher{look: look, every: every, news: make(chan struct{}), somebody: make(chan struct{})}
}

// run looks until ctx ends.
func (w *watcher) run(ctx context.Context) {
	for w.wanted(ctx) {
		s, err := w.look(ctx)
		if ctx.Err() != nil {
			return
		}
		w.mu.Lock()
		w.last = snapshot{number: w.last.number + 1, status: s, err: err, at: time.Now()}
		close(w.news)
		w.news = make(chan struct{})
		w.mu.Unlock()
		if !failover.Pause(ctx, w.every) {
			return
		}
	}
}

// wanted waits until somebody watches.
func (w *watcher) wanted(ctx context.Context) bool {
	for {
		w.mu.Lock()
		watching, somebody := w.watching, w.somebody
		w.mu.Unlock()
		if watching > 0 {
			return ctx.Err() == nil
		}
		select {
		case <-somebody:
		case <-ctx.Done():
			return false
		}
	}
}

// watch counts a viewer in; leave counts it out.
func (w *watcher) watch() (leave func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watching++; w.watching == 1 {
		close(w.somebody)
		w.somebody = make(chan struct{})
	}
	return sync.OnceFunc(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.watching--
	})
}

var errNothingNew = errors.New("nothing was seen in time")

// next returns the newest look that is not the one with the number, when there is one. It does not wait longer than limit.
func (w *watcher) next(ctx context.Context, number int, limit time.Duration) (snapshot, error) {
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		w.mu.Lock()
		last, news := w.last, w.news
		w.mu.Unlock()
		if last.number != number {
			return last, nil
		}
		select {
		case <-news:
		case <-late.C:
			return snapshot{}, errNothingNew
		case <-ctx.Done():
			return snapshot{}, context.Cause(ctx)
		}
	}
}

// recent returns the last look, unless it is too old to be shown as what is.
func (w *watcher) recent(now time.Time) snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	const slack = time.Second
	if w.last.number == 0 || now.Sub(w.last.at) > w.every+slack {
		return snapshot{}
	}
	return w.last
}

// number is the number of the last look.
func (w *watcher) number() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last.number
}
