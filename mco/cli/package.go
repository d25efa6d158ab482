package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/optparse"
	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/rpc"
)

// packageCommand is what `mco package` was asked to do.
type packageCommand struct {
	action, name, version string
	yes                   bool
}

// packageApp is `mco package` (application/package.rb of mcollective-package-agent).
func packageApp() *application {
	c := new(packageCommand)
	return &application{
		name:        "package",
		description: "Install, uninstall, update, purge and perform other actions to packages",
		usage: []string{`mco package [OPTIONS] [FILTERS] <ACTION> <PACKAGE>
Usage: mco package <PACKAGE> <install|uninstall|purge|update|status>
       mco package <count|md5>

The ACTION can be one of the following:

    install          - install PACKAGE
    uninstall        - uninstall PACKAGE
    purge            - uninstall PACKAGE and purge related config files
    update           - update PACKAGE
    status           - determine whether PACKAGE is installed and report its version
    search           - list the versions of PACKAGE that can be installed
    count            - determine number of packages installed
    md5              - determine md5 of package list
    yum_clean        - clean the yum cache
    yum_checkupdates - display available updates from yum
    apt_update       - update all available packages
    apt_checkupdates - display available updates from apt
    checkupdates     - display available updates
    refresh          - update the lists of available packages`},
		options: []optparse.Option{
			option("--yes -y", "", optparse.Flag, "Assume yes on any prompts", toggle(func() { c.yes = true })),
			option("--version", "VERSION", optparse.Text, "Optional VERSION to pass to install", setText(&c.version)),
		},
		words: c.takeWords,
		run:   c.run,
	}
}

// packageActions are those of one package; globalActions those of the whole system.
func packageActions() []string {
	return []string{"install", "uninstall", "purge", "update", "status", "search"}
}

func globalActions() []string {
	return []string{"count", "md5", "yum_clean", "yum_checkupdates", "apt_update", "checkupdates", "apt_checkupdates", "refresh"}
}

// takeWords reads action and package in either order.
func (c *packageCommand) takeWords(words []string) error {
	all := append(packageActions(), globalActions()...)
	switch {
	case len(words) > 0 && slices.Contains(globalActions(), words[0]):
		c.action = words[0]
	case len(words) < 2:
		return textError("Please specify package name and action")
	case slices.Contains(all, words[0]):
		c.action, c.name = words[0], words[1]
	case slices.Contains(packageActions(), words[1]):
		c.name, c.action = words[0], words[1]
	default:
		return textError("Action has to be one of " + strings.Join(all, ", "))
	}
	return nil
}

func (c *packageCommand) run(s *session) error {
	// What only tells something is not asked about.
	if !slices.Contains([]string{"status", "count", "md5", "search"}, c.action) {
		if err := s.confirmUnfiltered("Do you really want to operate on packages unfiltered? (y/n): ", c.yes); err != nil {
			return err
		}
	}
	a, err := s.agent("package", false)
	if err != nil {
		return err
	}
	data := new(mco.Map)
	if c.name != "" {
		data.SetSymbol("package", mco.String(c.name))
	}
	if c.version != "" {
		data.SetSymbol("version", mco.String(c.version))
	}
	g, err := a.gather(c.action, data)
	if err != nil || g == nil {
		return err
	}
	if len(g.replies) > 0 {
		g.rows(report.Reset, func(r rpc.Reply) (string, bool) { return c.line(r, s.opts.verbose) })
		fmt.Fprintln(s.out)
	}
	return g.end(c.action+" Package results", true)
}

// line is what is told of one node: nothing of a change that went well, unless everything is told.
func (c *packageCommand) line(r rpc.Reply, verbose bool) (string, bool) {
	switch {
	case c.action == "status" && verbose:
		return valueOf(r, "ensure"), true
	case c.action == "status" && valueOf(r, "ensure") == "absent":
		return "absent", true
	case c.action == "status":
		return valueOf(r, "name") + "-" + valueOf(r, "ensure") + "." + valueOf(r, "arch"), true
	case c.action == "search":
		return listed(r, "available_packages", "version"), true
	case strings.HasSuffix(c.action, "checkupdates") || c.action == "apt_update":
		if verbose {
			return valueOf(r, "outdated_packages"), true
		}
		return listed(r, "outdated_packages", "package"), true
	case c.action == "count" || c.action == "md5" || verbose:
		return valueOf(r, "output"), true
	}
	return "", false
}

// listed joins one member of each item of a list.
func listed(r rpc.Reply, output, member string) string {
	items, _ := r.Data.Field(output).AsList()
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = textOf(item, member)
	}
	return strings.Join(texts, " ")
}
