package management

import (
	"context"
	"net/url"
	"slices"
	"time"

	rabbithole "github.com/michaelklishin/rabbit-hole/v3"
)

// Subscribers is who has subscribed to names at an exchange.
type Subscribers struct {
	Names    []string // the keys under which queues are bound: of a collective's exchange for directed messages the identities of nodes
	Nameless int      // STOMP connections to the vhost that take messages from no such queue, and are no passing clients
}

// passing is how long a client may stay whose connection is not counted as nameless.
const passing = 30 * time.Second

// Subscribers tells who has subscribed to names at an exchange. The user needs the right to see the vhost.
func (a *API) Subscribers(ctx context.Context, vhost, exchange string) (s Subscribers, err error) {
	err = a.call(ctx, "", func(g guard, c *rabbithole.Client) error {
		bindings, err := c.ListExchangeBindingsWithSource(vhost, exchange)
		if err != nil {
			return err
		}
		bound := map[string]bool{}
		for _, b := range bindings {
			if b.DestinationType == "queue" {
				s.Names = append(s.Names, b.RoutingKey)
				bound[b.Destination] = true
			}
		}
		var consumers []consumer
		if err := g.get("consumers/"+url.PathEscape(vhost)+"?columns=queue.name,queue.vhost,channel_details.connection_name", &consumers); err != nil {
			return err
		}
		named := map[string]bool{}
		for _, x := range consumers {
			if bound[x.Queue.Name] {
				named[x.Channel.Connection] = true
			}
		}
		all, err := connections(c)
		for _, x := range all {
			if x.STOMP() && x.VHost == vhost && !named[x.Name] && time.Since(x.Since) > passing {
				s.Nameless++
			}
		}
		return err
	})
	slices.Sort(s.Names)
	s.Names = slices.Compact(s.Names)
	return s, err
}
