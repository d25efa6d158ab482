package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/mco/cli/optparse"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
)

// complete offers to the shell the names of options, and the words that a command knows from the files of plugins. No node is asked.
func (a *application) complete(c *cli, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	table := a.table(newOptions(nil), false)
	if strings.HasPrefix(begun, "-") {
		var found []string
		for _, o := range table.Options {
			for _, n := range o.Names {
				if len(n) > len(begun) && strings.HasPrefix(n, begun) {
					found = append(found, n+"\t"+o.Doc)
				}
			}
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
	words, inOption := plainWords(table, args)
	if inOption || a.candidates == nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var libdirs []string
	if c.cfg != nil {
		libdirs = c.cfg.LibDirs
	}
	found := slices.DeleteFunc(a.candidates(libdirs, words), func(w string) bool { return !strings.HasPrefix(w, begun) })
	if slices.ContainsFunc(found, func(w string) bool { return strings.Contains(w, "=\t") }) {
		return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace // the value follows
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// plainWords leaves options and their arguments out, and tells whether an argument of an option is due.
func plainWords(table *optparse.Table, args []string) (words []string, inOption bool) {
	for _, arg := range args {
		switch {
		case inOption:
			inOption = false
		case strings.HasPrefix(arg, "-"):
			inOption = slices.ContainsFunc(table.Options, func(o optparse.Option) bool {
				return o.Kind != optparse.Flag && slices.Contains(o.Names, arg)
			})
		default:
			words = append(words, arg)
		}
	}
	return words, inOption
}

// rpcWords are the agents, the actions of one, and the inputs of an action.
func rpcWords(libdirs, words []string) (found []string) {
	if len(words) == 0 {
		return described(libdirs, ddl.Agent, "")
	}
	d, err := ddl.Load(libdirs, ddl.Agent, words[0])
	if err != nil {
		return nil
	}
	if len(words) == 1 {
		for _, a := range d.Actions {
			found = append(found, name(a.Name)+"\t"+inspect.Text(a.Description))
		}
		return found
	}
	if a := d.Action(words[1]); a != nil {
		for _, in := range a.Inputs {
			found = append(found, in.Key()+"=\t"+inspect.Text(in.Description))
		}
	}
	return found
}

// pluginWords are what `mco plugin` does, and the plugins that have a page.
func pluginWords(libdirs, words []string) (found []string) {
	switch {
	case len(words) == 0:
		return []string{"doc", "generate", "info", "package"}
	case len(words) == 1 && words[0] == "generate":
		return []string{"agent", "data"}
	case len(words) == 1 && words[0] == "doc":
		for _, k := range documented() {
			found = append(found, described(libdirs, k.kind, string(k.kind)+"/")...)
		}
	}
	return found
}

// described lists the plugins of a kind with what they are for.
func described(libdirs []string, kind ddl.Kind, prefix string) (found []string) {
	for _, n := range ddl.List(libdirs, kind) {
		if d, err := ddl.Load(libdirs, kind, n); err == nil {
			found = append(found, prefix+bare(n, kind)+"\t"+d.MetaText("description"))
		}
	}
	return found
}
