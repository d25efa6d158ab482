package rabbitmq

import (
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// One node of each format is enough: the others differ in numbers alone.
func TestHostileStrings(t *testing.T) {
	estates.Hostilities(t, func(e *estate.Estate, n *estate.Node) (target.Set, problem.List) {
		if n.Broker == nil || n.Broker != n.Broker.Group.Members[0] {
			return target.Set{}, nil
		}
		return Files(e, n)
	})
}
