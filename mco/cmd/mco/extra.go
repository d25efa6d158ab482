package main

import (
	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/mco/cli/doctor"
	"github.com/mco-go/mco-go/mco/cli/failover"
	"github.com/mco-go/mco-go/mco/cli/generate"
)

// extra returns the commands that are ours. They stand beside the original's and have flags of their own.
func extra() []*cobra.Command {
	return []*cobra.Command{demo(), simulate(), devBroker(), generate.Command(),
		doctor.Command(doctor.Wiring{Members: members, Security: provider}),
		failover.Command(failover.Wiring{Pool: pool, Security: provider})}
}
