package systems

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/site"
)

// copies tells where a queue is: its master first, then the others, those that are not in step left out.
func copies(t testing.TB, s *site.Site, at, queue string) ([]string, error) {
	t.Helper()
	out := s.Control(t, at, "list_queues", "--no-table-headers", "name", "pid", "synchronised_slave_pids")
	for row := range strings.Lines(out) {
		cells := strings.SplitN(strings.TrimSpace(row), "\t", 3)
		if cells[0] != queue || len(cells) < 3 {
			continue
		}
		var nodes []string
		for word := range strings.SplitSeq(cells[1]+cells[2], "<rabbit@") {
			if host, _, ok := strings.Cut(word, "."); ok {
				nodes = append(nodes, host)
			}
		}
		return nodes, nil
	}
	return nil, fmt.Errorf("no queue %s: %s", queue, out)
}

// manage asks a broker's management API, which must answer; the broker does not when it is down.
func manage(client *lab.Host, broker, path, body string, into any) error {
	out, err := client.Command("curl", "-s", "-m", "5", "-u", "admin:change-me", "-d", body, "http://"+broker+":15672/api/"+path).Output()
	if err != nil {
		return fmt.Errorf("ask %s: %w", broker, err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// T06: a message survives the loss of the node that has its queue's master, whatever says where the copies are.
func TestMirroredQueues(t *testing.T) {
	lab.NeedFull(t)
	s := site.New(t, load(t, "mirrored.yaml", "debian12-facter4"))
	client := s.Guest(t, "client", netip.MustParsePrefix("192.168.11.200/24"))
	address := map[string]string{"bhz76": "192.168.11.76", "bhz77": "192.168.11.77", "bhz78": "192.168.11.78"}
	form(t, s, "bhz76", "bhz78", "bhz77") // the last one declares the queues
	queues := []struct {
		name   string
		copies int
		on     []string // where alone they may be
	}{{"all", 3, trio}, {"hello", 2, trio}, {"named", 2, []string{"bhz77", "bhz78"}}}
	const master = "bhz77"
	heirs := make(map[string]string) // a node with a copy, of each queue
	for _, q := range queues {
		lab.Wait(t, "the copies of "+q.name, time.Minute, func() error {
			nodes, err := copies(t, s, trio[0], q.name)
			if err != nil {
				return err
			}
			if len(nodes) != q.copies || nodes[0] != master || slices.ContainsFunc(nodes, func(n string) bool { return !slices.Contains(q.on, n) }) {
				return fmt.Errorf("on %v", nodes)
			}
			heirs[q.name] = nodes[1]
			return nil
		})
		var put struct{ Routed bool }
		must(t, manage(client, address[master], "exchanges/%2F/amq.default/publish", fmt.Sprintf(
			`{"properties":{"delivery_mode":2},"routing_key":%q,"payload":"kept by %[1]s","payload_encoding":"string"}`, q.name), &put))
		if !put.Routed {
			t.Fatalf("%s took no message", q.name)
		}
	}
	before := time.Now()
	s.Broker(master).Kill()
	var measured []string
	for _, q := range queues {
		lab.Wait(t, "the message of "+q.name, time.Minute, func() error {
			var got []struct{ Payload string }
			err := manage(client, address[heirs[q.name]], "queues/%2F/"+q.name+"/get", `{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}`, &got)
			if err == nil && (len(got) != 1 || got[0].Payload != "kept by "+q.name) {
				err = fmt.Errorf("got %v", got)
			}
			return err
		})
		measured = append(measured, within(t, fmt.Sprintf("%s (%d copies)", q.name, q.copies), time.Since(before), 10*time.Second))
	}
	for _, bad := range []struct {
		name string
		args []string
		exit int
	}{
		{"mode", []string{"set_policy", "bad", "^", `{"ha-mode":"most"}`}, 69},
		{"pattern", []string{"set_policy", "bad", "(", `{"ha-mode":"all"}`}, 69},
		{"vhost", []string{"set_policy", "-p", "nowhere", "bad", "^", `{"ha-mode":"all"}`}, 65},
	} {
		if out, exit := s.TryControl(t, trio[0], bad.args...); exit != bad.exit {
			t.Errorf("a bad %s: exit code %d, want %d: %s", bad.name, exit, bad.exit, out)
		}
	}
	figures.add(t, line{"T06", "mirrored queues: on all, on two, on two that are named", "a persistent message put into each and confirmed; the node of their masters killed",
		"had from another node within 10 s, none lost", strings.Join(measured, "; ")})
}
