package cli

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/reference-commands.md again")

const referencePath = "../../docs/reference-commands.md"

const referenceHead = `# Commands

The commands of the original, with their options as ` + "`mco help COMMAND`" + ` prints them. Options may stand anywhere among the words; long ones may
be cut short where that is clear; ` + "`--`" + ` ends them. Options in the environment variable ` + "`MCOLLECTIVE_EXTRA_OPTS`" + ` come first, so that the command
line wins.

| exit code | when, in this order |
|---|---|
| 1 | the command failed before anything was asked: options, settings, inputs, no broker |
| 4 | no node was asked who is there, and none replied |
| 3 | nodes were found, none replied |
| 2 | nodes were found, and a reply is a failure; fewer nodes answered than ping --expect wanted |
| 1 | no node was found (` + "`find`" + ` too) |
| 0 | else; nodes that stayed silent do not change it |

This page is made from the tables that options are read with (` + "`go test ./mco/cli -update`" + `).
`

func referencePage() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	c := new(cli)
	for _, a := range c.applications() {
		table := a.table(newOptions(nil), false)
		b.WriteString("\n## mco " + a.name + "\n\n```\n" + strings.TrimSpace(table.Help()) + "\n```\n")
		own := ""
		for _, o := range table.Options {
			if o.Hidden && len(o.Names) > 0 {
				own += "| `" + strings.TrimSpace(o.Names[0]+" "+o.Arg) + "` | " + o.Doc + " |\n"
			}
		}
		if own != "" {
			b.WriteString("\nBeyond the original's, typed in full:\n\n| option | meaning |\n|---|---|\n" + own)
		}
	}
	return b.String()
}

func TestReferencePage(t *testing.T) {
	want := referencePage()
	if *update {
		if err := os.WriteFile(referencePath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(referencePath)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is older than the options: go test ./mco/cli -run TestReferencePage -update", referencePath)
	}
}
