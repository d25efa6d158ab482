package lab

import (
	"fmt"
	"strings"
)

// Cfg is what both programs' configuration files share. The zero value of a field leaves its line out, but for those with a
// default.
type Cfg struct {
	Brokers        []*Broker // the pool, in order; all of one kind
	Pool           []Member  // instead of Brokers, where the members are to be given by hand
	Connector      Kind      // with Pool; default rabbitmq
	VHost          string    // default: the first broker's
	Collectives    []string  // default mcollective
	MainCollective string    // default: the first of Collectives
	Secret         string    // plugin.psk; default lab
	LibDirs        []string  // default: the plugins of the vectors
	LogLevel       string    // default info
	Extra          []string  // further lines
	Host           *Host     // where the program runs; nil: on this machine
}

// Member is one pool member.
type Member struct {
	Host           string
	Port           int
	User, Password string
	TLS            *Certificates
}

// ServerCfg is a node's configuration.
type ServerCfg struct {
	Cfg
	Identity string
	Facts    string   // text of the facts file, YAML
	Classes  []string // lines of the classes file
}

// ClientCfg is a client's configuration.
type ClientCfg struct {
	Cfg
	Identity string // default lab.client
}

func (c Cfg) kind() Kind {
	switch {
	case len(c.Brokers) > 0:
		return c.Brokers[0].Kind
	case c.Connector != "":
		return c.Connector
	}
	return RabbitMQKind
}

func (c Cfg) lines() []string {
	kind, pool, vhost := c.kind(), c.Pool, c.VHost
	for _, b := range c.Brokers {
		pool = append(pool, Member{Host: b.Host, Port: b.Port, User: b.User, Password: b.Password})
		if vhost == "" {
			vhost = b.VHost
		}
	}
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	collectives := c.Collectives
	if len(collectives) == 0 {
		collectives = []string{"mcollective"}
	}
	lib := c.LibDirs
	if lib == nil {
		lib = []string{Vectors() + "/plugins"}
	}
	lines := []string{
		"collectives = " + strings.Join(collectives, ","),
		"main_collective = " + or(c.MainCollective, collectives[0]),
		"libdir = " + strings.Join(lib, ":"),
		"loglevel = " + or(c.LogLevel, "info"),
		"securityprovider = psk",
		"plugin.psk = " + or(c.Secret, "lab"),
		"connector = " + string(kind),
		"factsource = yaml",
	}
	set := func(key string, value any) { lines = append(lines, fmt.Sprintf("plugin.%s.%s = %v", kind, key, value)) }
	if vhost != "" {
		set("vhost", vhost)
	}
	set("pool.size", len(pool))
	for i, m := range pool {
		member := func(key string, value any) { set(fmt.Sprintf("pool.%d.%s", i+1, key), value) }
		member("host", m.Host)
		member("port", m.Port)
		if m.User != "" {
			member("user", m.User)
			member("password", m.Password)
		}
		if m.TLS != nil {
			member("ssl", 1)
			member("ssl.ca", m.TLS.CA)
			member("ssl.cert", m.TLS.ClientCert)
			member("ssl.key", m.TLS.ClientKey)
		}
	}
	return lines
}

// text returns the whole file; dir is where the files lie that it names.
func (c ServerCfg) text(dir string) string {
	lines := append(c.lines(),
		"identity = "+c.Identity,
		"daemonize = 0",
		"logger_type = file",
		"logfile = "+dir+"/mcollective.log",
		"plugin.yaml = "+dir+"/facts.yaml",
		"classesfile = "+dir+"/classes.txt",
		"plugin.mco.state_dir = "+dir+"/state",
	)
	return strings.Join(append(lines, c.Extra...), "\n") + "\n"
}

func (c ClientCfg) text(dir string) string {
	identity := c.Identity
	if identity == "" {
		identity = "lab.client"
	}
	lines := append(c.lines(), "identity = "+identity, "logger_type = console", "plugin.yaml = "+dir+"/facts.yaml")
	return strings.Join(append(lines, c.Extra...), "\n") + "\n"
}
