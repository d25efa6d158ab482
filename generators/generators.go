// Package generators turns an estate into the files of its nodes: it asks every writer for what a node needs, in the order of writing,
// and lets each file be read back before anybody sees it.
//
// The way of an estate: facts and the topology file (generators/facts, generators/estate) become one resolved model; a writer for each
// target makes files of it; generators/validate asks the real programs; generators/apply brings a disk in line.
package generators

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mco-go/mco-go/generators/corosync"
	"github.com/mco-go/mco-go/generators/drbd"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/haproxy"
	"github.com/mco-go/mco-go/generators/keepalived"
	"github.com/mco-go/mco-go/generators/lvs"
	"github.com/mco-go/mco-go/generators/mcocfg"
	"github.com/mco-go/mco-go/generators/oslo"
	"github.com/mco-go/mco-go/generators/pacemaker"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/profiles"
	"github.com/mco-go/mco-go/generators/rabbitmq"
	"github.com/mco-go/mco-go/generators/target"
)

// writers are all targets.
func writers() []func(*estate.Estate, *estate.Node) (target.Set, problem.List) {
	return []func(*estate.Estate, *estate.Node) (target.Set, problem.List){
		rabbitmq.Files,
		mcocfg.Files,
		haproxy.Files,
		keepalived.Files,
		lvs.Files,
		corosync.Files,
		drbd.Files,
		pacemaker.Files,
		oslo.Files,
		profiles.Files,
	}
}

// Files returns all files of the node n in the order of writing. Each was read back and found to say what it was made from.
func Files(e *estate.Estate, n *estate.Node) (target.Set, problem.List) {
	var set target.Set
	var problems problem.List
	for _, write := range writers() {
		s, p := write(e, n)
		set.Files = append(set.Files, s.Files...)
		set.Gone = append(set.Gone, s.Gone...)
		problems.Add(p...)
	}
	slices.SortStableFunc(set.Files, func(a, b target.File) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Path, b.Path))
	})
	seen := map[string]string{}
	for _, f := range set.Files {
		if other, ok := seen[f.Path]; ok {
			problems.Add(problem.Problem{Class: "cross.mismatch", Node: n.Name, Where: f.Path, What: fmt.Sprintf("%s and %s want the same file", other, f.Kind)})
		}
		seen[f.Path] = f.Kind
		if f.Check == nil {
			continue
		}
		if err := f.Check(f.Content); err != nil {
			problems.Add(problem.Problem{Class: "validator.refused", Node: n.Name, Where: f.Path, What: "read back, the file does not say what it was made from: " + err.Error(),
				Todo: "this is a fault of mco generate; nothing was written"})
		}
	}
	return set, problems
}
