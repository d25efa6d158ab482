package estates

import (
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/version"
)

// furnish puts into two broker groups what a broker can hold, joins them in every way, and lets a fleet use the first. The second keeps
// its configuration in the classic format.
func furnish(e *estate.Estate, main, passive *estate.BrokerGroup, servers, clients []*estate.Node) {
	mc := estate.User{Name: "mc_rabbitmq", Secret: secret.New("mc_pass", "123.com")}
	passive.Classic = true
	for _, g := range []*estate.BrokerGroup{main, passive} {
		g.Version = version.Version{3, 10, 8}
		g.Cookie = secret.New("erlang_cookie", "GENCOOKIEFORTESTSONLY")
		g.Log = "/var/log/rabbitmq"
		g.VHosts = []estate.VHost{{Name: "/"}, {Name: "/mcollective"}, {Name: "safe", DefaultQueueType: "quorum"}}
		g.Users = []estate.User{{Name: "admin", Secret: secret.New("mq_admin", "change-me"), Tags: []string{"administrator", "monitoring"}}, mc}
		g.Permissions = []estate.Permission{{User: "admin", VHost: "/", Configure: ".*", Write: ".*", Read: ".*"},
			{User: "mc_rabbitmq", VHost: "/mcollective", Configure: "^amq\\.gen.*", Write: ".*", Read: ".*"}}
		g.Exchanges = []estate.Exchange{{VHost: "/mcollective", Name: "mcollective_broadcast", Type: "topic", Durable: true},
			{VHost: "/mcollective", Name: "mcollective_directed", Type: "direct", Durable: true}}
		g.Queues = []estate.Queue{{VHost: "/", Name: "work", Durable: true, Arguments: map[string]any{"x-queue-type": "classic"}}}
		g.Policies = []estate.Policy{{VHost: "/", Name: "short", Pattern: "^tmp\\.", ApplyTo: "queues", Priority: 2, Definition: map[string]any{"message-ttl": 60000}}}
		for _, m := range g.Members {
			m.Watermark, m.DiskLimit = estate.Watermark{Relative: 0.4}, 4_300_000_000
		}
	}
	main.Partitions = "pause_minority"
	main.Extra = map[string]string{"channel_max": "2047"}
	main.Extensions = []string{"rabbitmq_prometheus"}
	e.Links = []*estate.Link{
		{Kind: "federation", A: main, B: passive, Both: true, VHost: "/mcollective", Exchanges: "^mcollective_(broadcast|directed)$", MaxHops: 1, User: mc},
		{Kind: "shovel", A: main, B: passive, VHost: "/", Queues: "work", User: mc},
		{Kind: "shovel", A: passive, B: main, VHost: "/", Exchanges: "^orders$", User: mc, Static: true},
		{Kind: "shovel", A: main, B: passive, VHost: "/", Queues: "^late\\.work$", User: mc, Static: true},
	}
	c := &estate.Collective{Name: "mcollective", VHost: "/mcollective", User: mc, PSK: secret.New("mc_psk", "a36cd839414370e10fd281b8a38a4f48"),
		Servers: servers, Clients: clients, Groups: []*estate.BrokerGroup{main},
		Pool:   estate.Pool{Order: "rotate", Heartbeat: 30, ServerSettings: map[string]string{"connect_timeout": "10"}},
		Server: map[string]string{"logfile": "/var/log/mco.log", "plugin.puppet.splay": "true"}, Client: map[string]string{"ttl": "90"}}
	for _, m := range main.Members {
		c.Pool.Endpoints = append(c.Pool.Endpoints, estate.Endpoint{Host: m.Address().String(), Port: main.Listen.STOMP, Node: m.Node})
	}
	c.ClientEndpoints = c.Pool.Endpoints
	for _, n := range servers {
		n.Servers = append(n.Servers, c)
	}
	for _, n := range clients {
		n.Clients = append(n.Clients, c)
	}
	e.Collectives = append(e.Collectives, c)
}
