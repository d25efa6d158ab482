package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/optparse"
	"github.com/mco-go/mco-go/mco/cli/report"
)

// sections are the groups of options that a command may leave out.
type sections uint8

const (
	withRPC sections = 1 << iota
	withCommon
	withFilter
	withAll = withRPC | withCommon | withFilter
)

// application is one command of the original. It is made for one run: its closures hold what the options set.
type application struct {
	name        string
	description string
	usage       []string
	without     sections
	options     []optparse.Option
	words       func([]string) error // takes the words that are no options; nil: they are ignored
	run         func(*session) error
	// candidates are the words that may come behind words, for shells that complete; nil: not known.
	candidates func(libdirs, words []string) []string
	// needsNoConfig is for commands that also run where there is no cfg file.
	needsNoConfig bool
}

// applications makes every command of the original that is built, with fresh state.
func (c *cli) applications() []*application {
	return []*application{
		c.completionApp(),
		describeApp(),
		factsApp(),
		filemgrApp(),
		findApp(),
		c.helpApp(),
		inventoryApp(),
		nettestApp(),
		nrpeApp(),
		packageApp(),
		pingApp(),
		pluginApp(),
		puppetApp(),
		rpcApp(),
		serviceApp(),
		c.shellApp(),
	}
}

func (c *cli) application(name string) *application {
	for _, a := range c.apps {
		if a.name == name {
			return a
		}
	}
	return nil
}

// extraOptions holds options that come before those of the command line.
const extraOptions = "MCOLLECTIVE_EXTRA_OPTS"

var errHelp = errors.New("help was asked for")

// table returns all options of the command in the order of its help text.
func (a *application) table(o *options, color bool) *optparse.Table {
	t := &optparse.Table{
		Head:    a.description,
		Tail:    []string{"", "The Marionette Collective " + mco.OriginalVersion},
		Version: func() error { return errVersion },
	}
	if len(a.usage) > 0 {
		t.Options = append(t.Options, optparse.Separator(""))
		for _, u := range a.usage {
			t.Options = append(t.Options, optparse.Separator("Usage: "+u))
		}
		t.Options = append(t.Options, optparse.Separator(""))
	}
	if slices.ContainsFunc(a.options, func(o optparse.Option) bool { return !o.Hidden }) {
		t.Options = append(t.Options, optparse.Separator("Application Options"))
	}
	t.Options = append(t.Options, a.options...)
	if a.without&withRPC == 0 {
		t.Options = append(t.Options, rpcOptions(o)...)
	}
	t.Options = append(t.Options, requiredOptions(o)...)
	if a.without&withCommon == 0 {
		t.Options = append(t.Options, commonOptions(o)...)
	}
	if a.without&withFilter == 0 {
		t.Options = append(t.Options, filterOptions(o, color)...)
	}
	if a.without&withCommon == 0 {
		t.Options = append(t.Options, brokerOptions(o)...)
	}
	if a.without&withRPC == 0 {
		t.Options = append(t.Options, ownOptions(o)...)
	}
	return t
}

// parse reads the environment's options, then those of the command line.
func (a *application) parse(o *options, env string, args []string, color bool) error {
	t := a.table(o, color)
	fromEnv, err := optparse.Split(env)
	if err != nil {
		return err
	}
	if _, err := t.Parse(fromEnv); err != nil {
		return err
	}
	words, err := t.Parse(args)
	if err != nil {
		return err
	}
	if a.words != nil {
		return a.words(words)
	}
	return nil
}

// start runs the command and returns its exit code.
func (c *cli) start(ctx context.Context, a *application, args []string) int {
	s := c.newSession(ctx, a)
	defer s.close()
	if c.cfg == nil && !a.needsNoConfig {
		fmt.Fprintf(c.Stderr, "Failed to generate application list: %s: %s\n", className(c.cfgErr), c.cfgErr)
		return 1
	}
	err := a.parse(s.opts, c.Getenv(extraOptions), args, s.color)
	switch {
	case errors.Is(err, errHelp):
		fmt.Fprint(c.Stdout, a.table(s.opts, s.color).Help())
		return 0
	case errors.Is(err, errVersion):
		fmt.Fprintf(c.Stdout, "mco %s\n", mco.Version())
		return 0
	case err != nil:
		s.opts.verbose = false // an error of the options is told as if -v had not been read
		return s.fail(err)
	}
	s.opts.settle(c.cfg)
	if err = a.run(s); err == nil {
		s.explain()
		return 0
	}
	status := s.fail(err)
	if _, ok := errors.AsType[exit](err); ok { // it did what it was to do
		s.explain()
	}
	return status
}

// fail tells the operator why the command ended and returns the exit code.
func (s *session) fail(err error) int {
	if code, ok := errors.AsType[exit](err); ok {
		return int(code)
	}
	if text, ok := errors.AsType[plain](err); ok {
		fmt.Fprintln(s.errOut, string(text))
		return 1
	}
	name, text := report.Paint(s.color, report.Bold, s.app.name), report.Paint(s.color, report.Red, err.Error())
	if !s.opts.verbose {
		fmt.Fprintf(s.errOut, "\nThe %s application failed to run, use -v for full error backtrace details: %s\n", name, text)
		return 1
	}
	fmt.Fprintf(s.errOut, "\nThe %s application failed to run: %s\n", name, text)
	fmt.Fprintf(s.errOut, "\n%s %s\n", text, report.Paint(s.color, report.Bold, "("+className(err)+")"))
	return 1
}

// command puts an application into the tree. Its options are not cobra's.
func (c *cli) command(a *application) *cobra.Command {
	return &cobra.Command{
		Use:                a.name,
		Short:              a.description,
		DisableFlagParsing: true,
		ValidArgsFunction: func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			return a.complete(c, args, begun)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if code := c.start(cmd.Context(), a, args); code != 0 {
				return exit(code)
			}
			return nil
		},
	}
}

// tree is the whole command line for cobra: the applications and the commands that were handed in.
func (c *cli) tree() *cobra.Command {
	root := &cobra.Command{
		Use:           "mco",
		Short:         "Ask and steer a fleet of nodes",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	for _, a := range c.apps {
		cmd := c.command(a)
		root.AddCommand(cmd)
		if a.name == "help" {
			root.SetHelpCommand(cmd)
		}
	}
	root.AddCommand(c.Extra...)
	return root
}
