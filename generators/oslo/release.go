package oslo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
)

// release is an OpenStack release by its place in the row of all.
type release int

// releases lists those that are known, from the first that has a section for RabbitMQ of its own. Since 2023 a release is called by
// its year, and also by a word.
var releases = []string{
	"kilo", "liberty", "mitaka", "newton", "ocata", "pike", "queens", "rocky", "stein", "train", "ussuri", "victoria", "wallaby", "xena",
	"yoga", "zed", "2023.1 antelope", "2023.2 bobcat", "2024.1 caracal", "2024.2 dalmatian", "2025.1 epoxy", "2025.2 flamingo",
}

// The releases that changed what is written: their places in releases.
const (
	mitaka  release = 2  // executor_thread_pool_size for rpc_thread_pool_size; rabbit_interval_max, kombu_failover_strategy
	zed     release = 15 // quorum queues
	caracal release = 18 // transient queues can be quorum queues as well
)

func (r release) before(other release) bool { return r < other }

// releaseOf finds a release by any of its names. One without a name is the newest.
func releaseOf(n *estate.Node, name string) (release, problem.List) {
	at := func(class problem.Class, warning bool, what, want string) problem.List {
		return problem.List{{Class: class, Warning: warning, Node: n.Name, Where: Path, What: what, Got: fmt.Sprintf("%+q", name), Want: want}}
	}
	newest := release(len(releases) - 1)
	if name == "" {
		return newest, nil
	}
	i := slices.IndexFunc(releases, func(names string) bool { return slices.Contains(strings.Fields(names), strings.ToLower(name)) })
	switch r := release(i); {
	case i < 0:
		return 0, at("version.unsupported", false, "the release of OpenStack is not known", releases[0]+" to "+releases[newest])
	case r.before(mitaka):
		return r, at("feature.removed", true, "the fragment has rpc_thread_pool_size, which later releases no longer know", "executor_thread_pool_size from Mitaka on")
	default:
		return r, nil
	}
}
