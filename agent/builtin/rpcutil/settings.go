package rpcutil

import (
	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
)

// masked stands for the value of a secret.
const masked = "[masked]"

// getConfigItem tells one setting that is in effect.
func (a *Agent) getConfigItem(r *agent.Request, reply *agent.Reply) error {
	item := r.Value("item")
	value, ok := a.setting(r.Text("item"))
	if !ok {
		return agent.Failf(mco.Aborted, "Unknown config property %s", r.Text("item"))
	}
	reply.Set("item", item)
	reply.Set("value", value)
	return nil
}

// setting returns a setting by the name that the original's configuration object has for it.
func (a *Agent) setting(name string) (mco.Value, bool) {
	switch name {
	case "pluginconf":
		return mco.Hash(pluginSettings(a.env.Config)), true
	case "configured":
		return mco.Bool(true), true
	}
	return a.env.Config.Item(name)
}

// pluginSettings returns every plugin setting, secrets masked.
func pluginSettings(c *config.Config) *mco.Map {
	m := new(mco.Map)
	for key, value := range c.Plugins() {
		if config.Secret(key) {
			value = masked
		}
		m.Set(mco.String(key), mco.String(value))
	}
	return m
}
