package keepalived_test

import (
	"testing"

	"github.com/mco-go/mco-go/generators/keepalived"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestReferences(t *testing.T) {
	known := map[string]estates.Difference{
		"router_id":     estates.Without("router_id "),
		"addresses":     estates.Anyhow(`\b(\d+\.){3}\d+`),
		"instance name": estates.Anyhow(`(vrrp_instance|lvs_sync_daemon \w+) \w+`),
		"transport":     estates.Without("unicast_"),
		"state":         estates.Anyhow(`/ state \w+`),
		"socket":        estates.Anyhow(`/(run|var)/\S+`),
	}
	for _, r := range estates.References(t, "keepalived-*.conf") {
		t.Run(r.File, func(t *testing.T) {
			e := r.Load(t)
			v := estates.Node(t, e, r.Node).Software.Keepalived
			r.CompareTrees(t, e, "keepalived.conf", keepalived.Language(v), known, keepalived.Files)
		})
	}
}
