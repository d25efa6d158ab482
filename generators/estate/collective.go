package estate

import (
	"cmp"
	"reflect"
	"regexp"
	"slices"
	"strconv"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/version"
)

const mainCollective = "mcollective"

func (r *resolver) resolveCollectives() {
	for _, name := range sortedKeys(r.file.Collectives) {
		t := r.file.Collectives[name]
		r.checkToken(t.Place, name, "the collective")
		r.estate.Collectives = append(r.estate.Collectives, r.collective(name, t))
	}
	// The first is the main collective of its nodes. A map has no order, so that the usual name decides.
	slices.SortStableFunc(r.estate.Collectives, func(a, b *Collective) int {
		return -cmp.Compare(btoi(a.Name == mainCollective), btoi(b.Name == mainCollective))
	})
	for _, c := range r.estate.Collectives {
		for _, n := range c.Servers {
			n.Servers = append(n.Servers, c)
		}
		for _, n := range c.Clients {
			n.Clients = append(n.Clients, c)
		}
	}
	r.checkShared()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (r *resolver) collective(name string, t *topology.Collective) *Collective {
	key := "collectives." + name
	c := &Collective{Name: name, VHost: r.text(key+".vhost", t.VHost, "/mcollective")}
	r.checkVHost(t.VHost.Place, c.VHost)
	c.PSK = r.secretValue(t.PSK, secret.CfgLine)
	c.User = User{Name: t.User.Name.V, Secret: r.secretValue(t.User.Secret, secret.CfgLine, secret.Password)}
	via := r.via(t.Via, "stomp")
	c.Groups, c.Balance, c.Pool.Endpoints = via.groups, via.balancer, via.endpoints
	r.pool(c, t, key)
	c.Servers = r.servers(t)
	c.Clients = r.members(t.Clients)
	for _, n := range slices.Concat(c.Servers, c.Clients) {
		if !n.Software.MCollective.Known() {
			n.Software.AIO = allInOne(n.Facts)
			n.Software.MCollective = r.mcollectiveVersion(n)
		}
	}
	if t.SSL != nil {
		c.TLS = &TLS{CA: r.path(key+".ssl.ca", t.SSL.CA), Cert: r.path(key+".ssl.cert", t.SSL.Cert), Key: r.path(key+".ssl.key", t.SSL.Key), Ciphers: t.SSL.Ciphers.V}
		if t.SSL.Ciphers.Set && safe.Plain("ciphers", t.SSL.Ciphers.V) != nil {
			r.bad("topology.type", t.SSL.Ciphers.Place, "not a list of ciphers", safe.Quote(t.SSL.Ciphers.V), "printable ASCII")
		}
		r.warn("cross.mismatch", t.SSL.Place, "the brokers' STOMP listeners are made without TLS", "see to it that something in front of them speaks it")
	}
	c.Server = r.settings(key+".server_settings", t.ServerSettings, true)
	c.Client = r.settings(key+".client_settings", t.ClientSettings, false)
	for _, g := range c.Groups {
		r.furnish(g, c, t)
	}
	r.clientOrder(c)
	return c
}

// mcollectiveVersion does not warn where nothing tells: every 2.x reads the same files.
func (r *resolver) mcollectiveVersion(n *Node) version.Version {
	r.warned["version of "+mcollective] = true
	return r.version(n, mcollective)
}

// furnish gives a group what a collective needs there.
func (r *resolver) furnish(g *BrokerGroup, c *Collective, t *topology.Collective) {
	r.addVHost(g, t.Place, c.VHost)
	r.addUser(g, t.User.Place, c.User)
	g.allow(c.User.Name, c.VHost)
	for _, name := range sortedKeys(t.ExtraUsers) {
		r.addUser(g, t.ExtraUsers[name].Place, r.user(name, t.ExtraUsers[name]))
		g.allow(name, c.VHost)
	}
	r.addExchange(g, t.Place, Exchange{VHost: c.VHost, Name: c.Name + "_broadcast", Type: "topic", Durable: true})
	r.addExchange(g, t.Place, Exchange{VHost: c.VHost, Name: c.Name + "_directed", Type: "direct", Durable: true})
	if c.Pool.ReplyExchange {
		g.ReplyExch = true
		r.addExchange(g, t.Place, Exchange{VHost: c.VHost, Name: "mcollective_reply", Type: "direct", Durable: true})
	}
	g.StompHeart = max(g.StompHeart, c.Pool.Heartbeat)
	r.checkRights(g, c, t)
}

// checkRights looks whether permissions that the topology gives itself let the collective's user do its work.
func (r *resolver) checkRights(g *BrokerGroup, c *Collective, t *topology.Collective) {
	for _, p := range g.Permissions {
		if p.User != c.User.Name || p.VHost != c.VHost {
			continue
		}
		for _, right := range []struct{ name, pattern string }{{"write", p.Write}, {"read", p.Read}} {
			compiled, err := regexp.Compile(right.pattern)
			for _, exchange := range []string{c.Name + "_broadcast", c.Name + "_directed"} {
				if err == nil && !compiled.MatchString(exchange) {
					r.bad("cross.mismatch", t.User.Place, "the user "+p.User+" may not "+right.name+" the exchange "+exchange, safe.Quote(right.pattern), "")
				}
			}
		}
	}
}

func (r *resolver) servers(t *topology.Collective) []*Node {
	s := t.Servers
	if len(s.List) > 0 {
		return r.members(s.List)
	}
	if s.Set && !s.All && len(s.Terms) == 0 {
		return nil
	}
	var all []*Node
	for _, f := range r.index.all {
		if !matches(f, s.Terms) {
			continue
		}
		n := r.nodes[f]
		if n == nil {
			n = r.enter(f.Identity, f)
		}
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b *Node) int { return cmp.Compare(a.Name, b.Name) })
	if len(all) == 0 {
		r.warn("topology.reference", s.Place, "no node's facts are such", "")
	}
	return all
}

// matches tells whether a node's facts equal every term.
func matches(f *facts.Node, terms []topology.Term) bool {
	for _, t := range terms {
		if value, ok := f.Fact(t.Fact); !ok || value != t.Value {
			return false
		}
	}
	return true
}

// checkShared: a node has one server.cfg and one client.cfg, so that its collectives must agree on all but their names.
func (r *resolver) checkShared() {
	type pair struct{ a, b *Collective }
	judged := make(map[pair]bool)
	for _, n := range r.nodes {
		for _, in := range [][]*Collective{n.Servers, n.Clients} {
			for i := 1; i < len(in); i++ {
				judged[pair{in[0], in[i]}] = true
			}
		}
	}
	for p := range judged {
		if !sameFile(p.a, p.b) {
			r.bad("cross.mismatch", r.file.Collectives[p.b.Name].Place, "nodes that are in the collective "+p.a.Name+" too have one file for both", "",
				"the same psk, user, vhost, via, pool, ssl and settings")
		}
	}
}

func sameFile(a, b *Collective) bool {
	type shared struct {
		vhost, user, userSecret, psk string
		pool                         Pool
		tls                          *TLS
		server, client               map[string]string
	}
	of := func(c *Collective) shared {
		return shared{c.VHost, c.User.Name, c.User.Secret.Name(), c.PSK.Name(), c.Pool, c.TLS, c.Server, c.Client}
	}
	return reflect.DeepEqual(of(a), of(b))
}

// checkMeeting: a request reaches a node only if both are on brokers that pass messages on to each other.
func (r *resolver) checkMeeting() {
	for _, c := range r.estate.Collectives {
		t := r.file.Collectives[c.Name]
		if c.Balance != nil {
			if b := c.Balance; b.Group != nil && b.Group.Kind == StandaloneSet && len(b.To) > 1 && b.Mode != ActiveBackup {
				r.bad("cross.mismatch", t.Place, "the balancer spreads the collective over brokers that know nothing of each other", string(b.Mode), "mode: active-backup, or a cluster")
			}
			continue
		}
		islands := r.islands(c)
		if islands < 2 {
			continue
		}
		if c.Pool.Order == "fixed" {
			r.warn("cross.mismatch", t.Place, "when the first broker comes back, clients find it while nodes are still on another: "+
				strconv.Itoa(islands)+" brokers know nothing of each other", "link them (federation both ways), cluster them, or put a balancer with a VIP in front")
			continue
		}
		r.problems.Add(problem.Problem{Class: "cross.mismatch", Where: t.Place.String(), What: "servers and clients cannot meet: they start on different brokers, which know nothing of each other",
			Got: "order " + c.Pool.Order, Want: "order fixed, a link, a cluster or a balancer"})
	}
}

// islands counts the brokers of a collective that no cluster and no link joins.
func (r *resolver) islands(c *Collective) int {
	var joined [][]*BrokerGroup
	count := 0
	for _, g := range c.Groups {
		if g.Kind == StandaloneSet && len(g.Members) > 1 {
			count += len(g.Members) - 1
		}
		if slices.ContainsFunc(joined, func(j []*BrokerGroup) bool { return slices.Contains(j, g) }) {
			continue
		}
		joined = append(joined, r.reachable(c, g))
		count++
	}
	return count
}

// reachable are the groups that a message of the collective comes to from g, and back.
func (r *resolver) reachable(c *Collective, g *BrokerGroup) []*BrokerGroup {
	found := []*BrokerGroup{g}
	depth := map[*BrokerGroup]int{g: 0}
	for i := 0; i < len(found); i++ {
		for _, l := range r.estate.Links {
			if !l.carries(c) || depth[found[i]] >= l.MaxHops {
				continue
			}
			for _, ends := range [][2]*BrokerGroup{{l.A, l.B}, {l.B, l.A}} {
				if ends[0] == found[i] && !slices.Contains(found, ends[1]) {
					depth[ends[1]] = depth[found[i]] + 1
					found = append(found, ends[1])
				}
			}
		}
	}
	return found
}

// carries tells whether a link passes a collective's messages on in both directions.
func (l *Link) carries(c *Collective) bool {
	if l.Kind != "federation" || !l.Both || l.VHost != c.VHost || l.Exchanges == "" {
		return false
	}
	pattern, err := regexp.Compile(l.Exchanges)
	return err == nil && pattern.MatchString(c.Name+"_broadcast") && pattern.MatchString(c.Name+"_directed")
}
