package failover

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/failover/drill"
)

// confirm says what would be done to whom, and asks.
func (f *drillFlags) confirm(ctx context.Context, c *cobra.Command, p *drill.Plan, fault drill.Fault) error {
	if f.yes && fault.Entry().Fault != drill.Firewall {
		return nil
	}
	text := question(p, fault)
	fmt.Fprint(c.ErrOrStderr(), strings.Map(plain, text))
	if f.yes {
		return nil
	}
	fmt.Fprint(c.ErrOrStderr(), "Go on? (y/n): ")
	// The reader is left behind when the operator stops us: the process ends then.
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(io.LimitReader(c.InOrStdin(), 1024)).ReadString('\n') // no answer is no
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answer:
		if a == "y" || a == "yes" {
			return nil
		}
		return errors.New("nothing was done: it was not confirmed (--yes does without)")
	case <-ctx.Done():
		return errors.New("nothing was done: interrupted")
	}
}

// question is what an operator has to know before a drill.
func question(p *drill.Plan, fault drill.Fault) string {
	var b strings.Builder
	say := func(what string, names []string) {
		if len(names) > 0 {
			fmt.Fprintf(&b, "  %s (%d): %s\n", what, len(names), list(names))
		}
	}
	switch fault.Entry().Fault {
	case drill.Connections:
		fmt.Fprintf(&b, "All STOMP connections of %s will be closed, by %s.\n", p.Broker, fault.By())
	case drill.Firewall:
		fmt.Fprintf(&b, "%s will be taken away, by a rule on this machine that drops every packet from and to it:\n", p.Broker)
	default:
		fmt.Fprintf(&b, "%s will be taken away, by %s, and given back:\n", p.Broker, fault.By())
	}
	for line := range strings.Lines(drill.Text(fault)) {
		fmt.Fprintf(&b, "    %s\n", strings.TrimRight(line, "\n"))
	}
	say("on it", p.On)
	say("behind linked brokers, perhaps on it", p.Maybe)
	fmt.Fprintf(&b, "  other brokers: %s\n", strings.Join(p.Others, ", "))
	say("on no broker meanwhile, because their pool has no other one that is up", p.Alone)
	say("will come back by themselves", p.Return)
	say("will stay where they go, as far as is known", p.Stay)
	if missing := p.Status.Missing(); len(missing) > 0 {
		say("on no broker already now", missing)
	}
	return b.String()
}

func nodesOf(n int) string {
	if n == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", n)
}

// list names the first of many.
func list(names []string) string {
	const most = 12
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// makeGood gives back what an earlier drill left away, and tells whether there was such a thing.
func (f *drillFlags) makeGood(ctx context.Context, c *cobra.Command, w Wiring, j *drill.Journal) (bool, error) {
	e, err := j.Read()
	if err != nil {
		return false, &drill.LeftError{Broker: "what an earlier drill took away", Err: err}
	}
	if e == nil {
		if f.restore {
			fmt.Fprintln(c.OutOrStdout(), "nothing is to be given back")
		}
		return false, nil
	}
	fmt.Fprintf(c.ErrOrStderr(), "mco: the drill of %s did not give %s back: giving it back now\n", e.Time.Local().Format(time.DateTime), e.Broker)
	cfg, err := config.Load(e.Config, config.Client)
	if err != nil {
		cfg = nil
	}
	fault, err := drill.FromEntry(*e, cfg)
	if err != nil {
		return true, &drill.LeftError{Broker: e.Broker, Err: err}
	}
	if err := drill.Restore(ctx, j, fault, f.up(w, cfg, *e)); err != nil {
		return true, err
	}
	fmt.Fprintf(c.ErrOrStderr(), "mco: %s is back\n", e.Broker)
	return true, nil
}

// up asks the broker of an entry for a session; nil where the cfg file does not know it any more.
func (f *drillFlags) up(w Wiring, cfg *config.Config, e drill.Entry) func(context.Context) error {
	if cfg == nil {
		return nil
	}
	pool, err := w.Pool(cfg)
	if err != nil || e.Number > len(pool.Members) || pool.Members[e.Number-1].Addr != e.Broker {
		return nil
	}
	provider, err := w.Security(cfg)
	if err != nil {
		return nil
	}
	o := failover.Options{Config: cfg, Pool: pool, Security: provider, Timeout: failover.DefaultTimeout}
	return func(ctx context.Context) error { return drill.Await(ctx, o, pool.Members[e.Number-1]) }
}
