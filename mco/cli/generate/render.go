package generate

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/generators"
	"github.com/mco-go/mco-go/generators/apply"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/target"
)

func render() *cobra.Command {
	var in input
	var all bool
	var out, file string
	c := &cobra.Command{
		Use:   "render",
		Short: "Make the files of one node or of all, into a folder or to standard output",
		Long: `Make the files of one node, or of all nodes of the estate.

With --out they are written below that folder, which only its owner can enter then: DIR/etc/... for one node, DIR/NODE/etc/... with
--all. Without it they go to standard output: the one that --file names as it is, several with a line of their path in front of each.`,
		Example: `  mco generate render -t estate.yaml -f facts/ --node mq1.example.net
  mco generate render -t estate.yaml -f facts/ --node mq1 --file definitions.json
  mco generate render -t estate.yaml -f facts/ --all --out build`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if all && out == "" {
				return errors.New("--all needs --out: name the folder that the files go to")
			}
			e, say, err := in.load(c)
			if err != nil {
				return err
			}
			nodes, err := in.nodes(e, all)
			if err != nil {
				return err
			}
			if out == "" {
				return toStdout(c, e, nodes[0], file, say)
			}
			return toFolder(c, e, nodes, out, file, all, say)
		},
	}
	in.flags(c)
	c.Flags().BoolVar(&all, "all", false, "all nodes of the estate")
	c.Flags().StringVarP(&out, "out", "o", "", "folder to write to")
	c.Flags().StringVar(&file, "file", "", "only this file, by its kind (haproxy.cfg) or path")
	return c
}

// only keeps the file that is asked for.
func only(set *target.Set, node, file string) error {
	if file == "" {
		return nil
	}
	var kinds []string
	for _, f := range set.Files {
		kinds = append(kinds, f.Kind)
	}
	set.Gone = nil
	set.Files = slices.DeleteFunc(set.Files, func(f target.File) bool { return f.Kind != file && f.Path != file })
	if len(set.Files) == 0 {
		return fmt.Errorf("node %s has no %s; it has %s", node, file, strings.Join(kinds, ", "))
	}
	return nil
}

func toStdout(c *cobra.Command, e *estate.Estate, n *estate.Node, file string, say *reporter) error {
	set, problems := generators.Files(e, n)
	if say.problems(problems) {
		return exit(exitInput)
	}
	if err := only(&set, n.Name, file); err != nil {
		return err
	}
	if say.lines != nil {
		return errors.New("--json is for what happens to files; with --out it says that, without it the files themselves are the output")
	}
	w := bufio.NewWriter(c.OutOrStdout())
	for _, f := range set.Files {
		if file == "" {
			fmt.Fprintf(w, "-- %s %04o %s:%s --\n", f.Path, f.Mode, f.Owner, f.Group)
		}
		w.Write(f.Content)
	}
	return w.Flush()
}

// rendered is what became of one node.
type rendered struct {
	problems problem.List
	changes  []apply.Change
	err      error
}

func toFolder(c *cobra.Command, e *estate.Estate, nodes []*estate.Node, out, file string, all bool, say *reporter) error {
	if err := privateFolder(out); err != nil {
		return err
	}
	// Everything is made before anything is written: an estate of which one file cannot be made gives none.
	type made struct {
		node     *estate.Node
		set      target.Set
		problems problem.List
	}
	var every []made
	failed := false
	err := each(c.Context(), e, nodes, func(n *estate.Node, set target.Set, p problem.List) made { return made{n, set, p} }, func(m made) error {
		failed = say.problems(m.problems) || failed
		every = append(every, m)
		return nil
	})
	if err != nil {
		return err
	}
	if failed {
		return exit(exitInput)
	}
	bar := newProgress(c, len(every))
	defer bar.done()
	err = ordered(c.Context(), every, func(m made) (r rendered) {
		if r.err = only(&m.set, m.node.Name, file); r.err != nil {
			return r
		}
		root := out
		if all {
			if root = filepath.Join(out, m.node.Name); os.MkdirAll(root, 0o700) != nil {
				r.err = os.MkdirAll(root, 0o700)
				return r
			}
		}
		plan, err := apply.New(m.set, apply.Options{Node: m.node.Name, Root: root, Adopt: true, RotateCookie: true})
		if err != nil {
			r.err = err
			return r
		}
		defer plan.Close()
		r.changes, r.problems = plan.Write(c.Context())
		return r
	}, func(r rendered) error {
		bar.step()
		if r.err != nil && !(all && file != "") { // one of many nodes need not have that file
			return r.err
		}
		say.changes(r.changes, false)
		say.problems(r.problems)
		return nil
	})
	if err != nil {
		return err
	}
	return say.code(false)
}

// privateFolder makes the folder, or narrows the one that is there, before anything secret is written to it.
func privateFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	return os.Chmod(path, 0o700)
}
