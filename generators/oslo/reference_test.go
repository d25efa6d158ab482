package oslo_test

import (
	"testing"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/oslo"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestReferences(t *testing.T) {
	known := map[string]estates.Difference{
		"hosts":               estates.Anyhow(`rabbit://\S+/`),
		"rabbit_quorum_queue": estates.Anyhow(`rabbit_quorum_queue \w+`),
	}
	for _, r := range estates.References(t, "oslo-messaging.conf") {
		t.Run(r.File, func(t *testing.T) {
			r.Software = map[string]string{"openstack": r.Release}
			r.CompareTrees(t, r.Load(t), "oslo-messaging.conf", block.INI("", "="), known, oslo.Files)
		})
	}
}
