// Package cli is the operator's command line: the commands of the original with their options, output and exit codes, and room for
// commands that are ours ([Options.Extra]).
//
// What the original prints is printed byte for byte, also into pipes. Exceptions: --help is always printed and ends with 0, as does
// --version, and lists of commands hold ours. Nothing is connected to, and no file but the cfg file is read, before it is needed.
// The package knows no broker and no security provider: the main program hands them in ([Options.Connect], [Options.Security]).
//
// Source of the facts: the original's start script mco, lib/mcollective/applications.rb, application.rb, optionparser.rb,
// rpc/helpers.rb, rpc/client.rb and application/*.rb.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/optparse"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/management"
	"github.com/mco-go/mco-go/mco/security"
)

// Options is all that the command line needs from the program around it. Every field must be set, except where it says otherwise.
type Options struct {
	Program string   // the path by which the program was called
	Args    []string // without the program
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Getenv  func(string) string

	// Connect makes a session for the cfg file's connector, not yet started. The command starts and closes it.
	Connect func(*config.Config, *slog.Logger) (connector.Connector, error)
	// Security makes the cfg file's security provider.
	Security func(*config.Config) (security.Provider, error)

	// Pool is what the cfg file says about its brokers, for those who ask all of them why nodes are silent; nil: nobody does.
	Pool func(*config.Config) (failover.Pool, error)
	// Subscribers makes what silent.Options has of that name; nil: nothing does.
	Subscribers func(*config.Config, failover.Pool) func(ctx context.Context, collective string) map[string]management.Subscribers

	// Extra are commands of ours, with their own flags; they need no cfg file. May be empty.
	Extra []*cobra.Command
}

// cli is one run of the program.
type cli struct {
	Options
	cfg     *config.Config
	cfgErr  error  // why there is no cfg
	cfgName string // the cfg file that the command line or the environment names; empty: none
	apps    []*application
	stopped func() bool // whether the operator asked to stop
}

// exit ends a command with a code. What is to be said was said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// ExitStatus is what the program ends with.
func (e exit) ExitStatus() int { return int(e) }

// coded is an error that only ends the program: [exit], and what commands of ours have in its place.
type coded interface {
	error
	ExitStatus() int
}

// plain ends a command with a text as it stands on standard error and code 1, as the original's `STDERR.puts; exit 1`.
type plain string

func (p plain) Error() string { return string(p) }

var errVersion = errors.New("the version was asked for")

// Run carries out one command line and returns the exit code. The end of ctx stands for Ctrl-C: what came until then is printed.
func Run(ctx context.Context, o Options) int {
	out := &output{Writer: o.Stdout}
	o.Stdout = out
	code := run(ctx, o)
	if err := out.failure(); err != nil && code == 0 {
		fmt.Fprintf(o.Stderr, "mco: standard output: %v\n", err)
		return 1
	}
	return code
}

func run(ctx context.Context, o Options) int {
	c := &cli{Options: o, stopped: func() bool { return ctx.Err() != nil }}
	c.apps = c.applications()
	args := c.Args
	if name, ok := linkedName(o.Program); ok {
		args = append([]string{name}, args...)
	}
	if len(args) > 0 && c.isExtra(args[0]) {
		return c.execute(ctx, args)
	}
	err := c.findConfig(args)
	switch {
	case errors.Is(err, errVersion):
		fmt.Fprintf(o.Stdout, "mco %s\n", mco.Version())
		return 0
	case err != nil:
		fmt.Fprintf(o.Stderr, "Failed to generate application list: %s: %s\n", className(err), err)
		return 1
	}
	switch {
	case len(args) == 0 || strings.HasPrefix(args[0], "--"):
		return c.overview("")
	case c.application(args[0]) == nil && !strings.HasPrefix(args[0], "__complete"):
		return c.overview(args[0])
	}
	return c.execute(ctx, args)
}

// linkedName returns NAME where the program was called as mc-NAME.
func linkedName(program string) (string, bool) {
	base := filepath.Base(program)
	i := strings.LastIndex(base, "mc-")
	if i < 0 || i+3 == len(base) {
		return "", false
	}
	name := base[i+3:]
	for _, r := range name {
		if r != '-' && r != '_' && r != '.' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return "", false
		}
	}
	return name, true
}

func (c *cli) isExtra(name string) bool {
	for _, extra := range c.Extra {
		if extra.Name() == name {
			return true
		}
	}
	return false
}

// execute hands the line to the command tree.
func (c *cli) execute(ctx context.Context, args []string) int {
	root := c.tree()
	root.SetArgs(args)
	root.SetIn(c.Stdin)
	root.SetOut(c.Stdout)
	root.SetErr(c.Stderr)
	err := root.ExecuteContext(ctx)
	if code, ok := errors.AsType[coded](err); ok {
		return code.ExitStatus()
	}
	if err != nil {
		fmt.Fprintf(c.Stderr, "mco: %v\n", err)
		return 1
	}
	return 0
}

// findConfig looks for -c and --version before the command's own options are known, the environment first and then the command
// line, which wins, and loads the cfg file. That there is none at all only matters to a command that needs it.
func (c *cli) findConfig(args []string) error {
	look := optparse.Table{
		Options: []optparse.Option{
			{Names: []string{"--config", "-c"}, Arg: "CONFIG", Kind: optparse.Any, Set: func(v optparse.Value) error {
				c.cfgName = v.Text
				return nil
			}},
			{Names: []string{"--help"}},
			{Names: []string{"-v", "--verbose"}},
		},
		Version: func() error { return errVersion },
	}
	if len(args) > 0 && c.hasOption(args[0], "--version") {
		look.Options = append(look.Options, optparse.Option{Names: []string{"--version"}, Arg: "VERSION", Kind: optparse.Any})
	}
	if words, err := optparse.Split(c.Getenv(extraOptions)); err == nil { // a command tells about bad quoting
		c.cfgName = configOption(words)
	}
	if err := look.ParseKnown(args); err != nil {
		return err
	}
	if c.cfgName != "" {
		var err error
		c.cfg, err = config.Load(c.cfgName, config.Client)
		return err
	}
	c.cfg, c.cfgErr = config.Load(config.FindClient(), config.Client)
	return nil
}

// hasOption tells whether an application has an option of its own by that name.
func (c *cli) hasOption(app, option string) bool {
	a := c.application(app)
	return a != nil && slices.ContainsFunc(a.options, func(o optparse.Option) bool { return slices.Contains(o.Names, option) })
}

// configOption returns the file that words of MCOLLECTIVE_EXTRA_OPTS name.
func configOption(words []string) string {
	for i, w := range words {
		if name, ok := strings.CutPrefix(w, "--config="); ok {
			return name
		}
		if name, ok := strings.CutPrefix(w, "-c="); ok {
			return name
		}
		if (w == "-c" || w == "--config") && i+1 < len(words) {
			return words[i+1]
		}
	}
	return ""
}

// className is the Ruby class that the original would name for an error.
func className(err error) string {
	if e, ok := errors.AsType[*optparse.Error](err); ok {
		return e.Class()
	}
	if _, ok := errors.AsType[*config.ProviderError](err); ok {
		return "LoadError"
	}
	return "RuntimeError"
}
