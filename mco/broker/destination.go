package broker

import (
	"fmt"
	"slices"
	"strings"
)

// maxDestination bounds what a destination may be long: matching keys takes time that grows with it.
const maxDestination = 1024 // bytes

// destination is where a frame goes, or what a subscription takes from.
type destination struct {
	exchange, key string // of /exchange/NAME/KEY and /topic/KEY
	queue         string // of /queue/NAME
	reply         string // of /reply-queue/NAME
}

// topics is the exchange that RabbitMQ has behind /topic.
const topics = "amq.topic"

// parse reads the destination of a frame.
func parse(command, text string) (d destination, err error) {
	kind, rest, slash := strings.Cut(strings.TrimPrefix(text, "/"), "/")
	name, key, deeper := strings.Cut(rest, "/")
	valid := name != "" && len(text) <= maxDestination
	switch {
	case text == "":
		return d, &refusal{"Missing destination", fmt.Sprintf("\"%s\" must include a 'destination' header\n", command)}
	case text[0] != '/':
		kind = ""
	case kind == "exchange":
		d.exchange, d.key = name, key
		valid = valid && !strings.Contains(key, "/")
	case kind == "topic":
		d.exchange, d.key = topics, name
		valid = valid && !deeper
	case kind == "queue":
		d.queue = name
		valid = valid && !deeper
	case kind == "reply-queue" && command == "SEND":
		d.reply = rest
	case kind == "temp-queue" || kind == "reply-queue":
		return d, &refusal{"Invalid destination", fmt.Sprintf("'%.200s' is not a valid destination for '%s'\n", text, command)}
	default:
		kind = ""
	}
	if kind == "" {
		return d, &refusal{"Unknown destination", fmt.Sprintf("'%.200s' is not a valid destination.\n"+
			"Valid destination types are: /temp-queue, /exchange, /topic, /queue, /reply-queue/.\n", text)}
	}
	if !valid {
		if slash {
			rest = "/" + rest
		}
		return d, &refusal{"Invalid destination", fmt.Sprintf("'%.200s' is not a valid %s destination\n", rest, kind)}
	}
	return d, nil
}

// kind tells whether an exchange is a topic exchange or a direct one, if it exists.
func (b *Broker) kind(name, vhost string) (topic bool, err error) {
	collective, kind := name, ""
	if i := strings.LastIndexByte(name, '_'); i >= 0 {
		collective, kind = name[:i], name[i:]
	}
	ours := len(b.o.Collectives) == 0 || slices.Contains(b.o.Collectives, collective)
	switch {
	case name == topics || kind == "_broadcast" && ours:
		return true, nil
	case name == "mcollective_reply" || kind == "_directed" && ours:
		return false, nil
	}
	return false, &refusal{"not_found", fmt.Sprintf("NOT_FOUND - no exchange '%.200s' in vhost '%.200s'", name, vhost)}
}

// words splits a routing key or a binding. The empty one has none.
func words(key string) []string {
	if key == "" {
		return nil
	}
	return strings.Split(key, ".")
}

// matches tells whether a routing key fits a binding: * stands for one word, # for any number of them.
func matches(binding, key []string) bool {
	b, k := 0, 0
	many, from := -1, 0 // the last # and where in the key what follows it was tried
	for k < len(key) {
		switch {
		case b < len(binding) && binding[b] == "#":
			many, from = b, k
			b++
		case b < len(binding) && (binding[b] == "*" || binding[b] == key[k]):
			b++
			k++
		case many >= 0: // let it stand for a word more
			from++
			b, k = many+1, from
		default:
			return false
		}
	}
	for b < len(binding) && binding[b] == "#" {
		b++
	}
	return b == len(binding)
}
