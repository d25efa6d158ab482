// Package report prints what the original's client prints: results of RPC calls, summaries, statistics, the progress line, ping's
// graph and wrapped text, column by column and colour by colour, because people know these pages and scripts parse them.
//
// It decides nothing: which nodes were asked and how the call went is in mco/rpc, labels and display modes come from mco/ddl. One thing
// is added: on a terminal, control characters that nodes sent are shown instead of obeyed.
//
// Source of the facts: the original's lib/mcollective/rpc.rb (printrpc, printrpcstats), rpc/helpers.rb, rpc/stats.rb, rpc/progress.rb,
// application/ping.rb and util.rb (colorize, align_text).
package report

import "io"

// Display modes: whose result blocks are printed.
const (
	DisplayOK     = "ok"     // of nodes that succeeded
	DisplayFailed = "failed" // of nodes that did not
	DisplayAlways = "always" // of all

	displayFlatten = "flatten" // data without names; the original warns that it is about to go
)

// Printer prints reports to Out. The zero values of the switches give what the original prints into a pipe with color = 0.
type Printer struct {
	Out      io.Writer
	Color    bool   // cfg key color, on by default; pipes get colours too
	Terminal bool   // Out is a terminal: control characters are escaped, and JSON is indented
	Verbose  bool   // -v
	JSON     bool   // -j
	Display  string // --display; empty: the action's own mode
}

// Color is the code of a colour of util.rb.
type Color string

// The colours in use. Reset in front of a text does what it says.
const (
	Red    Color = "\x1b[31m"
	Green  Color = "\x1b[32m"
	Yellow Color = "\x1b[33m"
	Cyan   Color = "\x1b[36m"
	Bold   Color = "\x1b[1m"
	Reset  Color = "\x1b[0m"
)

// Paint returns text in a colour, or as it is when colours are off.
func Paint(on bool, c Color, text string) string {
	if !on {
		return text
	}
	return string(c) + text + string(Reset)
}

func (p *Printer) paint(c Color, text string) string { return Paint(p.Color, c, text) }

func (p *Printer) write(text string) error {
	_, err := io.WriteString(p.Out, text)
	return err
}
