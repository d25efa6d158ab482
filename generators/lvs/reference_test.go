package lvs_test

import (
	"path/filepath"
	"testing"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/lvs"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestReferences(t *testing.T) {
	known := map[string]estates.Difference{"mac": estates.Anyhow(`([0-9a-f]{2}:){5}[0-9a-f]{2}`)}
	for _, r := range estates.References(t, "iptables-*.rules", "sysctl-lvs.conf") {
		t.Run(r.File, func(t *testing.T) {
			if filepath.Base(r.File) == "sysctl-lvs.conf" {
				r.CompareTrees(t, r.Load(t), "sysctl-lvs.conf", block.INI("", "="), known, lvs.Files)
				return
			}
			r.CompareTrees(t, r.Load(t), "lvs.iptables", lvs.IPTables(), known, lvs.Files)
		})
	}
}
