package failover

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mco-go/mco-go/mco/failover"
)

// The exit codes of status.
const (
	exitWarnings = 1
	exitCritical = 2
)

var errInterrupted = errors.New("interrupted: not everybody was asked")

// statusFlags are the command line of status.
type statusFlags struct {
	flags
	json  bool
	watch bool
	every float64
}

func statusCommand(w Wiring) *cobra.Command {
	var f statusFlags
	c := &cobra.Command{
		Use:   "status",
		Short: "Show which node is on which broker, and what of that is wrong",
		Long: `Show which node is on which broker, and what of that is wrong.

In the table "on" is a session of the node with the broker, "via" an answer over it from a node that is elsewhere, "?" a broker that could
not be asked. Nodes that answered an earlier look and do not now stay in the table until they are forgotten with --forget.

With --json one object is printed a line; docs/failover.md names its fields. Exit codes: 0 all is well, 1 warnings, 2 nodes cannot be
reached, or the command line is wrong.`,
		Example: `  mco failover status
  mco failover status --watch
  mco failover status --json | jq -r '.nodes[] | select(.on == null) | .identity'
  mco failover status --nodes /etc/mcollective/nodes.txt`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			err := f.run(c, w)
			if _, ok := errors.AsType[exit](err); err != nil && !ok {
				fmt.Fprintf(c.ErrOrStderr(), "mco: %v\n", err)
				return exit(exitCritical)
			}
			return err
		},
	}
	f.add(c)
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object a line")
	c.Flags().BoolVarP(&f.watch, "watch", "w", false, "look again and again, until interrupted")
	c.Flags().Float64Var(&f.every, "every", 2, "seconds between two looks of --watch")
	return c
}

func (f *statusFlags) run(c *cobra.Command, w Wiring) error {
	if err := interval(f.every); err != nil {
		return err
	}
	o, err := f.options(w)
	if err != nil {
		return err
	}
	screen := newScreen(c.OutOrStdout(), f)
	defer screen.close()
	_, patient := terminal(c.ErrOrStderr())
	for {
		if patient && !screen.shown {
			fmt.Fprintf(c.ErrOrStderr(), "asking %d brokers and their nodes ...", len(o.Pool.Members))
		}
		s, err := failover.Look(c.Context(), o)
		if patient && !screen.shown {
			fmt.Fprint(c.ErrOrStderr(), "\r"+clearLine)
		}
		switch {
		case c.Context().Err() != nil && f.watch:
			return nil
		case c.Context().Err() != nil:
			return errInterrupted
		case err != nil:
			return err
		}
		if err := screen.show(s); err != nil {
			return err
		}
		if !f.watch {
			return verdict(s)
		}
		o.Forget = false // once is enough
		if !failover.Pause(c.Context(), time.Duration(f.every*float64(time.Second))) {
			return nil
		}
	}
}

// interval judges --every.
func interval(every float64) error {
	const most = 3600
	if !(every > 0 && every <= most) {
		return fmt.Errorf("--every is a number of seconds above 0, and at most %d", most)
	}
	return nil
}

// verdict is the exit code that the worst finding gives.
func verdict(s *failover.Status) error {
	if len(s.Findings) == 0 {
		return nil
	}
	switch s.Findings[0].Level {
	case failover.Critical:
		return exit(exitCritical)
	case failover.Warning:
		return exit(exitWarnings)
	}
	return nil
}

// screen is where looks are shown: as lines of JSON, as tables one after another, or, with --watch on a terminal, each in the place of
// the one before.
type screen struct {
	out    io.Writer
	lines  *json.Encoder
	color  bool
	fd     int
	redraw bool
	shown  bool
}

func newScreen(out io.Writer, f *statusFlags) *screen {
	s := &screen{out: out}
	if f.json {
		s.lines = json.NewEncoder(out)
		s.lines.SetEscapeHTML(false)
		return s
	}
	fd, ok := terminal(out)
	s.fd, s.redraw, s.color = fd, ok && f.watch, ok && os.Getenv("NO_COLOR") == ""
	return s
}

// What a terminal is told.
const (
	hideCursor = "\x1b[?25l"
	showCursor = "\x1b[?25h"
	cutLines   = "\x1b[?7l" // what is longer than the screen is wide must not take a second line
	wrapLines  = "\x1b[?7h"
	clear      = "\x1b[2J"
	home       = "\x1b[H"
	clearLine  = "\x1b[K"
	clearBelow = "\x1b[J"
)

func (s *screen) show(status *failover.Status) error {
	if s.lines != nil {
		return s.lines.Encode(status)
	}
	page := table(status, s.color, s.redraw)
	first := !s.shown
	s.shown = true
	switch {
	case s.redraw:
		page = home + s.fit(page) + clearBelow
		if first {
			page = hideCursor + cutLines + clear + page
		}
	case !first:
		page = "\n" + page
	}
	_, err := io.WriteString(s.out, page)
	return err
}

// fit cuts a page to the height of the terminal, and wipes what is left of the one before behind each line.
func (s *screen) fit(page string) string {
	lines := strings.Split(strings.TrimSuffix(page, "\n"), "\n")
	if _, height, err := term.GetSize(s.fd); err == nil && height > 2 && len(lines) > height-1 {
		left := len(lines) - (height - 2)
		lines = append(lines[:height-2], fmt.Sprintf("... %d more lines", left))
	}
	return strings.Join(lines, clearLine+"\n") + clearLine + "\n"
}

// close leaves the last page on the terminal, and the terminal as it was.
func (s *screen) close() {
	if s.redraw && s.shown {
		_, _ = io.WriteString(s.out, wrapLines+showCursor) // there is nothing else to be done
	}
}
