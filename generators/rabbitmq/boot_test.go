package rabbitmq

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/validate"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// The installed RabbitMQ starts from the files of either format, has what the definitions say, and has nothing else after they were
// imported again.
func TestBoots(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	lab.Need(t, lab.Superuser)
	full := estates.Full()
	rows := []struct {
		name string
		e    *estate.Estate
		m    *estate.BrokerMember
	}{
		{"rabbitmq.conf with advanced.config", full, full.Brokers[0].Members[0]},
		{"rabbitmq.config with static shovels", full, full.Brokers[1].Members[0]},
	}
	for _, classic := range []bool{false, true} {
		name, e, m := fromCorpus(t, classic)
		rows = append(rows, struct {
			name string
			e    *estate.Estate
			m    *estate.BrokerMember
		}{name, e, m})
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			files := slices.Collect(maps.Values(written(t, r.e, r.m.Node)))
			scratch := t.TempDir()
			if err := validate.Write(scratch, files); err != nil {
				t.Fatal(err)
			}
			_, host, _ := strings.Cut(r.m.NodeName, "@")
			b := validate.BootRabbitMQ(t.Context(), scratch, files, []string{r.m.IPv4.String()}, []string{host})
			if b.Result.Status != validate.Accepted {
				t.Fatalf("%s: %s", b.Result.Status, b.Text)
			}
			if b.Exports[0] != b.Exports[1] {
				t.Errorf("the second import changed something: from\n%s\nto\n%s", b.Exports[0], b.Exports[1])
			}
			for _, f := range files {
				if f.Kind == "definitions.json" {
					holds(t, b.Exports[1], string(f.Content), len(r.m.Group.Members) > 1)
				}
			}
			checkListeners(t, r.m, b.Status)
		})
	}
}

// fromCorpus picks a broker of a topology whose files the installed version reads, and that keeps its data where the package does.
func fromCorpus(t *testing.T, classic bool) (string, *estate.Estate, *estate.BrokerMember) {
	t.Helper()
	for _, r := range estates.Rendering(t) {
		if r.Software == nil {
			continue
		}
		e := r.Load(t)
		for _, g := range e.Brokers {
			if g.Classic == classic && g.Kind != estate.ActivePassive && !strings.HasPrefix(g.Data, "/data") && !strings.HasPrefix(g.Log, "/data") {
				return fmt.Sprintf("%s, group %s, classic %t", r.Topology, g.Name, classic), e, g.Members[0]
			}
		}
	}
	t.Fatalf("no topology has a broker with classic %t", classic)
	return "", nil, nil
}

// checkListeners compares what the node listens on with what its group has.
func checkListeners(t *testing.T, m *estate.BrokerMember, status string) {
	t.Helper()
	var s struct {
		Listeners []struct {
			Interface, Protocol string
			Port                int
		}
	}
	if err := json.Unmarshal([]byte(status), &s); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, l := range s.Listeners {
		got[l.Protocol] = fmt.Sprintf("%s:%d", l.Interface, l.Port)
	}
	address := m.Address().String()
	if m.Wildcard {
		address = "[::]"
	}
	want := map[string]string{"amqp": fmt.Sprintf("%s:%d", address, m.Group.Listen.AMQP)}
	if m.Group.Stomp && m.StompBound {
		want["stomp"] = fmt.Sprintf("%s:%d", address, m.Group.Listen.STOMP)
	} else if m.Group.Stomp {
		want["stomp"] = fmt.Sprintf("[::]:%d", m.Group.Listen.STOMP)
	}
	for protocol, at := range want {
		if got[protocol] != at {
			t.Errorf("%s listens on %q, want %q (all: %v)", protocol, got[protocol], at, got)
		}
	}
	if m.Group.Management && !strings.HasSuffix(got["http"], fmt.Sprintf(":%d", m.Group.Listen.Management)) {
		t.Errorf("management listens on %q", got["http"])
	}
}

// holds tells what of ours the export lacks. Our tags are a text, theirs a list; exchanges that are not internal do not say so.
// A node alone passes over queues until its cluster has the size that the file hints at.
func holds(t *testing.T, export, ours string, alone bool) {
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
		if list == "queues" && alone {
			continue
		}
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
