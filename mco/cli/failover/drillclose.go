package failover

import (
	"context"
	"fmt"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/failover/drill"
	"github.com/mco-go/mco-go/mco/management"
)

// manager closes a broker's connections through its management interface.
type manager struct{ api *management.API }

var _ drill.Closer = manager{}

// closerOf returns what closes the connections of a pool's member.
func closerOf(cfg *config.Config, number int) (drill.Closer, error) {
	apis, err := management.FromConfig(cfg)
	if err != nil {
		return nil, err
	}
	for _, a := range apis {
		if a.Member == number {
			return manager{a}, nil
		}
	}
	return nil, fmt.Errorf("--connections needs plugin.mco.management.%d.url, .user and .password_file in %s", number, cfg.File)
}

// Reachable implements [drill.Closer].
func (m manager) Reachable(ctx context.Context) error {
	_, err := m.of(ctx)
	return err
}

// of returns the STOMP connections of the broker that the interface belongs to; it knows those of its whole cluster.
func (m manager) of(ctx context.Context) (names []string, err error) {
	v, err := m.api.Look(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range v.Connections {
		if c.Node == v.Node {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s knows of no STOMP connections to %s", m.api.URL, v.Node)
	}
	return names, nil
}

// CloseSTOMP implements [drill.Closer].
func (m manager) CloseSTOMP(ctx context.Context) (closed int, err error) {
	names, err := m.of(ctx)
	for _, n := range names {
		if err := m.api.CloseConnection(ctx, n, "mco failover drill"); err != nil {
			return closed, err
		}
		closed++
	}
	return closed, err
}
