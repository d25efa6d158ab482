package estate

import (
	"errors"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/spelling"
)

// derived are the settings of cfg files that follow from the rest of the topology, with the place where it says them.
func derived(key string) string {
	switch key {
	case "identity":
		return "the nodes' names"
	case "collectives", "main_collective":
		return "collectives"
	case "connector", "securityprovider", "direct_addressing":
		return "the kind of estate"
	case "plugin.rabbitmq.vhost":
		return "vhost"
	}
	if strings.HasPrefix(key, "plugin.rabbitmq.pool.") {
		return "via, user and ssl"
	}
	if strings.HasPrefix(key, "plugin.rabbitmq.") {
		return "pool"
	}
	return ""
}

// settings takes further keys of server.cfg or client.cfg: those that the programs know, with values of their type.
func (r *resolver) settings(key string, given map[string]topology.Setting, server bool) map[string]string {
	role := config.Client
	if server {
		role = config.Server
	}
	all := make(map[string]string)
	for _, name := range sortedKeys(given) {
		v := given[name]
		var err error
		switch {
		case topology.SecretKey(name) || config.Secret(strings.TrimPrefix(name, "plugin.")):
			r.bad("secret.inline", v.Place, "a topology holds no secrets", "", "")
			continue
		case slices.Contains([]string{"topicprefix", "topicsep", "queueprefix"}, name):
			r.bad("feature.removed", v.Place, "the connector does not read it", name, "leave the key out")
			continue
		case derived(name) != "":
			r.bad("topology.reference", v.Place, "this setting follows from "+derived(name), name, "")
			continue
		case safe.Plain("a setting", v.V) != nil:
			err = errors.New("a cfg file cannot hold this value")
		default:
			err = config.CheckSetting(name, v.V, role)
		}
		switch {
		case errors.Is(err, config.ErrUnknownKey):
			p := problem.Problem{Class: "topology.unknown-key", Where: v.Place.String(), What: "there is no such setting"}
			if near := spelling.Nearest(name, settingNames()); near != "" {
				p.Todo = "did you mean " + near + "?"
			}
			r.problems.Add(p)
		case errors.Is(err, config.ErrDeprecatedKey):
			r.bad("feature.removed", v.Place, "the setting has no effect", name, "leave the key out")
		case err != nil:
			r.bad("topology.type", v.Place, err.Error(), safe.Quote(v.V), "")
		default:
			all[name] = v.V
			r.origin(key+"."+name, v.V, v.Place)
		}
	}
	return all
}

func settingNames() []string {
	var names []string
	for _, k := range config.Keys() {
		names = append(names, k.Name)
	}
	return names
}
