package lab_test

import (
	"fmt"
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

// TestNothingIsLeft starts a broker and a node of its own, ends the broker in each way, and looks for anything that knows their
// folders.
func TestNothingIsLeft(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	lab.Leaks(t)
	scratch := t.TempDir()
	t.Run("brokers and a node", func(t *testing.T) {
		t.Setenv("TMPDIR", scratch)
		brokers := lab.Brokers(t, lab.RabbitMQKind, 2, lab.BrokerOptions{})
		n := lab.RubyNode(t, lab.ServerCfg{Identity: "ruby1.example.net", Cfg: lab.Cfg{Brokers: brokers}})
		n.WaitReady(t, brokers[0], 30*time.Second)
		if len(lab.Naming(scratch)) < 3 {
			t.Errorf("%v: less than two brokers and a node are found", lab.Naming(scratch))
		}
		brokers[0].Kill()
		n.WaitReady(t, brokers[1], 30*time.Second)
		if err := brokers[0].Start(); err != nil {
			t.Fatal(err)
		}
		if err := brokers[1].Stop(); err != nil {
			t.Error(err)
		}
		n.WaitReady(t, brokers[0], 30*time.Second)
		if err := brokers[0].Freeze(); err != nil { // also what is frozen must go
			t.Error(err)
		}
	})
	lab.Wait(t, "every process to be gone", 5*time.Second, func() error {
		if pids := lab.Naming(scratch); len(pids) > 0 {
			return fmt.Errorf("%v are left", pids)
		}
		return nil
	})
}
