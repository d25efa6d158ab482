package spelling

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"brokers", "balancers", "nodes", "kind", "to", "to_nodes"}
	for typed, want := range map[string]string{"nodez": "nodes", "broker": "brokers", "brkoers": "brokers", "balancer": "balancers", "knid": "kind",
		"xyz": "", "": "", "too": "to", strings.Repeat("x", 100): "", "to-nodes": "to_nodes"} {
		if got := Nearest(typed, names); got != want {
			t.Errorf("%q: got %q, want %q", typed, got, want)
		}
	}
}
