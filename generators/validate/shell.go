package validate

import (
	"context"

	"github.com/mco-go/mco-go/generators/target"
)

// shell judges what sh executes: its syntax by dash, its habits by shellcheck. rabbitmq-env.conf has no first line that names a
// shell (SC2148), and its variables are read by others (SC2034).
func shell() []Program {
	kinds := []string{"rabbitmq-env.conf", "haproxy_check.sh"}
	return []Program{
		{Name: "dash", Kinds: kinds, Available: need("dash", "dash"),
			Run: func(ctx context.Context, scratch string, f target.File) Result {
				_, r := command{name: "dash", args: []string{"-n", At(scratch, f)}, dir: scratch}.run(ctx)
				return r
			}},
		{Name: "shellcheck", Kinds: kinds, Available: need("shellcheck", "shellcheck"),
			Run: func(ctx context.Context, scratch string, f target.File) Result {
				args := []string{"-s", "sh"}
				if f.Kind == "rabbitmq-env.conf" {
					args = append(args, "-e", "SC2034,SC2148")
				}
				_, r := command{name: "shellcheck", args: append(args, At(scratch, f)), dir: scratch}.run(ctx)
				return r
			}},
	}
}
