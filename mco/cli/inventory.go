package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/mco-go/mco-go/mco/cli/optparse"
)

// inventoryCommand is what `mco inventory` was asked for; the first of these that is set is done.
type inventoryCommand struct {
	script string
	graph  string
	list   bool
	node   string
}

// inventoryApp is `mco inventory`: all about one node, who is in which collective, and reports of one's own about every node.
func inventoryApp() *application {
	c := new(inventoryCommand)
	return &application{
		name:        "inventory",
		description: "General reporting tool for nodes, collectives and subcollectives",
		options: []optparse.Option{
			option("--script", "SCRIPT", optparse.Text, "Script to run", setText(&c.script)),
			option("--list-collectives --lc", "", optparse.Flag, "List all known collectives", toggle(func() { c.list = true })),
			option("--collective-graph --cg --map", "MAP", optparse.Text, "Create a DOT graph of all collectives", setText(&c.graph)),
		},
		words: func(words []string) error {
			if len(words) > 0 {
				c.node = words[0]
			} else if c.script == "" && c.graph == "" && !c.list {
				//lint:ignore ST1005 the original's text
				return errors.New("Need to specify either a node name, script to run or other options")
			}
			return nil
		},
		run: c.run,
	}
}

func (c *inventoryCommand) run(s *session) error {
	switch {
	case c.script != "":
		return s.runScript(c.script)
	case c.graph != "":
		return s.graphCollectives(c.graph)
	case c.list:
		return s.listCollectives()
	}
	return s.nodeInventory(c.node)
}

// fileError says of a file that could not be opened what Ruby says.
func fileError(err error) error { return systemError("rb_sysopen", err) }

// systemError says what Ruby says when a call, in its own name for it, fails.
func systemError(call string, err error) error {
	e, ok := errors.AsType[*fs.PathError](err)
	if !ok {
		return err
	}
	text := e.Err.Error()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text = "No such file or directory"
	case errors.Is(err, fs.ErrPermission):
		text = "Permission denied"
	default:
		text = string(text[0]-'a'+'A') + text[1:]
	}
	return fmt.Errorf("%s @ %s - %s", text, call, e.Path)
}

// create makes the file that a report goes to before anybody is asked for it.
func create(path string) (*os.File, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fileError(err)
	}
	return f, nil
}
