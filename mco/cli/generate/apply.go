package generate

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/generators"
	"github.com/mco-go/mco-go/generators/apply"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/validate"
)

// disk says how files are compared with a disk and written to it.
type disk struct {
	input
	apply.Options
	noRollback, detailed, noop, requireReal bool
}

func (d *disk) flags(c *cobra.Command) {
	d.input.flags(c)
	f := c.Flags()
	f.StringVar(&d.Root, "root", "", "folder that stands for /")
	f.BoolVar(&d.Adopt, "adopt", false, "take over files that mco generate did not write")
	f.BoolVar(&d.Follow, "follow", false, "follow symbolic links at the targets")
	f.BoolVar(&d.RotateCookie, "rotate-cookie", false, "let an Erlang cookie change; all nodes of its cluster must be stopped")
	f.BoolVar(&d.detailed, "detailed-exitcodes", false, "2: changed or would change, 4: failed, 6: both; also for check, where Puppet's noop ends with 0")
}

// comparison is a node's files beside what the disk has.
type comparison struct {
	*apply.Plan
	node string
	set  target.Set
	say  *reporter
}

// compared returns what runs a command: it compares the node's files with the disk, and has do go on from there.
func (d *disk) compared(do func(c *cobra.Command, with comparison) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, _ []string) error {
		e, say, err := d.load(c)
		if err != nil {
			return err
		}
		nodes, err := d.nodes(e, false)
		if err != nil {
			return err
		}
		n := nodes[0]
		set, problems := generators.Files(e, n)
		if say.problems(problems) {
			return exit(exitInput)
		}
		d.Node, d.Owners, d.Partial = n.Name, os.Geteuid() == 0, d.noRollback
		plan, err := apply.New(set, d.Options)
		if err != nil {
			return err
		}
		defer plan.Close()
		return do(c, comparison{plan, n.Name, set, say})
	}
}

func applyCommand() *cobra.Command {
	var d disk
	c := &cobra.Command{
		Use:   "apply",
		Short: "Write the files of this node to their places",
		Long: `Write the files of this node to their places: all of them, or, if one fails, none.

A file that is unchanged is not touched. One that is there and was not written by mco generate is refused (--adopt takes it over), as
are symbolic links (--follow) and folders that others can write to. Before anything is renamed, the programs that the files are for
judge them where they are installed. What services have to do about it is printed, not done.`,
		Example: `  facter --json | mco generate apply -t /etc/mco/estate.yaml --secrets /etc/mco/secrets.yaml -f - --node $(hostname -f)
  mco generate apply -t estate.yaml -f facts/ --node mq1 --noop
  mco generate apply -t estate.yaml -f facts/ --node mq1 --detailed-exitcodes --json`,
		Args: cobra.NoArgs,
		RunE: d.compared(func(c *cobra.Command, with comparison) error {
			if d.noop {
				return d.show(c, with)
			}
			return d.write(c, with)
		}),
	}
	d.flags(c)
	f := c.Flags()
	f.BoolVar(&d.noop, "noop", false, "only say what would change, as check")
	f.BoolVar(&d.noRollback, "no-rollback", false, "leave what was written when a later file fails")
	f.StringVar(&d.Backup, "backup", "", "keep what is replaced under its name with this suffix")
	f.BoolVar(&d.KeepLabels, "selinux", false, "keep the SELinux context of what is replaced")
	f.BoolVar(&d.requireReal, "require-real", false, "fail where a program that judges a file is not installed")
	return c
}

// write writes what the real programs do not refuse.
func (d *disk) write(c *cobra.Command, with comparison) error {
	refused, err := d.judge(c.Context(), with)
	if err != nil {
		return err
	}
	if !refused {
		done, problems := with.Write(c.Context())
		with.say.changes(done, false)
		with.say.problems(problems)
		with.say.services()
	}
	return with.say.code(d.detailed)
}

// judge asks the real programs about files of which one would change, and tells whether any was refused.
func (d *disk) judge(ctx context.Context, with comparison) (bool, error) {
	changes := false
	for _, c := range with.Changes() {
		changes = changes || c.Verb == apply.Create || c.Verb == apply.Update
	}
	if !changes || len(with.Problems()) > 0 {
		return false, nil
	}
	scratch, err := os.MkdirTemp("", "mco-generate-*")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(scratch)
	problems, err := validate.Files(ctx, scratch, with.node, with.set.Files, d.requireReal)
	return with.say.problems(problems), err
}

// show says what would change and writes nothing.
func (d *disk) show(_ *cobra.Command, with comparison) error {
	with.say.changes(with.Changes(), true)
	with.say.problems(with.Problems())
	with.say.services()
	return with.say.code(d.detailed)
}

func check() *cobra.Command {
	var d disk
	c := &cobra.Command{
		Use:   "check",
		Short: "Say what apply would change on this node, and write nothing",
		Long: `Say what apply would change on this node, and write nothing.

Ends with 0 also when changes are pending, as Puppet's noop does; with --detailed-exitcodes it ends with 2 then, which Puppet's noop
does not, so that it can stand in an unless.`,
		Example: `  mco generate check -t estate.yaml -f facts/ --node mq1
  mco generate check -t estate.yaml -f facts/ --node mq1 --detailed-exitcodes --json`,
		Args: cobra.NoArgs,
		RunE: d.compared(d.show),
	}
	d.flags(c)
	return c
}

func diffCommand() *cobra.Command {
	var d disk
	c := &cobra.Command{
		Use:   "diff",
		Short: "Show what apply would change in each file, without secrets",
		Example: `  mco generate diff -t estate.yaml -f facts/ --node mq1
  mco generate diff -t estate.yaml -f facts/ --node mq1 --detailed-exitcodes`,
		Args: cobra.NoArgs,
		RunE: d.compared(func(c *cobra.Command, with comparison) error {
			if d.json {
				return d.show(c, with)
			}
			return d.differences(c, with)
		}),
	}
	d.flags(c)
	return c
}

// differences shows what would change in each file.
func (d *disk) differences(c *cobra.Command, with comparison) error {
	w := buffered(c.OutOrStdout())
	if err := with.Diff(w); err != nil {
		return err
	}
	for _, change := range with.Changes() {
		if change.Verb != apply.Unchanged && change.Verb != apply.Refuse {
			with.say.change++
		}
	}
	with.say.failed = len(with.Problems()) > 0
	if err := w.Flush(); err != nil {
		return err
	}
	return with.say.code(d.detailed)
}
