package daemon

import "sync"

// lane runs the requests of one agent: a few at a time, some waiting, none beyond. Each agent has its own, so that one whose
// commands take long does not keep the others from answering. An idle lane has no goroutine.
type lane struct {
	concurrency, queue int

	mu      sync.Mutex // guards the fields below
	running int
	waiting []*job
}

// admit starts j in a goroutine of its own, or lets it wait. It returns false when too many wait already.
func (l *lane) admit(j *job, wg *sync.WaitGroup) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running >= l.concurrency {
		if len(l.waiting) >= l.queue {
			return false
		}
		l.waiting = append(l.waiting, j)
		return true
	}
	l.running++
	wg.Go(func() {
		for ; j != nil; j = l.next() {
			j.run()
		}
	})
	return true
}

// next returns the job that waited longest, or nil, which ends the goroutine that asked.
func (l *lane) next() *job {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.running--
		l.waiting = nil
		return nil
	}
	j := l.waiting[0]
	l.waiting[0] = nil
	l.waiting = l.waiting[1:]
	return j
}
