// Package generate is the command `mco generate`: it reads facts, topology and secrets, has the files of an estate made, and prints,
// compares, validates or writes them.
//
// Files go to standard output or to disk; all that is said to people goes to standard error, or, with --json, as one object a line to
// standard output. Exit codes: 0 done, 1 the input is wrong and nothing was written, 4 a file could not be written or its program
// refused it; with --detailed-exitcodes also 2 changed (or would change) and 6 some changed, some failed.
package generate

import (
	"fmt"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitInput   = 1
	exitChanged = 2
	exitFailed  = 4
)

// exit ends the command with a code. What is to be said was said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// ExitStatus is what the program ends with.
func (e exit) ExitStatus() int { return int(e) }

// Command returns `mco generate`.
func Command() *cobra.Command {
	c := &cobra.Command{
		Use:   "generate",
		Short: "Make the configuration of a whole estate from facts and one file",
		Long: `Make the configuration of a whole estate from facts and one file: brokers, balancers, nodes and clients.

Facts are what facter, Puppet or PuppetDB say, in any of their forms; the topology says which machine is what. Secrets are named in
the topology and kept elsewhere (--secrets, or MCO_SECRET_NAME in the environment).`,
		Example: `  mco generate render --topology estate.yaml --facts facts/ --node mq1 --out build
  mco generate haproxy.cfg --topology estate.yaml --facts facts/ --node ha1
  mco generate validate --real --topology estate.yaml --facts facts/
  facter --json | mco generate apply --topology estate.yaml --facts - --node $(hostname -f)
  mco generate advise --from 3.8 --to 4.0 --topology estate.yaml --facts facts/`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.AddCommand(render(), applyCommand(), check(), diffCommand(), validateCommand(), explain(), adviseCommand(), factsCommand(), graphCommand(), importCommand())
	for _, kind := range shortForms {
		c.AddCommand(one(kind))
	}
	return c
}
