package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/builtin/bus"
	"github.com/mco-go/mco-go/agent/builtin/discovery"
	"github.com/mco-go/mco-go/agent/builtin/rpcutil"
	"github.com/mco-go/mco-go/agent/fleet"
	"github.com/mco-go/mco-go/agent/node"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/stomp"
	"github.com/mco-go/mco-go/mco/logging"
	"github.com/mco-go/mco-go/mco/security"
)

// maxSimulated bounds a simulated fleet: beyond it one machine runs out of ports to one broker.
const maxSimulated = 50000

// simulate runs many nodes in this process, against the brokers of a cfg file.
func simulate() *cobra.Command {
	var file, level string
	parallel := fleet.DefaultParallel
	cmd := &cobra.Command{
		Use:   "simulate N",
		Short: "Run N nodes in one process against the brokers of a cfg file, until interrupted",
		Long: "Run N nodes in one process against the brokers of a cfg file, until interrupted.\n\n" +
			"Each node has its own identity (sim0001.example.net and so on), facts and connection, and the agents discovery and rpcutil.\n" +
			"Facts to filter by: fqdn, number, osfamily, role, datacenter, simulated; classes: simulated, role::web and so on.",
		Example:       "  mco simulate 1000 -c /etc/mcollective/server.cfg\n  mco simulate 10 -c dev.cfg --loglevel info",
		Args:          cobra.ExactArgs(1),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := strconv.Atoi(args[0])
			if err != nil || n < 1 || n > maxSimulated {
				return fmt.Errorf("the number of nodes must be between 1 and %d, not %q", maxSimulated, args[0])
			}
			if file == "" {
				file = config.FindClient()
			}
			cfg, err := config.Load(file, config.Server)
			if err != nil {
				return err
			}
			log, err := logging.New(logging.Options{Type: "console", Level: level, Color: cfg.Color, Console: cmd.ErrOrStderr()})
			if err != nil {
				return err
			}
			return fleet.Command(cmd.Context(), cmd.OutOrStdout(), fleet.Options{
				N: n, Config: cfg, Providers: nodeProviders(), Log: log.Logger, Parallel: parallel,
			})
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", "the cfg file (default: as for every other command)")
	cmd.Flags().StringVar(&level, "loglevel", "error", "what the nodes log on standard error: debug, info, warn, error")
	cmd.Flags().IntVar(&parallel, "parallel", parallel, "nodes that connect at a time")
	return cmd
}

// nodeProviders are the adapters of nodes that run in this program.
func nodeProviders() node.Providers {
	return node.Providers{
		Connectors: map[string]func(*config.Config, node.Session) (connector.Connector, error){
			"rabbitmq": nodeConnect,
			"activemq": nodeConnect,
		},
		Security: map[string]func(*config.Config) (security.Provider, error){"psk": provider},
		Plain:    []agent.Plain{discovery.Agent{}},
		Agents:   []node.NamedMaker{{Name: rpcutil.Name, Make: rpcutil.New}, {Name: bus.Name, Make: bus.New}},
	}
}

// nodeConnect makes a node's session for the connector that the cfg file names.
func nodeConnect(cfg *config.Config, s node.Session) (connector.Connector, error) {
	o, err := stomp.FromConfig(cfg, stomp.Flavour(cfg.Connector))
	if err != nil {
		return nil, err
	}
	o.Log, o.Busy = s.Log, s.Busy
	return stomp.New(o)
}
