package pacemaker

import (
	"fmt"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/target"
)

// Path is where the definitions lie. They are loaded by hand, once, on one node: crm configure load update PATH.
const Path = "/etc/pacemaker/cluster.crm"

// Files returns the definitions for a node of an active-passive group.
func Files(_ *estate.Estate, n *estate.Node) (target.Set, problem.List) {
	if n.Broker == nil || n.Broker.Group.Kind != estate.ActivePassive {
		return target.Set{}, nil
	}
	group := n.Broker.Group
	problems := check(n, group)
	if problems.Failed() {
		return target.Set{}, problems
	}
	f, err := Language().File(target.File{
		Kind: "cluster.crm", Path: Path, Owner: "root", Group: "root", Mode: 0o644, Order: 53,
		Service: target.Action{Service: "pacemaker", How: target.Manual},
	}, cluster{group: group, old: n.Software.Pacemaker.Below(2, 1)}.definitions())
	if err != nil {
		problems.Add(problem.Problem{Class: "fact.unsafe", Node: n.Name, Where: Path, What: err.Error()})
		return target.Set{}, problems
	}
	return target.Set{Files: []target.File{f}}, problems
}

func check(n *estate.Node, group *estate.BrokerGroup) problem.List {
	var list problem.List
	if v := n.Software.Pacemaker; v.Below(1, 1) {
		list.Add(problem.Problem{Class: "version.unsupported", Node: n.Name, Where: Path, What: "no dialect of so old a Pacemaker is known",
			Got: v.String(), Want: "1.1 or later"})
	}
	for _, m := range group.Members {
		if name := m.Node.HostName(); !block.Plain(name, "_.-") || name[0] == '-' {
			list.Add(problem.Problem{Class: "fact.unsafe", Node: n.Name, Where: Path, What: "the name of a member", Got: fmt.Sprintf("%+q", name)})
		}
		if one := group.Members[0].NodeName; m.NodeName != one {
			list.Add(problem.Problem{Class: "cross.mismatch", Node: n.Name, Where: Path,
				What: "the broker would not find its data on the other member: they lie in a folder of its name", Got: fmt.Sprintf("%+q", m.NodeName), Want: fmt.Sprintf("%+q", one)})
		}
	}
	if group.Stonith == nil || !*group.Stonith {
		list.Add(problem.Problem{Class: "cross.mismatch", Warning: true, Node: n.Name, Where: Path,
			What: "without fencing, members that lose sight of each other may all run the broker", Got: "stonith-enabled=false",
			Todo: "set stonith: true in the topology and define a device for this hardware"})
	} else {
		list.Add(problem.Problem{Class: "cross.mismatch", Warning: true, Node: n.Name, Where: Path,
			What: "no device for fencing is defined, and without one the cluster starts nothing", Got: "stonith-enabled=true",
			Todo: "define the device of this hardware after this file is loaded"})
	}
	return list
}
