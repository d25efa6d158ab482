package generate

import (
	"context"
	"runtime"
	"sync"
)

// ordered runs do for every item on all processors and hands the results to take one after the other, in the order of items. It
// returns take's first error, or why ctx ended; every goroutine has ended by then.
func ordered[I, R any](ctx context.Context, items []I, do func(I) R, take func(R) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := min(runtime.GOMAXPROCS(0), len(items))
	// A worker takes every workers-th item, so that results are awaited in order without a queue that grows.
	results := make([]chan R, workers)
	var wg sync.WaitGroup
	defer wg.Wait()
	for w := range workers {
		results[w] = make(chan R, 16)
		wg.Go(func() {
			for i := w; i < len(items); i += workers {
				select {
				case results[w] <- do(items[i]):
				case <-ctx.Done():
					return
				}
			}
		})
	}
	for i := range items {
		select {
		case r := <-results[i%workers]:
			if err := take(r); err != nil {
				cancel(err)
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
