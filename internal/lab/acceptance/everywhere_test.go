package acceptance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/lab"
)

// A node with a session on every member of a cluster hears each request twice, and whoever asks hears it once: the original's client
// counts what comes.
func TestSessionsEverywhereInACluster(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer, lab.Ruby)
	t.Parallel()
	brokers := lab.Brokers(t, lab.RabbitMQKind, 2, lab.BrokerOptions{Cluster: true})
	node := lab.GoNode(t, lab.ServerCfg{Cfg: lab.Cfg{Brokers: brokers, LogLevel: "debug", Extra: []string{"plugin.mco.pool.mode = all"}}, Identity: "both"})
	for _, b := range brokers {
		says(t, node, fmt.Sprintf("Subscriptions are proven at stomp://%s@%s", b.User, b.Addr()))
	}
	for i := range brokers {
		pool := append(append([]*lab.Broker{}, brokers[i:]...), brokers[:i]...)
		for _, client := range []*lab.Client{lab.RubyMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: pool}}), lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: pool}})} {
			if out := client.Run(t, "ping"); strings.Count(out.Stdout, "both ") != 1 || !strings.Contains(out.Stdout, "1 replies") {
				t.Errorf("%s mco ping at %s:\n%s", client.Name, pool[0].Name, out.All())
			}
			if out := client.Run(t, "rpc", "rpcutil", "ping"); strings.Count(out.Stdout, "both ") != 1 {
				t.Errorf("%s mco rpc at %s:\n%s", client.Name, pool[0].Name, out.All())
			}
		}
	}
}
