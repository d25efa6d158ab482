package rabbitmq

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/mco-go/mco-go/generators/erlang"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
)

// classic writes rabbitmq.config. The format does not check its keys, so only those that the version knows are written.
func (w *writer) classic() {
	var apps erlang.List
	add := func(app string, settings erlang.List) {
		if len(settings) > 0 {
			apps = append(apps, erlang.Pair(app, settings))
		}
	}
	g := w.group
	add("kernel", w.kernelTerms())
	add("rabbit", w.rabbitTerms())
	var management erlang.List
	if g.Management && g.Listen.Management != 0 && g.Version.AtLeast(3, 0) {
		listener := erlang.List{erlang.Pair("port", erlang.Int(g.Listen.Management))}
		if !w.member.Wildcard && w.member.Address().IsValid() {
			listener = append(listener, erlang.Pair("ip", erlang.String(w.member.Address().String())))
		}
		management = append(management, erlang.Pair("listener", listener))
	}
	if w.loadDefinitions() == "management.load_definitions" {
		management = append(management, erlang.Pair("load_definitions", erlang.String(folder+"definitions.json")))
	}
	add("rabbitmq_management", management)
	if g.Stomp {
		add("rabbitmq_stomp", erlang.List{erlang.Pair("tcp_listeners", w.listenerTerms(g.Listen.STOMP, w.member.Wildcard || !w.member.StompBound))})
	}
	shovels, secrets := w.shovelTerms(folder + "rabbitmq.config")
	add("rabbitmq_shovel", shovels)
	w.terms("rabbitmq.config", apps, secrets)
}

// terms writes a file of one term.
func (w *writer) terms(kind string, t erlang.List, secrets []secret.Value) {
	content, err := erlang.Write(target.Remark, t)
	if err != nil {
		w.refuse("topology.type", folder+kind, "%v", err)
	}
	w.add(target.File{Kind: kind, Path: folder + kind, Content: content, Order: orderConf, Secrets: secrets, Service: restart(), Check: func(content []byte) error {
		got, err := erlang.Parse(content)
		if err == nil && (len(got) != 1 || !erlang.Equal(got[0], t)) {
			err = fmt.Errorf("it holds other terms than it should")
		}
		return err
	}})
}

// kernelTerms fixes the port of the distribution where it is not the usual one; rabbitmq-env.conf does so beside rabbitmq.conf.
func (w *writer) kernelTerms() erlang.List {
	port := w.group.Listen.Dist
	if port == 0 || port == defaultDist {
		return nil
	}
	return erlang.List{erlang.Pair("inet_dist_listen_min", erlang.Int(port)), erlang.Pair("inet_dist_listen_max", erlang.Int(port))}
}

// rabbitTerms are the server's own settings.
func (w *writer) rabbitTerms() erlang.List {
	g, m := w.group, w.member
	var all erlang.List
	extra := w.classicExtra()
	add := func(key string, value erlang.Term) {
		if _, asked := extra[key]; !asked {
			all = append(all, erlang.Pair(key, value))
		}
	}
	add("tcp_listeners", w.listenerTerms(g.Listen.AMQP, m.Wildcard))
	add("loopback_users", erlang.List{erlang.Binary("guest")})
	if g.Heartbeat > 0 && g.Version.AtLeast(3, 0) {
		add("heartbeat", erlang.Int(g.Heartbeat))
	}
	if mark := w.watermarkTerm(); mark != nil {
		add("vm_memory_high_watermark", mark)
	}
	if m.DiskLimit > 0 && g.Version.AtLeast(2, 8) {
		add("disk_free_limit", erlang.Int(m.DiskLimit))
	}
	if g.Kind == estate.Cluster {
		if g.Partitions != "" && g.Version.AtLeast(3, 1) && g.Version.Below(4, 3) {
			add("cluster_partition_handling", erlang.Atom(g.Partitions))
		}
		add("cluster_nodes", w.nodesTerm())
		switch {
		case leaderLocator(g):
			add("queue_leader_locator", erlang.Binary("balanced"))
		case g.Version.AtLeast(3, 6):
			add("queue_master_locator", erlang.Binary("min-masters"))
		}
	}
	if w.loadDefinitions() == "load_definitions" {
		add("load_definitions", erlang.String(folder+"definitions.json"))
	}
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		all = append(all, erlang.Pair(key, extra[key]))
	}
	return all
}

// listenerTerms are bare ports for every address, else pairs of address and port.
func (w *writer) listenerTerms(port int, wildcard bool) erlang.List {
	if port == 0 {
		return erlang.List{}
	}
	if wildcard {
		return erlang.List{erlang.Int(port)}
	}
	var all erlang.List
	for _, a := range w.member.Addresses() {
		all = append(all, erlang.Tuple{erlang.String(a.String()), erlang.Int(port)})
	}
	return all
}

// watermarkTerm is the share of memory; an absolute one is written as a share of what there is before 3.6, which knows no other.
func (w *writer) watermarkTerm() erlang.Term {
	mark := w.member.Watermark
	switch {
	case mark.Relative > 0:
		return erlang.Float(mark.Relative)
	case mark.Absolute <= 0:
		return nil
	case w.group.Version.AtLeast(3, 6):
		return erlang.Tuple{erlang.Atom("absolute"), erlang.Int(mark.Absolute)}
	case w.node.Facts != nil && w.node.Facts.Memory > 0:
		return erlang.Float(math.Floor(100*float64(mark.Absolute)/float64(w.node.Facts.Memory)) / 100)
	}
	return nil
}

// nodesTerm names the cluster's nodes and what this one is. Before 3.0 it is the list of disc nodes, and a node that is not in it is a
// ram node.
func (w *writer) nodesTerm() erlang.Term {
	var all, disc erlang.List
	for _, m := range w.group.Members {
		all = append(all, erlang.Atom(m.NodeName))
		if !m.RAM {
			disc = append(disc, erlang.Atom(m.NodeName))
		}
	}
	if w.group.Version.Below(3, 0) {
		return disc
	}
	kind := erlang.Atom("disc")
	if w.member.RAM {
		kind = "ram"
	}
	return erlang.Tuple{all, kind}
}

// classicExtra translates what the topology adds in the words of rabbitmq.conf, as far as the classic format has them.
func (w *writer) classicExtra() map[string]erlang.Term {
	terms := make(map[string]erlang.Term)
	for _, key := range slices.Sorted(maps.Keys(w.group.Extra)) {
		value := w.group.Extra[key]
		var term erlang.Term
		var err error
		name := key
		switch key {
		case "heartbeat", "channel_max", "collect_statistics_interval":
			term, err = intTerm(value)
		case "vm_memory_high_watermark_paging_ratio":
			term, err = floatTerm(value)
		case "vm_memory_high_watermark.relative":
			name = "vm_memory_high_watermark"
			term, err = floatTerm(value)
		case "disk_free_limit.relative":
			name = "disk_free_limit"
			if term, err = floatTerm(value); err == nil {
				term = erlang.Tuple{erlang.Atom("mem_relative"), term}
			}
		case "queue_master_locator", "queue_leader_locator":
			term = erlang.Binary(value)
		default:
			w.refuse("version.unsupported", folder+"rabbitmq.config", "%s of rabbitmq.conf has no place in the classic format", key)
			continue
		}
		if err != nil {
			w.refuse("topology.type", folder+"rabbitmq.config", "%s: %v", key, err)
			continue
		}
		terms[name] = term
	}
	return terms
}

func intTerm(s string) (erlang.Term, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	return erlang.Int(n), err
}

func floatTerm(s string) (erlang.Term, error) {
	f, err := strconv.ParseFloat(s, 64)
	return erlang.Float(f), err
}
