package generate

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/validate"
)

func validateCommand() *cobra.Command {
	var in input
	var real, require bool
	c := &cobra.Command{
		Use:   "validate",
		Short: "Check the whole estate: input, rules between files, and with --real each file by its own program",
		Long: `Check facts and topology, the rules that hold between files of different machines, and that every file can be made.

With --real the programs that the files are for judge them too, in a scratch folder, where they are installed: HAProxy, Keepalived,
RabbitMQ's schema, the original's Config class and others. One that is missing is a warning, with --require-real an error.`,
		Example: `  mco generate validate -t estate.yaml -f facts/
  mco generate validate -t estate.yaml -f facts/ --real --software rabbitmq=3.10.8`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e, say, err := in.load(c)
			if err != nil {
				return err
			}
			nodes, err := in.nodes(e, in.node == "")
			if err != nil {
				return err
			}
			bar := newProgress(c, len(nodes))
			defer bar.done()
			files := 0
			unmade := false
			type judged struct {
				files    int
				problems problem.List
				unmade   bool
				err      error
			}
			err = each(c.Context(), e, nodes, func(n *estate.Node, set target.Set, problems problem.List) judged {
				j := judged{files: len(set.Files), problems: problems, unmade: problems.Failed()}
				if !real || j.unmade {
					return j
				}
				scratch, err := os.MkdirTemp("", "mco-generate-*")
				if err != nil {
					j.err = err
					return j
				}
				defer os.RemoveAll(scratch)
				found, err := validate.Files(c.Context(), scratch, n.Name, set.Files, require)
				j.problems, j.err = append(j.problems, found...), err
				return j
			}, func(j judged) error {
				bar.step()
				files += j.files
				unmade = unmade || j.unmade
				say.problems(j.problems)
				return j.err
			})
			switch {
			case err != nil:
				return err
			case unmade:
				return exit(exitInput)
			case say.failed:
				return exit(exitFailed)
			}
			if !in.json {
				fmt.Fprintf(c.ErrOrStderr(), "%d files of %d nodes are good\n", files, len(nodes))
			}
			return nil
		},
	}
	in.flags(c)
	c.Flags().BoolVar(&real, "real", false, "ask the programs that the files are for")
	c.Flags().BoolVar(&require, "require-real", false, "fail where such a program is not installed")
	return c
}
