package generate

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/generators/estate"
)

func explain() *cobra.Command {
	var in input
	c := &cobra.Command{
		Use:   "explain [KEY]",
		Short: "Tell where a value came from: topology, fact, rule or default",
		Long: `Tell where values came from: a line of the topology, a fact of a node, a rule, or a default. KEY is a whole key, its beginning or a
part of it; without KEY every value is told.`,
		Example: `  mco generate explain brokers.main -t estate.yaml -f facts/
  mco generate explain watermark -t estate.yaml -f facts/ --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			e, _, err := in.load(c)
			if err != nil {
				return err
			}
			key := strings.Join(args, "")
			found := origins(e, key)
			if len(found) == 0 {
				return fmt.Errorf("nothing of the estate has %q in its name; without a key all are listed", key)
			}
			w := buffered(c.OutOrStdout())
			lines := json.NewEncoder(w)
			for _, o := range found {
				if in.json {
					if err := lines.Encode(o); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintf(w, "%s = %s  (%s)\n", o.Key, o.Value, o.From)
			}
			return w.Flush()
		},
	}
	in.flags(c)
	return c
}

// origins returns the values of that key, else those of keys that begin with it, else those that have it in them.
func origins(e *estate.Estate, key string) []estate.Origin {
	for _, matches := range []func(string) bool{
		func(k string) bool { return k == key },
		func(k string) bool { return strings.HasPrefix(k, key+".") },
		func(k string) bool { return strings.Contains(strings.ToLower(k), strings.ToLower(key)) },
	} {
		var found []estate.Origin
		for _, o := range e.Origins {
			if matches(o.Key) {
				found = append(found, o)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}
