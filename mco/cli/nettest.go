package cli

import (
	"fmt"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rubynum"
)

// nettestCommand is what `mco nettest` was asked to do.
type nettestCommand struct {
	action string
	data   *mco.Map
}

// nettestApp is `mco nettest`: tries the network from the nodes (application/nettest.rb of mcollective-nettest-agent).
func nettestApp() *application {
	c := new(nettestCommand)
	return &application{
		name:        "nettest",
		description: "Network tests from a mcollective host",
		usage: []string{`mco nettest [OPTIONS] [FILTERS] <ACTION> <HOST NAME> [PORT]

The ACTION can be one of the following:

    ping    - return round-trip time between this and remote host
    connect - check connectivity of remote host on specific port`},
		words: c.takeWords,
		run:   c.run,
	}
}

func (c *nettestCommand) takeWords(words []string) error {
	if len(words) < 2 {
		return textError("Please specify an action and optional arguments")
	}
	c.action, c.data = words[0], inputs("fqdn", words[1])
	switch c.action {
	case "ping":
	case "connect":
		if len(words) < 3 {
			return textError("Please specify an action and optional arguments")
		}
		port, err := rubynum.Int64(words[2])
		if err != nil {
			return textError(words[2] + " does not look like a number")
		}
		c.data.SetSymbol("port", mco.Int(port))
	default:
		return textError("Action can only to be ping or connect")
	}
	return nil
}

func (c *nettestCommand) run(s *session) error {
	if err := s.confirmUnfiltered("Do you really want to perform network tests unfiltered? (y/n): ", false); err != nil {
		return err
	}
	a, err := s.agent("nettest", false)
	if err != nil {
		return err
	}
	g, err := a.gather(c.action, c.data)
	if err != nil || g == nil {
		return err
	}
	label, output := "time", "rtt"
	if c.action == "connect" {
		label, output = "status", "connect"
	}
	for _, r := range g.replies {
		value := valueOf(r, output)
		switch {
		case r.Code != mco.OK:
			fmt.Fprintf(s.out, "%-40s %s \t\t%s\n", s.show(r.Sender), value, s.show(r.Message))
		case s.opts.verbose:
			fmt.Fprintf(s.out, "%-40s %s = %s\t\t%s\n", s.show(r.Sender), label, s.show(value), s.show(r.Message))
		default:
			fmt.Fprintf(s.out, "%-40s %s = %s\n", s.show(r.Sender), label, s.show(value))
		}
	}
	fmt.Fprintln(s.out)
	return g.end(c.action+" Nettest results", true)
}
