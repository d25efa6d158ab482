package main

import (
	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/builtin/discovery"
	"github.com/mco-go/mco-go/agent/builtin/rpcutil"
	"github.com/mco-go/mco-go/agent/builtin/shell"
	"github.com/mco-go/mco-go/agent/node"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/stomp"
	"github.com/mco-go/mco-go/mco/security"
	"github.com/mco-go/mco-go/mco/security/psk"
)

// providers are the adapters that this program has.
func providers() node.Providers {
	return node.Providers{
		Connectors: map[string]func(*config.Config, node.Session) (connector.Connector, error){
			"rabbitmq": connect,
			"activemq": connect,
		},
		Security: map[string]func(*config.Config) (security.Provider, error){"psk": preSharedKey},
		Plain:    []agent.Plain{discovery.Agent{}},
		Agents:   []node.NamedMaker{{Name: rpcutil.Name, Make: rpcutil.New}, {Name: shell.Name, Make: shell.New}},
	}
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
