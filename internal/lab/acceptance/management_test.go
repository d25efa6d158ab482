package acceptance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	rabbithole "github.com/michaelklishin/rabbit-hole/v3"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/monitoring"
	"github.com/mco-go/mco-go/internal/lab/wire"
	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/management"
)

// linkPlugins let brokers pass messages on.
var linkPlugins = []string{"rabbitmq_shovel", "rabbitmq_shovel_management", "rabbitmq_federation", "rabbitmq_federation_management"}

// overseen are brokers whose management APIs a client asks, and a node on the first of them.
type overseen struct {
	brokers []*lab.Broker
	node    *lab.Node
	client  *lab.Client
	admin   *rabbithole.Client // of the first broker
}

func startOverseen(t *testing.T, brokers []*lab.Broker) *overseen {
	t.Helper()
	m := &overseen{brokers: brokers}
	m.node = lab.GoNode(t, lab.ServerCfg{Identity: "web1", Cfg: lab.Cfg{Brokers: brokers}})
	m.node.WaitReady(t, brokers[0], time.Minute)
	m.client = lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: brokers, Extra: append(managementCfg(t, brokers), "plugin.mco.state_dir = "+t.TempDir())}})
	var err error
	if m.admin, err = rabbithole.NewClient(brokers[0].Management, lab.Administrator, brokers[0].Password); err != nil {
		t.Fatal(err)
	}
	m.admin.SetTimeout(10 * time.Second)
	return m
}

func (m *overseen) status(t *testing.T, c *lab.Client) (s failover.Status, code int) {
	t.Helper()
	out := c.Run(t, "failover", "status", "--json", "-c", c.Config)
	if err := json.Unmarshal([]byte(out.Stdout), &s); err != nil {
		t.Fatalf("%v in %s", err, out.All())
	}
	if strings.Contains(out.All(), m.brokers[0].Password) {
		t.Errorf("a password is shown: %s", out.All())
	}
	return s, out.Exit
}

// until looks until want finds nothing amiss.
func (m *overseen) until(t *testing.T, what string, want func(failover.Status) error) failover.Status {
	t.Helper()
	var last failover.Status
	lab.Wait(t, what, time.Minute, func() error {
		last, _ = m.status(t, m.client)
		if err := want(last); err != nil {
			raw, _ := json.Marshal(last.Managed)
			return fmt.Errorf("%w\n%s\n%s", err, inWords(last), raw)
		}
		return nil
	})
	return last
}

// tells wants a finding of a kind whose text has all the words.
func tells(kind failover.Kind, level failover.Level, words ...string) func(failover.Status) error {
	return func(s failover.Status) error {
		for _, f := range s.Findings {
			missing := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return strings.Contains(f.Text, w) })
			if f.Kind == kind && f.Level == level && len(missing) == 0 {
				return nil
			}
		}
		return fmt.Errorf("no %s %s that says %q", level, kind, words)
	}
}

// quiet wants no finding of a kind.
func quiet(kind failover.Kind) func(failover.Status) error {
	return func(s failover.Status) error {
		for _, f := range s.Findings {
			if f.Kind == kind {
				return fmt.Errorf("%s: %s", f.Kind, f.Text)
			}
		}
		return nil
	}
}

// control runs rabbitmqctl.
func control(t *testing.T, b *lab.Broker, args ...string) {
	t.Helper()
	if _, err := b.Control(args...); err != nil {
		t.Fatal(err)
	}
}

// must fails the test when a call of the management API did.
func must(t *testing.T, what string) func(*http.Response, error) {
	return func(res *http.Response, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		_ = res.Body.Close()
	}
}

// check has the fleet checked.
func (m *overseen) check(t *testing.T, code int, words ...string) {
	t.Helper()
	out := m.client.Run(t, "failover", "check", "-c", m.client.Config)
	for _, w := range words {
		if !strings.Contains(out.Stdout, w) {
			t.Errorf("no %q in %s", w, out.All())
		}
	}
	if l, err := monitoring.Parse(out.Stdout); err != nil || out.Exit != code || l.State != failover.State(code).String() {
		t.Errorf("exit code %d, want %d (%v): %s", out.Exit, code, err, out.All())
	}
}

// TestManagement has a broker run out of memory, lose its links and refuse us, and compares what status and check tell.
func TestManagement(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	t.Parallel()
	both := lab.Brokers(t, lab.RabbitMQKind, 2, lab.BrokerOptions{Management: true, Plugins: linkPlugins})
	m := startOverseen(t, both[:1])
	far := both[1]
	m.connections(t)

	t.Run("alarm", func(t *testing.T) {
		control(t, m.brokers[0], "set_vm_memory_high_watermark", "absolute", "1")
		m.until(t, "the alarm", tells(failover.Alarm, failover.Critical, "memory ran out at rabbit@localhost"))
		m.check(t, 2, "memory ran out", "alarms=1;;0;0")
		control(t, m.brokers[0], "set_vm_memory_high_watermark", "0.4")
		m.until(t, "the end of the alarm", quiet(failover.Alarm))
	})
	t.Run("links", func(t *testing.T) {
		vhost, uri := m.brokers[0].VHost, fmt.Sprintf("amqp://%s:%s@127.0.0.1:%d/%%2Fmcollective", far.User, far.Password, far.AMQPPort)
		must(t, "declare a queue")(m.admin.DeclareQueue(vhost, "orders", rabbithole.QueueSettings{Durable: true}))
		control(t, m.brokers[0], "set_parameter", "-p", vhost, "shovel", "to-far",
			fmt.Sprintf(`{"src-uri":"amqp:///%%2Fmcollective","src-queue":"orders","dest-uri":%q,"dest-queue":"orders","reconnect-delay":1}`, uri))
		control(t, m.brokers[0], "set_parameter", "-p", vhost, "federation-upstream", "far", fmt.Sprintf(`{"uri":%q,"reconnect-delay":1}`, uri))
		control(t, m.brokers[0], "set_policy", "-p", vhost, "--apply-to", "exchanges", "federated", "^mcollective_reply$", `{"federation-upstream-set":"all"}`)
		m.until(t, "both links", func(s failover.Status) error {
			links := s.Managed[0].View.Links
			if len(links) != 2 || !links[0].Up() || !links[1].Up() {
				return fmt.Errorf("links: %+v", links)
			}
			return quiet(failover.LinkDown)(s)
		})
		m.check(t, 0, "links=0;0;;0")
		far.Kill()
		m.until(t, "both links down", func(s failover.Status) error {
			if err := tells(failover.LinkDown, failover.Warning, "shovel to-far of vhost "+vhost)(s); err != nil {
				return err
			}
			return tells(failover.LinkDown, failover.Warning, "federation far -> mcollective_reply of vhost "+vhost)(s)
		})
		m.check(t, 1, "links=2;0;;0")
	})
	t.Run("refused", func(t *testing.T) {
		wrong := []string{"plugin.mco.management.1.url = " + m.brokers[0].Management, "plugin.mco.management.1.user = " + m.brokers[0].User,
			"plugin.mco.management.1.password = " + m.brokers[0].Password, "plugin.mco.state_dir = " + t.TempDir()}
		c := lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: m.brokers, Extra: wrong}})
		s, code := m.status(t, c)
		if err := tells(failover.Unmanaged, failover.Warning, "management API cannot be asked", "401")(s); err != nil || code != 1 {
			t.Errorf("%v, exit code %d, %s", err, code, inWords(s))
		}
		if out := c.Run(t, "failover", "check", "-c", c.Config); out.Exit != 1 || !strings.Contains(out.Stdout, "management API cannot be asked") {
			t.Errorf("exit code %d: %s", out.Exit, out.All())
		}
	})
}

// connections sees the node's connection, closes it, and sees the node come back with another.
func (m *overseen) connections(t *testing.T) {
	t.Helper()
	s := m.until(t, "the node's connection", func(s failover.Status) error {
		v := s.Managed[0].View
		if v == nil || len(v.Connections) != 1 || v.Queues.Consumers != 1 {
			return fmt.Errorf("management: %+v", v)
		}
		return nil
	})
	c := s.Managed[0].View.Connections[0]
	if c.User != m.brokers[0].User || c.VHost != m.brokers[0].VHost || c.Node != m.brokers[0].Node || c.Port != m.brokers[0].Port || !c.STOMP() ||
		time.Since(c.Since) > 5*time.Minute || !strings.HasPrefix(c.Peer, "127.0.0.1:") {
		t.Errorf("%+v", c)
	}
	if table := m.client.Run(t, "failover", "status", "-c", m.client.Config).Stdout; !strings.Contains(table, "RABBITMQ") || !strings.Contains(table, "1  "+c.Node+"  runs") {
		t.Errorf("no table of RabbitMQ in\n%s", table)
	}
	api, err := management.New(management.Options{Member: 1, URL: m.brokers[0].Management, User: lab.Administrator, Password: m.brokers[0].Password})
	if err != nil {
		t.Fatal(err)
	}
	if err := api.CloseConnection(t.Context(), c.Name, "a test"); err != nil {
		t.Fatal(err)
	}
	if err := api.CloseConnection(t.Context(), c.Name, "a test"); err != nil {
		t.Errorf("a connection that is gone: %v", err)
	}
	lab.Wait(t, "another connection", 30*time.Second, func() error {
		all, err := api.Connections(t.Context())
		if err != nil {
			return err
		}
		if len(all) != 1 || all[0].Name == c.Name {
			return fmt.Errorf("%+v", all)
		}
		return nil
	})
}

// TestManagementOfCluster parts a cluster and takes members away, and compares what status and check tell.
func TestManagementOfCluster(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	t.Parallel()
	m := startOverseen(t, lab.Brokers(t, lab.RabbitMQKind, 2, lab.BrokerOptions{Management: true, Cluster: true}))
	first, second := m.brokers[0], m.brokers[1]
	m.until(t, "both members", func(s failover.Status) error {
		if len(s.Managed) != 2 || len(s.Clusters()) != 1 || len(s.Clusters()[0].View.Members) != 2 {
			return fmt.Errorf("%d views of %d clusters", len(s.Managed), len(s.Clusters()))
		}
		return quiet(failover.MemberDown)(s)
	})
	must(t, "declare a queue")(m.admin.DeclareQueue(first.VHost, "tasks", rabbithole.QueueSettings{Durable: true}))
	must(t, "declare a quorum queue")(m.admin.DeclareQueue(first.VHost, "orders", rabbithole.QueueSettings{Type: "quorum", Durable: true}))

	t.Run("away from the leader", func(t *testing.T) {
		s, err := second.Session(10 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Send(wire.Frame{Command: "SUBSCRIBE", Header: map[string]string{"destination": "/amq/queue/tasks", "id": "1", "ack": "client"}}); err != nil {
			t.Fatal(err)
		}
		got := m.until(t, "the consumer", tells(failover.Away, failover.Note, "1 of 2 connections"))
		a := got.Clusters()[0].View.Queues.Away[0]
		if a.Node != second.Node || !slices.Equal(a.Leaders, []string{first.Node}) {
			t.Errorf("%+v", a)
		}
		m.check(t, 0, "away=50%;;;0;100")
	})
	t.Run("a copy that is not whole", func(t *testing.T) {
		s, err := first.Session(10 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Send(wire.Frame{Command: "SEND", Header: map[string]string{"destination": "/amq/queue/tasks"}, Body: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		m.until(t, "the message", func(failover.Status) error {
			q, err := m.admin.GetQueue(first.VHost, "tasks")
			if err == nil && q.Messages != 1 {
				err = fmt.Errorf("%d messages", q.Messages)
			}
			return err
		})
		control(t, first, "set_policy", "-p", first.VHost, "--apply-to", "queues", "mirrored", "^tasks$", `{"ha-mode":"all","ha-sync-mode":"manual"}`)
		m.until(t, "the mirror", tells(failover.Unsynchronised, failover.Warning, "1 mirrored queue (tasks)", second.Node))
		m.check(t, 1, "copies=1;0;;0")
		control(t, first, "sync_queue", "-p", first.VHost, "tasks")
		m.until(t, "the whole mirror", quiet(failover.Unsynchronised))
	})
	t.Run("parted", func(t *testing.T) {
		if err := second.Freeze(); err != nil {
			t.Fatal(err)
		}
		m.until(t, "the loss of the second member", tells(failover.MemberDown, failover.Warning, second.Node))
		if err := second.Thaw(); err != nil {
			t.Fatal(err)
		}
		s := m.until(t, "the partition", tells(failover.Partition, failover.Critical, first.Node+" and "+second.Node))
		told := 0
		for _, f := range s.Findings {
			if f.Kind == failover.Partition {
				told++
			}
		}
		if told != 1 {
			t.Errorf("told %d times: %s", told, inWords(s))
		}
		m.check(t, 2, "partitions=1;;0;0")
	})
	t.Run("a member down", func(t *testing.T) {
		second.Kill()
		m.until(t, "the loss", tells(failover.MemberDown, failover.Warning, second.Node))
		m.until(t, "the queue without a leader", tells(failover.Leaderless, failover.Critical, "1 quorum queue (orders)", second.Node))
		m.check(t, 2, "members=1;0;;0", "leaderless=1;;0;0", second.Addr()+" cannot be asked")
	})
}
