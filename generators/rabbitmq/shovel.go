package rabbitmq

import (
	"github.com/mco-go/mco-go/generators/erlang"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/uri"
)

// advanced writes advanced.config, which holds what rabbitmq.conf has no words for: static shovels.
func (w *writer) advanced() {
	shovels, secrets := w.shovelTerms(folder + "advanced.config")
	if len(shovels) > 0 {
		w.terms("advanced.config", erlang.List{erlang.Pair("rabbitmq_shovel", shovels)}, secrets)
		return
	}
	w.set.Gone = append(w.set.Gone, target.Gone{Kind: "advanced.config", Path: folder + "advanced.config", Foreign: true,
		Why: "no static shovel is asked for any more"})
}

// shovelTerms are the settings of the shovel plugin: its static shovels, and the form that their secrets have there.
func (w *writer) shovelTerms(path string) (erlang.List, []secret.Value) {
	var shovels erlang.List
	var secrets []secret.Value
	for i, s := range streams(w.estate, w.group) {
		if s.link.Kind != "shovel" || !s.link.Static {
			continue
		}
		kind, name, err := s.moved()
		if err != nil {
			w.refuse("topology.type", path, "%v", err)
			continue
		}
		if u := s.link.User.Secret; u.Set() {
			secrets = append(secrets, secret.New(u.Name(), uri.Escape(u.Reveal())))
		}
		form := shovelBefore37
		if w.group.Version.AtLeast(3, 7) {
			form = shovelFrom37
		}
		shovels = append(shovels, erlang.Pair(s.name(i), form(s, kind, name)))
	}
	if shovels == nil {
		return nil, nil
	}
	return erlang.List{erlang.Pair("shovels", shovels)}, secrets
}

// shovelFrom37 is a static shovel in the words of 3.7 and later.
func shovelFrom37(s stream, kind, name string) erlang.List {
	queue, source, sink, publish := ends(kind, name)
	return erlang.List{
		erlang.Pair("source", erlang.List{
			erlang.Pair("protocol", erlang.Atom("amqp091")),
			erlang.Pair("uris", erlang.List{erlang.String(s.local())}),
			erlang.Pair("declarations", source),
			erlang.Pair("queue", queue),
			erlang.Pair("prefetch_count", erlang.Int(shovelPrefetch)),
		}),
		erlang.Pair("destination", erlang.List{
			erlang.Pair("protocol", erlang.Atom("amqp091")),
			erlang.Pair("uris", texts(s.uris())),
			erlang.Pair("declarations", sink),
			erlang.Pair("publish_properties", erlang.List{erlang.Pair("delivery_mode", erlang.Int(2))}),
			erlang.Pair("publish_fields", publish),
			erlang.Pair("add_forward_headers", erlang.Bool(true)),
		}),
		erlang.Pair("ack_mode", erlang.Atom("on_confirm")),
		erlang.Pair("reconnect_delay", erlang.Int(shovelDelay)),
	}
}

// shovelBefore37 is a static shovel in the words of the versions before.
func shovelBefore37(s stream, kind, name string) erlang.List {
	queue, source, sink, publish := ends(kind, name)
	return erlang.List{
		erlang.Pair("sources", erlang.List{erlang.Pair("broker", erlang.String(s.local())), erlang.Pair("declarations", source)}),
		erlang.Pair("destinations", erlang.List{erlang.Pair("brokers", texts(s.uris())), erlang.Pair("declarations", sink)}),
		erlang.Pair("queue", queue),
		erlang.Pair("prefetch_count", erlang.Int(shovelPrefetch)),
		erlang.Pair("ack_mode", erlang.Atom("on_confirm")),
		erlang.Pair("publish_properties", erlang.List{erlang.Pair("delivery_mode", erlang.Int(2))}),
		erlang.Pair("publish_fields", publish),
		erlang.Pair("reconnect_delay", erlang.Int(shovelDelay)),
	}
}

// local is the way to the shovel's own broker, without a network and without a password.
func (s stream) local() string { return "amqp:///" + uri.Escape(s.vhost()) }

// ends are the queue that a shovel reads, what is declared on either side, and where it publishes. An exchange is read through a queue of
// the shovel's own, which ends with its connection.
func ends(kind, name string) (queue erlang.Binary, source, sink, publish erlang.List) {
	if kind == "queue" {
		declare := erlang.List{erlang.Tuple{erlang.Atom("queue.declare"), erlang.List{erlang.Pair("queue", erlang.Binary(name)), erlang.Atom("durable")}}}
		return erlang.Binary(name), declare, declare,
			erlang.List{erlang.Pair("exchange", erlang.Binary("")), erlang.Pair("routing_key", erlang.Binary(name))}
	}
	source = erlang.List{
		erlang.Tuple{erlang.Atom("queue.declare"), erlang.List{erlang.Pair("queue", erlang.Binary("")), erlang.Atom("exclusive")}},
		erlang.Tuple{erlang.Atom("queue.bind"), erlang.List{
			erlang.Pair("exchange", erlang.Binary(name)), erlang.Pair("queue", erlang.Binary("")), erlang.Pair("routing_key", erlang.Binary("#"))}},
	}
	return "", source, erlang.List{}, erlang.List{erlang.Pair("exchange", erlang.Binary(name))}
}

func texts(all []string) erlang.List {
	list := make(erlang.List, len(all))
	for i, s := range all {
		list[i] = erlang.String(s)
	}
	return list
}
