package validate

import (
	"context"
	"strings"

	"github.com/mco-go/mco-go/generators/target"
)

// oslo judges the fragment by the options that oslo.messaging registers: a key that it does not know is an error. Read off
// oslo.messaging 14.0.3.
func oslo() []Program {
	return []Program{{Name: "oslo-config-validator", Kinds: []string{"oslo-messaging.conf"},
		Available: need("python3-oslo.messaging, python3-oslo.config", "oslo-config-validator"),
		Run: func(ctx context.Context, scratch string, f target.File) Result {
			output, r := command{name: "oslo-config-validator", dir: scratch,
				args: []string{"--namespace", "oslo.messaging", "--input-file", At(scratch, f)}}.run(ctx)
			if r.Status == Refused && strings.Contains(output, "ModuleNotFoundError") {
				r.Status = Unable
			}
			return r
		}}}
}
