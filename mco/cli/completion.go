package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/optparse"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
)

// completionCommand is what `mco completion` was asked to list.
type completionCommand struct {
	lists         []string
	agent, action string
	shell         string
}

// completionApp is `mco completion`: lists for the original's completion scripts, and scripts of ours by the name of a shell.
func (c *cli) completionApp() *application {
	l := new(completionCommand)
	list := func(name string) func(optparse.Value) error {
		return toggle(func() {
			if !slices.Contains(l.lists, name) {
				l.lists = append(l.lists, name)
			}
		})
	}
	return &application{
		name:        "completion",
		description: "Helper for shell completion systems",
		without:     withAll,
		options: []optparse.Option{
			option("--list-agents", "", optparse.Flag, "List all known agents", list("agents")),
			option("--list-actions", "", optparse.Flag, "List all actions for an agent", list("actions")),
			option("--list-inputs", "", optparse.Flag, "List all inputs for an action", list("inputs")),
			option("--list-applications", "", optparse.Flag, "List all known applications", list("applications")),
			option("--agent", "AGENT", optparse.Text, "The agent to operate on", setText(&l.agent)),
			option("--action", "ACTION", optparse.Text, "The action to operate on", setText(&l.action)),
		},
		words: func(words []string) error {
			if len(words) > 0 {
				l.shell = words[0]
			}
			return nil
		},
		run: func(s *session) error {
			if l.shell != "" {
				return c.script(s, l.shell)
			}
			switch {
			case len(l.lists) == 0:
				return plain("Please choose either --list-[agents|actions|inputs|applications]")
			case len(l.lists) > 1:
				return plain("Please choose only one of --list-[agents|actions|inputs|applications]")
			}
			return c.list(s, l)
		},
		needsNoConfig: true,
	}
}

func (c *cli) list(s *session, l *completionCommand) error {
	var libdirs []string
	if s.cfg != nil {
		libdirs = s.cfg.LibDirs
	}
	line := func(name, description string) {
		if s.opts.verbose {
			name += ":" + description
		}
		fmt.Fprintln(s.out, name)
	}
	switch l.lists[0] {
	case "applications":
		for _, n := range c.names() {
			line(n, c.describe(n))
		}
	case "agents":
		for _, n := range ddl.List(libdirs, ddl.Agent) {
			d, err := ddl.Load(libdirs, ddl.Agent, n)
			if err == nil {
				line(n, d.MetaText("description"))
			} else if !s.opts.verbose {
				line(n, "")
			}
		}
	case "actions":
		if l.agent == "" {
			return plain("Please specify an agent to list actions for")
		}
		d, err := ddl.Load(libdirs, ddl.Agent, l.agent)
		if err != nil {
			return nil // as the original: a shell that completes wants no message
		}
		for _, a := range sortedBy(d.Actions, func(a *ddl.Action) string { return name(a.Name) }) {
			line(name(a.Name), inspect.Text(a.Description))
		}
	case "inputs":
		if l.agent == "" || l.action == "" {
			return plain("Please specify an action and agent to list inputs for")
		}
		d, err := ddl.Load(libdirs, ddl.Agent, l.agent)
		if err != nil || d.Action(l.action) == nil {
			return nil
		}
		for _, in := range sortedBy(d.Action(l.action).Inputs, (*ddl.Input).Key) {
			line(in.Key(), inspect.Text(in.Description))
		}
	}
	return nil
}

func name(v mco.Value) string {
	s, _ := v.AsName()
	return s
}

func sortedBy[T any](items []T, key func(T) string) []T {
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	return items
}

// script prints cobra's completion script for a shell.
func (c *cli) script(s *session, shell string) error {
	root := c.tree()
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(s.out, true)
	case "zsh":
		return root.GenZshCompletion(s.out)
	case "fish":
		return root.GenFishCompletion(s.out, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(s.out)
	}
	return plain("There is no completion script for " + shell + "; there is one for bash, zsh, fish and powershell")
}
