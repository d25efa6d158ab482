package command

import (
	"os"
	"sync"
)

// capture keeps the first max bytes of a stream and counts the rest. (It does not embed bytes.Buffer: io.Copy would find its ReadFrom
// and walk around the bound.)
type capture struct {
	mu      sync.Mutex // guards the fields below
	kept    []byte
	dropped int64
	max     int
}

func (c *capture) add(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(p), c.max-len(c.kept))
	c.kept = append(c.kept, p[:n]...)
	c.dropped += int64(len(p) - n)
}

func (c *capture) result() ([]byte, int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept, c.dropped
}

// drain reads f to its end, or until its read deadline is set, and hands on what it reads.
func drain(f *os.File, piece func([]byte)) {
	buf := make([]byte, 32<<10)
	for {
		n, err := f.Read(buf)
		if n > 0 {
			piece(buf[:n])
		}
		if err != nil {
			return
		}
	}
}
