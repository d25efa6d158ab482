package oslo_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/oslo"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestHostileStringsStayWords(t *testing.T) { estates.Hostilities(t, oslo.Files) }

// fragment is the file of the full estate's first node, after change.
func fragment(t *testing.T, change func(*estate.OpenStack)) (string, problem.List) {
	t.Helper()
	e := estates.Full()
	if change != nil {
		change(e.OpenStack)
	}
	written, problems := estates.Writer(oslo.Files).Written(t, e, e.Nodes[0])
	return written["oslo-messaging.conf"], problems
}

func TestFile(t *testing.T) {
	text, problems := fragment(t, func(o *estate.OpenStack) {
		o.User.Secret = secret.New("s", "p@ss$word %(x)s #")
		o.Endpoints = append(o.Endpoints, estate.Endpoint{Host: "2001:db8::1", Port: 5672})
	})
	if len(problems) > 0 {
		t.Error(problems)
	}
	const want = `# Managed file: written by mco generate, local edits are lost.
[DEFAULT]
transport_url = rabbit://openstack:p%40ss%24word%20%25%28x%29s%20%23@192.0.2.100:5672,openstack:p%40ss%24word%20%25%28x%29s%20%23@[2001:db8::1]:5672/%2F
rpc_response_timeout = 60
rpc_conn_pool_size = 30
executor_thread_pool_size = 64

[oslo_messaging_rabbit]
amqp_durable_queues = true
rabbit_quorum_queue = false
rabbit_ha_queues = false
rabbit_retry_interval = 1
rabbit_retry_backoff = 2
rabbit_interval_max = 30
kombu_failover_strategy = shuffle
heartbeat_timeout_threshold = 60
heartbeat_rate = 2
`
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
}

func TestReleases(t *testing.T) {
	rows := []struct {
		release  string
		kind     estate.Replication
		has, not []string
		class    problem.Class // a warning
	}{
		{"kilo", estate.NotReplicated, []string{"rpc_thread_pool_size = 64", "rabbit_ha_queues = false"},
			[]string{"executor", "quorum", "interval_max", "failover"}, "feature.removed"},
		{"Newton", estate.Mirrored, []string{"executor_thread_pool_size = 64", "rabbit_ha_queues = true", "kombu_failover_strategy"}, []string{"quorum"}, ""},
		{"zed", estate.Quorum, []string{"rabbit_quorum_queue = true", "rabbit_ha_queues = false"}, []string{"transient"}, ""},
		{"antelope", estate.Quorum, []string{"rabbit_quorum_queue = true"}, []string{"transient"}, ""},
		{"2024.1", estate.Quorum, []string{"rabbit_quorum_queue = true", "rabbit_transient_quorum_queue = true"}, nil, ""},
		{"", estate.Quorum, []string{"rabbit_transient_quorum_queue = true"}, nil, ""},
	}
	for _, r := range rows {
		t.Run("release "+r.release, func(t *testing.T) {
			text, problems := fragment(t, func(o *estate.OpenStack) { o.Release, o.Group.Replication = r.release, r.kind })
			if (len(problems) > 0) != (r.class != "") || len(problems) > 0 && (problems[0].Class != r.class || !problems[0].Warning) {
				t.Errorf("%v, want %q", problems, r.class)
			}
			estates.WantParts(t, text, r.has, r.not)
		})
	}
	if _, problems := fragment(t, func(o *estate.OpenStack) { o.Release = "icehouse" }); !problems.Failed() || problems[0].Class != "version.unsupported" {
		t.Error(problems)
	}
}

// Without nodes of its own the fragment is on the brokers' nodes.
func TestWhoGetsIt(t *testing.T) {
	e := estates.Full()
	e.OpenStack.Nodes = nil
	var got []string
	for _, n := range e.Nodes {
		if set, _ := oslo.Files(e, n); len(set.Files) > 0 {
			got = append(got, n.Name)
		}
	}
	if diff := cmp.Diff([]string{"ap1", "ap2"}, got); diff != "" {
		t.Error(diff)
	}
}
