// Package mcocfg writes server.cfg and client.cfg, which mcollectived and mco read, the original's and ours alike.
//
// Both files are lists of settings in sections, made from the node's collectives and written by the rules of package config, which also
// reads them back. Settings of ours, which the original carries along unread, are written only where the size of the estate asks for
// another value than the default. What a line cannot hold is refused: the format has no quotation.
// Source of the facts: the original's config.rb and connector/rabbitmq.rb (2.12.5).
package mcocfg

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/mco/config"
)

// Files returns the node's server.cfg and client.cfg; nothing where it is in no collective.
func Files(e *estate.Estate, n *estate.Node) (target.Set, problem.List) {
	w := writer{node: n}
	if len(n.Servers) > 0 {
		w.write("server.cfg", config.Server, n.Servers)
		w.warnRuby()
	}
	if len(n.Clients) > 0 {
		w.write("client.cfg", config.Client, n.Clients)
	}
	return w.set, w.problems
}

// writer gathers the files of one node.
type writer struct {
	node     *estate.Node
	set      target.Set
	problems problem.List
}

// folder is where the node's MCollective looks for its files.
func (w *writer) folder() string {
	if w.node.Software.AIO {
		return "/etc/puppetlabs/mcollective/"
	}
	return "/etc/mcollective/"
}

// write adds one file. The collectives of a node share all but their names, which the estate has seen to.
func (w *writer) write(kind string, role config.Role, in []*estate.Collective) {
	path := w.folder() + kind
	first := in[0]
	for _, s := range []secret.Value{first.PSK, first.User.Secret} {
		if err := s.Fits(secret.CfgLine); s.Set() && err != nil {
			w.problems.Add(problem.Problem{Class: "secret.unrepresentable", Node: w.node.Name, Where: path, What: fmt.Sprintf("%s: %v", s, err)})
		}
	}
	if w.problems.Failed() {
		return
	}
	sections := w.sections(role, in)
	settings := slices.Concat(sections...)
	content, err := encode(sections)
	if err != nil {
		w.problems.Add(problem.Problem{Class: "topology.type", Node: w.node.Name, Where: path, What: err.Error()})
		return
	}
	w.set.Files = append(w.set.Files, target.File{
		Kind: kind, Path: path, Owner: "root", Group: "root", Mode: 0o600, Content: content, Secrets: []secret.Value{first.PSK, first.User.Secret},
		Service: service(role), Check: func(content []byte) error { return compare(content, settings) },
	})
}

// service is who must notice: a client reads its file at each start.
func service(role config.Role) target.Action {
	if role == config.Client {
		return target.Action{}
	}
	return target.Action{Service: "mcollective", How: target.Restart}
}

// encode writes the sections. Ruby stops at a byte that is not ASCII where its locale is C, as in a start script.
func encode(sections [][]config.Setting) ([]byte, error) {
	for _, s := range slices.Concat(sections...) {
		if i := slices.IndexFunc([]byte(s.Key+s.Value), func(c byte) bool { return c < ' ' || c > '~' }); i >= 0 {
			return nil, fmt.Errorf("%.60q: key or value holds a character that is not printable ASCII", s.Key)
		}
	}
	return config.WriteSettings(target.Remark, sections...)
}

func compare(content []byte, want []config.Setting) error {
	got, err := config.ReadSettings(content)
	if err != nil {
		return err
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d settings, not %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			return errors.New("setting " + want[i].Key + " is another one, or has another value")
		}
	}
	return nil
}

// warnRuby tells what the original cannot do with the node's Ruby.
func (w *writer) warnRuby() {
	if w.node.Facts == nil || !w.node.Facts.Ruby.Known() {
		return
	}
	warning := problem.Problem{Class: "version.unsupported", Warning: true, Node: w.node.Name, Where: w.folder() + "server.cfg", Got: w.node.Facts.Ruby.String()}
	switch {
	case w.node.Facts.Ruby.AtLeast(3, 2):
		warning.What, warning.Want = "the original's daemon does not start on this Ruby", "a Ruby before 3.1, or the daemon of this project"
	case w.node.Facts.Ruby.AtLeast(3, 1):
		warning.What, warning.Want = "the original's daemon has no facts on this Ruby", "a Ruby before 3.1, or the daemon of this project"
	default:
		return
	}
	w.problems.Add(warning)
}
