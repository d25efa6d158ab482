package main

import (
	"flag"
	"testing"

	"github.com/mco-go/mco-go/internal/manpage"
)

var update = flag.Bool("update", false, "write man/mcollectived.8 again")

// The manual knows every flag that the program takes.
func TestManual(t *testing.T) {
	options := manpage.Group{Title: "Options"}
	args := map[string]string{"config": " FILE", "pidfile": " FILE"}
	for _, f := range flags() {
		term := "--" + f.long + args[f.long]
		if f.short != 0 {
			term = "-" + string(f.short) + ", " + term
		}
		if f.doc == "" || f.arg != (args[f.long] != "") {
			t.Errorf("--%s lacks words for the manual", f.long)
		}
		options.Items = append(options.Items, manpage.Item{Term: term, Text: f.doc})
	}
	page := manpage.Page{
		Name: "mcollectived", Section: 8, Short: "the MCollective daemon of a node",
		Synopsis: []string{"mcollectived [--config FILE] [--pidfile FILE] [--daemonize | --no-daemonize]"},
		Text: "mcollectived connects this machine to a message broker and answers the requests of mco(1) until a signal ends it. It takes the\n" +
			"original's settings, flags, signals and pid file. Where it differs is written down in docs/differences.md, what happens when a broker\n" +
			"dies in docs/failover.md, all settings in docs/reference-config.md.",
		Groups: []manpage.Group{options,
			{Title: "Signals", Items: []manpage.Item{
				{Term: "TERM, INT, QUIT, HUP", Text: "Finish what is running, which may take 10 s (soft_shutdown sets another time), and end. A second one ends it at once."},
				{Term: "USR1", Text: "Load the agents again."},
				{Term: "USR2", Text: "Take the next log level."},
				{Term: "WINCH", Text: "Open the log file again."},
			}},
			{Title: "Environment", Items: []manpage.Item{
				{Term: "MCOLLECTIVE_PSK", Text: "The shared secret, instead of plugin.psk."},
				{Term: "STOMP_USER, STOMP_PASSWORD", Text: "The login at the broker, instead of the cfg file's."},
				{Term: "GOMAXPROCS", Text: "Processors that are used at a time; 1 where it is not set."},
			}},
			{Title: "Files", Items: []manpage.Item{
				{Term: "/etc/puppetlabs/mcollective/server.cfg", Text: "The settings, where this file can be read and --config names no other."},
				{Term: "/etc/mcollective/server.cfg", Text: "Else this one."},
				{Term: "plugin.d/NAME.cfg", Text: "Beside the cfg file: its settings are plugin.NAME.KEY."},
			}},
			{Title: "Exit status", Items: []manpage.Item{
				{Term: "0", Text: "A signal ended it, or it runs in the background."},
				{Term: "1", Text: "It did not start, or could not go on; the reason is on standard error and in the log."},
			}},
		},
		Examples: []manpage.Item{{Term: "mcollectived --config /etc/mcollective/server.cfg --no-daemonize", Text: "In the foreground, as a service manager wants it:"}},
		See:      []string{"mco(1)"},
	}
	manpage.Golden(t, "../../../man", *update, map[string]string{"mcollectived.8": page.Roff()})
}
