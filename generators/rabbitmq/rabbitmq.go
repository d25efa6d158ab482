// Package rabbitmq writes what a RabbitMQ node reads: definitions.json, enabled_plugins, rabbitmq-env.conf, rabbitmq.conf (from 3.7) or
// the classic rabbitmq.config, advanced.config and the Erlang cookie.
//
// Each file is made from a small model and has a reader that takes its content apart again as RabbitMQ would; the reader's result must
// be the model. What a file cannot hold is refused, never escaped into something that only looks right. The dialect is that of the
// group's version: what a version does not know is left out or said otherwise, and what it no longer takes is a problem.
//
// Source of the facts: RabbitMQ 3.10.8 as it runs, its schemas (priv/schema), its release notes for the other series.
package rabbitmq

import (
	"fmt"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
)

// Folders of the broker.
const (
	folder = "/etc/rabbitmq/"
	home   = "/var/lib/rabbitmq/"
)

// The order of writing: the cookie before a first start, the definitions before the file that names them.
const (
	orderCookie = iota
	orderDefinitions
	orderPlugins
	orderEnv
	orderConf
)

// Files returns what node n reads as a broker; nothing where it is none.
func Files(e *estate.Estate, n *estate.Node) (target.Set, problem.List) {
	if n.Broker == nil {
		return target.Set{}, nil
	}
	w := &writer{estate: e, member: n.Broker, group: n.Broker.Group, node: n}
	w.cookie()
	w.definitions()
	w.plugins()
	w.env()
	if w.group.Classic {
		w.classic()
		w.set.Gone = append(w.set.Gone, target.Gone{Kind: "rabbitmq.conf", Path: folder + "rabbitmq.conf",
			Why: "the classic rabbitmq.config would be read in its place, without a word"})
	} else {
		w.conf()
		w.advanced()
		w.set.Gone = append(w.set.Gone, target.Gone{Kind: "rabbitmq.config", Path: folder + "rabbitmq.config",
			Why: "it would be read in place of rabbitmq.conf, without a word"})
	}
	return w.set, w.problems
}

// writer gathers the files of one member.
type writer struct {
	estate   *estate.Estate
	group    *estate.BrokerGroup
	member   *estate.BrokerMember
	node     *estate.Node
	set      target.Set
	problems problem.List
}

// add appends a file that is read by the broker's own user. Without content there is none: its problem is told already.
func (w *writer) add(f target.File) {
	if f.Content == nil {
		return
	}
	if f.Owner == "" {
		f.Owner, f.Group, f.Mode = "root", "rabbitmq", 0o640
	}
	w.set.Files = append(w.set.Files, f)
}

// restart is what must happen when a file changed that is read at start alone.
func restart() target.Action { return target.Action{Service: "rabbitmq", How: target.Restart} }

// refuse adds a problem with the file path.
func (w *writer) refuse(class problem.Class, path, format string, args ...any) {
	w.problems.Add(problem.Problem{Class: class, Node: w.node.Name, Where: path, What: fmt.Sprintf(format, args...)})
}

// warn adds a warning with the file path.
func (w *writer) warn(class problem.Class, path, format string, args ...any) {
	w.refuse(class, path, format, args...)
	w.problems[len(w.problems)-1].Warning = true
}

// unrepresentable is a secret that a file cannot hold.
func (w *writer) unrepresentable(s secret.Value, path string, err error) {
	w.refuse("secret.unrepresentable", path, "%s: %v", s, err)
}
