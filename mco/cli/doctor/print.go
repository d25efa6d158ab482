package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mco-go/mco-go/mco/doctor"
)

// printer prints findings as they come and counts them.
type printer struct {
	out      io.Writer
	progress io.Writer // nil: not on a terminal
	lines    *json.Encoder
	quiet    bool
	color    bool
	waiting  bool // a line of progress stands
	count    map[doctor.Level]int
}

func newPrinter(c *cobra.Command, f *flags) *printer {
	p := &printer{out: c.OutOrStdout(), quiet: f.quiet, count: map[doctor.Level]int{}}
	if f.json {
		p.lines = json.NewEncoder(p.out)
		p.lines.SetEscapeHTML(false)
		return p
	}
	p.color = isTerminal(p.out) && os.Getenv("NO_COLOR") == ""
	if w := c.ErrOrStderr(); isTerminal(w) {
		p.progress = w
	}
	return p
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}

// step shows what is being waited for.
func (p *printer) step(what string) {
	if p.progress != nil {
		p.waiting = true
		fmt.Fprintf(p.progress, "\r%s ...", what)
	}
}

// clear takes the line of progress away.
func (p *printer) clear() {
	if p.waiting {
		p.waiting = false
		fmt.Fprint(p.progress, "\r\x1b[K")
	}
}

// colour of a level, as terminals know it.
func colour(l doctor.Level) string {
	switch l {
	case doctor.Good:
		return "\x1b[32m"
	case doctor.Note:
		return "\x1b[36m"
	case doctor.Warning:
		return "\x1b[33m"
	}
	return "\x1b[31m"
}

func (p *printer) finding(f doctor.Finding) {
	p.count[f.Level]++
	if p.quiet && (f.Level == doctor.Good || f.Level == doctor.Note) {
		return
	}
	if p.lines != nil {
		_ = p.lines.Encode(f) // a pipe that broke is told at the end, by who owns standard output
		return
	}
	p.clear()
	label := fmt.Sprintf("%-8s", f.Level)
	if p.color {
		label = colour(f.Level) + label + "\x1b[0m"
	}
	text := f.Text
	if f.Where != "" {
		text = f.Where + ": " + text
	}
	fmt.Fprintf(p.out, "%s %s\n", label, plain(text))
	if f.Mend != "" {
		fmt.Fprintf(p.out, "%8s -> %s\n", "", plain(f.Mend))
	}
}

// end prints the sum and returns the exit code.
func (p *printer) end() error {
	bad, warnings := p.count[doctor.Bad], p.count[doctor.Warning]
	if p.lines == nil && !p.quiet {
		fmt.Fprintf(p.out, "\n%d errors, %d warnings\n", bad, warnings)
	}
	switch {
	case bad > 0:
		return exit(exitErrors)
	case warnings > 0:
		return exit(exitWarnings)
	}
	return nil
}

// plain keeps what a broker or a node wrote from steering a terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}
