package generate

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// progress counts nodes on a terminal, and is silent elsewhere and where the work is done at once.
type progress struct {
	out          io.Writer // nil: silent
	total, count int
	begin, last  time.Time
}

func newProgress(c *cobra.Command, total int) *progress {
	p := &progress{total: total, begin: time.Now()}
	if f, ok := c.ErrOrStderr().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.out = f
	}
	return p
}

func (p *progress) step() {
	p.count++
	now := time.Now()
	if p.out == nil || now.Sub(p.begin) < time.Second || now.Sub(p.last) < 200*time.Millisecond {
		return
	}
	p.last = now
	fmt.Fprintf(p.out, "\r%d of %d nodes", p.count, p.total)
}

// done wipes the line.
func (p *progress) done() {
	if p.out != nil && !p.last.IsZero() {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
