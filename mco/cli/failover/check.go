package failover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/mco/failover"
)

// checkFlags are the command line of check.
type checkFlags struct {
	flags
	warning, critical []string
	textfile          string
}

func checkCommand(w Wiring) *cobra.Command {
	var f checkFlags
	var measures strings.Builder
	for _, m := range failover.Measures() {
		critical := m.Critical
		if critical == "" {
			critical = "none"
		}
		fmt.Fprintf(&measures, "  %-12s %s (warning %s, critical %s)\n", m.Name, m.About, m.Warning, critical)
	}
	c := &cobra.Command{
		Use:   "check",
		Short: "Check a fleet and its brokers, as a monitoring plugin",
		Long: `Check a fleet and its brokers, as a monitoring plugin: one line with performance data, and the exit code 0 OK, 1 WARNING, 2 CRITICAL or
3 UNKNOWN. Thresholds are NAME=RANGE, with ranges as monitoring plugins have them, and may be given for:

` + measures.String() + `
It is critical when no broker can be asked or nobody answers, whatever the thresholds. With --textfile the same is written for Prometheus'
node exporter, whose collector reads files that end with .prom.`,
		Example: `  mco failover check
  mco failover check --nodes /etc/mcollective/nodes.txt --critical missing=2
  mco failover check --warning unreachable=1 --warning stale=~:
  mco failover check --textfile /var/lib/prometheus/node-exporter/mco_failover.prom`,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(c *cobra.Command, args []string) error { return f.run(c, w, args) },
	}
	f.add(c)
	c.Flags().StringArrayVarP(&f.warning, "warning", "", nil, "NAME=RANGE, may be repeated: what is outside of it is a warning")
	c.Flags().StringArrayVarP(&f.critical, "critical", "", nil, "NAME=RANGE, may be repeated: what is outside of it is critical")
	c.Flags().StringVar(&f.textfile, "textfile", "", "file to write for Prometheus' node exporter")
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return answer(c, failover.Unknown, failover.Line(failover.Unknown, err.Error(), ""))
	})
	return c
}

// answer prints the line and ends with its code.
func answer(c *cobra.Command, state failover.State, line string) error {
	fmt.Fprintln(c.OutOrStdout(), line)
	if state == failover.OK {
		return nil
	}
	return exit(int(state))
}

func (f *checkFlags) run(c *cobra.Command, w Wiring, args []string) error {
	s, state, line := f.look(c.Context(), w, args)
	if f.textfile != "" {
		if err := failover.WriteFile(f.textfile, failover.Page(s, state, time.Now())); err != nil {
			state, line = failover.Unknown, failover.Line(failover.Unknown, "write the text file: "+err.Error(), "")
		}
	}
	return answer(c, state, line)
}

// look judges the fleet; the status is nil where that could not be done.
func (f *checkFlags) look(ctx context.Context, w Wiring, args []string) (*failover.Status, failover.State, string) {
	unknown := func(err error) (*failover.Status, failover.State, string) {
		return nil, failover.Unknown, failover.Line(failover.Unknown, err.Error(), "")
	}
	if len(args) > 0 {
		return unknown(fmt.Errorf("check takes no words, there is %q", args[0]))
	}
	var t failover.Thresholds
	var err, wrong error
	t.Warning, err = ranges("--warning", f.warning)
	t.Critical, wrong = ranges("--critical", f.critical)
	if err := errors.Join(err, wrong); err != nil {
		return unknown(err)
	}
	o, err := f.options(w)
	if err != nil {
		return unknown(err)
	}
	s, err := failover.Look(ctx, o)
	if ctx.Err() != nil {
		err = errInterrupted
	}
	if err != nil {
		return unknown(err)
	}
	state, line := s.Judge(t)
	return s, state, line
}

// ranges reads thresholds.
func ranges(option string, texts []string) (map[string]failover.Range, error) {
	set := map[string]failover.Range{}
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok || !slices.Contains(names(), name) {
			return nil, fmt.Errorf("%s %s: not NAME=RANGE with one of the names %s", option, text, strings.Join(names(), ", "))
		}
		r, err := failover.ParseRange(value)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", option, name, err)
		}
		set[name] = r
	}
	return set, nil
}

func names() (all []string) {
	for _, m := range failover.Measures() {
		all = append(all, m.Name)
	}
	return all
}
