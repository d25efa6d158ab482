package failover

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/mco/failover/drill"
)

// drillScreen shows how far a drill is, in one line of a terminal.
type drillScreen struct {
	mu    sync.Mutex
	out   io.Writer // nil: no terminal
	all   io.Writer
	line  string
	phase drill.Phase
}

func newDrillScreen(c *cobra.Command) *drillScreen {
	s := &drillScreen{all: c.ErrOrStderr()}
	if _, ok := terminal(s.all); ok {
		s.out = s.all
	}
	return s
}

func (s *drillScreen) progress(p drill.Progress) {
	line := ""
	switch p.Phase {
	case drill.Taking:
		line = fmt.Sprintf("taking %s away ...", p.Broker)
	case drill.Listening:
		line = fmt.Sprintf("%d of %d nodes heard over %s", p.Done, p.Of, p.Broker)
	case drill.Away:
		line = fmt.Sprintf("%s is away, %.1f s: %d of %d nodes are on another broker", p.Broker, p.Elapsed.Seconds(), p.Done, p.Of)
	case drill.Restoring:
		line = fmt.Sprintf("giving %s back ...", p.Broker)
	case drill.Returning:
		line = fmt.Sprintf("%s is back, %.1f s: %d of %d nodes are where they should be", p.Broker, p.Elapsed.Seconds(), p.Done, p.Of)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase = p.Phase
	if s.out != nil && line != s.line {
		s.line = line
		fmt.Fprint(s.out, "\r"+line+clearLine)
	}
}

// interrupted says that a Ctrl-C was heard, since giving back takes its time.
func (s *drillScreen) interrupted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out != nil {
		fmt.Fprint(s.out, "\r"+clearLine)
	}
	if s.phase == "" || s.phase == drill.Listening || s.phase == drill.Returning {
		return // nothing is away
	}
	fmt.Fprintln(s.all, "mco: interrupted: the broker is given back first (another Ctrl-C leaves that to mco failover drill --restore)")
	s.line = ""
}

// clear wipes the line.
func (s *drillScreen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out != nil {
		fmt.Fprint(s.out, "\r"+clearLine)
	}
}

// summary is the report as a terminal has room for it: the figures, and the nodes that took part, the slowest first.
func summary(out io.Writer, r *drill.Result, files []string) error {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tOUTCOME\tTO\tAWAY\tBACK\tWHY")
	slow := r.Slowest()
	const most = 20
	for _, n := range slow[:min(len(slow), most)] {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", n.Identity, n.Outcome, dash(n.To), secondsOf(n.Away), secondsOf(n.Back), n.Reason)
	}
	trim(w, &b)
	if len(slow) > most {
		fmt.Fprintf(&b, "... %s more in the report\n", nodesOf(len(slow)-most))
	}
	fmt.Fprintf(&b, "\n%s: %s\n", r.Broker, r.Verdict())
	figure := func(what string, f drill.Figures) {
		if f.Expected > 0 {
			fmt.Fprintf(&b, "%s  %d of %s, p50 %.3f s, p99 %.3f s, max %.3f s\n", what, f.Arrived, nodesOf(f.Expected), f.P50, f.P99, f.Max)
		}
	}
	figure("to another broker", r.Away)
	figure("and back         ", r.Back)
	if stay := r.Stay(); len(stay) > 0 {
		fmt.Fprintf(&b, "not on %s any more: %s\n", r.Broker, list(stay))
	}
	fmt.Fprintf(&b, "report: %s\n", strings.Join(files, ", "))
	_, err := io.WriteString(out, strings.Map(plain, b.String()))
	return err
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func secondsOf(s *float64) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f s", *s)
}
