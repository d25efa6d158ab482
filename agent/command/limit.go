package command

import (
	"context"
	"time"

	"github.com/mco-go/mco-go/agent"
)

// endTime is how long before the agent's timeout a command is ended, so that the reply that says so still goes out.
const endTime = 4 * time.Second

// Limit returns how long a command that serves the request may run: the agent's timeout less what ending a command takes. A caller who
// sets a TTL shorter than this node's own wants no work after it, so it counts too; the usual one does not, since it bounds when a
// request may begin: a fleet's commands run for minutes with a TTL of 60 seconds.
func Limit(env agent.Environment, r *agent.Request) time.Duration {
	timeout := agent.Describe(env.DDL()).Timeout
	limit := max(timeout-endTime, timeout/2)
	if r.Expires.Sub(r.Time) < env.Config.TTL {
		limit = max(min(limit, r.Expires.Sub(env.Now())), time.Millisecond)
	}
	return limit
}

// Within returns the context of the commands that serve the request: it ends after [Limit], with [ErrTimeout].
func Within(ctx context.Context, env agent.Environment, r *agent.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, Limit(env, r), ErrTimeout)
}
