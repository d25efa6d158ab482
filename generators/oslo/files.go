// Package oslo writes the part of an OpenStack service's configuration by which oslo.messaging reaches the brokers, with the words of
// the release that the service is of.
//
// What it promises: only keys that the release knows; credentials that hold any text; quorum queues where the group has them. Facts of
// the keys: oslo.messaging's options and release notes from 1.8 (Kilo) to 14 (2023.1).
package oslo

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/uri"
)

// Path is where the fragment lies; a service reads it with --config-file, or from a folder of its own.
const Path = "/etc/mco/oslo-messaging.conf"

// Files returns the fragment for the nodes that the estate names.
func Files(e *estate.Estate, n *estate.Node) (target.Set, problem.List) {
	o := e.OpenStack
	if o == nil || !wanted(o, n) {
		return target.Set{}, nil
	}
	r, problems := releaseOf(n, o.Release)
	if problems.Failed() {
		return target.Set{}, problems
	}
	for _, endpoint := range o.Endpoints {
		if !block.Plain(endpoint.Host, "_.-:") {
			problems.Add(problem.Problem{Class: "fact.unsafe", Node: n.Name, Where: Path, What: "the host of a broker", Got: fmt.Sprintf("%+q", endpoint.Host)})
			return target.Set{}, problems
		}
	}
	f := target.File{
		Kind: "oslo-messaging.conf", Path: Path, Owner: "root", Group: "root", Mode: 0o640, Order: 60,
		Service: target.Action{Service: "openstack", How: target.Manual},
	}
	if s := o.User.Secret; s.Set() {
		f.Secrets = []secret.Value{secret.New(s.Name(), uri.Escape(s.Reveal()))} // as it stands in the file
	}
	f, err := block.INI(target.Managed, " = ").File(f, statements(o, r))
	if err != nil {
		problems.Add(problem.Problem{Class: "fact.unsafe", Node: n.Name, Where: Path, What: err.Error()})
		return target.Set{}, problems
	}
	return target.Set{Files: []target.File{f}}, problems
}

// wanted tells whether n gets the fragment: it is named, or nobody is and it is a member of the brokers' group.
func wanted(o *estate.OpenStack, n *estate.Node) bool {
	if len(o.Nodes) > 0 {
		return slices.Contains(o.Nodes, n)
	}
	return n.Broker != nil && n.Broker.Group == o.Group
}

func statements(o *estate.OpenStack, r release) []block.Statement {
	number := strconv.Itoa
	flag := strconv.FormatBool
	main := block.Section([]string{"DEFAULT"}, block.Line("transport_url", uri.Transport(o.User, o.Endpoints, o.VHost)))
	if o.ResponseTimeout > 0 {
		main.Block = append(main.Block, block.Line("rpc_response_timeout", number(o.ResponseTimeout)))
	}
	if o.ConnPool > 0 {
		main.Block = append(main.Block, block.Line("rpc_conn_pool_size", number(o.ConnPool)))
	}
	if o.ThreadPool > 0 {
		key := "executor_thread_pool_size"
		if r.before(mitaka) {
			key = "rpc_thread_pool_size"
		}
		main.Block = append(main.Block, block.Line(key, number(o.ThreadPool)))
	}
	quorum := o.Group != nil && o.Group.Replication == estate.Quorum
	mirrored := o.Group != nil && o.Group.Replication == estate.Mirrored
	rabbit := block.Section([]string{"oslo_messaging_rabbit"}, block.Line("amqp_durable_queues", flag(o.Durable || quorum)))
	if !r.before(zed) {
		rabbit.Block = append(rabbit.Block, block.Line("rabbit_quorum_queue", flag(quorum)))
	}
	if !r.before(caracal) && quorum {
		rabbit.Block = append(rabbit.Block, block.Line("rabbit_transient_quorum_queue", "true"))
	}
	rabbit.Block = append(rabbit.Block,
		block.Line("rabbit_ha_queues", flag(mirrored)), // to RabbitMQ before 3.0; later ones go by policies
		block.Line("rabbit_retry_interval", "1"),
		block.Line("rabbit_retry_backoff", "2"),
	)
	if !r.before(mitaka) {
		rabbit.Block = append(rabbit.Block, block.Line("rabbit_interval_max", "30"), block.Line("kombu_failover_strategy", "shuffle"))
	}
	rabbit.Block = append(rabbit.Block, block.Line("heartbeat_timeout_threshold", "60"), block.Line("heartbeat_rate", "2"))
	return []block.Statement{main, rabbit}
}
