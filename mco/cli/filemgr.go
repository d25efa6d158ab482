package cli

import (
	"fmt"

	"github.com/mco-go/mco-go/mco/cli/optparse"
	"github.com/mco-go/mco-go/mco/cli/report"
)

// filemgrApp is `mco filemgr`: touches, removes and looks at a file (application/filemgr.rb of mcollective-filemgr-agent).
func filemgrApp() *application {
	file, action, details := "", "touch", false
	return &application{
		name:        "filemgr",
		description: "Generic File Manager Client",
		usage:       []string{"Usage: mc-filemgr [--file FILE] [touch|remove|status]"},
		options: []optparse.Option{
			option("--file -f", "FILE", optparse.Text, "File to manage", setText(&file)),
			option("--details -d", "", optparse.Flag, "Show full file details", toggle(func() { details = true })),
		},
		words: func(words []string) error {
			if file == "" {
				return plain("The file option is mandatory\n\nPlease run with --help for detailed help")
			}
			if len(words) > 0 {
				action = words[0]
			}
			return nil
		},
		run: func(s *session) error { return s.manageFile(file, action, details) },
	}
}

func (s *session) manageFile(file, action string, details bool) error {
	a, err := s.agent("filemgr", false)
	if err != nil {
		return err
	}
	switch action {
	case "touch", "remove", "status":
	default:
		fmt.Fprintln(s.out, "Valid commands are 'touch', 'status', and 'remove'")
		return exit(1)
	}
	g, err := a.gather(action, inputs("file", file))
	if err != nil || g == nil {
		return err
	}
	if action != "status" || details {
		if err := g.results(); err != nil {
			return err
		}
		return g.end(report.DefaultCaption, false)
	}
	for _, r := range g.replies {
		state := valueOf(r, "output")
		if state == "" {
			state = r.Message
		}
		fmt.Fprintf(s.out, "%-40s: %s\n", s.show(r.Sender), s.show(state))
	}
	return g.end(report.DefaultCaption, false)
}
