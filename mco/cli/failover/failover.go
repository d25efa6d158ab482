// Package failover is the command `mco failover`: it has the brokers of a pool and the nodes on them looked at (mco/failover), and shows
// them to people (status, and serve as a page) and to monitoring (check).
//
// Results go to standard output. status ends with 0 when all is well, 1 with warnings, 2 when nodes cannot be reached or it could not
// look; check with the codes of a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
package failover

import (
	"fmt"
	"io"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/discovery"
	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/management"
	"github.com/mco-go/mco-go/mco/security"
)

// exit ends the command with a code. What is to be said was said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// ExitStatus is what the program ends with.
func (e exit) ExitStatus() int { return int(e) }

// Wiring is what a main puts in: how a cfg file becomes sessions and signatures.
type Wiring struct {
	Pool     func(*config.Config) (failover.Pool, error)
	Security func(*config.Config) (security.Provider, error)
}

// Command returns `mco failover`.
func Command(w Wiring) *cobra.Command {
	c := &cobra.Command{
		Use:   "failover",
		Short: "See and check which node is on which broker, and rehearse the loss of one",
		Long: `See and check which node is on which broker, for people (status, and serve in a browser) and for monitoring (check); and rehearse the
loss of a broker (drill).

Each broker of the client's pool is asked in a session of its own, and every node behind it, the original's too. Nodes of ours also tell
since when they are there, how often they came back, and when their broker last gave a sign of life (agent bus).`,
		Example: `  mco failover status
  mco failover check --warning missing=0 --critical missing=5`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.AddCommand(statusCommand(w), checkCommand(w), serveCommand(w), drillCommand(w))
	return c
}

// flags are those that both commands have.
type flags struct {
	file, nodes string
	timeout     float64
	forget      bool
}

func (f *flags) add(c *cobra.Command) {
	c.Flags().StringVarP(&f.file, "config", "c", "", "cfg file of a client (default: as for every other command)")
	c.Flags().StringVar(&f.nodes, "nodes", "", "file with the nodes that there should be, one a line (default: those that were seen before)")
	c.Flags().Float64Var(&f.timeout, "timeout", failover.DefaultTimeout.Seconds(), "seconds for each broker to take us in, and again for the nodes to answer")
	c.Flags().BoolVar(&f.forget, "forget", false, "forget nodes that were seen before and do not answer now")
}

// options reads what the command line names.
func (f *flags) options(w Wiring) (failover.Options, error) {
	o := failover.Options{Timeout: time.Duration(f.timeout * float64(time.Second)), Forget: f.forget}
	const most = 3600
	if !(f.timeout > 0 && f.timeout <= most) {
		return o, fmt.Errorf("--timeout is a number of seconds above 0, and at most %d", most)
	}
	file := f.file
	if file == "" {
		file = config.FindClient()
	}
	var err error
	if o.Config, err = config.Load(file, config.Client); err != nil {
		return o, err
	}
	if f.nodes != "" {
		if o.Expected, err = discovery.Flatfile([]string{f.nodes}, nil); err != nil {
			return o, err
		}
		if len(o.Expected) == 0 {
			return o, fmt.Errorf("--nodes: %s names no nodes", f.nodes)
		}
	}
	if o.Pool, err = w.Pool(o.Config); err != nil {
		return o, err
	}
	if o.Management, err = management.FromConfig(o.Config); err != nil {
		return o, err
	}
	o.Security, err = w.Security(o.Config)
	return o, err
}

// terminal returns the number of a terminal's file.
func terminal(w io.Writer) (fd int, ok bool) {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok {
		return 0, false
	}
	return int(f.Fd()), term.IsTerminal(int(f.Fd()))
}

// plain keeps what a broker or a node wrote from steering a terminal.
func plain(r rune) rune {
	if r == '\n' || unicode.IsPrint(r) {
		return r
	}
	return '?'
}
