package validate

import (
	"context"

	"github.com/mco-go/mco-go/generators/target"
)

// haproxy judges its configuration by itself: -V because a file may silence it, -dW because a missing timeout is a warning only. It
// does not see two proxies on one port, an address that is not the node's, nor more connections than there are descriptors. Read off
// HAProxy 2.6.12.
func haproxy() []Program {
	return []Program{{Name: "haproxy", Kinds: []string{"haproxy.cfg"}, Available: need("haproxy", "haproxy"),
		Run: func(ctx context.Context, scratch string, f target.File) Result {
			_, r := command{name: "haproxy", args: []string{"-c", "-V", "-dW", "-f", At(scratch, f)}, dir: scratch}.run(ctx)
			return r
		}}}
}
