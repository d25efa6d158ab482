package acceptance

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	rabbithole "github.com/michaelklishin/rabbit-hole/v3"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco/failover"
)

// stuck is a fleet of our nodes without failback, whose first broker went and came back.
type stuck struct {
	*overseen
	fleet []*lab.Node
}

// TestFailoverFindings makes what TestFailoverStatus does not come by happen for real.
func TestFailoverFindings(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	t.Parallel()
	brokers := lab.Brokers(t, lab.RabbitMQKind, 2, lab.BrokerOptions{Management: true})
	first, second := brokers[0].Addr(), brokers[1].Addr()
	fresh := func(t *testing.T, more ...string) *lab.Client {
		return lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: brokers, Extra: append([]string{"plugin.mco.state_dir = " + t.TempDir()}, more...)}})
	}
	f := &stuck{overseen: &overseen{brokers: brokers, client: fresh(t)}}
	t.Run("nobody", func(t *testing.T) {
		s, code := f.status(t, f.client)
		if err := found(s, failover.Nobody, failover.Warning, ""); err != nil || code != 1 {
			t.Errorf("%v, exit code %d", err, code)
		}
		f.overseen.check(t, 3, "FAILOVER UNKNOWN - no node answers, and none is known")
	})
	node := func(identity string, more ...string) {
		cfg := lab.Cfg{Brokers: brokers, Extra: append([]string{"plugin.mco.pool.failback = off", "plugin.rabbitmq.max_reconnect_delay = 2"}, more...)}
		n := lab.GoNode(t, lab.ServerCfg{Identity: identity, Cfg: cfg})
		n.WaitReady(t, brokers[0], time.Minute)
		f.fleet = append(f.fleet, n)
	}
	node("plain")
	node("mute", "rpcauthorization = 1", "rpcauthprovider = action_policy", "plugin.actionpolicy.allow_unconfigured = 0")
	t.Run("untold", func(t *testing.T) {
		s, code := f.status(t, f.client)
		if err := found(s, failover.Untold, failover.Note, "", "mute"); err != nil || code != 0 {
			t.Errorf("%v, exit code %d, %s", err, code, inWords(s))
		}
	})
	t.Run("unkept", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		c := fresh(t, "plugin.mco.state_dir = "+filepath.Join(file, "state"))
		s, code := f.status(t, c)
		if err := found(s, failover.Unkept, failover.Warning, ""); err != nil || code != 1 {
			t.Errorf("%v, exit code %d, %s", err, code, inWords(s))
		}
	})
	t.Run("trap and empty", func(t *testing.T) {
		brokers[0].Kill()
		for _, n := range f.fleet {
			n.WaitReady(t, brokers[1], time.Minute)
		}
		if err := brokers[0].Start(); err != nil {
			t.Fatal(err)
		}
		s, code := f.status(t, f.client)
		if err := errors.Join(found(s, failover.Trap, failover.Critical, first, "mute", "plain"), found(s, failover.Empty, failover.Warning, first),
			found(s, failover.NotPreferred, failover.Warning, second, "plain")); err != nil || code != 2 {
			t.Errorf("%v, exit code %d, %s", err, code, inWords(s))
		}
		f.overseen.check(t, 2, "a plain mco asks "+first+" and does not reach 2 of 2 nodes", "split=100%;0;50;0;100")
	})
	t.Run("deaf", func(t *testing.T) {
		f.deafen(t, "plain")
		s, code := f.status(t, f.client)
		if err := found(s, failover.Deaf, failover.Warning, "", "plain"); err != nil || code != 2 {
			t.Errorf("%v, exit code %d, %s", err, code, inWords(s))
		}
	})
}

// deafen takes the bindings of a node's queues to the broadcasts away, which its broker does not tell it: a node on the second broker,
// where it is told from the others by the queue that its own name leads to.
func (f *stuck) deafen(t *testing.T, identity string) {
	t.Helper()
	b := f.brokers[1]
	admin, err := rabbithole.NewClient(b.Management, lab.Administrator, b.Password)
	if err != nil {
		t.Fatal(err)
	}
	admin.SetTimeout(10 * time.Second)
	owner := map[string]string{} // of queues: a connection
	lab.Wait(t, "the queues' owners", 30*time.Second, func() error {
		all, err := admin.ListConsumers()
		for _, c := range all {
			owner[c.Queue.Name] = c.ChannelDetails.ConnectionName
		}
		if err == nil && len(owner) == 0 {
			err = errors.New("no consumers")
		}
		return err
	})
	bindings, err := admin.ListBindingsIn(b.VHost)
	if err != nil {
		t.Fatal(err)
	}
	its := ""
	for _, x := range bindings {
		if x.Source == "mcollective_directed" && x.RoutingKey == identity {
			its = owner[x.Destination]
		}
	}
	if its == "" {
		t.Fatalf("%s has no connection in %v", identity, owner)
	}
	for _, x := range bindings {
		if x.Source == "mcollective_broadcast" && owner[x.Destination] == its {
			must(t, "take a binding away")(admin.DeleteBinding(b.VHost, x))
		}
	}
}
