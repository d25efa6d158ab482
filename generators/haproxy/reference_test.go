package haproxy_test

import (
	"testing"

	"github.com/mco-go/mco-go/generators/haproxy"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestReferences(t *testing.T) {
	known := map[string]estates.Difference{
		"addresses":    estates.Anyhow(`\b(\d+\.){3}\d+:`),
		"proxy names":  estates.Anyhow(`\blisten \w+`),
		"server names": estates.Anyhow(`\bserver \w+`),
		"maxconn":      estates.Without("/ maxconn "),
		"socket":       estates.Anyhow(`stats socket \S+`),
	}
	for _, r := range estates.References(t, "haproxy.cfg") {
		t.Run(r.File, func(t *testing.T) {
			e := r.Load(t)
			v := estates.Node(t, e, r.Node).Software.HAProxy
			r.CompareTrees(t, e, "haproxy.cfg", haproxy.Language(v), known, haproxy.Files)
		})
	}
}
