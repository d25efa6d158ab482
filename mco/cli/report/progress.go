package report

import (
	"fmt"
	"math"
	"strings"
)

// Progress is the line that tells how many nodes have answered (rpc/progress.rb).
type Progress struct {
	Size  int // of the bar in characters; 0: numbers alone
	Color bool

	step int
}

// ProgressSize returns the size of the bar on a screen of so many columns, 0 where there is no screen.
func ProgressSize(columns int) int { return min(max(columns-22, 0), 60) }

// Line returns the line for the state now, with the carriage return in front that overwrites the one before.
func (p *Progress) Line(current, total int) string {
	if p.Size == 0 {
		return fmt.Sprintf("\r%d / %d", current, total)
	}
	mark := Paint(p.Color, Red, string(`|/-\`[p.step%4]))
	if current == total {
		mark = Paint(p.Color, Green, "*")
	}
	p.step++
	done := p.Size
	if total > 0 {
		done = int(math.Round(float64(current) / float64(total) * float64(p.Size)))
	}
	return fmt.Sprintf("\r %s [ %s>%s ] %d / %d", mark, strings.Repeat("=", max(done, 0)), strings.Repeat(" ", max(p.Size-done, 0)), current, total)
}
