package estate

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/secret"
)

const everything = ".*"

// declare takes what the topology itself says is in a group's broker; collectives, links and OpenStack add to it later.
func (r *resolver) declare(g *BrokerGroup, t *topology.Broker, key string) {
	if t.VHosts == nil {
		g.VHosts = []VHost{{Name: "/"}}
		r.note(key+".vhosts", "/", "default")
	}
	for _, name := range sortedKeys(t.VHosts) {
		v := t.VHosts[name]
		if r.checkVHost(v.Place, name) {
			kind := ""
			if v.DefaultQueueType.Set {
				kind = r.choice(key+".vhosts."+name+".default_queue_type", v.DefaultQueueType, "classic", "quorum", "stream")
			}
			g.VHosts = append(g.VHosts, VHost{Name: name, DefaultQueueType: kind})
		}
	}
	for _, name := range sortedKeys(t.Users) {
		r.addUser(g, t.Users[name].Place, r.user(name, t.Users[name]))
	}
	for _, p := range t.Permissions {
		for _, pattern := range []topology.Text{p.Configure, p.Write, p.Read} {
			r.checkPattern(pattern)
		}
		g.Permissions = append(g.Permissions, Permission{User: p.User.V, VHost: p.VHost.V, Configure: p.Configure.V, Write: p.Write.V, Read: p.Read.V})
	}
	for _, x := range t.Exchanges {
		r.checkWord(x.Name, "an exchange")
		if strings.HasPrefix(x.Name.V, "amq.") {
			r.bad("exchange.clash", x.Name.Place, "the names that begin with amq. are the broker's own", x.Name.V, "")
		}
		kind := r.choice(key+".exchanges."+x.Name.V+".type", x.Type, "topic", "direct", "fanout", "headers")
		r.addExchange(g, x.Place, Exchange{VHost: or(x.VHost, "/"), Name: x.Name.V, Type: kind, Durable: !x.Durable.Set || x.Durable.V})
	}
	r.queues(g, t)
}

func (r *resolver) queues(g *BrokerGroup, t *topology.Broker) {
	for _, q := range t.Queues {
		r.checkWord(q.Name, "a queue")
		queue := Queue{VHost: or(q.VHost, "/"), Name: q.Name.V, Durable: !q.Durable.Set || q.Durable.V, Arguments: make(map[string]any)}
		for _, name := range sortedKeys(q.Arguments) {
			queue.Arguments[name] = q.Arguments[name].V
		}
		if slices.ContainsFunc(g.Queues, func(o Queue) bool { return o.VHost == queue.VHost && o.Name == queue.Name }) {
			r.bad("exchange.clash", q.Place, "the queue is declared twice", q.Name.V, "")
		}
		if !queue.Durable {
			if g.Version.AtLeast(4, 3) {
				r.bad("feature.removed", q.Place, "RabbitMQ 4.3 refuses queues that are neither durable nor exclusive", q.Name.V, "durable: true")
			}
			if queue.Arguments["x-queue-type"] == "quorum" {
				r.bad("policy.invalid", q.Place, "a quorum queue is durable", q.Name.V, "durable: true")
			}
		}
		g.Queues = append(g.Queues, queue)
	}
}

func or(t topology.Text, fallback string) string {
	if t.Set {
		return t.V
	}
	return fallback
}

func (r *resolver) user(name string, u *topology.User) User {
	user := User{Name: name, Secret: r.secretValue(u.Secret, secret.Password)}
	for _, tag := range u.Tags {
		if r.checkToken(tag.Place, tag.V, "a tag") {
			user.Tags = append(user.Tags, tag.V)
		}
	}
	slices.Sort(user.Tags)
	user.Tags = slices.Compact(user.Tags)
	return user
}

// addUser declares a user. The same user may be named at several places as long as it is one.
func (r *resolver) addUser(g *BrokerGroup, at topology.Place, u User) {
	if !r.checkToken(at, u.Name, "the user") {
		return
	}
	if u.Name == "guest" {
		r.warn("user.unknown", at, "guest is the user that everybody tries first", "take another name")
	}
	for _, other := range g.Users {
		if other.Name != u.Name {
			continue
		}
		if other.Secret.Name() != u.Secret.Name() {
			r.bad("cross.mismatch", at, "the user "+u.Name+" has two secrets", u.Secret.Name(), other.Secret.Name())
		}
		return
	}
	g.Users = append(g.Users, u)
	r.origin("brokers."+g.Name+".users."+u.Name, strings.Join(u.Tags, ","), at)
}

// addVHost declares what something else needs.
func (r *resolver) addVHost(g *BrokerGroup, at topology.Place, name string) {
	if !g.hasVHost(name) {
		g.VHosts = append(g.VHosts, VHost{Name: name})
		r.origin("brokers."+g.Name+".vhosts", name, at)
	}
}

func (g *BrokerGroup) hasVHost(name string) bool {
	return slices.ContainsFunc(g.VHosts, func(v VHost) bool { return v.Name == name })
}

// allow gives a user everything in a vhost, unless the topology has said what it may.
func (g *BrokerGroup) allow(user, vhost string) {
	if !slices.ContainsFunc(g.Permissions, func(p Permission) bool { return p.User == user && p.VHost == vhost }) {
		g.Permissions = append(g.Permissions, Permission{User: user, VHost: vhost, Configure: everything, Write: everything, Read: everything})
	}
}

func (r *resolver) addExchange(g *BrokerGroup, at topology.Place, x Exchange) {
	for _, other := range g.Exchanges {
		if other.VHost != x.VHost || other.Name != x.Name {
			continue
		}
		if other != x {
			r.bad("exchange.clash", at, "the exchange "+x.Name+" is declared twice, and not alike", describeExchange(x), describeExchange(other))
		}
		return
	}
	g.Exchanges = append(g.Exchanges, x)
	r.origin("brokers."+g.Name+".exchanges."+x.Name, describeExchange(x), at)
}

func describeExchange(x Exchange) string {
	if x.Durable {
		return "durable " + x.Type
	}
	return "transient " + x.Type
}

func (r *resolver) checkVHost(at topology.Place, name string) bool {
	plain := name != "" && len(name) <= 255
	for _, c := range []byte(name) {
		plain = plain && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/_.-@:+", c) >= 0)
	}
	if !plain {
		r.bad("topology.type", at, "not the name of a vhost", safe.Quote(name), "1 to 255 of A-Z a-z 0-9 / _ . - @ : +")
	}
	return plain
}

// checkWord accepts names of exchanges and queues.
func (r *resolver) checkWord(t topology.Text, what string) {
	if t.V == "" || len(t.V) > 255 || safe.Plain("a name", t.V) != nil || strings.ContainsAny(t.V, "\"\\") {
		r.bad("topology.type", t.Place, "not the name of "+what, safe.Quote(t.V), "1 to 255 of printable ASCII without quotes and backslash")
	}
}

// finishDefinitions puts all in order and follows the references, once everybody has declared what they need.
func (r *resolver) finishDefinitions(g *BrokerGroup) {
	t := r.file.Brokers[g.Name]
	slices.SortFunc(g.VHosts, func(a, b VHost) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(g.Users, func(a, b User) int { return cmp.Compare(a.Name, b.Name) })
	for i, p := range t.Permissions {
		if !slices.ContainsFunc(g.Users, func(u User) bool { return u.Name == p.User.V }) {
			r.bad("user.unknown", p.User.Place, "no such user", safe.Quote(p.User.V), "")
		}
		r.knownVHost(g, p.VHost)
		for _, earlier := range t.Permissions[:i] {
			if earlier.User.V == p.User.V && earlier.VHost.V == p.VHost.V {
				r.bad("policy.invalid", p.Place, "the user's permissions in the vhost are there twice", p.User.V, "")
			}
		}
	}
	for _, x := range t.Exchanges {
		r.knownVHost(g, x.VHost)
	}
	for _, q := range t.Queues {
		r.knownVHost(g, q.VHost)
	}
	for _, p := range t.Policies {
		r.knownVHost(g, p.VHost)
	}
	r.checkDurability(g, t)
	slices.SortStableFunc(g.Permissions, func(a, b Permission) int { return cmp.Or(cmp.Compare(a.VHost, b.VHost), cmp.Compare(a.User, b.User)) })
	slices.SortStableFunc(g.Exchanges, func(a, b Exchange) int { return cmp.Or(cmp.Compare(a.VHost, b.VHost), cmp.Compare(a.Name, b.Name)) })
	slices.SortStableFunc(g.Queues, func(a, b Queue) int { return cmp.Or(cmp.Compare(a.VHost, b.VHost), cmp.Compare(a.Name, b.Name)) })
	slices.SortStableFunc(g.Policies, func(a, b Policy) int {
		return cmp.Or(cmp.Compare(a.VHost, b.VHost), cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Name, b.Name))
	})
}

// checkDurability warns of queues that a policy copies to other nodes though they do not survive the restart of one.
func (r *resolver) checkDurability(g *BrokerGroup, t *topology.Broker) {
	for _, q := range t.Queues {
		if !q.Durable.Set || q.Durable.V {
			continue
		}
		for _, p := range g.Policies {
			pattern, err := regexp.Compile(p.Pattern)
			if p.Definition["ha-mode"] != nil && p.VHost == or(q.VHost, "/") && err == nil && pattern.MatchString(q.Name.V) {
				r.warn("cross.mismatch", q.Place, "the queue "+q.Name.V+" is mirrored by the policy "+p.Name+" and lost with a restart", "durable: true")
			}
		}
	}
}

func (r *resolver) knownVHost(g *BrokerGroup, t topology.Text) {
	if t.Set && !g.hasVHost(t.V) {
		r.bad("vhost.unknown", t.Place, fmt.Sprintf("the group %s has no such vhost", g.Name), safe.Quote(t.V), "")
	}
}
