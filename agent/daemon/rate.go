package daemon

import (
	"time"

	"github.com/mco-go/mco-go/mco"
)

// maxCallers bounds how many callers are remembered. Callers beyond it share what the one that was quiet longest had left.
const maxCallers = 1024

// rates bounds how many requests each caller may send: so many a second, which may also come at once. Only the receive loop uses it.
type rates struct {
	perSecond int // 0: no bound
	callers   map[string]bucket
}

// bucket is what a caller has left at a time.
type bucket struct {
	left float64
	at   time.Time
}

// allows takes r off what its caller has left; false when nothing is. Caller and machine are a caller together: under psk all of root's
// requests have one caller id.
func (l *rates) allows(r mco.Request, now time.Time) bool {
	if l.perSecond == 0 {
		return true
	}
	if l.callers == nil {
		l.callers = make(map[string]bucket)
	}
	most := float64(l.perSecond)
	who := r.Caller + "@" + r.Sender
	b, known := l.callers[who]
	switch {
	case known:
		b.left = min(most, b.left+most*max(now.Sub(b.at).Seconds(), 0))
	case len(l.callers) < maxCallers:
		b.left = most
	default:
		b.left = l.evict(now)
	}
	b.at = now
	allowed := b.left >= 1
	if allowed {
		b.left--
	}
	l.callers[who] = b
	return allowed
}

// evict forgets the caller that was quiet longest, and returns what it would have left: names that change with each request get nobody
// more than one caller has.
func (l *rates) evict(now time.Time) float64 {
	var oldest string
	for who, b := range l.callers {
		if oldest == "" || b.at.Before(l.callers[oldest].at) {
			oldest = who
		}
	}
	b := l.callers[oldest]
	delete(l.callers, oldest)
	return min(float64(l.perSecond), b.left+float64(l.perSecond)*now.Sub(b.at).Seconds())
}
