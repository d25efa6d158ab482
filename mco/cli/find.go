package cli

import (
	"bufio"
	"fmt"
	"time"
)

// findApp is `mco find`: the names of the nodes that match.
func findApp() *application {
	return &application{
		name:        "find",
		description: "Find hosts using the discovery system matching filter criteria",
		run: func(s *session) error {
			d, err := s.newSearch("rpcutil", true)
			if err != nil {
				return err
			}
			start := time.Now()
			found, err := d.run(s.opts.verbose)
			if err != nil {
				return err
			}
			took := time.Since(start)
			if s.opts.verbose {
				fmt.Fprintln(s.errOut)
			}
			out := bufio.NewWriter(s.out)
			for _, name := range found.Nodes {
				fmt.Fprintln(out, name)
			}
			if err := out.Flush(); err != nil {
				return err
			}
			if s.opts.verbose {
				fmt.Fprintf(s.errOut, "\nDiscovered %d nodes in %.2f seconds using the %s discovery plugin\n", len(found.Nodes), took.Seconds(), d.method.Name)
			}
			if len(found.Nodes) == 0 {
				return exit(1)
			}
			return nil
		},
	}
}
