package main

import (
	"fmt"
	"log/slog"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/builtin/bus"
	"github.com/mco-go/mco-go/agent/builtin/discovery"
	"github.com/mco-go/mco-go/agent/builtin/filemgr"
	"github.com/mco-go/mco-go/agent/builtin/nettest"
	"github.com/mco-go/mco-go/agent/builtin/nrpe"
	"github.com/mco-go/mco-go/agent/builtin/packages"
	"github.com/mco-go/mco-go/agent/builtin/puppet"
	"github.com/mco-go/mco-go/agent/builtin/rpcutil"
	"github.com/mco-go/mco-go/agent/builtin/service"
	"github.com/mco-go/mco-go/agent/builtin/shell"
	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/agent/node"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/stomp"
	"github.com/mco-go/mco-go/mco/security"
	"github.com/mco-go/mco-go/mco/security/psk"
)

// providers are the adapters that this program has.
func providers(c *config.Config, log *slog.Logger) node.Providers {
	return node.Providers{
		Connectors: map[string]func(*config.Config, node.Session) (connector.Connector, error){
			"rabbitmq": connect,
			"activemq": connect,
		},
		Security: map[string]func(*config.Config) (security.Provider, error){"psk": preSharedKey},
		Plain:    []agent.Plain{discovery.Agent{}},
		Agents: []node.NamedMaker{
			{Name: rpcutil.Name, Make: rpcutil.New},
			{Name: shell.Name, Make: shell.New},
			{Name: puppet.Name, Make: puppet.New},
			{Name: service.Name, Make: service.New},
			{Name: packages.Name, Make: packages.New},
			{Name: filemgr.Name, Make: filemgr.New},
			{Name: nrpe.Name, Make: nrpe.New},
			{Name: nettest.Name, Make: nettest.New},
			{Name: bus.Name, Make: bus.New},
		},
		Data: dataPlugins(c, log),
	}
}

// dataPlugins returns those that come with agents, as far as their agents are active. One that cannot be made is logged and left out.
func dataPlugins(c *config.Config, log *slog.Logger) []data.Plugin {
	var all []data.Plugin
	for _, of := range []struct {
		agent   string
		plugins func(*config.Config) ([]data.Plugin, error)
	}{
		{puppet.Name, puppet.Data}, {service.Name, service.Data}, {packages.Name, packages.Data}, {nrpe.Name, nrpe.Data}, {nettest.Name, nettest.Data},
	} {
		if active, err := c.PluginBool(of.agent+".activate_agent", c.ActivateAgents); err != nil || !active {
			continue
		}
		plugins, err := of.plugins(c)
		if err != nil {
			log.Error(fmt.Sprintf("Loading the data plugins of agent %s failed: %s", of.agent, err))
		}
		all = append(all, plugins...)
	}
	return all
}

func connect(c *config.Config, s node.Session) (connector.Connector, error) {
	o, err := stomp.FromConfig(c, stomp.Flavour(c.Connector))
	if err != nil {
		return nil, err
	}
	o.Log, o.Busy = s.Log, s.Busy
	return stomp.New(o)
}

func preSharedKey(c *config.Config) (security.Provider, error) {
	secret, _ := c.Plugin("psk")
	callerType, _ := c.Plugin("psk.callertype")
	return psk.New(psk.Options{Secret: psk.SecretFrom(secret), CallerType: callerType, Identity: c.Identity})
}
