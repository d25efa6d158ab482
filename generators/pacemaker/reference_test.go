package pacemaker_test

import (
	"testing"

	"github.com/mco-go/mco-go/generators/pacemaker"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestReferences(t *testing.T) {
	known := map[string]estates.Difference{
		"agent class":      estates.Anyhow(`\b(ocf:heartbeat:)?IPaddr2`),
		"no-quorum-policy": estates.Anyhow(`(no-quorum-policy=ignore )?cluster-recheck-interval`),
	}
	for _, r := range estates.References(t, "cluster.crm") {
		t.Run(r.File, func(t *testing.T) {
			r.CompareTrees(t, r.Load(t), "cluster.crm", pacemaker.Language(), known, pacemaker.Files)
		})
	}
}
