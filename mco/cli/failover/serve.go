package failover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/mco/failover"
)

// serveFlags are the command line of serve.
type serveFlags struct {
	flags
	listen string
	every  float64
	json   bool
}

func serveCommand(w Wiring) *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve",
		Short: "Show the status as a live web page",
		Long: `Show the status as a live web page, until interrupted. The page can only be read, and changes by itself; /status.json is what
status --json prints.

All viewers share one look at the fleet, which is made while somebody watches. Whoever reaches the address may read the page: on
anything but loopback put a proxy before it that asks who is there.

Exit codes: 0 after an interrupt, 2 when the page cannot be served or the command line is wrong.`,
		Example: `  mco failover serve
  mco failover serve --listen 127.0.0.1:9000 --every 10
  curl -s http://127.0.0.1:8613/status.json | jq .findings`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			err := f.run(c, w)
			if err != nil {
				fmt.Fprintf(c.ErrOrStderr(), "mco: %v\n", err)
				return exit(exitCritical)
			}
			return nil
		},
	}
	f.add(c)
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8613", "HOST:PORT of the page; port 0 is any that is free")
	c.Flags().Float64Var(&f.every, "every", 2, "seconds between two looks")
	c.Flags().BoolVar(&f.json, "json", false, "print the page's address as a JSON object")
	return c
}

func (f *serveFlags) run(c *cobra.Command, w Wiring) error {
	if err := interval(f.every); err != nil {
		return err
	}
	o, err := f.options(w)
	if err != nil {
		return err
	}
	if host, _, err := net.SplitHostPort(f.listen); err != nil || host == "" {
		return errors.New("--listen is HOST:PORT; 0.0.0.0 and [::] are all addresses")
	}
	l, err := net.Listen("tcp", f.listen)
	if err != nil {
		return err
	}
	url := "http://" + l.Addr().String() + "/"
	if f.json {
		err = json.NewEncoder(c.OutOrStdout()).Encode(map[string]string{"url": url})
	} else {
		_, err = fmt.Fprintf(c.OutOrStdout(), "%s shows the fleet, until interrupted\n", url)
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	s := &server{loopback: ok && addr.IP.IsLoopback(), patience: 4*o.Timeout + writeTime}
	s.watcher = newWatcher(time.Duration(f.every*float64(time.Second)), func(ctx context.Context) (*failover.Status, error) {
		seen, err := failover.Look(ctx, o)
		o.Forget = false // once is enough
		return seen, err
	})
	return s.serve(c.Context(), l)
}
