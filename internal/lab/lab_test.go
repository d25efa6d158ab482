package lab_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

var peers lab.Shared

func TestMain(m *testing.M) { os.Exit(peers.Run(m)) }

func TestOriginalAnswersItself(t *testing.T) {
	for _, kind := range []lab.Kind{lab.RabbitMQKind, lab.ActiveMQKind} {
		t.Run(string(kind), func(t *testing.T) {
			lab.Need(t, lab.Ruby)
			b := peers.Broker(t, kind)
			cfg := lab.Cfg{Brokers: []*lab.Broker{b}}
			n := lab.RubyNode(t, lab.ServerCfg{Cfg: cfg, Identity: "ruby1.example.net"})
			n.WaitReady(t, b, 30*time.Second)
			out := lab.RubyMco(t, lab.ClientCfg{Cfg: cfg}).Run(t, "ping")
			if out.Exit != 0 || !strings.Contains(out.Stdout, "ruby1.example.net") || !strings.Contains(out.Stdout, "1 replies") {
				t.Errorf("mco ping: exit %d after %v, want one answer:\n%s", out.Exit, out.Took, out.All())
			}
		})
	}
}
