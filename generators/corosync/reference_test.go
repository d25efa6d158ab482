package corosync_test

import (
	"testing"

	"github.com/mco-go/mco-go/generators/corosync"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestReferences(t *testing.T) {
	known := map[string]estates.Difference{
		"cluster_name": estates.Without("cluster_name "),
	}
	for _, r := range estates.References(t, "corosync.conf") {
		t.Run(r.File, func(t *testing.T) {
			r.CompareTrees(t, r.Load(t), "corosync.conf", corosync.Language(), known, corosync.Files)
		})
	}
}
