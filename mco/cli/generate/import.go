package generate

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/hiera"
)

func importCommand() *cobra.Command {
	var in input
	var o hiera.Options
	var out, secrets string
	c := &cobra.Command{
		Use:   "import HIERA...",
		Short: "Make an estate file of hiera for the rabbitmq, haproxy and keepalived modules",
		Long: `Make an estate file of data that was written for Puppet's well-known modules: puppet-rabbitmq, puppetlabs-haproxy and
arioch's keepalived. HIERA are YAML files, or folders with them; nodes/NAME.yaml is the level of one node.

The estate goes to standard output, or to --out. What could not be carried over is told line by line with where it stands. Passwords
are not in the estate: their names are told, and --secrets-out writes them to a file that only its owner can read. Facts, where given,
tell which broker has an address.`,
		Example: `  mco generate import hieradata/ > estate.yaml
  mco generate import --facts facts/ --out estate.yaml --secrets-out secrets.yaml hieradata/
  mco generate import --balancers ha1,ha2 common.yaml`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			say := newReporter(c, &in)
			levels, problems := hiera.Read(args)
			if len(in.facts) > 0 {
				set, p := in.readFacts(c)
				problems.Add(p...)
				o.Node = owners(set)
			}
			if say.problems(problems) {
				return exit(exitInput)
			}
			result, problems := hiera.Import(levels, o)
			if say.problems(problems) {
				return exit(exitInput)
			}
			if err := deliver(c, out, secrets, result); err != nil {
				return err
			}
			say.problems(result.Left)
			for _, s := range result.Secrets {
				fmt.Fprintf(c.ErrOrStderr(), "secret %s: %s\n", s.Name(), s.Where)
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringArrayVarP(&in.facts, "facts", "f", nil, "file or folder of facts, - for standard input; may be repeated")
	f.StringVar(&o.Estate, "name", "imported", "the estate's name")
	f.StringSliceVar(&o.Balancers, "balancers", nil, "the nodes that balance, where hiera has no levels of theirs")
	f.StringVarP(&out, "out", "o", "", "file for the estate; it must not be there yet")
	f.StringVar(&secrets, "secrets-out", "", "file for the secrets, made with mode 0600; it must not be there yet")
	return c
}

// owners tells which node has an address.
func owners(set *facts.Set) func(string) string {
	byAddr := make(map[string]string)
	for _, n := range set.Nodes() {
		for _, i := range n.Interfaces {
			for _, a := range append(i.IPv4[:len(i.IPv4):len(i.IPv4)], i.IPv6...) {
				byAddr[a.Addr().String()] = n.Identity
			}
		}
	}
	return func(addr string) string { return byAddr[strings.Trim(addr, "[]")] }
}

// deliver writes the estate and, where they are asked for, the secrets that are known.
func deliver(c *cobra.Command, out, secrets string, r *hiera.Result) error {
	if secrets != "" {
		known := make(map[string]string)
		for _, s := range r.Secrets {
			if s.Known {
				known[s.Name()] = s.Reveal()
			}
		}
		text, err := yaml.Marshal(known)
		if err != nil {
			return fmt.Errorf("write the secrets: %w", err)
		}
		if err := create(secrets, 0o600, text); err != nil {
			return err
		}
	}
	if out != "" {
		return create(out, 0o644, r.Estate)
	}
	_, err := c.OutOrStdout().Write(r.Estate)
	return err
}

// create writes a file that is not there yet: what somebody has edited since is not lost, and no link is followed.
func create(path string, mode os.FileMode, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
