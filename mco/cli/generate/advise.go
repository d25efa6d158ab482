package generate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/generators/advise"
	"github.com/mco-go/mco-go/generators/version"
)

func adviseCommand() *cobra.Command {
	var in input
	var from, to string
	c := &cobra.Command{
		Use:   "advise",
		Short: "Tell what changes for this estate when a program's version does",
		Long: `Tell what changes for this estate when a program's version does: what of the estate it concerns, what happens, what is written
instead, and whether to go about it before, during or after the upgrade.

Versions are RabbitMQ's unless a program is named: --from haproxy=1.5 --to 2.6. There is advice about ` + strings.Join(advise.Programs(), ", ") + `.`,
		Example: `  mco generate advise --from 3.8 --to 4.0 -t estate.yaml -f facts/
  mco generate advise --from keepalived=1.3 --to 2.2.7 -t estate.yaml -f facts/ --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if from == "" || to == "" {
				return errors.New("from which version to which? Use --from and --to, as --from 3.8 --to 4.0")
			}
			software, from, ok := strings.Cut(from, "=")
			if !ok {
				software, from = "rabbitmq", software
			}
			old, err := version.Parse(from)
			if err != nil {
				return fmt.Errorf("--from: %w", err)
			}
			_, to, ok := cutLast(to, "=")
			if !ok {
				return errors.New("--to: no version")
			}
			fresh, err := version.Parse(to)
			if err != nil {
				return fmt.Errorf("--to: %w", err)
			}
			e, _, err := in.load(c)
			if err != nil {
				return err
			}
			notes, err := advise.Notes(e, software, old, fresh)
			if err != nil {
				return err
			}
			return printNotes(c, notes, in.json)
		},
	}
	in.flags(c)
	c.Flags().StringVar(&from, "from", "", "version that runs now")
	c.Flags().StringVar(&to, "to", "", "version to go to")
	return c
}

// cutLast cuts NAME= off the front, if it is there.
func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		before, s = s[:i], s[i+len(sep):]
	}
	return before, s, s != ""
}

func printNotes(c *cobra.Command, notes []advise.Note, asJSON bool) error {
	w := buffered(c.OutOrStdout())
	if asJSON {
		lines := json.NewEncoder(w)
		for _, n := range notes {
			if err := lines.Encode(n); err != nil {
				return err
			}
		}
		return w.Flush()
	}
	if len(notes) == 0 {
		fmt.Fprintln(w, "Nothing that this estate uses changes.")
	}
	titles := map[int]string{advise.Before: "Before the upgrade", advise.During: "With the upgrade", advise.After: "After the upgrade, on all nodes"}
	step := 0
	for _, n := range notes {
		if n.Step != step {
			step = n.Step
			fmt.Fprintf(w, "%s:\n", titles[step])
		}
		fmt.Fprintf(w, "  %s %s: %s\n      what happens: %s\n      instead: %s\n", n.Software, n.At, n.Uses, n.Happens, n.Instead)
	}
	return w.Flush()
}
