package drbd_test

import (
	"testing"

	"github.com/mco-go/mco-go/generators/drbd"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestReferences(t *testing.T) {
	known := map[string]estates.Difference{
		"secret":  estates.Without("cram-hmac-alg ", "shared-secret "),
		"node-id": estates.Without("/ node-id "),
	}
	for _, r := range estates.References(t, "rabbitmq.res") {
		t.Run(r.File, func(t *testing.T) {
			r.CompareTrees(t, r.Load(t), "drbd.res", drbd.Language(), known, drbd.Files)
		})
	}
}
