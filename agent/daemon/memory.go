package daemon

import (
	"hash/maphash"
	"time"
)

// memory remembers the ids of requests until their TTL is over, so that none runs twice. It is bounded: when it is full, the
// oldest id makes room. Only the receive loop uses it.
type memory struct {
	limit int
	seed  maphash.Seed
	until map[uint64]time.Time // by hash of the id
	order []remembered         // in order of arrival, from index head on
	head  int
}

type remembered struct {
	key   uint64
	until time.Time
}

// first tells whether id was not seen before, and remembers it until the given time.
func (m *memory) first(id string, now, until time.Time) bool {
	if m.until == nil {
		m.seed = maphash.MakeSeed()
		m.until = make(map[uint64]time.Time)
	}
	key := maphash.String(m.seed, id)
	if known, ok := m.until[key]; ok && now.Before(known) {
		return false
	}
	m.forget(now)
	m.until[key] = until
	m.order = append(m.order, remembered{key, until})
	return true
}

// forget drops what is over from the oldest on, and the oldest when the memory is full.
func (m *memory) forget(now time.Time) {
	for m.head < len(m.order) {
		oldest := m.order[m.head]
		if now.Before(oldest.until) && len(m.order)-m.head < m.limit {
			break
		}
		if m.until[oldest.key].Equal(oldest.until) {
			delete(m.until, oldest.key)
		}
		m.head++
	}
	// Half of the slice is over: move the rest down, so that neither time nor memory grows with the daemon's age.
	if m.head > len(m.order)/2 {
		m.order = m.order[:copy(m.order, m.order[m.head:])]
		m.head = 0
	}
}
