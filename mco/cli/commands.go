package cli

import "github.com/mco-go/mco-go/mco/cli/optparse"

// Command is what documentation says of a command of the original. Its options are those that the command reads, in the order of
// its help text, with separators between them.
type Command struct {
	Name, Description string
	Usage             []string
	Options           []optparse.Option
}

// Commands returns the commands of the original, sorted by name. Their options are to be read, not set.
func Commands() []Command {
	var all []Command
	for _, a := range new(cli).applications() {
		bare := *a
		bare.usage = nil
		all = append(all, Command{Name: a.name, Description: a.description, Usage: a.usage, Options: bare.table(newOptions(nil), false).Options})
	}
	return all
}
