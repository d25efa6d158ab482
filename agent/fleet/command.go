package fleet

import (
	"context"
	"fmt"
	"io"
	"time"
)

// waitingLine is how often a fleet that is not ready says why.
const waitingLine = 10 * time.Second

// Command is `mco simulate N -c FILE`: it runs the fleet until ctx ends and writes on out how fast it came up, and `N nodes ready`
// when all are.
func Command(ctx context.Context, out io.Writer, o Options) error {
	begin := time.Now()
	report := newProgress(out, o.N, begin)
	o.OnReady = report.ready
	f, err := New(o)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Starting %d nodes, %s to %s, with the connector %s\n", o.N, f.nodes[0].Identity(), f.nodes[o.N-1].Identity(), o.Config.Connector)
	patience := time.NewTicker(waitingLine)
	defer patience.Stop()
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	for running := true; running; {
		select {
		case err = <-ended:
			running = false
		case <-patience.C:
			report.waiting(f)
		}
	}
	took := time.Since(begin).Round(time.Second)
	if ctx.Err() == nil {
		return fmt.Errorf("the fleet ended after %s: %w", took, err)
	}
	fmt.Fprintf(out, "Stopped %d nodes after %s\n", o.N, took)
	return err
}
