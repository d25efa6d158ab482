package rabbitmq

import (
	"fmt"
	"slices"

	"github.com/mco-go/mco-go/generators/erlang"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/target"
)

// plugins writes enabled_plugins.
func (w *writer) plugins() {
	path := folder + "enabled_plugins"
	enabled := w.enabled()
	for _, p := range enabled {
		if err := safe.Token(string(p)); err != nil {
			w.problems.Add(safe.Problem(err, w.node.Name, path))
			return
		}
	}
	text, err := erlang.Compact(enabled)
	if err != nil {
		w.refuse("topology.type", path, "%v", err)
		return
	}
	w.add(target.File{Kind: "enabled_plugins", Path: path, Content: []byte("%% " + target.Remark + "\n" + text), Order: orderPlugins, Service: restart(), Check: func(content []byte) error {
		got, err := ParsePlugins(content)
		if err == nil && !slices.Equal(got, enabled) {
			err = fmt.Errorf("it enables %q", got)
		}
		return err
	}})
}

// enabled lists the plugins that the node needs, sorted. A link needs its plugin where it runs: where a shovel is, and downstream of a
// federation.
func (w *writer) enabled() []erlang.Atom {
	g := w.group
	var all []erlang.Atom
	if g.Stomp {
		all = append(all, "rabbitmq_stomp")
	}
	if g.Management {
		all = append(all, "rabbitmq_management")
	}
	for _, s := range streams(w.estate, g) {
		plugin := erlang.Atom("rabbitmq_" + s.link.Kind)
		all = append(all, plugin)
		if g.Management {
			all = append(all, plugin+"_management")
		}
	}
	for _, p := range g.Extensions {
		all = append(all, erlang.Atom(p))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// ParsePlugins reads a file of enabled plugins.
func ParsePlugins(content []byte) ([]erlang.Atom, error) {
	terms, err := erlang.Parse(content)
	if err != nil {
		return nil, err
	}
	if len(terms) != 1 {
		return nil, fmt.Errorf("%d terms, not one list", len(terms))
	}
	list, ok := terms[0].(erlang.List)
	if !ok {
		return nil, fmt.Errorf("not a list")
	}
	all := make([]erlang.Atom, len(list))
	for i, t := range list {
		if all[i], ok = t.(erlang.Atom); !ok {
			return nil, fmt.Errorf("item %d is no atom", i+1)
		}
	}
	return all, nil
}
