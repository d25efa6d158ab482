package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/optparse"
	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/rpc"
	"github.com/mco-go/mco-go/mco/rubynum"
)

// puppetCommand is what `mco puppet` was asked to do.
type puppetCommand struct {
	command     string
	concurrency int
	message     string   // of disable; "": the node's own
	resource    []string // type, name, property=value ...
	rerun       *int64   // seconds

	force, ignoreSchedules         bool
	server, environment            string
	tags                           []string
	noop, noNoop, splay, noSplay   bool
	cachedCatalog, noCachedCatalog bool
	splayLimit                     *int64
}

// puppetApp is `mco puppet` (application/puppet.rb of mcollective-puppet-agent).
func puppetApp() *application {
	c := new(puppetCommand)
	flag := func(names, doc string, to *bool) optparse.Option {
		return option(names, "", optparse.Flag, doc, toggle(func() { *to = true }))
	}
	return &application{
		name:        "puppet",
		description: "Schedule runs, enable, disable and interrogate the Puppet Agent",
		usage: []string{`mco puppet [OPTIONS] [FILTERS] <ACTION> [CONCURRENCY|MESSAGE]
Usage: mco puppet <count|enable|status|summary>
Usage: mco puppet disable [message]
Usage: mco puppet runonce [PUPPET OPTIONS]
Usage: mco puppet resource type name property1=value property2=value
Usage: mco puppet runall [--rerun SECONDS] [PUPPET OPTIONS]

The ACTION can be one of the following:

    count    - return a total count of running, enabled, and disabled nodes
    enable   - enable the Puppet Agent if it was previously disabled
    disable  - disable the Puppet Agent preventing catalog from being applied
    resource - manage individual resources using the Puppet Type (RAL) system
    runall   - invoke a puppet run on matching nodes, making sure to only run
               CONCURRENCY nodes at a time. NOTE that any compound filters (-S)
               used with runall will be wrapped in parentheses and and'ed
               with "puppet().enabled=true".
    runonce  - invoke a Puppet run on matching nodes
    status   - shows a short summary about each Puppet Agent status
    summary  - shows resource and run time summaries`},
		options: []optparse.Option{
			flag("--force", "Bypass splay options when running", &c.force),
			option("--server", "SERVER", optparse.Text, "Connect to a specific server or port", setText(&c.server)),
			option("--tags --tag", "TAG", optparse.Text, "Restrict the run to specific tags", func(v optparse.Value) error {
				c.tags = append(c.tags, v.Text)
				return nil
			}),
			flag("--noop", "Do a noop run", &c.noop),
			flag("--no-noop", "Do a run with noop disabled", &c.noNoop),
			option("--environment", "ENVIRONMENT", optparse.Text, "Place the node in a specific environment for this run", setText(&c.environment)),
			flag("--splay", "Splay the run by up to splaylimit seconds", &c.splay),
			flag("--no-splay", "Do a run with splay disabled", &c.noSplay),
			option("--splaylimit", "SECONDS", optparse.Integer, "Maximum splay time for this run if splay is set", setInt(&c.splayLimit)),
			flag("--use_cached_catalog", "Use cached catalog for this run", &c.cachedCatalog),
			flag("--no-use_cached_catalog", "Do not use cached catalog for this run", &c.noCachedCatalog),
			flag("--ignoreschedules", "Disable schedule processing", &c.ignoreSchedules),
			option("--rerun", "SECONDS", optparse.Integer, "When performing runall do so repeatedly with a minimum run time of SECONDS", setInt(&c.rerun)),
		},
		words: c.takeWords,
		run:   c.run,
	}
}

// takeWords reads the command and what belongs to it, and refuses what cannot be meant together.
func (c *puppetCommand) takeWords(words []string) error {
	if len(words) == 0 {
		return textError("Please specify a command.")
	}
	c.command, words = words[0], words[1:]
	if !slices.Contains([]string{"resource", "count", "runonce", "enable", "disable", "runall", "status", "summary"}, c.command) {
		return textError("Action must be count, enable, disable, resource, runall, runonce, status or summary")
	}
	switch {
	case c.force && c.splay:
		return textError("Cannot set splay when forcing runs")
	case c.force && c.splayLimit != nil:
		return textError("Cannot set splaylimit when forcing runs")
	}
	switch c.command {
	case "disable":
		if len(words) > 0 {
			c.message = words[0]
		}
	case "resource":
		if len(words) < 1 {
			return textError("The resource command needs a type to operate on")
		}
		if len(words) < 2 {
			return textError("The resource command needs a name to operate on")
		}
		c.resource = words
	case "runall":
		return c.takeConcurrency(words)
	}
	return nil
}

func (c *puppetCommand) takeConcurrency(words []string) error {
	if len(words) == 0 {
		return textError("The runall command needs a concurrency limit")
	}
	n, err := rubynum.Int64(words[0])
	if err != nil {
		return err
	}
	if n <= 0 || n > 1<<30 {
		return textError("The concurrency for the runall command has to be greater than 0")
	}
	c.concurrency = int(n)
	return nil
}

// arguments are the inputs of runonce. Of an option and its opposite the opposite counts, as in the original.
func (c *puppetCommand) arguments() *mco.Map {
	m := new(mco.Map)
	either := func(name mco.Symbol, yes, no bool) {
		if yes || no {
			m.SetSymbol(name, mco.Bool(!no))
		}
	}
	either("use_cached_catalog", c.cachedCatalog, c.noCachedCatalog)
	either("force", c.force, false)
	if c.server != "" {
		m.SetSymbol("server", mco.String(c.server))
	}
	either("noop", c.noop, c.noNoop)
	if c.environment != "" {
		m.SetSymbol("environment", mco.String(c.environment))
	}
	either("splay", c.splay, c.noSplay)
	if c.splayLimit != nil {
		m.SetSymbol("splaylimit", mco.Int(*c.splayLimit))
	}
	either("ignoreschedules", c.ignoreSchedules, false)
	if len(c.tags) > 0 {
		m.SetSymbol("tags", mco.String(strings.Join(c.tags, ",")))
	}
	return m
}

func (c *puppetCommand) run(s *session) error {
	if c.command == "runall" {
		return c.runAll(s)
	}
	a, err := s.agent("puppet", false)
	if err != nil {
		return err
	}
	switch c.command {
	case "summary":
		return s.puppetSummary(a)
	case "count":
		return s.puppetCount(a)
	case "status":
		return s.puppetStatus(a)
	}
	data := new(mco.Map)
	switch c.command {
	case "runonce":
		data = c.arguments()
	case "disable":
		if c.message != "" {
			data = inputs("message", c.message)
		}
	case "resource":
		if data, err = c.properties(); err != nil {
			return err
		}
	}
	g, err := a.gather(c.command, data)
	if err != nil || g == nil {
		return err
	}
	if err := g.results(); err != nil {
		return err
	}
	return g.end(report.DefaultCaption, c.command != "runonce")
}

// properties are the inputs of resource: what is no type and no name travels under a string, as the original's client sends it.
func (c *puppetCommand) properties() (*mco.Map, error) {
	data := inputs("name", c.resource[1], "type", c.resource[0])
	for _, word := range c.resource[2:] {
		key, value, ok := cutArgument(word)
		if !ok {
			return nil, textError("Could not parse argument '" + word + "'")
		}
		data.Set(mco.String(key), mco.String(value))
	}
	return data, nil
}

func (s *session) puppetStatus(a *agentClient) error {
	g, err := a.gather("status", nil)
	if err != nil || g == nil {
		return err
	}
	g.rows(report.Red, func(r rpc.Reply) (string, bool) { return valueOf(r, "message"), true })
	fmt.Fprintln(s.out)
	return g.end(report.DefaultCaption, true)
}
