package generate

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/generators"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/target"
)

// shortForms are the files that have a command of their own.
var shortForms = []string{"server.cfg", "client.cfg", "rabbitmq.config", "rabbitmq.conf", "haproxy.cfg", "keepalived.conf"}

// one is the short form that prints one file.
func one(kind string) *cobra.Command {
	var in input
	c := &cobra.Command{
		Use:   kind,
		Short: "Print " + kind + " of one node",
		Long:  "Print " + kind + " of one node. Without --node it is that of the only node that has one.",
		Example: fmt.Sprintf(`  mco generate %[1]s --topology estate.yaml --facts facts/ --node NODE
  facter --json | mco generate %[1]s --topology estate.yaml --facts -`, kind),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e, say, err := in.load(c)
			if err != nil {
				return err
			}
			for _, g := range e.Brokers {
				if kind == "rabbitmq.config" || kind == "rabbitmq.conf" {
					g.Classic = kind == "rabbitmq.config"
				}
			}
			n, err := in.owner(e, kind)
			if err != nil {
				return err
			}
			return toStdout(c, e, n, kind, say)
		},
	}
	in.flags(c)
	return c
}

// owner returns the node that is asked for, or the only one that has such a file.
func (in *input) owner(e *estate.Estate, kind string) (*estate.Node, error) {
	if in.node != "" {
		return find(e, in.node)
	}
	var have []*estate.Node
	for _, n := range e.Nodes {
		set, problems := generators.Files(e, n)
		if problems.Failed() || hasKind(set, kind) {
			have = append(have, n)
		}
	}
	switch len(have) {
	case 0:
		return nil, errors.New("no node of the estate has " + kind)
	case 1:
		return have[0], nil
	}
	return nil, fmt.Errorf("which node? Name it with --node: %s have %s", names(have), kind)
}

func hasKind(set target.Set, kind string) bool {
	for _, f := range set.Files {
		if f.Kind == kind {
			return true
		}
	}
	return false
}
