package failover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/rpc"
)

// Agent is the agent of ours that tells where a node stands; its action is status, and [ReadTold] reads the answer.
const Agent = agentName

// Guest is a session with one broker alone, and a client that asks over it. What one broker shows is not the fleet: the client keeps
// nothing of it.
type Guest struct {
	Conn   connector.Connector
	Client *rpc.Client
}

// Enter begins a session with a member of the pool under a name, and returns when the broker has taken us in, or has refused once. The
// guest has to be left in any case ([Guest.Leave]), also beside an error.
func Enter(ctx context.Context, o Options, m Member, name string) (*Guest, error) {
	g := new(Guest)
	var err error
	if g.Conn, err = m.Open(name, slog.New(slog.DiscardHandler)); err != nil {
		return g, err
	}
	if err := g.Conn.Start(ctx); err != nil {
		return g, err
	}
	if err := ready(ctx, g.Conn, o.Timeout); err != nil {
		return g, err
	}
	settings := rpc.OptionsFromConfig(o.Config)
	settings.Connector, settings.Security, settings.Memory = g.Conn, o.Security, nil
	g.Client, err = rpc.New(settings)
	return g, err
}

// ready waits until a session is Ready, or has failed once.
func ready(ctx context.Context, conn connector.Connector, limit time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %s", limit))
	defer cancel()
	for {
		select {
		case st := <-conn.Changes():
			switch {
			case st.State == connector.Ready:
				return nil
			case st.LastErr != nil:
				return st.LastErr
			case st.State == connector.Closed:
				return errors.Join(connector.ErrClosed, context.Cause(ctx))
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Leave ends the session.
func (g *Guest) Leave() {
	if g != nil && g.Conn != nil {
		_ = g.Conn.Close() // what is left of the session is gone in any case
	}
}
