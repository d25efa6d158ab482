package lab

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// Leaks notes how many goroutines, file descriptors and children this process has, and fails the test when at its end, after a few
// seconds to settle, there are more. Call it first: cleanups that are registered later run before its check.
func Leaks(t testing.TB) {
	t.Helper()
	pid := os.Getpid()
	goroutines, fds, children := runtime.NumGoroutine(), FDs(pid), len(Children(pid))
	t.Cleanup(func() {
		err := Eventually(5*time.Second, func() error {
			runtime.GC() // gives back what the runtime only keeps for the next time, such as the pipes of net's splice
			if n := runtime.NumGoroutine(); n > goroutines {
				return fmt.Errorf("%d goroutines, %d before", n, goroutines)
			}
			if n := FDs(pid); n > fds {
				return fmt.Errorf("%d file descriptors, %d before", n, fds)
			}
			if n := len(Children(pid)); n > children {
				return fmt.Errorf("%d child processes, %d before", n, children)
			}
			return nil
		})
		if err != nil {
			stacks := make([]byte, 1<<20)
			t.Errorf("leak: %v\n%s", err, stacks[:runtime.Stack(stacks, true)])
		}
	})
}
