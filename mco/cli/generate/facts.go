package generate

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/generators/facts"
)

func factsCommand() *cobra.Command {
	parent := &cobra.Command{Use: "facts", Short: "Look at facts as the rules see them"}
	var in input
	dump := &cobra.Command{
		Use:   "dump",
		Short: "Print the facts of one node, or of all, as the rules see them",
		Long: `Print what is left of a node's facts when they are read: checked, in one form whatever they were kept in, and without what changes
while a machine runs.`,
		Example: `  facter --json | mco generate facts dump -f -
  mco generate facts dump -f facts/ --node mq1.example.net`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if len(in.facts) == 0 {
				return errors.New("no facts: name a file or folder with --facts, or pipe them in with --facts -")
			}
			set, problems := in.readFacts(c)
			if newReporter(c, &in).problems(problems) {
				return exit(exitInput)
			}
			w := buffered(c.OutOrStdout())
			found := false
			for _, n := range set.Nodes() {
				if in.node != "" && !strings.EqualFold(n.Identity, in.node) && !strings.EqualFold(n.Hostname, in.node) {
					continue
				}
				found = true
				if err := facts.Dump(w, n); err != nil {
					return err
				}
			}
			if !found {
				return fmt.Errorf("there are no facts of a node %q", in.node)
			}
			return w.Flush()
		},
	}
	dump.Flags().StringArrayVarP(&in.facts, "facts", "f", nil, "file or folder of facts, - for standard input; may be repeated")
	dump.Flags().StringVarP(&in.node, "node", "n", "", "the node, as its facts call it")
	parent.AddCommand(dump)
	return parent
}
