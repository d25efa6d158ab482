package config

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/reference-config.md again")

const referencePath = "../../docs/reference-config.md"

const referenceHead = `# Settings

Both programs read the original's files: ` + "`server.cfg`, `client.cfg`, and `plugin.d/NAME.cfg`" + ` beside them, whose settings are ` + "`plugin.NAME.KEY`" + `. One setting
a line, ` + "`key = value`" + `; a line that begins with ` + "`#`" + ` in its first column is a remark, and there are no others: what stands behind a value belongs
to it. The last line of a key wins. An unknown key is an error, with its file and line; a key without a value is passed over.

The first file that can be read is taken: for ` + "`mco`" + ` of ` + "`~/.mcollective`, `/etc/puppetlabs/mcollective/client.cfg`, `/etc/mcollective/client.cfg`" + `, for
` + "`mcollectived`" + ` of ` + "`/etc/puppetlabs/mcollective/server.cfg`, `/etc/mcollective/server.cfg`" + `; ` + "`--config FILE`" + ` names another.

This page is made from the tables that the programs read files with (` + "`go test ./mco/config -update`" + `).

`

// reference renders the tables.
func reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	cell := strings.NewReplacer("|", "\\|")
	row := func(cells ...string) {
		for _, c := range cells {
			b.WriteString("| " + cell.Replace(c) + " ")
		}
		b.WriteString("|\n")
	}
	code := func(s string) string {
		if s == "" {
			return ""
		}
		return "`" + s + "`"
	}
	b.WriteString("## The original's\n\n| key | type | default | meaning |\n|---|---|---|---|\n")
	for _, k := range Keys() {
		row(code(k.Name), k.Type, code(k.Default), k.Doc)
	}
	b.WriteString("\n## Ours\n\nThe original carries these along unread, so one file serves both.\n\n| key | type | default of a node | of a client | meaning |\n|---|---|---|---|---|\n")
	clients := OwnKeys(Client)
	for i, k := range OwnKeys(Server) {
		of := clients[i].Default
		if k.Name == "mco.state_dir" {
			of = "~/.local/state/mco"
		}
		row(code("plugin."+k.Name), k.Type, code(k.Default), code(of), k.Doc)
	}
	b.WriteString("\n## Numbers and booleans\n\n")
	for _, line := range []string{
		"Whole numbers are Ruby's: `0x1f`, `0b11`, `0o17`, `1_000`, and **a leading 0 is octal** (`010` is 8).",
		"Booleans: `1 yes true y t` and `0 no false n f` in any case; `on` and `off` are errors.",
		"Sizes of ours: bytes, or with `KiB`, `MiB`, `GiB` behind the number. Seconds of ours may have a fraction.",
	} {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	return b.String()
}

func TestReferencePage(t *testing.T) {
	t.Setenv("HOME", "/root")
	t.Setenv("XDG_STATE_HOME", "")
	want := reference()
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
		t.Errorf("%s is older than the tables: go test ./mco/config -run TestReferencePage -update", referencePath)
	}
}
