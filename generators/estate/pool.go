package estate

import (
	"hash/fnv"
	"slices"
	"strconv"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/mco/config"
)

// pool takes how a collective's nodes use the brokers.
func (r *resolver) pool(c *Collective, t *topology.Collective, key string) {
	p := t.Pool
	key += ".pool"
	c.Pool.Order = r.choice(key+".order", p.Order, "fixed", "rotate", "nearest")
	c.Pool.Heartbeat = r.number(key+".heartbeat", p.Heartbeat, 30, 0, 86_400)
	switch h := c.Pool.Heartbeat; {
	case h > 0 && h < 5:
		r.bad("topology.type", p.Heartbeat.Place, "heart-beats so close take a busy broker for a dead one", strconv.Itoa(h), "5 or more, 30 for the original")
	case h >= 5 && h < 30:
		r.warn("cross.mismatch", p.Heartbeat.Place, "the original raises heart-beats to 30 seconds: only its successors take less", "heartbeat: 30")
	case h == 0:
		r.warn("cross.mismatch", p.Heartbeat.Place, "without heart-beats a connection that is half dead is noticed after hours", "heartbeat: 30")
	}
	c.Pool.ReplyExchange = r.yes(key+".use_reply_exchange", p.UseReplyExchange, false)
	c.Pool.ServerSettings = make(map[string]string)
	set := func(name, kind, value string, at topology.Place) {
		if err := config.CheckType(kind, value); err != nil {
			r.bad("topology.type", at, "wrong type", strconv.QuoteToASCII(value), "a value of type "+kind)
			return
		}
		c.Pool.ServerSettings[name] = value
		r.origin(key+"."+name, value, at)
	}
	for name, v := range map[string]topology.Word{"initial_reconnect_delay": p.InitialReconnectDelay, "max_reconnect_delay": p.MaxReconnectDelay} {
		if v.Set {
			set(name, "float", v.V, v.Place)
		}
	}
	for name, v := range map[string]topology.Int{"back_off_multiplier": p.BackOffMultiplier, "max_reconnect_attempts": p.MaxReconnectAttempts,
		"timeout": p.Timeout, "connect_timeout": p.ConnectTimeout, "max_hbread_fails": p.MaxHbreadFails, "max_hbrlck_fails": p.MaxHbrlckFails} {
		if v.Set {
			set(name, "int", strconv.Itoa(v.V), v.Place)
		}
	}
	for name, v := range map[string]topology.Bool{"use_exponential_back_off": p.UseExponentialBackOff, "randomize": p.Randomize,
		"agents_multiplex": p.AgentsMultiplex, "base64": p.Base64, "backup": p.Backup} {
		if v.Set {
			set(name, "bool", strconv.FormatBool(v.V), v.Place)
		}
	}
}

// EndpointsOf returns the brokers in the order in which a server of the collective tries them (D9).
func (c *Collective) EndpointsOf(n *Node) []Endpoint {
	all := c.Pool.Endpoints
	if len(all) < 2 || c.Pool.Order == "fixed" {
		return slices.Clone(all)
	}
	h := fnv.New32a()
	h.Write([]byte(n.Name))
	start := int(h.Sum32() % uint32(len(all)))
	ring := slices.Concat(all[start:], all[:start])
	if c.Pool.Order != "nearest" {
		return ring
	}
	slices.SortStableFunc(ring, func(a, b Endpoint) int { return btoi(near(n, b)) - btoi(near(n, a)) })
	return ring
}

// near tells whether a broker is where the node is: in the same data centre if the facts of both name one, else in one of its subnets.
func near(n *Node, e Endpoint) bool {
	if e.Node == nil {
		return false
	}
	if n.Facts.Datacenter != "" && e.Node.Facts.Datacenter != "" {
		return n.Facts.Datacenter == e.Node.Facts.Datacenter
	}
	for _, i := range n.Facts.Interfaces {
		if loopback(i) {
			continue
		}
		for _, b := range slices.Concat(i.IPv4, i.IPv6) {
			if b.Contains(e.address()) {
				return true
			}
		}
	}
	return false
}

// clientOrder puts the broker first that most servers start on, so that a client's requests take the shortest way.
func (r *resolver) clientOrder(c *Collective) {
	all := c.Pool.Endpoints
	starts := make([]int, len(all))
	for _, n := range c.Servers {
		if first := c.EndpointsOf(n); len(first) > 0 {
			starts[slices.Index(all, first[0])]++
		}
	}
	best := 0
	for i := range starts {
		if starts[i] > starts[best] {
			best = i
		}
	}
	c.ClientEndpoints = slices.Clone(all)
	if best > 0 {
		c.ClientEndpoints = slices.Concat(all[best:best+1], all[:best], all[best+1:])
	}
	for i, e := range c.ClientEndpoints {
		r.note("collectives."+c.Name+".client.pool."+strconv.Itoa(i+1), e.Host+" port "+strconv.Itoa(e.Port), "rule D9: the broker that most servers start on comes first")
	}
}
