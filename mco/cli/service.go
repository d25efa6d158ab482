package cli

import (
	"fmt"
	"slices"

	"github.com/mco-go/mco-go/mco/cli/optparse"
	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/rpc"
)

// serviceCommand is what `mco service` was asked to do.
type serviceCommand struct {
	service, action string
	yes             bool
}

// serviceApp is `mco service`: starts, stops and asks services (application/service.rb of mcollective-service-agent). enable and
// disable are ours.
func serviceApp() *application {
	c := new(serviceCommand)
	return &application{
		name:        "service",
		description: "Manages system services",
		usage: []string{`mco service <SERVICE> <ACTION>

ACTION can be one of the following :

    start   - start service
    stop    - stop service
    restart - restart or reload service
    status  - determine the current staus of the remote service
    enable  - start service when the system starts
    disable - do not start service when the system starts`},
		options: []optparse.Option{
			option("--yes -y", "", optparse.Flag, "Assume yes on any prompts", toggle(func() { c.yes = true })),
		},
		words: c.takeWords,
		run:   c.run,
	}
}

// takeWords reads action and service in either order.
func (c *serviceCommand) takeWords(words []string) error {
	if len(words) < 2 {
		return textError("Please specify service name and action")
	}
	actions := []string{"start", "stop", "restart", "status", "enable", "disable"}
	switch {
	case slices.Contains(actions, words[0]):
		c.action, c.service = words[0], words[1]
	case slices.Contains(actions, words[1]):
		c.service, c.action = words[0], words[1]
	default:
		return textError("Action has to be one of start, stop, restart or status")
	}
	return nil
}

func (c *serviceCommand) run(s *session) error {
	if c.action != "status" {
		if err := s.confirmUnfiltered("Do you really want to operate on services unfiltered? (y/n): ", c.yes); err != nil {
			return err
		}
	}
	s.app.name = "mco" // the original hides the service's name from process lists, and its errors bear the new one
	a, err := s.agent("service", false)
	if err != nil {
		return err
	}
	g, err := a.gather(c.action, inputs("service", c.service))
	if err != nil || g == nil {
		return err
	}
	// What came about as it was asked for is not told, unless everything is.
	expected := map[string]string{"start": "running", "restart": "running", "stop": "stopped", "enable": "enabled", "disable": "disabled"}
	g.rows(report.Reset, func(r rpc.Reply) (string, bool) {
		state := valueOf(r, "status")
		return state, s.opts.verbose || state != expected[c.action]
	})
	fmt.Fprintln(s.out)
	return g.end(c.action+" Service results", true)
}
