package cli

import (
	"fmt"

	"github.com/mco-go/mco-go/mco"
)

// nrpeApp is `mco nrpe`: runs a check of Nagios' NRPE and shows what is wrong (application/nrpe.rb of mcollective-nrpe-agent).
func nrpeApp() *application {
	check, args := "", ""
	return &application{
		name:        "nrpe",
		description: "Client to the Nagios Remote Plugin Execution system",
		usage:       []string{"Usage: nrpe <check_name>"},
		words: func(words []string) error {
			if len(words) == 0 {
				return textError("Please specify a check name")
			}
			check = words[0]
			if len(words) > 1 {
				args = words[1]
			}
			return nil
		},
		run: func(s *session) error { return s.runCheck(check, args) },
	}
}

func (s *session) runCheck(check, args string) error {
	a, err := s.agent("nrpe", false)
	if err != nil {
		return err
	}
	data := inputs("command", check)
	if args != "" {
		data.SetSymbol("args", mco.String(args))
	}
	g, err := a.gather("runcommand", data)
	if err != nil || g == nil {
		return err
	}
	for _, r := range g.replies {
		if r.Code == mco.OK && !s.opts.verbose {
			continue
		}
		fmt.Fprintf(s.out, "%-40s status=%s\n", s.show(r.Sender), s.show(r.Message))
		if output := r.Data.Field("output"); s.opts.verbose || !output.IsNil() {
			fmt.Fprintf(s.out, "    %-40s\n\n", s.show(valueOf(r, "output")))
		}
	}
	_ = g.end(check+" NRPE results", true) // the original ends with 0 whatever the checks say
	return nil
}
