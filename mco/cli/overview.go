package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// heading is the first line of screens that name the release; tools read the original's release there.
const heading = "The Marionette Collective version " + mco.OriginalVersion

// names returns the names of all commands, sorted.
func (c *cli) names() []string {
	var names []string
	for _, a := range c.apps {
		names = append(names, a.name)
	}
	for _, extra := range c.Extra {
		if !extra.Hidden {
			names = append(names, extra.Name())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// overview prints what can be called, after a word that cannot.
func (c *cli) overview(unknown string) int {
	fmt.Fprintf(c.Stdout, "%s\n\n", heading)
	code := 0
	if unknown != "" {
		code = 1
		fmt.Fprintf(c.Stdout, "Unknown command '%s', searched for applications in:\n\n", unknown)
		if c.cfg != nil {
			for _, dir := range c.cfg.LibDirs {
				fmt.Fprintf(c.Stdout, "   %s\n", dir)
			}
		}
		fmt.Fprintln(c.Stdout)
	} else {
		fmt.Fprintf(c.Stdout, "usage: %s command <options>\n\n", c.Program)
	}
	fmt.Fprint(c.Stdout, "Known commands:\n\n")
	for row := range slices.Chunk(c.names(), 3) {
		row = append(row, "", "")
		fmt.Fprintf(c.Stdout, "   %-20s %-20s %-20s\n", row[0], row[1], row[2])
	}
	fmt.Fprintf(c.Stdout, "\nType '%[1]s help' for a detailed list of commands and '%[1]s help command'\nto get detailed help for a command\n\n", c.Program)
	return code
}

// helpApp is `mco help`: all commands, or the options of one.
func (c *cli) helpApp() *application {
	name := ""
	return &application{
		name:        "help",
		description: "Application list and help",
		usage:       []string{"rpc help [application name]"},
		words: func(words []string) error {
			if len(words) > 0 && words[0] != "" {
				name = words[0]
			}
			return nil
		},
		run: func(s *session) error {
			if name != "" {
				return c.helpFor(s, name)
			}
			var b strings.Builder
			b.WriteString(heading + "\n\n")
			for _, n := range c.names() {
				fmt.Fprintf(&b, "  %-15s %s\n", n, c.describe(n))
			}
			b.WriteByte('\n')
			_, err := s.out.Write([]byte(b.String()))
			return err
		},
		candidates: func(_, words []string) []string {
			if len(words) > 0 {
				return nil
			}
			return c.names()
		},
		needsNoConfig: true,
	}
}

func (c *cli) describe(name string) string {
	if a := c.application(name); a != nil {
		return a.description
	}
	for _, extra := range c.Extra {
		if extra.Name() == name {
			return extra.Short
		}
	}
	return ""
}

func (c *cli) helpFor(s *session, name string) error {
	if a := c.application(name); a != nil {
		opts := newOptions(s.cfg)
		_, err := fmt.Fprint(s.out, a.table(opts, s.color).Help())
		return err
	}
	for _, extra := range c.Extra {
		if extra.Name() == name {
			extra.SetOut(s.out)
			return extra.Help()
		}
	}
	file := "mcollective/application/" + strings.ToLower(name) + ".rb"
	class := strings.ToUpper(name[:1]) + strings.ToLower(name[1:])
	s.log.Error("Failed to load MCollective::Application::" + class + ": cannot load such file -- " + file)
	return textError("cannot load such file -- " + file)
}
