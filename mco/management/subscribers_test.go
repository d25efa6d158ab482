package management

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A node with a subscription to its name, one that lost it, a client that has just come, a program of another vhost, and one that does not
// speak STOMP.
func TestSubscribers(t *testing.T) {
	now := time.Now().UnixMilli()
	connection := func(name, protocol, vhost string, since int64) string {
		return fmt.Sprintf(`{"name":%q,"protocol":%q,"vhost":%q,"peer_host":"h","peer_port":1,"port":61613,"connected_at":%d}`, name, protocol, vhost, since)
	}
	a := fake(t, map[string]string{
		"exchanges//mcollective/mcollective_directed/bindings/source": `[
			{"source":"mcollective_directed","destination":"q1","destination_type":"queue","routing_key":"web1"},
			{"source":"mcollective_directed","destination":"q2","destination_type":"queue","routing_key":"web1"},
			{"source":"mcollective_directed","destination":"upstream","destination_type":"exchange","routing_key":"x"}]`,
		"consumers//mcollective": `[{"queue":{"name":"q1","vhost":"/mcollective"},"channel_details":{"connection_name":"node"}},
			{"queue":{"name":"q9","vhost":"/mcollective"},"channel_details":{"connection_name":"deaf"}},
			{"queue":{"name":"q8","vhost":"/mcollective"},"channel_details":[]}]`,
		"connections": `{"page":1,"page_count":1,"items":[` + connection("node", "STOMP 1.1", "/mcollective", now-1e6) + "," +
			connection("deaf", "STOMP 1.1", "/mcollective", now-1e6) + "," + connection("client", "STOMP 1.2", "/mcollective", now) + "," +
			connection("other", "STOMP 1.1", "/", now-1e6) + "," + connection("amqp", "AMQP 0-9-1", "/mcollective", now-1e6) + `]}`,
	})
	got, err := a.Subscribers(t.Context(), "/mcollective", "mcollective_directed")
	if diff := cmp.Diff(Subscribers{Names: []string{"web1"}, Nameless: 1}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := a.Subscribers(t.Context(), "/mcollective", "nosuch"); err == nil {
		t.Error("an exchange that is not there has subscribers")
	}
}
