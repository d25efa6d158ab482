package mcocfg

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/mco/config"
)

// sections lists a file's settings in the order in which they are written. What the topology gives for a key takes the place of the
// default.
func (w *writer) sections(role config.Role, in []*estate.Collective) [][]config.Setting {
	first := in[0]
	given := maps.Clone(first.Client)
	endpoints := first.ClientEndpoints
	if role == config.Server {
		given = maps.Clone(first.Server)
		endpoints = first.EndpointsOf(w.node)
		if spread := reconnectSpread(in, given); spread > 0 {
			if given == nil {
				given = make(map[string]string)
			}
			if _, asked := given[spreadKey]; !asked {
				given[spreadKey] = strconv.Itoa(spread)
			}
		}
	}
	l := &list{given: given}
	l.section()
	w.core(l, role, in)
	l.rest(func(key string) bool { return !strings.HasPrefix(key, "plugin.") && key != "factsource" })
	l.section()
	l.add("securityprovider", "psk")
	l.add("plugin.psk", first.PSK.Reveal())
	l.section()
	connector(l, first, endpoints)
	l.section()
	l.rest(func(key string) bool { return key != "factsource" && key != "plugin.yaml" })
	l.section()
	l.add("factsource", "yaml")
	l.add("plugin.yaml", w.folder()+"facts.yaml")
	return l.sections
}

// core are the settings of the program itself.
func (w *writer) core(l *list, role config.Role, in []*estate.Collective) {
	var names []string
	for _, c := range in {
		names = append(names, c.Name)
	}
	l.add("main_collective", names[0])
	l.add("collectives", strings.Join(names, ","))
	l.add("libdir", w.libdir())
	if role == config.Client {
		l.add("logger_type", "console")
		l.add("loglevel", "warn")
		return
	}
	l.add("logger_type", "file")
	l.add("logfile", w.logfile())
	l.add("loglevel", "info")
	l.add("keeplogs", "5")
	l.add("max_log_size", "2097152")
	l.add("daemonize", "1")
	l.add("identity", w.node.Name)
}

// libdir is where the system's packages put the plugins.
func (w *writer) libdir() string {
	switch {
	case w.node.Software.AIO:
		return "/opt/puppetlabs/mcollective/plugins"
	case w.node.Facts != nil && w.node.Facts.OS.Family == "RedHat":
		return "/usr/libexec/mcollective"
	}
	return "/usr/share/mcollective/plugins"
}

func (w *writer) logfile() string {
	if w.node.Software.AIO {
		return "/var/log/puppetlabs/mcollective.log"
	}
	return "/var/log/mcollective.log"
}

// connector are the settings of the connector, the same for every node of a collective but for the order of the pool.
func connector(l *list, c *estate.Collective, endpoints []estate.Endpoint) {
	const prefix = "plugin.rabbitmq."
	l.add("direct_addressing", "1")
	l.add("connector", "rabbitmq")
	l.add(prefix+"vhost", c.VHost)
	if c.Pool.ReplyExchange {
		l.add(prefix+"use_reply_exchange", "true")
	}
	pool := maps.Clone(c.Pool.ServerSettings)
	for _, s := range []config.Setting{
		{Key: "initial_reconnect_delay", Value: "0.01"}, {Key: "max_reconnect_delay", Value: "30.0"}, {Key: "use_exponential_back_off", Value: "true"},
		{Key: "back_off_multiplier", Value: "2"}, {Key: "max_reconnect_attempts", Value: "0"}, {Key: "randomize", Value: "false"}, {Key: "timeout", Value: "-1"},
		{Key: "heartbeat_interval", Value: strconv.Itoa(c.Pool.Heartbeat)}, {Key: "max_hbread_fails", Value: "2"},
	} {
		if v, asked := pool[s.Key]; asked {
			s.Value = v
			delete(pool, s.Key)
		}
		l.add(prefix+s.Key, s.Value)
	}
	for _, key := range slices.Sorted(maps.Keys(pool)) {
		l.add(prefix+key, pool[key])
	}
	l.add(prefix+"pool.size", strconv.Itoa(len(endpoints)))
	for i, e := range endpoints {
		member := prefix + "pool." + strconv.Itoa(i+1) + "."
		l.add(member+"host", e.Host)
		l.add(member+"port", strconv.Itoa(e.Port))
		l.add(member+"user", c.User.Name)
		l.add(member+"password", c.User.Secret.Reveal())
		l.add(member+"ssl", strconv.FormatBool(c.TLS != nil))
		if c.TLS == nil {
			continue
		}
		l.add(member+"ssl.ca", c.TLS.CA)
		l.add(member+"ssl.cert", c.TLS.Cert)
		l.add(member+"ssl.key", c.TLS.Key)
		if c.TLS.Ciphers != "" {
			l.add(member+"ssl.ciphers", c.TLS.Ciphers)
		}
	}
}

// spreadKey is the time over which nodes come back that lost their broker together. The original does not know it.
const spreadKey = "plugin.mco.pool.reconnect_spread"

// An accept costs a broker so many milliseconds, and each subscription as many again (measured with RabbitMQ 3.10.8). A node subscribes
// once for each agent of each collective, and once for itself.
const (
	acceptCost = 1.5
	agents     = 8
)

// reconnectSpread is how many seconds the broker needs to take all nodes back; 0: the default is enough. Of several collectives the
// largest counts, which the others usually are parts of: to look for the nodes in common would take a fleet's square of steps.
func reconnectSpread(in []*estate.Collective, given map[string]string) int {
	nodes := 0
	for _, c := range in {
		nodes = max(nodes, len(c.Servers))
	}
	subscriptions := agents + 1
	if given["plugin.mco.rabbitmq.broadcast"] == "wildcard" || in[0].Pool.ServerSettings["agents_multiplex"] == "true" {
		subscriptions = 2
	}
	seconds := float64(nodes) * acceptCost * float64(1+subscriptions*len(in)) / 1000
	if seconds <= 1 {
		return 0
	}
	return int(math.Ceil(seconds))
}

// list builds sections. A key is written once.
type list struct {
	given    map[string]string
	sections [][]config.Setting
}

func (l *list) section() { l.sections = append(l.sections, nil) }

// add appends a setting, with the given value where there is one.
func (l *list) add(key, value string) {
	if v, ok := l.given[key]; ok {
		value = v
		delete(l.given, key)
	}
	last := len(l.sections) - 1
	l.sections[last] = append(l.sections[last], config.Setting{Key: key, Value: value})
}

// rest appends what was given and is not written yet, as far as it belongs here.
func (l *list) rest(here func(key string) bool) {
	for _, key := range slices.Sorted(maps.Keys(l.given)) {
		if here(key) {
			l.add(key, l.given[key])
		}
	}
}
