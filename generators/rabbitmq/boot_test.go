package rabbitmq

import (
	"encoding/json"
	"maps"
	"net/netip"
	"os"
	"slices"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/validate"
	"github.com/mco-go/mco-go/internal/lab"
)

// The installed RabbitMQ starts from the files of either format, has what the definitions say, and has nothing else after they were
// imported again.
func TestBoots(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	if os.Geteuid() != 0 {
		t.Skip("namespaces need the superuser")
	}
	rows := []struct {
		name   string
		change func(*estate.Estate, *estate.BrokerGroup)
	}{
		{"rabbitmq.conf, a cluster's first node", func(e *estate.Estate, g *estate.BrokerGroup) {
			g.VHosts = append(g.VHosts, estate.VHost{Name: "quorum", DefaultQueueType: "quorum"})
			g.Data, g.Log = "/var/lib/rabbitmq/data", "/var/lib/rabbitmq/log"
			g.Queues = nil // a node alone passes over queues until the cluster has the size that the file hints at
		}},
		{"rabbitmq.config, with static shovels", func(e *estate.Estate, g *estate.BrokerGroup) {
			g.Classic = true
			e.Links = append(e.Links, &estate.Link{Kind: "shovel", A: g, B: e.Brokers[1], VHost: "/", Queues: "^work$", Static: true, User: g.Users[1]})
		}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			near, far := group(t, "a", "3.10.8", estate.Cluster, 2), group(t, "b", "3.10.8", estate.Standalone, 1)
			far.Members[0].IPv4 = netip.MustParsePrefix("198.51.100.9/24") // nobody is there
			e := &estate.Estate{Name: "test", Brokers: []*estate.BrokerGroup{near, far}, Links: []*estate.Link{
				{Kind: "federation", A: far, B: near, Both: true, VHost: "/mcollective", Exchanges: "^mcollective_(broadcast|directed)$", MaxHops: 1, User: near.Users[1]},
				{Kind: "shovel", A: near, B: far, VHost: "/", Queues: "work", User: near.Users[1]},
			}}
			r.change(e, near)
			files := slices.Collect(maps.Values(written(t, e, near.Members[0].Node)))
			scratch := t.TempDir()
			if err := validate.Write(scratch, files); err != nil {
				t.Fatal(err)
			}
			b := validate.BootRabbitMQ(t.Context(), scratch, files, []string{"192.0.2.1/24"}, []string{"a1"})
			if b.Result.Status != validate.Accepted {
				t.Fatalf("%s: %s", b.Result.Status, b.Text)
			}
			if b.Exports[0] != b.Exports[1] {
				t.Errorf("the second import changed something: from\n%s\nto\n%s", b.Exports[0], b.Exports[1])
			}
			for _, f := range files {
				if f.Kind == "definitions.json" {
					holds(t, b.Exports[1], string(f.Content))
				}
			}
			var status struct {
				Listeners []struct {
					Interface, Protocol string
					Port                int
				}
			}
			if err := json.Unmarshal([]byte(b.Status), &status); err != nil {
				t.Fatal(err)
			}
			ports := make(map[string]string)
			for _, l := range status.Listeners {
				ports[l.Protocol] = l.Interface
			}
			if ports["amqp"] != "192.0.2.1" || ports["stomp"] != "[::]" || ports["http"] == "" {
				t.Errorf("listeners: %v", status.Listeners)
			}
		})
	}
}

// holds tells what of ours the export lacks. Our tags are a text, theirs a list; exchanges that are not internal do not say so.
func holds(t *testing.T, export, ours string) {
	t.Helper()
	theirs, err := generic(export)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := generic(ours)
	if err != nil {
		t.Fatal(err)
	}
	for list, items := range mine {
		items, _ := items.([]any)
		all, _ := theirs[list].([]any)
		for _, item := range items {
			if !slices.ContainsFunc(all, func(other any) bool { return covers(other, item) }) {
				t.Errorf("%s: the broker has not %v but %v", list, item, all)
			}
		}
	}
}

func generic(text string) (m map[string]any, err error) {
	err = json.Unmarshal([]byte(text), &m)
	return m, err
}

// covers tells whether a has all that b says.
func covers(a, b any) bool {
	switch b := b.(type) {
	case map[string]any:
		m, ok := a.(map[string]any)
		for k, v := range b {
			if k == "tags" || k == "internal" || k == "default_queue_type" && m["metadata"] != nil {
				continue
			}
			ok = ok && covers(m[k], v)
		}
		return ok
	case []any:
		l, ok := a.([]any)
		return ok && slices.EqualFunc(l, b, covers)
	}
	return a == b
}
