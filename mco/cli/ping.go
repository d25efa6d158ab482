package cli

import (
	"fmt"
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco/cli/optparse"
	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/rpc"
)

// pingApp is `mco ping`: every node that answers, with its time.
func pingApp() *application {
	graph := false
	expect := int64(0)
	return &application{
		name:        "ping",
		description: "Ping all nodes",
		options: []optparse.Option{
			option("-g --graph", "", optparse.Flag, "Shows a graph of ping distribution", toggle(func() { graph = true })),
			{Names: []string{"--expect"}, Arg: "N", Kind: optparse.Integer, Hidden: true,
				Doc: "End as soon as so many nodes have answered; with exit code 2 when fewer do",
				Set: func(v optparse.Value) error {
					if v.Int < 1 {
						return optparse.ErrInvalid
					}
					expect = v.Int
					return nil
				}},
		},
		run: func(s *session) error {
			if _, ok := s.cfg.Plugin("rpc.graph"); ok {
				graph = true
			}
			times, err := s.ping(expect)
			if err != nil {
				return err
			}
			fmt.Fprint(s.out, "\n\n---- ping statistics ----\n")
			if len(times) == 0 {
				fmt.Fprintln(s.out, "No responses received")
				return exit(4)
			}
			sum := 0.0
			for _, t := range times {
				sum += t
			}
			line := ""
			if graph {
				line = report.Spark(times)
			}
			fmt.Fprintf(s.out, "%d replies max: %.2f min: %.2f avg: %.2f %s\n", len(times), slices.Max(times), slices.Min(times), sum/float64(len(times)), line)
			if int64(len(times)) < expect {
				fmt.Fprintf(s.errOut, "mco: %d nodes were expected, %d answered\n", expect, len(times))
				return exit(2)
			}
			return nil
		},
	}
}

// expectTimeout is how long the original's ping waits: 5 s, and 2 s for discovery.
const expectTimeout = 7 * time.Second

// ping prints each answer as it comes and returns the times in milliseconds. Where neither -t nor --dt says how long, the wait ends
// when no more answers are to be expected. With expect it ends when so many have come, and goes on as long as the original's while fewer
// have.
func (s *session) ping(expect int64) ([]float64, error) {
	extra, err := s.checkCompound(s.opts.filter.Compound)
	if err != nil {
		return nil, err
	}
	client, err := s.connect()
	if err != nil {
		return nil, err
	}
	d := rpc.Discovery{Collective: s.opts.collective, Filter: s.opts.filter, Extra: extra}
	limit := s.discoveryLimit()
	switch {
	case s.opts.timeout != defaultTimeout:
		d.Timeout, d.Extra = seconds(s.opts.timeout)+extra, 0
	case limit != nil:
		d.Timeout, d.Extra = defaultTimeout*time.Second+*limit+extra, 0
	case expect > 0:
		d.Timeout, d.Extra = expectTimeout+extra, 0
	}
	q := s.expect(d.Filter, d.Filter.Empty())
	var times []float64
	var answered []string
	for pong, err := range client.Ping(s.ctx, d) {
		if err != nil {
			return times, err
		}
		ms := float64(pong.Latency) / float64(time.Millisecond)
		times, answered = append(times, ms), append(answered, pong.Node)
		fmt.Fprintf(s.out, "%-40s time=%.2f ms\n", pong.Node, ms)
		if int64(len(times)) == expect {
			return times, nil
		}
	}
	switch names, exact := plainNames(s.opts.filter); {
	case d.Timeout > 0 && d.Timeout < rpc.DefaultQuiet().Patience: // too short to miss anybody
	case exact:
		s.named(names, answered)
	default:
		s.searched(q, answered, extra)
	}
	return times, nil
}
