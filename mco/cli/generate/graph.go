package generate

import (
	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/generators/graph"
)

func graphCommand() *cobra.Command {
	var in input
	c := &cobra.Command{
		Use:     "graph",
		Short:   "Draw the estate: fleets, balancers, VIPs, brokers, ports and links, as SVG",
		Example: `  mco generate graph -t estate.yaml -f facts/ >estate.svg`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e, _, err := in.load(c)
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(graph.SVG(e))
			return err
		},
	}
	in.flags(c)
	return c
}
