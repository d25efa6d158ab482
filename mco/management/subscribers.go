package management

import (
	"context"
	"slices"

	rabbithole "github.com/michaelklishin/rabbit-hole/v3"
)

// Subscribers returns the keys under which queues are bound to an exchange: of a collective's exchange for directed messages the
// identities of the nodes that have a subscription to their name.
func (a *API) Subscribers(ctx context.Context, vhost, exchange string) (keys []string, err error) {
	err = a.call(ctx, "", func(_ guard, c *rabbithole.Client) error {
		all, err := c.ListExchangeBindingsWithSource(vhost, exchange)
		for _, b := range all {
			if b.DestinationType == "queue" {
				keys = append(keys, b.RoutingKey)
			}
		}
		return err
	})
	slices.Sort(keys)
	return slices.Compact(keys), err
}
