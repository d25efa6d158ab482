package rabbitmq

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/uri"
)

// stream is one direction of a link, on the side where it runs.
type stream struct {
	link   *estate.Link
	remote *estate.BrokerGroup
}

// streams lists what runs on the brokers of g: a shovel where its messages come from, a federation where they arrive.
func streams(e *estate.Estate, g *estate.BrokerGroup) []stream {
	var all []stream
	for _, l := range e.Links {
		runner, remote := l.A, l.B
		if l.Kind == "federation" {
			runner, remote = l.B, l.A
		}
		if runner == g {
			all = append(all, stream{l, remote})
		}
		if l.Both && remote == g {
			all = append(all, stream{l, runner})
		}
	}
	return all
}

// vhost is the link's.
func (s stream) vhost() string {
	if s.link.VHost == "" {
		return "/"
	}
	return s.link.VHost
}

// name tells the stream from others of its kind in the vhost.
func (s stream) name(i int) string { return s.remote.Name + "-" + strconv.Itoa(i+1) }

// uris are the ways to the remote brokers, which are tried in turn.
func (s stream) uris() []string {
	var all []string
	for _, m := range s.remote.Members {
		all = append(all, uri.AMQP(s.link.User, estate.Endpoint{Host: m.Address().String(), Port: s.remote.Listen.AMQP}, s.vhost()))
	}
	return all
}

// links adds the parameters and policies of what runs here, and returns the form that the link's secrets have there.
func (w *writer) links(d *Definitions) []secret.Value {
	var secrets []secret.Value
	var federated []upstream
	for i, s := range streams(w.estate, w.group) {
		if s.link.Kind == "shovel" && s.link.Both {
			w.warn("cross.mismatch", folder+"definitions.json", "shovels between %s and %s in both directions move the same messages round and round: "+
				"give the link the direction a-to-b", w.group.Name, s.remote.Name)
		}
		if s.link.Static {
			continue // in advanced.config or rabbitmq.config
		}
		if u := s.link.User.Secret; u.Set() {
			secrets = append(secrets, secret.New(u.Name(), uri.Escape(u.Reveal())))
		}
		switch s.link.Kind {
		case "federation":
			u := newUpstream(s, s.name(i))
			federated = append(federated, u)
			d.Parameters = append(d.Parameters, u.parameter())
		case "shovel":
			if p, err := shovelParameter(s, i); err != nil {
				w.refuse("topology.type", folder+"definitions.json", "%v", err)
			} else {
				d.Parameters = append(d.Parameters, p)
			}
		}
	}
	w.federate(d, federated)
	return secrets
}

// shovelParameter is a shovel that RabbitMQ keeps as a parameter (from 3.3).
func shovelParameter(s stream, i int) (Parameter, error) {
	kind, name, err := s.moved()
	if err != nil {
		return Parameter{}, err
	}
	value := map[string]any{
		"ack-mode": "on-confirm", "reconnect-delay": shovelDelay, "prefetch-count": shovelPrefetch,
		"src-uri": s.local(), "dest-uri": s.uris(),
		"src-" + kind: name, "dest-" + kind: name,
	}
	if kind == "exchange" {
		value["src-exchange-key"] = "#"
	}
	return Parameter{Component: "shovel", Name: s.name(i), Value: value, VHost: s.vhost()}, nil
}

// How a shovel waits before it tries again, in seconds, and how many messages it holds before they are confirmed.
const (
	shovelDelay    = 5
	shovelPrefetch = 1000
)

// moved is what a shovel takes its messages from and puts them into: the queue or the exchange that the link's pattern names. A pattern
// that stands for more than one name is an error.
func (s stream) moved() (kind, name string, err error) {
	kind, name = "queue", s.link.Queues
	if name == "" {
		kind, name = "exchange", s.link.Exchanges
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "^"), "$")
	plain := strings.ReplaceAll(name, `\.`, "")
	if name == "" || strings.ContainsAny(plain, `\^$|?*+()[]{}`) || strings.Contains(plain, ".") && strings.Contains(name, `\`) {
		return "", "", fmt.Errorf("a shovel to %s moves the messages of one %s, and %.60q is not its name", s.remote.Name, kind, name)
	}
	return kind, strings.ReplaceAll(name, `\.`, "."), nil
}
