// Package replay remembers which requests a node has taken, so that none runs twice: neither one that a broker delivers again, nor one
// that somebody recorded and sends again, nor either of them after a restart.
//
// A request is known by its id, and by what its signature covers where its security provider tells ([mco.Request], Signed): the id can
// be changed by everyone who may publish, the other cannot. psk tells nothing, so that under psk only ids are compared.
//
// The memory is bounded in entries; when it is full, the oldest makes room. With a file it outlives the process: each entry is written
// before its request runs, and synced to the disk within a second, so that a killed daemon forgets nothing and a machine that lost its
// power forgets a second. A file that cannot be written is said once in the log, and the memory goes on without it.
package replay

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/defence"
)

// DefaultLimit is how many entries are remembered: a request has one, or two where its provider tells what it signs.
const DefaultLimit = 100_000

// syncTime is how long an entry may be in the file before it is on the disk.
const syncTime = time.Second

// key is what an entry is known by: the beginning of a SHA-256, which nobody can meet by choice.
type key [16]byte

// entry is one remembered request.
type entry struct {
	key   key
	until int64 // Unix seconds; in the second after it the request is too old anyway
}

// Memory is what one node remembers. The zero Memory is without a file and ready for use. It is safe for concurrent use.
type Memory struct {
	Limit int          // entries; 0 is DefaultLimit
	Log   *slog.Logger // nil: none

	mu    sync.Mutex // guards the fields below
	until map[key]int64
	order []entry // in order of arrival, from index head on
	head  int
	file  *file         // nil: none
	dirty chan struct{} // tells Run that the file is to be synced
	since time.Time     // requests of before are refused, because the file that knew them is lost
}

// First tells whether r was not taken before, and remembers it until the given time, which is when it is too old to be accepted.
func (m *Memory) First(r mco.Request, now, until time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.Time.Before(m.since) {
		return false
	}
	var room [2]key
	keys := keysOf(room[:0], r)
	for _, k := range keys {
		if known, ok := m.until[k]; ok && now.Unix() <= known && defence.Memory {
			return false
		}
	}
	m.forget(now.Unix(), len(keys))
	for _, k := range keys {
		m.add(entry{k, until.Unix()})
	}
	m.write(keys, until.Unix())
	return true
}

// keysOf appends what r is known by.
func keysOf(dst []key, r mco.Request) []key {
	dst = append(dst, keyOf("id ", r.ID))
	if r.Signed != "" {
		dst = append(dst, keyOf("signed ", r.Signed))
	}
	return dst
}

func keyOf(kind, text string) key {
	var room [256]byte // most texts fit, and are not copied to the heap
	sum := sha256.Sum256(append(append(room[:0], kind...), text...))
	return key(sum[:len(key{})])
}

// Len is how many entries are remembered.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.until)
}

func (m *Memory) limit() int { return cmp.Or(m.Limit, DefaultLimit) }

func (m *Memory) add(e entry) {
	if m.until == nil {
		m.until = make(map[key]int64)
	}
	m.until[e.key] = e.until
	m.order = append(m.order, e)
}

// forget drops what is over, from the oldest on, and the oldest when there is no room for more entries.
func (m *Memory) forget(now int64, more int) {
	for m.head < len(m.order) {
		oldest := m.order[m.head]
		if now <= oldest.until && len(m.order)-m.head+more <= m.limit() {
			break
		}
		if m.until[oldest.key] == oldest.until {
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

// write appends to the file, if there is one.
func (m *Memory) write(keys []key, until int64) {
	if m.file == nil {
		return
	}
	if err := m.file.append(keys, until); err != nil {
		m.giveUp(err)
		return
	}
	select {
	case m.dirty <- struct{}{}:
	default:
	}
}

// giveUp goes on without the file.
func (m *Memory) giveUp(err error) {
	m.log().Error(fmt.Sprintf("The memory of requests is no longer kept in a file, a restart forgets it: %s", err))
	m.file.close()
	m.file = nil
}

// Run keeps the file on the disk until ctx ends, and closes it then. Without a file it returns at once.
func (m *Memory) Run(ctx context.Context) {
	m.mu.Lock()
	kept := m.file != nil
	m.mu.Unlock()
	for kept {
		select {
		case <-ctx.Done():
			m.Close()
			return
		case <-m.dirty:
		}
		wait := time.NewTimer(syncTime)
		select {
		case <-ctx.Done():
		case <-wait.C:
		}
		wait.Stop()
		kept = m.sync()
	}
}

// sync brings the file to the disk, smaller where most of it is over. It returns false when the file is given up.
func (m *Memory) sync() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.file == nil {
		return false
	}
	live := m.order[m.head:]
	var err error
	if m.file.entries > 2*len(live)+1024 {
		err = m.file.rewrite(live)
	} else {
		err = m.file.sync()
	}
	if err != nil {
		m.giveUp(err)
	}
	return err == nil
}

// Close syncs and closes the file. The memory goes on without it. It is idempotent.
func (m *Memory) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.file == nil {
		return
	}
	if err := m.file.sync(); err != nil {
		m.log().Error(fmt.Sprintf("The memory of requests may be lost: %s", err))
	}
	m.file.close()
	m.file = nil
}

func (m *Memory) log() *slog.Logger {
	if m.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return m.Log
}
