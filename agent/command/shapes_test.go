package command

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// shapes are the ways in which children outlive the end of what started them, and one that floods its reader.
var shapes = map[string]struct {
	line     string
	timedOut bool // the leader stays until the deadline
}{
	"a foreground child":                          {"sleep 987", true},
	"a leader that exits, a child holds the pipe": {"sleep 987 & exit 0", false},
	"a setsid child holds the pipe":               {"setsid sleep 987 & exit 0", false},
	"a setsid child, the leader stays":            {"setsid sleep 987 & sleep 986", true},
	"nobody heeds SIGTERM":                        {"trap '' TERM; setsid sh -c 'trap \"\" TERM; while :; do sleep 987; done' & while :; do sleep 986; done", true},
	"endless output":                              {"yes", true},
}

// Every shape, a hundred times at once, is back within its timeout and three seconds, keeps no more output than it may, and leaves no
// process.
func TestShapesOfChildren(t *testing.T) {
	const parallel, timeout, capBytes = 100, 6 * time.Second, 4096 // time enough for a hundred shims to start on a busy machine
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			lab.Leaks(t)
			r := newRunner(t, Options{Concurrency: parallel, OutputMax: capBytes})
			mark := fmt.Sprintf("MARK-%d", time.Now().UnixNano())
			var wg sync.WaitGroup
			var mu sync.Mutex
			var longest time.Duration
			for range parallel {
				wg.Go(func() {
					res, err := r.Run(t.Context(), Spec{Line: "echo begun; " + shape.line, Timeout: timeout, Env: map[string]string{"MARK": mark}})
					if errors.Is(err, ErrTimeout) != shape.timedOut || err != nil && !shape.timedOut {
						t.Errorf("error %v, result %+v", err, res)
					}
					if !bytes.HasPrefix(res.Stdout, []byte("begun\n")) || len(res.Stdout) > capBytes {
						t.Errorf("%d bytes of output: %.20q", len(res.Stdout), res.Stdout)
					}
					mu.Lock()
					defer mu.Unlock()
					longest = max(longest, res.Duration)
				})
			}
			wg.Wait()
			if left := lab.Naming(mark); len(left) != 0 {
				t.Errorf("%d processes are left", len(left))
			}
			if longest > timeout+3*time.Second {
				t.Errorf("the longest took %v", longest)
			}
			t.Logf("%d in parallel: the longest took %v", parallel, longest)
		})
	}
}
