package failover

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/failover/drill"
	"github.com/mco-go/mco-go/mco/failover/report"
)

// The exit codes of drill.
const (
	exitOutside = 1 // a node was lost, too slow, or did not come back
	exitNoDrill = 2 // there was none, or not a whole one; what was taken away is back
	exitLeft    = 3 // a broker may still be away
)

// drillFlags are the command line of drill.
type drillFlags struct {
	flags
	stop, start string
	connections bool
	firewall    bool
	restore     bool
	yes         bool
	json        bool
	report      string
	hold        span
	wait        span
	back        span
	bound       span
}

// span is a time on a command line: 10s, 1m30s, or a number of seconds.
type span time.Duration

// String implements pflag.Value.
func (s *span) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

// Type implements pflag.Value.
func (s *span) Type() string { return "time" }

// Set implements pflag.Value.
func (s *span) Set(text string) error {
	const most = 24 * time.Hour
	d, err := time.ParseDuration(text)
	if n, wrong := strconv.ParseFloat(text, 64); wrong == nil && n >= 0 && n <= most.Seconds() {
		d, err = time.Duration(n*float64(time.Second)), nil
	}
	if err != nil || d < 0 || d > most {
		return errors.New("not a time like 10s or 2m, at most a day")
	}
	*s = span(d)
	return nil
}

func drillCommand(w Wiring) *cobra.Command {
	var f drillFlags
	c := &cobra.Command{
		Use:   "drill [BROKER]",
		Short: "Rehearse the loss of a broker, and measure what it does to the nodes",
		Long: `Rehearse the loss of a broker, and measure what it does to the nodes: how long each one takes to another broker, and back.

BROKER is a member of the pool, by its number, its host or HOST:PORT; without it, the one that a plain mco asks. It is taken away in one of
three ways:

  --stop CMD --start CMD  by commands for /bin/sh, which know MCO_DRILL_BROKER, MCO_DRILL_HOST and MCO_DRILL_PORT; without any of these
                          options plugin.mco.drill.N.stop and .start of the cfg file, N being its number in the pool
  --connections           by RabbitMQ's management interface, which closes its STOMP connections; the broker goes on
                          (plugin.mco.management.N.url, .user, .password_file)
  --firewall              by a rule of nft on this machine, which drops every packet from and to it: for the broker's own machine, or a
                          router before it

It says what it will do to whom, and asks. Before anything is done a journal is written: after Ctrl-C the broker is given back, and when
the drill itself is killed, the next mco failover drill gives it back, or --restore does, and nothing else.

The report is written as NAME.html and NAME.json; docs/drill.md explains its figures. Exit codes: 0 every node came to another broker, within
the bound where there is one, and came back where it should; 1 not so; 2 no drill took place, or not a whole one, and nothing is taken away;
3 a broker may still be away.`,
		Example: `  mco failover drill 1 --stop 'ssh mq1 systemctl stop rabbitmq-server' --start 'ssh mq1 systemctl start rabbitmq-server'
  mco failover drill mq1.example.net --bound 10s --report /srv/www/drills/mq1
  mco failover drill --connections --yes --json | jq .away
  mco failover drill --restore`,
		Args:          cobra.MaximumNArgs(1),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, args []string) error {
			err := f.run(c, w, args)
			code, told := errors.AsType[exit](err)
			switch _, left := errors.AsType[*drill.LeftError](err); {
			case err == nil || told && code == exitOutside:
				return err
			case left:
				fmt.Fprintf(c.ErrOrStderr(), "mco: %v\nmco failover drill --restore tries again; until then the broker may be away.\n", err)
				return exit(exitLeft)
			}
			if !told {
				fmt.Fprintf(c.ErrOrStderr(), "mco: %v\n", err)
			}
			return exit(exitNoDrill)
		},
	}
	f.add(c)
	c.Flags().StringVar(&f.stop, "stop", "", "command that takes the broker away")
	c.Flags().StringVar(&f.start, "start", "", "command that gives it back")
	c.Flags().BoolVar(&f.connections, "connections", false, "close the broker's STOMP connections through its management interface")
	c.Flags().BoolVar(&f.firewall, "firewall", false, "drop every packet from and to the broker with a rule of nft on this machine")
	c.Flags().BoolVar(&f.restore, "restore", false, "give back what a drill that ended too early took away, and do nothing else")
	c.Flags().BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	c.Flags().BoolVar(&f.json, "json", false, "print the report as JSON too")
	c.Flags().StringVar(&f.report, "report", "", "files of the report, without .html and .json (default: drill-TIME in the present folder)")
	c.Flags().Var(&f.bound, "bound", "a node that takes longer to another broker fails the drill (default: none)")
	c.Flags().Var(&f.hold, "hold", "the broker stays away for at least so long (default: until the nodes have moved)")
	c.Flags().Var(&f.wait, "wait", "for the nodes to come to another broker, at most (default 1m)")
	c.Flags().Var(&f.back, "back", "for the nodes to come back, at most (default: what they tell of their way home, and 30s)")
	return c
}

func (f *drillFlags) run(c *cobra.Command, w Wiring, args []string) error {
	if err := f.check(args); err != nil {
		return err
	}
	ctx, done := endure(c.Context())
	defer done()
	o, err := f.options(w)
	if err != nil {
		return err
	}
	journal, err := drill.OpenJournal(o.Config.Own.StateDir)
	if err != nil {
		return err
	}
	defer journal.Close()
	switch restored, err := f.makeGood(ctx, c, w, journal); {
	case err != nil || f.restore:
		return err
	case restored:
		return errors.New("that was no drill: ask for it again when the nodes are where they should be")
	}
	plan, fault, err := f.prepare(ctx, c, w, o, args)
	if err != nil {
		return err
	}
	name := f.report
	if name == "" {
		name = "drill-" + time.Now().Format("20060102-150405")
	}
	if err := writable(filepath.Dir(name)); err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	if err := f.confirm(ctx, c, plan, fault); err != nil {
		return err
	}
	show := newDrillScreen(c)
	defer context.AfterFunc(ctx, show.interrupted)()
	res, err := drill.Run(ctx, drill.Options{Look: o, Plan: plan, Fault: fault, Journal: journal, Hold: time.Duration(f.hold), Wait: time.Duration(f.wait),
		Back: time.Duration(f.back), Bound: time.Duration(f.bound), Progress: show.progress})
	show.clear()
	if res == nil {
		return err
	}
	return errors.Join(err, f.tell(c, res, name, err == nil))
}

// check tells of options that do not go together.
func (f *drillFlags) check(args []string) error {
	ways := 0
	for _, set := range []bool{f.stop != "" || f.start != "", f.connections, f.firewall} {
		if set {
			ways++
		}
	}
	switch {
	case f.restore && (ways > 0 || len(args) > 0):
		return errors.New("--restore goes by its journal: it takes no broker and no way to take one away")
	case ways > 1:
		return errors.New("--stop with --start, --connections and --firewall are three ways: choose one")
	case (f.stop == "") != (f.start == ""):
		return errors.New("--stop and --start belong together: what is taken away must be given back")
	}
	return nil
}

// prepare looks at the fleet, and settles what would be done to whom.
func (f *drillFlags) prepare(ctx context.Context, c *cobra.Command, w Wiring, o failover.Options, args []string) (*drill.Plan, drill.Fault, error) {
	_, patient := terminal(c.ErrOrStderr())
	if patient {
		fmt.Fprintf(c.ErrOrStderr(), "asking %d brokers and their nodes ...", len(o.Pool.Members))
	}
	status, err := failover.Look(ctx, o)
	if patient {
		fmt.Fprint(c.ErrOrStderr(), "\r"+clearLine)
	}
	switch {
	case ctx.Err() != nil:
		return nil, nil, errInterrupted
	case err != nil:
		return nil, nil, err
	}
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	number, err := drill.Member(status, name)
	if err != nil {
		return nil, nil, err
	}
	plan, err := drill.NewPlan(status, number)
	if err != nil {
		return nil, nil, err
	}
	fault, err := f.fault(ctx, w, o, plan)
	if err != nil {
		return nil, nil, err
	}
	if err := fault.Check(ctx); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", fault.By(), err)
	}
	return plan, fault, nil
}

// fault is what the command line asks for.
func (f *drillFlags) fault(ctx context.Context, w Wiring, o failover.Options, plan *drill.Plan) (drill.Fault, error) {
	e, err := drill.NewEntry(o.Config.File, plan.Broker, plan.Number)
	if err != nil {
		return nil, err
	}
	switch {
	case f.stop != "":
		e.Start = f.start
		return drill.ByCommands(e, drill.Shell{Text: f.stop, From: "the command of --stop"}, drill.Shell{Text: f.start, From: "the command of --start"})
	case f.connections:
		closer, err := closerOf(o.Config, plan.Number)
		if err != nil {
			return nil, err
		}
		return drill.ByClosing(e, closer), nil
	case f.firewall:
		return drill.ByFirewall(ctx, e, drill.NewTable())
	}
	fault, err := drill.FromConfig(o.Config, e)
	if err == nil && fault == nil {
		err = fmt.Errorf("nothing says how to take %s away: --stop with --start, --connections or --firewall do, or plugin.mco.drill.%d.stop and .start in %s",
			plan.Broker, plan.Number, o.Config.File)
	}
	return fault, err
}

// tell writes the report and shows its figures. What went wrong with a drill was said by its error.
func (f *drillFlags) tell(c *cobra.Command, res *drill.Result, name string, well bool) error {
	files, err := report.Write(name, res)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if f.json {
		if err := report.JSON(c.OutOrStdout(), res); err != nil {
			return err
		}
	} else if err := summary(c.OutOrStdout(), res, files); err != nil {
		return err
	}
	if well && !res.Within {
		return exit(exitOutside)
	}
	return nil
}

// writable tells whether files can be made in a folder, before a broker is taken away.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".drill-")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// endure keeps the loss of a terminal, or of who reads what is printed, from ending the program before a broker is given back.
func endure(ctx context.Context) (context.Context, func()) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP)
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	return ctx, func() { signal.Stop(pipe); stop() }
}
