package fleet

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
)

// progress writes a line for each tenth of a fleet that has become ready.
type progress struct {
	n     int
	begin time.Time

	mu   sync.Mutex // guards the fields below
	out  io.Writer
	next int
	done bool
}

func newProgress(out io.Writer, n int, begin time.Time) *progress {
	return &progress{n: n, begin: begin, out: out, next: max(1, n/10)}
}

// ready is told how many nodes are ready. Numbers may come out of order.
func (p *progress) ready(ready int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return
	}
	took := time.Since(p.begin)
	rate := float64(ready) / max(took.Seconds(), 0.001)
	switch {
	case ready == p.n:
		p.done = true
		fmt.Fprintf(p.out, "%d nodes ready after %.1f s, %.0f a second. Press Ctrl-C to end them.\n", p.n, took.Seconds(), rate)
	case ready >= p.next && p.n > 10:
		fmt.Fprintf(p.out, "%6d of %d after %.1f s, %.0f a second\n", ready, p.n, took.Seconds(), rate)
		p.next = ready - ready%max(1, p.n/10) + max(1, p.n/10)
	}
}

// waiting says what keeps a node from being ready, unless all have been.
func (p *progress) waiting(f *Fleet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return
	}
	for _, d := range f.nodes {
		if s := d.Status(); s.State != connector.Ready && s.LastErr != nil {
			fmt.Fprintf(p.out, "%6d of %d after %.0f s; %s has tried %d times: %s\n", f.Ready(), p.n, time.Since(p.begin).Seconds(), d.Identity(), s.Attempts, s.LastErr)
			return
		}
	}
}
