// Package doctor is the command `mco doctor`: it has a cfg file, its brokers and its fleet examined (mco/doctor), and prints what was
// found out, for people or as one JSON object a line.
//
// Findings go to standard output, progress to standard error and only on a terminal. Exit codes: 0 all is good, 1 there are warnings,
// 2 there are errors, the command line's and an interrupt included.
package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/doctor"
	"github.com/mco-go/mco-go/mco/security"
)

// The exit codes.
const (
	exitWarnings = 1
	exitErrors   = 2
)

// exit ends the command with a code. What is to be said was said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// ExitStatus is what the program ends with.
func (e exit) ExitStatus() int { return int(e) }

// Wiring is what a main puts in: how a cfg file becomes sessions and signatures.
type Wiring struct {
	Members  func(*config.Config) ([]doctor.Member, error)
	Security func(*config.Config) (security.Provider, error)
}

// flags are the command line.
type flags struct {
	file    string
	server  bool
	client  bool
	offline bool
	json    bool
	quiet   bool
	timeout float64
}

// Command returns `mco doctor`.
func Command(w Wiring) *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what is wrong with a cfg file, its brokers and its fleet, and how to mend it",
		Long: `Tell what is wrong with a cfg file, its brokers and its fleet, and how to mend it.

The file is read line by line: unknown, misspelt and obsolete settings, values that make no sense, weak places. Then each broker of the
pool is asked by itself: whether it can be reached, takes us in, and has what we need. Then all nodes behind all of them: whether they
share our psk, whose clock is wrong, whether the fleet is split over brokers, and which of the nodes that answered before are silent.

A file whose name begins with "server" is read as a node's, any other as a client's; --server and --client decide otherwise.

Exit codes: 0 all is good, 1 there are warnings, 2 there are errors (also when the command line is wrong, or Ctrl-C ended it).`,
		Example: `  mco doctor
  mco doctor -c /etc/mcollective/server.cfg
  mco doctor --offline --quiet -c client.cfg
  mco doctor --json | jq -r 'select(.level == "error") | .check'`,
		Args:          noArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(c *cobra.Command, _ []string) error { return f.run(c, w) },
	}
	c.SetFlagErrorFunc(refuse)
	c.Flags().StringVarP(&f.file, "config", "c", "", "cfg file to examine (default: the client's, as mco finds it)")
	c.Flags().BoolVar(&f.server, "server", false, "the file is a node's")
	c.Flags().BoolVar(&f.client, "client", false, "the file is a client's")
	c.Flags().BoolVar(&f.offline, "offline", false, "look at the file alone")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object a line: level, check, where, text, mend")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print warnings and errors alone")
	c.Flags().Float64Var(&f.timeout, "timeout", doctor.DefaultTimeout.Seconds(), "seconds for each broker to take us in, and for the nodes to answer")
	return c
}

// refuse tells of a command line that makes no sense.
func refuse(c *cobra.Command, err error) error {
	fmt.Fprintf(c.ErrOrStderr(), "mco: %v\n", err)
	return exit(exitErrors)
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return refuse(c, fmt.Errorf("doctor takes no words, there is %q; the file is named with -c", args[0]))
	}
	return nil
}

func (f *flags) run(c *cobra.Command, w Wiring) error {
	const most = 3600
	switch {
	case f.server && f.client:
		return refuse(c, fmt.Errorf("--server and --client exclude each other"))
	case !(f.timeout > 0 && f.timeout <= most):
		return refuse(c, fmt.Errorf("--timeout is a number of seconds above 0, and at most %d", most))
	}
	role := f.role()
	if f.file == "" {
		f.file = config.FindClient()
		if role == config.Server {
			f.file = config.FindServer()
		}
	}
	p := newPrinter(c, f)
	err := doctor.Examine(c.Context(), doctor.Options{
		File: f.file, Role: role, Offline: f.offline, Timeout: time.Duration(f.timeout * float64(time.Second)),
		Members: w.Members, Security: w.Security, Getenv: os.Getenv, Step: p.step,
	}, p.finding)
	p.clear()
	if err != nil {
		return refuse(c, fmt.Errorf("interrupted: not all was looked at"))
	}
	return p.end()
}

func (f *flags) role() config.Role {
	if f.server || !f.client && strings.HasPrefix(filepath.Base(f.file), "server") {
		return config.Server
	}
	return config.Client
}
